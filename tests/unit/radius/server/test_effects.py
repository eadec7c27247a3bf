from radius.server.effects import Reply


def test_no_octets_are_shown() -> None:
    assert "bob" not in repr(Reply(("192.0.2.1", 40000), b"bob"))
