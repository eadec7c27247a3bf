from radius.server.users.store import User


def test_no_secret_is_shown() -> None:
    assert "geheim" not in repr(User("bob", b"geheim", password="geheim"))
