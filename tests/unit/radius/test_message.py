from radius.message import Code, Message

MESSAGE = Message(
    Code.ACCESS_ACCEPT,
    [
        ("Reply-Message", "one"),
        ("Class", b"\1"),
        ("Session-Timeout", 60),
        ("Reply-Message", "two"),
        ("Tunnel-Type:1", 3),
        ("User-Password", b"very secret"),
    ],
)


def test_values_by_name() -> None:
    assert MESSAGE.get("Reply-Message") == "one"
    assert MESSAGE.all("Reply-Message") == ["one", "two"]
    assert MESSAGE.get("State") is None
    assert MESSAGE.all("State") == []


def test_a_name_without_its_tag_finds_it() -> None:
    assert MESSAGE.get("Tunnel-Type") == MESSAGE.get("Tunnel-Type:1") == 3
    assert MESSAGE.get("Tunnel-Type:2") is None


def test_values_by_type() -> None:
    assert MESSAGE.text("Reply-Message") == "one"
    assert MESSAGE.number("Session-Timeout") == 60
    assert MESSAGE.octets("Class") == b"\1"
    assert MESSAGE.text("Session-Timeout") is None
    assert MESSAGE.number("Class") is None
    assert MESSAGE.octets("Reply-Message") is None


def test_no_value_is_in_its_representation() -> None:
    assert "User-Password" in repr(MESSAGE)
    assert "secret" not in repr(MESSAGE)
