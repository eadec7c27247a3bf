"""IPCP and IPV6CP of one link; what the link makes of them is in test_link.py."""

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.cause import Cause
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.effects import AddressWished, Ipv6Up, NetworkUp, SendFrame
from l2tpsec.protocols.ppp.network_layer import Failed, NetworkLayer, Output
from l2tpsec.protocols.ppp.packet import Code, Packet
from l2tpsec.protocols.ppp.settings import PppSettings
from tests.peers.ppp_bench import ADDRESS
from tests.peers.ppp_pair import NETWORK

MRU = 1300
ANY_ADDRESS = b"\x03\x06\0\0\0\0"
IDENTIFIER = bytes.fromhex("02aabbfffeccdd01")


class Bench:
    """The network layer of a link that has let its client in at the second 0."""

    def __init__(self, settings: PppSettings | None = None) -> None:
        entropy = lambda octets: bytes(range(1, octets + 1))  # noqa: E731 - the same each time
        self.layer = NetworkLayer(settings or PppSettings(), entropy)
        self.layer.begin(0)

    def ipcp(self, code: int, identifier: int = 1, data: bytes = b"") -> list[Output]:
        return self.layer.receive(frame.IPCP, Packet(code, identifier, data), 0)

    def ipv6cp(self, code: int, identifier: int = 1, data: bytes = b"") -> list[Output]:
        return self.layer.receive(frame.IPV6CP, Packet(code, identifier, data), 0)

    def wait(self, until: float) -> list[Output]:
        outputs: list[Output] = []
        while (deadline := self.layer.deadline) is not None and deadline <= until:
            outputs += self.layer.expire(deadline)
        return outputs

    def up(self) -> "Bench":
        ((_, request),) = sent(self.layer.open(NETWORK, MRU, 0))
        self.ipcp(1, 5, ADDRESS)
        assert self.ipcp(2, *request[1:]) == [NetworkUp(NETWORK.address, MRU)]
        return self


def sent(outputs: list[Output]) -> list[tuple[int, Packet]]:
    frames = [frame.decode(row.frame) for row in outputs if isinstance(row, SendFrame)]
    return [(protocol, Packet.decode(information)) for protocol, information in frames]


def codes(outputs: list[Output]) -> list[int]:
    return [packet.code for _, packet in sent(outputs)]


def failure(outputs: list[Output]) -> Failed:
    return next(row for row in outputs if isinstance(row, Failed))


def test_the_last_request_before_the_address_is_answered_with_it() -> None:
    bench = Bench()
    assert bench.layer.wish is None
    assert bench.ipcp(1, 5, b"\x02\x06\x00\x2d\x0f\x01") == [AddressWished()]
    assert bench.layer.wish == IPv4Address(0)
    assert bench.ipcp(1, 6, b"\x03\x06\x0a\x63\0\x09") == [AddressWished()]
    assert bench.layer.wish == IPv4Address("10.99.0.9")
    assert bench.ipcp(9, 7) == []
    ((first, request), (second, answer)) = sent(bench.layer.open(NETWORK, MRU, 0))
    assert (first, request.code) == (frame.IPCP, Code.CONFIGURE_REQUEST)
    assert (second, answer) == (frame.IPCP, (Code.CONFIGURE_NAK, 6, ADDRESS))
    assert bench.layer.wish is None


def test_a_malformed_request_is_not_kept() -> None:
    bench = Bench()
    with pytest.raises(Malformed):
        bench.ipcp(1, 5, b"\x03\x01")
    assert bench.layer.wish is None
    assert codes(bench.layer.open(NETWORK, MRU, 0)) == [Code.CONFIGURE_REQUEST]


def test_a_second_network_is_ignored() -> None:
    assert Bench().up().layer.open(NETWORK, MRU, 0) == []


def test_ipcp_anew_does_not_say_up_twice() -> None:
    bench = Bench().up()
    ((_, request), *_) = sent(bench.ipcp(1, 9, ANY_ADDRESS))
    bench.ipcp(2, *request[1:])
    assert codes(bench.ipcp(1, 10, ADDRESS)) == [Code.CONFIGURE_ACK]
    assert not any(isinstance(row, NetworkUp) for row in bench.ipcp(1, 10, ADDRESS))


def test_a_client_without_ipcp_is_given_up() -> None:
    bench = Bench()
    bench.layer.open(NETWORK, MRU, 0)
    assert "error 720" in failure(bench.layer.rejected(frame.IPCP, 0)).text


def test_patience_begins_anew_with_the_address_and_ends_with_ipcp() -> None:
    settings = PppSettings(network_seconds=9, restart_seconds=5)
    assert failure(Bench(settings).wait(9)).cause is Cause.NEGOTIATION_FAILED
    bench = Bench(settings)
    bench.layer.open(NETWORK, MRU, 7)
    assert codes(bench.wait(15.9)) == [Code.CONFIGURE_REQUEST]
    assert failure(bench.wait(16)).text == "IPCP did not open within 9 s"
    assert Bench(settings).up().wait(1000) == []


def test_a_client_that_closes_ipcp_is_let_go() -> None:
    bench = Bench().up()
    assert codes(bench.ipcp(5, 9)) == [Code.TERMINATE_ACK]
    assert failure(bench.wait(20)) == Failed(Cause.USER_REQUEST, "the client closed IPCP")


def test_a_client_that_insists_on_its_address_fails() -> None:
    bench = Bench()
    bench.layer.open(NETWORK, MRU, 0)
    outputs = [row for n in range(6) for row in bench.ipcp(1, n, b"\x03\x06\xc0\xa8\x01\x0a")]
    assert "it wants 192.168.1.10" in failure(outputs).text


def test_ipv6cp_is_answered_at_once_and_said_once() -> None:
    bench = Bench()
    outputs = bench.ipv6cp(1, 5, b"\x01\x0a" + IDENTIFIER)
    assert codes(outputs) == [Code.CONFIGURE_REQUEST, Code.CONFIGURE_ACK]
    request = sent(outputs)[0][1]
    assert bench.ipv6cp(2, *request[1:]) == [Ipv6Up(request.data[2:], IDENTIFIER)]
    again = sent(bench.ipv6cp(1, 6, b"\x01\x0a" + IDENTIFIER[::-1]))[0][1]
    assert bench.ipv6cp(2, *again[1:]) == []


def test_the_identifier_that_radius_wants_is_suggested() -> None:
    bench = Bench()
    bench.layer.open(replace(NETWORK, interface_identifier=IDENTIFIER), MRU, 0)
    nak = sent(bench.ipv6cp(1, 5, b"\x01\x0a" + bytes(8)))[-1][1]
    assert nak == (Code.CONFIGURE_NAK, 5, b"\x01\x0a" + IDENTIFIER)


def test_ipv6cp_that_fails_never_touches_ipcp() -> None:
    bench = Bench().up()
    assert codes(bench.ipv6cp(1, 5, b"\x63\x02"))
    assert bench.layer.rejected(frame.IPV6CP, 0) == []
    assert not any(isinstance(row, Failed) for row in bench.ipv6cp(5, 6))
    assert bench.wait(29) == []


def test_who_has_stopped_waits_for_nothing() -> None:
    bench = Bench()
    bench.layer.open(NETWORK, MRU, 0)
    bench.ipv6cp(1, 5, b"\x01\x0a" + IDENTIFIER)
    bench.layer.stop()
    assert bench.layer.deadline is None
    assert bench.layer.expire(1000) == []
