from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.automaton import Event
from l2tpsec.protocols.ppp.effects import SendFrame
from l2tpsec.protocols.ppp.ipv6cp import Ipv6cp, identifier
from l2tpsec.protocols.ppp.packet import Code, Packet
from l2tpsec.protocols.ppp.settings import PppSettings

DRAWN = bytes.fromhex("ff22334455667788")
OURS = bytes.fromhex("fc22334455667789")
THEIRS = bytes.fromhex("02aabbfffeccdd01")


def started() -> Ipv6cp:
    ipv6cp = Ipv6cp(PppSettings(), lambda octets: DRAWN[:octets])
    ipv6cp.step(Event.OPEN, 0)
    ipv6cp.step(Event.UP, 0)
    return ipv6cp


def reply(ipv6cp: Ipv6cp, code: int, data: bytes) -> Packet:
    (sent,) = ipv6cp.receive(Packet(code, 1, data), 0)
    assert isinstance(sent, SendFrame)
    protocol, information = frame.decode(sent.frame)
    assert protocol == frame.IPV6CP
    return Packet.decode(information)


def test_we_ask_for_an_identifier_of_local_scope() -> None:
    request = started()._request
    assert request is not None
    assert request.data == b"\x01\x0a" + OURS


def test_the_clients_identifier_is_acknowledged() -> None:
    assert reply(started(), 1, b"\x01\x0a" + THEIRS) == (
        Code.CONFIGURE_ACK,
        1,
        b"\x01\x0a" + THEIRS,
    )


def test_zero_and_collision_are_naked_with_a_spare() -> None:
    for wish in (bytes(8), OURS):
        answer = reply(started(), 1, b"\x01\x0a" + wish)
        assert answer.code == Code.CONFIGURE_NAK
        assert answer.data[2:] not in (bytes(8), OURS)


def test_the_identifier_that_radius_wants_is_suggested() -> None:
    ipv6cp = started()
    ipv6cp.terms.wanted = bytes(7) + b"\x05"
    answer = reply(ipv6cp, 1, b"\x01\x0a" + THEIRS)
    assert (answer.code, answer.data) == (Code.CONFIGURE_NAK, b"\x01\x0a" + bytes(7) + b"\x05")
    assert reply(ipv6cp, 1, answer.data).code == Code.CONFIGURE_ACK


def test_a_wanted_identifier_that_cannot_be_is_not_suggested() -> None:
    for wanted in (bytes(8), OURS):
        ipv6cp = started()
        ipv6cp.terms.wanted = wanted
        assert reply(ipv6cp, 1, b"\x01\x0a" + THEIRS).code == Code.CONFIGURE_ACK


def test_compression_and_short_identifiers_are_rejected() -> None:
    assert reply(started(), 1, b"\x02\x04\x00\x4f").code == Code.CONFIGURE_REJECT
    assert reply(started(), 1, b"\x01\x03\x01").code == Code.CONFIGURE_REJECT


def test_a_nak_is_followed_unless_it_is_senseless() -> None:
    assert reply(started(), 3, b"\x01\x0a" + THEIRS).data == b"\x01\x0a" + THEIRS
    assert reply(started(), 3, b"\x01\x0a" + bytes(8)).data == b"\x01\x0a" + OURS


@given(st.binary(min_size=8, max_size=8))
def test_no_draw_gives_zero_or_a_universal_identifier(drawn: bytes) -> None:
    made = identifier(lambda _: drawn)
    assert any(made)
    assert not made[0] & 2
