from ipaddress import IPv4Address

import pytest
from scapy.layers.ppp import PPP_IPCP

from l2tpsec.model.grant import NetworkSettings
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.automaton import Event, State
from l2tpsec.protocols.ppp.effects import SendFrame
from l2tpsec.protocols.ppp.ipcp import Ipcp
from l2tpsec.protocols.ppp.packet import Code, Packet, RawOption, decode_options, encode_options
from l2tpsec.protocols.ppp.settings import PppSettings

ADDRESS, GATEWAY = IPv4Address("10.99.0.7"), IPv4Address("10.99.0.1")
DNS = (IPv4Address("10.99.0.53"), IPv4Address("10.99.0.54"))
WINS = (IPv4Address("10.99.0.42"),)
ZERO = bytes(4)


def started(dns: tuple[IPv4Address, ...] = DNS, wins: tuple[IPv4Address, ...] = WINS) -> Ipcp:
    ipcp = Ipcp(PppSettings())
    ipcp.terms.network = NetworkSettings(ADDRESS, GATEWAY, dns, wins)
    ipcp.step(Event.OPEN, 0)
    ipcp.step(Event.UP, 0)
    return ipcp


def ask(
    ipcp: Ipcp, *options: tuple[int, bytes], identifier: int = 3
) -> tuple[int, list[RawOption]]:
    data = encode_options([RawOption(*option) for option in options])
    (reply,) = ipcp.receive(Packet(1, identifier, data), 0)
    assert isinstance(reply, SendFrame)
    protocol, information = frame.decode(reply.frame)
    packet = Packet.decode(information)
    assert (protocol, packet.identifier) == (frame.IPCP, identifier)
    return packet.code, decode_options(packet.data)


def test_we_ask_for_our_address_only() -> None:
    request = started()._request
    assert request is not None
    assert decode_options(request.data) == [(3, GATEWAY.packed)]
    assert PPP_IPCP(request.encode()).options[0].data == str(GATEWAY)


def test_windows_gets_reject_then_nak_then_ack() -> None:
    ipcp = started(dns=DNS[:1])
    asked = [(3, ZERO), (129, ZERO), (130, ZERO), (131, ZERO), (132, ZERO)]
    assert ask(ipcp, *asked) == (Code.CONFIGURE_REJECT, [(131, ZERO), (132, ZERO)])
    given = [(3, ADDRESS.packed), (129, DNS[0].packed), (130, WINS[0].packed)]
    assert ask(ipcp, *asked[:3]) == (Code.CONFIGURE_NAK, given)
    assert ask(ipcp, *given) == (Code.CONFIGURE_ACK, given)
    assert ipcp.state is State.ACK_SENT


def test_macos_without_a_second_name_server_sees_it_rejected() -> None:
    ipcp = started(dns=(), wins=())
    asked = [(129, ZERO), (131, ZERO)]
    assert ask(ipcp, (3, ZERO), *asked) == (Code.CONFIGURE_REJECT, asked)


def test_four_servers_are_given_in_their_order() -> None:
    ipcp = started(wins=(*WINS, DNS[1]))
    _, options = ask(ipcp, (3, ADDRESS.packed), (132, ZERO), (131, ZERO), (130, ZERO), (129, ZERO))
    assert options == [
        (132, DNS[1].packed),
        (131, DNS[1].packed),
        (130, WINS[0].packed),
        (129, DNS[0].packed),
    ]


@pytest.mark.parametrize("wish", ["0.0.0.0", "192.168.1.10", "10.99.0.1", "255.255.255.255"])
def test_any_other_address_is_naked_with_the_one_given(wish: str) -> None:
    assert ask(started(), (3, IPv4Address(wish).packed)) == (
        Code.CONFIGURE_NAK,
        [(3, ADDRESS.packed)],
    )


def test_a_client_that_forgets_the_address_is_prompted() -> None:
    assert ask(started()) == (Code.CONFIGURE_NAK, [(3, ADDRESS.packed)])


@pytest.mark.parametrize(
    ("code", "value"),
    [(1, "0000000000000000"), (2, "002d0f01"), (4, "0a000001"), (129, "00"), (3, "0000000000")],
)
def test_vj_compression_and_the_unknown_are_rejected(code: int, value: str) -> None:
    wish = (code, bytes.fromhex(value))
    assert ask(started(), (3, ADDRESS.packed), wish) == (Code.CONFIGURE_REJECT, [wish])


def test_a_client_that_insists_on_its_own_address_is_an_impasse() -> None:
    ipcp = started()
    for identifier in range(6):
        assert not ipcp.terms.impasse
        ask(ipcp, (3, bytes((192, 168, 1, 10))), identifier=identifier)
    assert ipcp.terms.impasse == (
        "the client does not accept the IP-Address we give it, it wants 192.168.1.10"
    )


@pytest.mark.parametrize("code", [3, 4])
def test_a_client_that_will_not_hear_our_address_is_let_be(code: int) -> None:
    ipcp = started()
    ipcp.receive(Packet(code, 1, b"\x03\x06\x0a\x00\x00\x01"), 0)
    assert ipcp._request == Packet(1, 2, b"")
