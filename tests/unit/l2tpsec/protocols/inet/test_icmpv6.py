import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6PacketTooBig, IPv6, in6_chksum

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.inet import icmpv6, ipv6
from l2tpsec.protocols.inet.icmpv6 import Icmpv6

HERE, THERE = b"\xfe\x80" + bytes(13) + b"\x01", b"\x20\x01" + bytes(13) + b"\x02"


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=60))
def test_round_trip(kind: int, code: int, body: bytes) -> None:
    message = Icmpv6(kind, code, body)
    assert icmpv6.decode(icmpv6.encode(message, HERE, THERE), HERE, THERE) == message


@given(st.binary(max_size=40))
def test_any_octets(data: bytes) -> None:
    try:
        message = icmpv6.decode(data, HERE, THERE)
    except Malformed:
        return
    assert message.body == data[4:]


def test_an_address_is_under_the_checksum() -> None:
    octets = icmpv6.encode(Icmpv6(128, 0, b"body"), HERE, THERE)
    with pytest.raises(Malformed, match="checksum"):
        icmpv6.decode(octets, HERE, HERE[:15] + b"\x03")
    with pytest.raises(Malformed, match="cut short"):
        icmpv6.decode(octets[:3], HERE, THERE)


def test_scapy_agrees_on_the_checksum() -> None:
    theirs = bytes(IPv6(src="fe80::1", dst="2001::2") / ICMPv6EchoRequest(id=1, seq=2, data=b"odd"))
    ours = icmpv6.packet(Icmpv6(128, 0, b"\0\x01\0\x02odd"), HERE, THERE)
    assert ours == theirs


def offender(octets: int, next_header: int = 17, payload: bytes = b"") -> bytes:
    return ipv6.encode(ipv6.Ipv6(next_header, THERE, HERE, payload.ljust(octets - 40, b"\0")))


@pytest.mark.parametrize("octets", [1281, 1400, 9000])
def test_packet_too_big_as_scapy_reads_it(octets: int) -> None:
    packet = icmpv6.packet_too_big(offender(octets), 1280, HERE)
    assert len(packet) == 1280
    read = IPv6(packet)
    assert (read.src, read.dst) == ("fe80::1", "2001::2")
    error = read[ICMPv6PacketTooBig]
    assert (error.mtu, error.code) == (1280, 0)
    assert bytes(error.payload) == offender(octets)[: 1280 - 48]
    assert in6_chksum(58, IPv6(src="fe80::1", dst="2001::2"), packet[40:]) == 0


def test_what_may_be_complained_about() -> None:
    assert icmpv6.answerable(offender(60))
    assert icmpv6.answerable(offender(60, 58, b"\x80"))
    assert not icmpv6.answerable(offender(60, 58, b"\x02"))
    assert not icmpv6.answerable(offender(60, 58, b"\x89"))
    assert not icmpv6.answerable(offender(40, 58))
    for source in (bytes(16), b"\xff" + bytes(15)):
        assert not icmpv6.answerable(ipv6.encode(ipv6.Ipv6(17, source, HERE, b"")))
