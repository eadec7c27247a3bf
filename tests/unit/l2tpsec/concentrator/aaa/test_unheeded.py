from l2tpsec.concentrator.aaa.unheeded import NEEDLESS, OBEYED, unheeded
from radius.message import Code, Message


def test_what_nobody_acts_upon_is_named_once_and_in_order() -> None:
    accept = Message(
        Code.ACCESS_ACCEPT,
        [
            ("Session-Timeout", 60),
            ("Filter-Id", "guests"),
            ("WISPr-Bandwidth-Max-Up", 1000),
            ("Filter-Id", "more"),
            ("Tunnel-Private-Group-Id:1", "7"),
            ("MS-MPPE-Send-Key", b"key"),
        ],
    )
    assert unheeded(accept) == ["Filter-Id", "WISPr-Bandwidth-Max-Up", "Tunnel-Private-Group-Id"]


def test_an_attribute_is_obeyed_or_needless_not_both() -> None:
    assert not OBEYED & NEEDLESS
