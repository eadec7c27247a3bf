import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.ppp import PPP_LCP_Configure, PPP_LCP_Echo

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Dropped, Level, Noted
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.authentication.methods import BY_NAME
from l2tpsec.protocols.ppp.automaton import Event, State
from l2tpsec.protocols.ppp.control import Output, ProtocolRejected
from l2tpsec.protocols.ppp.effects import SendFrame
from l2tpsec.protocols.ppp.lcp import MAX_IDENTS, MAX_LOOPS, Lcp, printable
from l2tpsec.protocols.ppp.packet import Code, Packet, RawOption, decode_options, encode_options
from l2tpsec.protocols.ppp.settings import PppSettings

MAGIC = b"\xa0\xa1\xa2\xa3"


class Source:
    """Entropy that counts up, so that every draw differs."""

    def __init__(self) -> None:
        self._next = 0xA0

    def __call__(self, octets: int) -> bytes:
        drawn = bytes((self._next + i) % 256 for i in range(octets))
        self._next += 4
        return drawn


def sent(outputs: list[Output]) -> list[Packet]:
    frames = [frame.decode(o.frame) for o in outputs if isinstance(o, SendFrame)]
    assert all(protocol == frame.LCP for protocol, _ in frames)
    return [Packet.decode(information) for _, information in frames]


def started(settings: PppSettings | None = None) -> Lcp:
    lcp = Lcp(settings or PppSettings(), Source())
    lcp.step(Event.OPEN, 0)
    lcp.step(Event.UP, 0)
    return lcp


def request(lcp: Lcp) -> Packet:
    assert lcp._request is not None
    return lcp._request


def opened(settings: PppSettings | None = None, wishes: bytes = b"") -> Lcp:
    lcp = started(settings)
    lcp.receive(Packet(1, 0, wishes), 0)
    lcp.receive(Packet(2, 1, request(lcp).data), 0)
    assert lcp.state is State.OPENED
    return lcp


def ask(lcp: Lcp, *options: tuple[int, bytes]) -> tuple[int, list[RawOption]]:
    data = encode_options([RawOption(*option) for option in options])
    (reply,) = sent(lcp.receive(Packet(1, 3, data), 0))
    assert reply.identifier == 3
    return reply.code, decode_options(reply.data)


def test_our_request_asks_for_mru_authentication_and_magic() -> None:
    lcp = started()
    assert decode_options(request(lcp).data) == [
        (1, (1400).to_bytes(2)),
        (3, bytes.fromhex("c22381")),
        (5, MAGIC),
    ]


def test_scapy_reads_our_request() -> None:
    options = PPP_LCP_Configure(request(started()).encode()).options
    assert options[0].max_recv_unit == 1400
    assert (options[1].auth_protocol, options[1].algorithm) == (0xC223, 0x81)
    assert options[2].magic_number == int.from_bytes(MAGIC)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (1, "0578"),
        (1, "05dc"),
        (1, "0240"),
        (1, "ffff"),
        (2, "00000000"),
        (2, "ffffffff"),
        (2, "000a0000"),
        (5, "01020304"),
        (7, ""),
        (8, ""),
        (19, "0100112233445566778899aabbccddeeff00000008"),
    ],
)
def test_what_clients_reasonably_ask_is_acknowledged(code: int, value: str) -> None:
    wish = (code, bytes.fromhex(value))
    assert ask(started(), wish) == (Code.CONFIGURE_ACK, [wish])


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (0, ""),
        (3, "c22381"),
        (3, "c023"),
        (4, "c02500000000"),
        (13, "06"),
        (17, "064e"),
        (18, ""),
        (23, "0000"),
        (255, "00"),
        (1, "05"),
        (2, "00"),
        (5, "0102"),
        (7, "00"),
        (3, "c0"),
    ],
)
def test_what_we_do_not_do_is_rejected(code: int, value: str) -> None:
    wish = (code, bytes.fromhex(value))
    assert ask(started(), wish) == (Code.CONFIGURE_REJECT, [wish])


@pytest.mark.parametrize("mru", [0, 1, 127, 575])
def test_a_tiny_mru_is_naked_with_ours(mru: int) -> None:
    assert ask(started(), (1, mru.to_bytes(2))) == (
        Code.CONFIGURE_NAK,
        [(1, (1400).to_bytes(2))],
    )


