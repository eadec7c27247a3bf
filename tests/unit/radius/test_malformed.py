from radius.malformed import Malformed


def test_text_says_what_and_where() -> None:
    error = Malformed("attribute 1 has the impossible length 0", 20)
    assert (error.reason, error.offset) == ("attribute 1 has the impossible length 0", 20)
    assert str(error) == "attribute 1 has the impossible length 0 (octet 20)"
