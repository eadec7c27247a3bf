"""IPCP (RFC 1332) with name servers (RFC 1877): the client gets an address, we say ours."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address

from l2tpsec.model.grant import NetworkSettings
from l2tpsec.model.records import Phase
from l2tpsec.protocols.ppp import frame
from l2tpsec.protocols.ppp.control import ControlProtocol
from l2tpsec.protocols.ppp.option import IPV4, Option, Row, Terms, octets
from l2tpsec.protocols.ppp.packet import Packet, decode_options
from l2tpsec.protocols.ppp.settings import PppSettings

UNSPECIFIED = IPv4Address(0)
IP_ADDRESS = 3


@dataclass(slots=True)
class IpcpTerms(Terms):
    """What this client is given."""

    network: NetworkSettings = field(
        default_factory=lambda: NetworkSettings(UNSPECIFIED, UNSPECIFIED),
    )


def _server(code: int, name: str, kind: str, index: int) -> Option[IpcpTerms, IPv4Address]:
    def judge(terms: IpcpTerms, _wish: IPv4Address) -> IPv4Address | None:
        # macOS takes 0.0.0.0 for a server's address: reject what we do not have.
        servers = terms.network.dns if kind == "dns" else terms.network.wins
        return servers[index] if index < len(servers) else None

    return Option(code, name, IPV4, judge=judge)


# VJ compression and the deprecated IP-Addresses are never agreed; the names are for people.
# A client that refuses our address is let be: it needs none of us on a point-to-point link.
IPCP_OPTIONS: tuple[Row[IpcpTerms], ...] = (
    Option(1, "IP-Addresses", octets(0)),
    Option(2, "IP-Compression-Protocol", octets(0)),
    Option(
        IP_ADDRESS,
        "IP-Address",
        IPV4,
        offer=lambda terms: terms.network.gateway,
        judge=lambda terms, _wish: terms.network.address,
        prompt=lambda terms: terms.network.address,
        essential=True,
    ),
    _server(129, "Primary-DNS", "dns", 0),
    _server(130, "Primary-NBNS", "wins", 0),
    _server(131, "Secondary-DNS", "dns", 1),
    _server(132, "Secondary-NBNS", "wins", 1),
)


def wish(request: Packet) -> IPv4Address:
    """Return the address that a Configure-Request asks for, unspecified where it names none."""
    found = (raw.data for raw in decode_options(request.data) if raw.code == IP_ADDRESS)
    return next((IPv4Address(data) for data in found if len(data) == 4), UNSPECIFIED)


class Ipcp(ControlProtocol[IpcpTerms]):
    """Our end of IPCP; set `terms.network` before it opens."""

    __slots__ = ()

    def __init__(self, settings: PppSettings) -> None:
        super().__init__(frame.IPCP, Phase.IPCP, IPCP_OPTIONS, IpcpTerms(), settings)
