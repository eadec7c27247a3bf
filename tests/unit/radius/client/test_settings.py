import pytest

from radius.client.settings import Server, Settings


def test_an_address_is_numeric_and_in_one_form() -> None:
    assert Server("2001:DB8:0::1", b"s").address == "2001:db8::1"
    with pytest.raises(ValueError, match=r"radius\.example"):
        Server("radius.example", b"s")


def test_a_secret_is_needed_and_never_shown() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.1 needs a shared secret"):
        Server("192.0.2.1", b"")
    assert "testing123" not in repr(Settings((Server("192.0.2.1", b"testing123"),)))


@pytest.mark.parametrize("wrong", [{"slots": 0}, {"tries": 0}, {"first_wait_seconds": 0.0}])
def test_patience_within_reason(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        Settings(**wrong)  # type: ignore[arg-type] # one of several types


def test_a_server_is_listed_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        Settings((Server("192.0.2.1", b"a"), Server("192.0.2.1", b"b")))
