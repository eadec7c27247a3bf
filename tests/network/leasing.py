"""A site's DHCP server on the simulated network."""

from l2tpsec.protocols.dhcp.code import Type
from tests.network.internet import Packet, Segment
from tests.peers.dhcp_server import SiteServer


class LeasingHost:
    """One host with the server on UDP 67; `server.silent` makes it deaf."""

    def __init__(self, segment: Segment, server: SiteServer) -> None:
        self.server = server
        self._segment = segment
        segment.attach(str(server.address), self._receive)

    def heard(self, kind: Type) -> int:
        """Count the messages of a type."""
        return sum(message.type == kind for message in self.server.heard)

    def _receive(self, packet: Packet) -> None:
        for reply in self.server.receive(packet.payload):
            back = Packet(packet.protocol, packet.destination, packet.source, reply)
            self._segment.carry(back)
