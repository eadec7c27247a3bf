from l2tpsec.concentrator.aaa.identity import Dialin

PLAIN = Dialin("nas", "192.0.2.1", "203.0.113.5", 7, "abcd0007")


def test_a_client_that_is_not_windows_has_no_microsoft_attributes() -> None:
    assert not [name for name, _ in PLAIN.attributes() if name.startswith("MS-")]


def test_the_session_id_is_in_every_request() -> None:
    assert ("Acct-Session-Id", "abcd0007") in PLAIN.attributes()
