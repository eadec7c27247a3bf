from l2tpsec.concentrator.aaa.unheeded import MOST_TOLD, complaint, unheeded
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


def test_a_name_is_told_once() -> None:
    told: set[str] = set()
    accept = Message(Code.ACCESS_ACCEPT, [("MS-Filter", b"a")])
    (note,) = complaint(accept, told)
    assert note.text == "the RADIUS server sends what is not obeyed here: MS-Filter"
    assert complaint(accept, told) == []


def test_a_server_that_invents_names_fills_no_memory() -> None:
    told = {f"Attr-{number}" for number in range(MOST_TOLD + 1)}
    assert complaint(Message(Code.ACCESS_ACCEPT, [("MS-Filter", b"a")]), told) == []
