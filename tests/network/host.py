"""A client's machine on a segment."""

import random
from dataclasses import replace

from l2tpsec.model.path import Endpoint
from tests.network.inside import HOST, number_of, numbered
from tests.network.internet import ESP, UDP, Packet, Segment
from tests.peers.profiles import Profile
from tests.peers.vpn_client import Account, Outgoing, VpnClient


class Host:
    """Runs one client at a time; `dial` again makes the next."""

    def __init__(
        self, segment: Segment, address: str, profile: Profile, account: Account, seed: int = 1
    ) -> None:
        self.segment = segment
        self.clock = segment.clock
        self.address = address
        self.client = VpnClient(profile, account, address, random.Random(seed).randbytes)
        self.alive = True
        segment.attach(address, self._receive)

    def dial(self, *, same_tunnel: bool = False) -> None:
        """Dial, as a fresh client where this one has dialled before."""
        if self.client.state != "idle":
            self.client = self.client.fresh(same_tunnel=same_tunnel)
        self._send(self.client.dial(self.clock.now))

    def hang_up(self) -> None:
        """Disconnect."""
        self._send(self.client.hang_up(self.clock.now))

    def rekey(self) -> None:
        """Renew the pair of SAs."""
        self.client.ipsec.negotiate(self.clock.now)
        self._send(self.client.expire(self.clock.now))

    def reauthenticate(self) -> None:
        """Renew the ISAKMP SA, and with it the pair, without a word about the old one."""
        self.client.ipsec.forget_main()
        self.rekey()

    def kill(self) -> None:
        """Lose power."""
        self.alive = False
        self.clock.arm(self, None, self._expire)

    def revive(self) -> None:
        """Have power again, and no memory: tunnels count from boot."""
        self.alive = True
        self.client = replace(self.client.fresh(same_tunnel=True), tunnel=1)

    def send(self, number: int) -> None:
        """Send a numbered packet to the host inside."""
        packet = numbered(self.client.inner_address, HOST, number)
        self._send(self.client.send(packet, self.clock.now))

    @property
    def numbers(self) -> list[int]:
        """The numbered packets that came out of the tunnel."""
        return [number_of(packet) for packet in self.client.packets]

    def change_account(self, account: Account) -> None:
        """Type in something else for the next dial-in."""
        self.client = replace(self.client, account=account)

    def _receive(self, packet: Packet) -> None:
        if self.alive:
            port = packet.destination.port
            self._send(self.client.receive(port, packet.payload, self.clock.now))

    def _expire(self) -> None:
        self._send(self.client.expire(self.clock.now))

    def _send(self, outgoing: list[Outgoing]) -> None:
        server = self.client.account.server
        for each in outgoing:
            source, to = Endpoint(self.address, each.port), Endpoint(server, each.port)
            protocol = UDP if each.port else ESP
            self.segment.carry(Packet(protocol, source, to, each.data))
        self.clock.arm(self, self.client.deadline if self.alive else None, self._expire)
