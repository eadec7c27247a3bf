"""Packets of one flow, made by scapy, which computes their checksums."""

from itertools import accumulate

from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw

from l2tpsec.dataplane.userspace import vnet

IDENT, SEQUENCE = 0xFFFD, 0xFFFFF000
OPTIONS = [("NOP", None), ("NOP", None), ("Timestamp", (77, 88))]


def network(version: int, *, number: int = 0, fragment: bool = False, **fields: int) -> Packet:
    if version == 4:
        flags = "" if fragment else "DF"
        return IP(src="10.99.0.2", dst="192.0.2.7", id=number & 0xFFFF, flags=flags, **fields)
    return IPv6(src="2001:db8::2", dst="2001:db8:1::7", **fields)


def segments(
    payloads: list[bytes],
    version: int = 4,
    *,
    flags: str = "A",
    last: str = "A",
    sequence: int = SEQUENCE,
    ident: int = IDENT,
    fragment: bool = False,
    **fields: int,
) -> list[bytes]:
    """TCP segments one after another."""
    starts = accumulate(map(len, payloads), initial=sequence)
    return [
        bytes(
            network(version, number=ident + index, fragment=fragment, **fields)
            / TCP(
                sport=4000,
                dport=80,
                seq=start & 0xFFFFFFFF,
                ack=99,
                flags=last if index == len(payloads) - 1 else flags,
                options=OPTIONS,
            )
            / Raw(payload)
        )
        for index, (start, payload) in enumerate(zip(starts, payloads, strict=False))
    ]


def datagrams(
    payloads: list[bytes], version: int = 4, *, ident: int = 7, fragment: bool = True, **fields: int
) -> list[bytes]:
    """UDP datagrams one after another."""
    return [
        bytes(
            network(version, number=ident + index, fragment=fragment, **fields)
            / UDP(sport=4000, dport=443)
            / Raw(payload)
        )
        for index, payload in enumerate(payloads)
    ]


@st.composite
def cut_payloads(draw: st.DrawFn, fewest: int = 8) -> list[bytes]:
    """Pieces of one size, the last one not longer."""
    size = draw(st.integers(1, 300))
    count = draw(st.integers(fewest, 20))
    last = draw(st.integers(1, size))
    data = draw(st.randoms(use_true_random=False)).randbytes(size * (count - 1) + last)
    return [data[at : at + size] for at in range(0, len(data), size)]


def single(written: bytes) -> bytes:
    """What was written as it is."""
    assert written[: vnet.HEADER_OCTETS] == vnet.WHOLE
    return written[vnet.HEADER_OCTETS :]
