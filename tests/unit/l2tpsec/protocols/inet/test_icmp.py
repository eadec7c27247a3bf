import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP

from l2tpsec.protocols.inet import icmp

ROUTER = b"\x0a\x63\x00\x01"


def test_fragmentation_needed() -> None:
    packet = bytes(IP(src="192.0.2.1", dst="10.99.0.2", flags="DF") / TCP() / bytes(1460))
    answer = IP(icmp.fragmentation_needed(packet, 1400, ROUTER))
    assert (answer.src, answer.dst) == ("10.99.0.1", "192.0.2.1")
    assert (answer[ICMP].type, answer[ICMP].code, answer[ICMP].nexthopmtu) == (3, 4, 1400)
    assert bytes(answer[ICMP].payload) == packet[:28]
    written = (answer.chksum, answer[ICMP].chksum)
    del answer.chksum, answer[ICMP].chksum
    again = IP(bytes(answer))
    assert (again.chksum, again[ICMP].chksum) == written


@pytest.mark.parametrize(
    ("packet", "answerable"),
    [
        (IP(flags="DF") / UDP() / bytes(2000), True),
        (IP(flags="DF") / ICMP(type=8) / bytes(2000), True),
        (IP(flags="DF") / ICMP(type=3, code=4) / bytes(2000), False),
        (IP(flags="DF") / ICMP(type=11) / bytes(2000), False),
        (IP(flags="DF", frag=100) / UDP() / bytes(2000), False),
    ],
)
def test_answerable(packet: IP, answerable: bool) -> None:
    assert icmp.answerable(bytes(packet)) is answerable
