import errno
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet

from l2tpsec.dataplane.userspace import vnet
from l2tpsec.dataplane.userspace.coalescing import SEGMENTS, WORTH, Coalescer, flow
from l2tpsec.dataplane.userspace.segmentation import segments as cut
from l2tpsec.protocols.inet.checksum import partial
from tests.unit.l2tpsec.dataplane.userspace.transfer import (
    cut_payloads,
    datagrams,
    network,
    segments,
)

BULK = [bytes([n]) * 100 for n in range(10)]


def written(packets: list[bytes]) -> list[bytes]:
    """What the kernel gets of a batch."""
    out: list[bytes] = []
    coalescer = Coalescer(out.append)
    for packet in packets:
        coalescer.take(packet)
    coalescer.flush()
    assert coalescer.lost == 0
    return out


def alone(packets: list[bytes]) -> list[bytes]:
    return [vnet.WHOLE + packet for packet in packets]


def parsed(packet: bytes) -> Packet:
    return IP(packet) if packet[0] >> 4 == 4 else IPv6(packet)


@given(cut_payloads(), st.sampled_from([4, 6]), st.sampled_from(["A", "PA", "FA", "FPA"]))
def test_joined_and_cut_again_tcp_is_what_it_was(
    payloads: list[bytes], version: int, last: str
) -> None:
    packets = segments(payloads, version, last=last, sequence=5)
    (large,) = written(packets)
    assert cut(large) == packets


@given(cut_payloads(), st.sampled_from([4, 6]), st.booleans())
def test_joined_and_cut_again_udp_is_what_it_was(
    payloads: list[bytes], version: int, fragment: bool
) -> None:
    packets = datagrams(payloads, version, fragment=fragment)
    (large,) = written(packets)
    assert cut(large) == packets


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("make", [segments, datagrams])
def test_what_is_joined_is_as_the_kernel_wants_it(
    version: int, make: Callable[..., list[bytes]]
) -> None:
    packets = make(BULK, version)
    (large,) = written(packets)
    flags, kind, headers, size, start, offset = vnet.HEADER.unpack_from(large)
    first, whole = parsed(packets[0]), parsed(large[vnet.HEADER_OCTETS :])
    kinds = {(segments, 4): 1, (segments, 6): 4, (datagrams, 4): 5, (datagrams, 6): 5}
    assert (flags, kind, size) == (vnet.NEEDS_CSUM, kinds[make, version], 100)
    assert start == {4: 20, 6: 40}[version]
    assert bytes(whole)[headers:] == b"".join(BULK)
    assert len(whole) == headers + 1000
    if version == 4:
        assert (whole.len, whole.id) == (len(whole), first.id)
        assert partial(bytes(whole)[:20]) == 0xFFFF
    else:
        assert whole.plen == len(whole) - 40
    # What the field holds is the sum of the pseudo-header: with the rest it is complete.
    total = partial(large[vnet.HEADER_OCTETS + start :])
    layer, at = (TCP, 16) if make is segments else (UDP, 6)
    del whole[layer].chksum
    assert (0xFFFF - total, offset) == (parsed(bytes(whole))[layer].chksum, at)


def test_the_last_may_be_shorter_and_ends_it() -> None:
    (first, second) = written(segments([*BULK, b"short", *BULK]))
    assert len(cut(first)) == 11
    assert len(cut(second)) == 10


def test_a_longer_one_begins_anew() -> None:
    packets = segments([*BULK, *(bytes(200) for _ in range(10))])
    assert [len(cut(large)) for large in written(packets)] == [10, 10]


@pytest.mark.parametrize("flags", ["PA", "FA"])
def test_push_and_fin_end_it(flags: str) -> None:
    packets = segments(BULK, last=flags)
    after = segments(BULK, sequence=0xFFFFF000 + 1000, ident=9)
    large, later = written([*packets, *after])
    assert cut(large) == packets
    assert cut(later) == after


def test_few_are_not_worth_it() -> None:
    packets = segments(BULK[: WORTH - 1])
    assert written(packets) == alone(packets)
    assert len(written(segments(BULK[:WORTH]))) == 1