def test_windows_first_request_loses_callback_and_multilink_only() -> None:
    lcp = started()
    base = [(1, b"\x05\x78"), (5, b"WXYZ"), (7, b""), (8, b"")]
    extra = [(13, b"\x06"), (17, b"\x06\x4e")]
    discriminator = (19, b"\x01" + bytes(20))
    assert ask(lcp, *base, *extra, discriminator) == (Code.CONFIGURE_REJECT, extra)
    assert ask(lcp, *base, discriminator)[0] == Code.CONFIGURE_ACK
    assert lcp.peer_mru == 1400


def test_the_mru_of_a_client_that_names_none_is_1500() -> None:
    assert opened().peer_mru == 1500


@pytest.mark.parametrize("wish", [bytes(4), MAGIC])
def test_a_magic_number_of_zero_or_like_ours_is_naked_with_another(wish: bytes) -> None:
    code, [(option, suggestion)] = ask(started(), (5, wish))
    assert (code, option) == (Code.CONFIGURE_NAK, 5)
    assert suggestion not in (bytes(4), wish)


def test_a_looped_link_is_found() -> None:
    lcp = started()
    for _ in range(MAX_LOOPS):
        lcp.receive(Packet(1, 3, b"\x05\x06" + lcp.terms.magic), 0)
        assert not lcp.terms.impasse
    lcp.receive(Packet(1, 3, b"\x05\x06" + lcp.terms.magic), 0)
    assert "looped" in lcp.terms.impasse


def nak(lcp: Lcp, *options: tuple[int, bytes], code: int = 3) -> list[RawOption]:
    data = encode_options([RawOption(*option) for option in options])
    (again,) = sent(lcp.receive(Packet(code, request(lcp).identifier, data), 0))
    return decode_options(again.data)


def test_a_nak_of_our_magic_draws_another_and_a_reject_drops_it() -> None:
    lcp = started()
    first = nak(lcp, (5, b"abcd"))[2][1]
    assert first not in (MAGIC, b"abcd")
    assert first == lcp.terms.magic
    assert 5 not in dict(nak(lcp, (5, first), code=4))
    assert lcp.terms.magic == bytes(4)


@pytest.mark.parametrize(("wish", "then"), [(1452, 1452), (0, 576), (65535, 1500)])
def test_a_nak_of_our_mru_is_obeyed_within_reason(wish: int, then: int) -> None:
    assert nak(started(), (1, wish.to_bytes(2)))[0] == (1, then.to_bytes(2))


def test_a_reject_of_our_mru_is_obeyed() -> None:
    assert 1 not in dict(nak(started(), (1, b"\x05\x78"), code=4))


def impasse(lcp: Lcp) -> str:
    return lcp.terms.impasse


ALL = PppSettings(authentication=("mschapv2", "mschap", "chap", "pap", "eap"))


@pytest.mark.parametrize("name", ["mschap", "chap", "pap", "eap"])
def test_a_nak_to_an_allowed_method_is_followed(name: str) -> None:
    lcp = started(ALL)
    assert dict(nak(lcp, (3, BY_NAME[name].option)))[3] == BY_NAME[name].option
    assert lcp.method is BY_NAME[name]


def test_a_nak_to_something_else_tries_our_next_until_none_is_left() -> None:
    lcp = started()
    eap = bytes.fromhex("c227")
    assert dict(nak(lcp, (3, eap)))[3] == BY_NAME["chap"].option
    assert dict(nak(lcp, (3, eap)))[3] == BY_NAME["pap"].option
    assert impasse(lcp) == ""
    lcp.receive(Packet(3, request(lcp).identifier, b"\x03\x04" + eap), 0)
    assert impasse(lcp) == (
        "the client accepts none of MS-CHAPv2, CHAP, PAP; it wants EAP "
        '(tick MS-CHAPv2 on the client or allow "eap" in [ppp] authentication)'
    )
    assert lcp.method is None


def test_the_impasse_names_the_method_that_the_administrator_could_allow() -> None:
    lcp = started(PppSettings(authentication=("mschapv2",)))
    lcp.receive(Packet(3, 1, b"\x03\x04\xc0\x23"), 0)
    assert lcp.terms.impasse == (
        "the client accepts none of MS-CHAPv2; it wants PAP "
        '(tick MS-CHAPv2 on the client or allow "pap" in [ppp] authentication)'
    )


def test_an_unknown_method_is_named_by_its_number() -> None:
    lcp = started(PppSettings(authentication=("mschapv2",)))
    lcp.receive(Packet(3, 1, b"\x03\x05\xc2\x23\x06"), 0)
    assert "it wants protocol c22306" in lcp.terms.impasse


