import pytest

from radius.server.settings import NasClient


def test_a_client_is_an_address_or_a_network() -> None:
    assert NasClient("192.0.2.1", b"s").network == "192.0.2.1/32"
    assert NasClient("2001:db8::/32", b"s").network == "2001:db8::/32"
    with pytest.raises(ValueError, match="host bits"):
        NasClient("192.0.2.1/24", b"s")


def test_a_secret_is_needed_and_never_shown() -> None:
    with pytest.raises(ValueError, match="needs a shared secret"):
        NasClient("192.0.2.1", b"")
    assert "testing123" not in repr(NasClient("192.0.2.1", b"testing123"))


def test_a_rate_is_above_nothing() -> None:
    with pytest.raises(ValueError, match="needs a rate above 0"):
        NasClient("192.0.2.1", b"s", 0)
    assert NasClient("192.0.2.1", b"s", None).requests_per_second is None