def test_flows_mix_and_keep_their_order() -> None:
    one, two = segments(BULK), segments(BULK, 6)
    three = datagrams(BULK)
    mixed = [packet for turn in zip(one, two, three, strict=True) for packet in turn]
    assert [cut(large) for large in written(mixed)] == [one, two, three]


def test_tcp_and_udp_between_the_same_ports_are_two_flows() -> None:
    tcp = segments(BULK)
    udp = [
        bytes(network(4, number=n) / UDP(sport=4000, dport=80) / payload)
        for n, payload in enumerate(BULK)
    ]
    mixed = [packet for turn in zip(tcp, udp, strict=True) for packet in turn]
    assert [cut(large) for large in written(mixed)] == [tcp, udp]


DIFFERENT: list[tuple[type[Packet], str, object]] = [
    *((TCP, field, 5) for field in ("seq", "ack", "window", "urgptr", "reserved")),
    (TCP, "options", [("NOP", None), ("NOP", None), ("Timestamp", (78, 88))]),
    (TCP, "options", []),
    *((TCP, "flags", flags) for flags in ("", "AS", "AR", "AU", "AE", "AC", "AEC", "AN")),
    *((IP, field, 3) for field in ("tos", "ttl", "frag", "flags")),
    (IP, "flags", ""),
    (IP, "options", b"\x94\x04\0\0"),
]


@pytest.mark.parametrize("number", range(len(DIFFERENT)))
def test_what_differs_is_not_joined_and_overtakes_nothing(number: int) -> None:
    layer, field, value = DIFFERENT[number]
    packets = segments(BULK * 3)
    packet = IP(packets[10])
    setattr(packet[layer], field, value)
    for each, name in ((IP, "chksum"), (IP, "len"), (IP, "ihl"), (TCP, "chksum"), (TCP, "dataofs")):
        delattr(packet[each], name)
    packets[10] = bytes(packet)
    out = written(packets)
    assert vnet.WHOLE + packets[10] in out
    assert len(out) < len(packets)
    assert [packet for each in out for packet in cut(each)] == packets


def test_a_counter_that_turns_over_ends_it_in_good_order() -> None:
    """Sequence number and identification; the segments of two trains are those that came."""
    packets = segments([bytes(100) for _ in range(30)], sequence=0xFFFFFFFF - 1000, fragment=True)
    out = written(packets)
    assert len(out) < len(packets)
    assert [packet for each in out for packet in cut(each)] == packets
    numbered = datagrams(BULK * 3, ident=0xFFF0)
    out = written(numbered)
    assert len(out) < len(numbered)
    assert [packet for each in out for packet in cut(each)] == numbered


def test_what_only_looks_like_the_next_by_a_carry_is_another_packet() -> None:
    """A number that turns over, and the length before it that is one more."""
    first = datagrams(BULK[:1], ident=0xFFFF)[0]
    step = 1 << 8 * (len(first) - 6)
    packets = [(int.from_bytes(first) + n * step).to_bytes(len(first)) for n in range(WORTH)]
    assert written(packets) == alone(packets)
    assert flow(packets) is None


def test_packets_too_long_to_be_joined_go_alone() -> None:
    packets = segments([bytes(33000)] * WORTH, sequence=5)
    assert written(packets) == alone(packets)


def test_numbers_that_skip_are_kept_where_they_matter() -> None:
    packets = datagrams(BULK, fragment=True)
    skipped = [packet for at, packet in enumerate(packets) if at != 2]
    assert written(skipped) == alone(skipped)
    free = datagrams(BULK, fragment=False)
    kept = [packet for at, packet in enumerate(free) if at != 2]
    (large,) = written(kept)
    assert len(cut(large)) == 9


def test_a_flow_that_gives_no_trains_keeps_its_order_and_is_tried_again_later() -> None:
    packets = datagrams(BULK * 2, fragment=True)
    odd = [packet for at, packet in enumerate(packets) if at % 2]
    out: list[bytes] = []
    coalescer = Coalescer(out.append)
    for packet in (*odd, *packets):
        coalescer.take(packet)
    coalescer.flush()
    assert out == alone([*odd, *packets])
    out.clear()
    for packet in packets:
        coalescer.take(packet)
    coalescer.flush()
    assert [cut(large) for large in out] == [packets]