def test_a_reject_of_authentication_is_an_impasse() -> None:
    lcp = started()
    lcp.receive(Packet(4, 1, b"\x03\x05\xc2\x23\x81"), 0)
    assert lcp.terms.impasse == "the client refuses to authenticate itself at all"


@given(st.binary(max_size=20))
def test_no_nak_makes_us_ask_for_a_method_that_is_not_allowed(data: bytes) -> None:
    lcp = started(PppSettings(authentication=("mschapv2", "chap")))
    try:
        lcp.receive(Packet(3, 1, data), 0)
    except Malformed:
        return
    assert lcp.terms.impasse or lcp.method in (BY_NAME["mschapv2"], BY_NAME["chap"])


def test_echo_is_answered_with_our_magic_and_the_data() -> None:
    (reply,) = sent(opened().receive(Packet(9, 42, b"WXYZhello"), 0))
    assert reply == (10, 42, MAGIC + b"hello")


def test_echo_is_not_answered_before_lcp_is_open() -> None:
    assert started().receive(Packet(9, 42, b"WXYZ"), 0) == []


@pytest.mark.parametrize("code", [10, 11])
def test_echo_reply_and_discard_request_are_taken_in_silence(code: int) -> None:
    assert opened().receive(Packet(code, 1, b"WXYZ"), 0) == []


def test_our_own_echo_coming_back_is_a_loop() -> None:
    lcp = opened()
    (echo,) = sent([lcp.echo_request()])
    assert echo.data == MAGIC
    (dropped,) = lcp.receive(echo, 0)
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "looped echo"
    assert lcp.terms.loops == 1


def test_scapy_reads_our_echo() -> None:
    (echo,) = sent([opened().echo_request()])
    assert PPP_LCP_Echo(echo.encode()).magic_number == int.from_bytes(MAGIC)


@pytest.mark.parametrize("code", [9, 10, 11])
def test_echo_without_magic_is_malformed(code: int) -> None:
    with pytest.raises(Malformed):
        opened().receive(Packet(code, 1, b"abc"), 0)


def test_identifications_are_kept_within_limits() -> None:
    lcp = opened()
    for text in (b"MSRASV5.20", b"MSRAS-0-HOST", bytes(range(16))):
        lcp.receive(Packet(12, 1, b"WXYZ" + text), 0)
    assert lcp.idents == ["MSRASV5.20", "MSRAS-0-HOST", bytes(range(16)).hex()]
    for _ in range(100):
        lcp.receive(Packet(12, 1, b"WXYZ" + bytes(1000)), 0)
    assert len(lcp.idents) == MAX_IDENTS


def test_time_remaining_is_noted_and_neither_is_code_rejected() -> None:
    (note,) = opened().receive(Packet(13, 1, b"WXYZ\0\0\0\x3c5 minutes"), 0)
    assert isinstance(note, Noted)
    assert note.level is Level.DEBUG


def test_protocol_reject_of_the_client_is_passed_on_when_open() -> None:
    assert opened().receive(Packet(8, 1, b"\x80\x57\x01"), 0) == [ProtocolRejected(0x8057)]
    (dropped,) = started().receive(Packet(8, 1, b"\x80\x57"), 0)
    assert isinstance(dropped, Dropped)
    with pytest.raises(Malformed):
        opened().receive(Packet(8, 1, b"\x80"), 0)


def test_our_protocol_reject_fits_the_clients_mru() -> None:
    lcp = opened(wishes=b"\x01\x04\x02\x40")
    (reject,) = sent([lcp.reject_protocol(0x80FD, bytes(1400))])
    assert reject.code == 8
    assert len(reject.encode()) == 576
    assert reject.data[:2] == b"\x80\xfd"


def test_magic_is_never_zero() -> None:
    lcp = Lcp(PppSettings(), bytes)
    assert any(lcp.terms.magic)


@given(st.binary(max_size=100))
def test_printable_is_printable(data: bytes) -> None:
    assert printable(data).isprintable()
    assert len(printable(data)) <= 128


@pytest.mark.parametrize("code", range(256))
def test_every_code_is_taken_in_every_state(code: int) -> None:
    for state in State:
        lcp = opened()
        lcp.state = state
        lcp.receive(Packet(code, 1, b"\x07\x02\x08\x02"), 0)
