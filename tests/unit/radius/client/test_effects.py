from radius.client.effects import Transmit


def test_no_octets_are_shown() -> None:
    assert "bob" not in repr(Transmit(0, ("192.0.2.1", 1812), b"bob"))
