from l2tpsec.concentrator.aaa.identity import BOOT_OCTETS, Dialin, number_of, session_id

PLAIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")


def test_a_client_that_is_not_windows_has_no_microsoft_attributes() -> None:
    assert not [name for name, _ in PLAIN.attributes() if name.startswith("MS-")]


def test_the_session_id_is_in_every_request() -> None:
    assert ("Acct-Session-Id", "abcd0007") in PLAIN.attributes()


def test_a_session_is_found_by_its_id() -> None:
    assert session_id(b"\x0a\x0b\x0c\x0d\x0e\x0f", 17) == "0a0b0c0d0e0f00000011"
    for number in (1, 0xFFFFFFFF, 0x1_0000_0000):
        assert number_of(session_id(b"\xff" * BOOT_OCTETS, number)) == number
    assert number_of("0a0b0c0d0e0f") == number_of("no session at all") == 0
