from l2tpsec.concentrator.aaa.unheeded import unheeded
from radius.message import Code, Message


def test_what_nobody_acts_upon_is_named_once_and_in_order() -> None:
    accept = Message(
        Code.ACCESS_ACCEPT,
        [
            ("Session-Timeout", 60),
            ("MS-Filter", b"a"),
            ("Attr-200", b"1000"),
            ("MS-Filter", b"b"),
            ("Tunnel-Client-Endpoint:1", "7"),
            ("MS-MPPE-Send-Key", b"key"),
        ],
    )
    assert unheeded(accept) == ["MS-Filter", "Attr-200", "Tunnel-Client-Endpoint"]