@pytest.mark.parametrize("make", [segments, datagrams])
@given(index=st.integers(0, 9), data=st.data())
def test_a_corrupt_segment_stays_corrupt(
    make: Callable[..., list[bytes]], index: int, data: st.DataObject
) -> None:
    """Whatever octet is wrong, the kernel gets it as it was."""
    version = data.draw(st.sampled_from([4, 6]))
    packets = make(BULK, version)
    at = data.draw(st.integers(0, len(packets[index]) - 1))
    bit = 1 << data.draw(st.integers(0, 7))
    packet = bytearray(packets[index])
    packet[at] ^= bit
    packets[index] = bytes(packet)
    out = written(packets)
    if out != alone(packets):
        # A flow of its own by now, or with a header that the checksum does not cover.
        again = [packet for each in out for packet in cut(each)]
        assert sorted(again) == sorted(packets)


def test_checksums_of_zero_are_left_alone() -> None:
    packets = [bytes(IP(id=n) / UDP(chksum=0) / (b"x" * 50)) for n in range(10)]
    assert written(packets) == alone(packets)


STRANGE = {
    "no transport": IP() / ICMP() / b"ping",
    "options": IP(options=b"\x94\x04\0\0") / TCP(flags="A") / b"x",
    "fragment": IP(flags="MF") / UDP() / (b"x" * 16),
    "nothing more": IPv6(nh=59),
    "no TCP header": IPv6(nh=6),
    "half a TCP header": IP(proto=6) / b"short",
    "half a UDP header": IP(proto=17) / b"short",
    "offset past the end": IP() / TCP(flags="A", dataofs=15),
    "offset too small": IP() / TCP(flags="A", dataofs=2) / b"payload",
    "wrong UDP length": IP() / UDP(len=9) / b"payload",
    "empty UDP": IP() / UDP(),
    "acknowledgement": IP() / TCP(flags="A"),
    "no UDP checksum": IP() / UDP(chksum=0) / b"x",
}


@pytest.mark.parametrize("packet", list(map(bytes, STRANGE.values())), ids=STRANGE)
def test_what_is_no_transfer_passes_in_its_turn(packet: bytes) -> None:
    transfer = segments(BULK)
    out = written([*transfer[:9], packet, transfer[9]])
    assert vnet.WHOLE + packet in out
    assert [each for large in out for each in cut(large) if each != packet] == transfer
    assert written([packet]) == alone([packet])


def test_a_train_is_bounded() -> None:
    small = segments([b"x"] * (SEGMENTS + 10))
    assert [len(cut(large)) for large in written(small)] == [SEGMENTS, 10]
    wide = segments([bytes(1400)] * 60, sequence=5)
    first, second = written(wide)
    assert len(first) < 65536
    assert len(cut(first)) + len(cut(second)) == 60


class Kernel:
    """Refuses what it does not know."""

    def __init__(self, *refused: int, error: int = errno.EINVAL) -> None:
        self.refused = refused
        self.error = error
        self.got: list[bytes] = []
        self.asked = 0

    def write(self, packet: bytes) -> None:
        self.asked += 1
        if packet[1] in self.refused:
            raise OSError(self.error, "refused")
        self.got.append(packet)


def test_a_kernel_without_udp_segments_is_asked_once() -> None:
    kernel = Kernel(vnet.GSO_UDP_L4)
    coalescer = Coalescer(kernel.write)
    udp, tcp = datagrams(BULK), segments(BULK)
    for _ in range(2):
        for packet in (*udp, *tcp):
            coalescer.take(packet)
        coalescer.flush()
    assert kernel.asked == 1 + len(kernel.got)
    assert kernel.got.count(vnet.WHOLE + udp[0]) == 2
    assert [len(cut(packet)) for packet in kernel.got if packet[1]] == [10, 10]
    assert coalescer.lost == 0


def test_what_is_refused_is_counted() -> None:
    kernel = Kernel(vnet.GSO_NONE, vnet.GSO_TCPV4, error=errno.EIO)
    coalescer = Coalescer(kernel.write)
    for packet in (*segments(BULK), *segments(BULK[:3], 6)):
        coalescer.take(packet)
    coalescer.flush()
    assert coalescer.lost == 13
