"""Everything at once: an Internet, a server, its RADIUS, and clients at home."""

import random
from dataclasses import replace
from ipaddress import IPv4Network

from l2tpsec.concentrator.settings import AddressSettings, ConcentratorSettings
from l2tpsec.protocols.ike.policy import LEGACY
from l2tpsec.protocols.ike.settings import IkeSettings
from radius.client.settings import Server as RadiusServer
from radius.client.settings import Settings as RadiusSettings
from tests.network.accounts import SECRET, Accounts
from tests.network.clock import Clock
from tests.network.host import Host
from tests.network.internet import CLEAN, Internet, Quality, Segment
from tests.network.nat import Nat, OneToOne
from tests.network.server import Server, Site
from tests.peers.profiles import WINDOWS, Profile
from tests.peers.vpn_client import Account

PSK = b"correct horse battery staple"
SERVER = "198.51.100.1"
SERVER_PRIVATE = "10.20.0.5"
RADIUS = "198.51.100.53"
IKE = IkeSettings((PSK,), policy=LEGACY)
SETTINGS = ConcentratorSettings(IKE)
DIAL_SECONDS = 90.0


class World:
    """`seed` decides everything that is left to chance."""

    def __init__(
        self,
        seed: int = 1,
        quality: Quality = CLEAN,
        settings: ConcentratorSettings = SETTINGS,
        *,
        server_behind_nat: bool = False,
        pool: str | None = None,
        radius_secret: bytes = SECRET,
    ) -> None:
        self.clock = Clock()
        self.internet = Internet(self.clock, seed, quality)
        self._dice = random.Random(seed)
        self._homes = 0
        self.radius = Accounts(self.internet, RADIUS, self._dice.randbytes, radius_secret)
        self.radius.people.add("alice", "secret")
        segment: Segment = self.internet
        if server_behind_nat:
            segment = OneToOne(self.clock, self.internet, SERVER, SERVER_PRIVATE)
        address = SERVER_PRIVATE if server_behind_nat else SERVER
        if pool is not None:
            addresses = AddressSettings(pool=(IPv4Network(pool),))
            settings = replace(settings, address=addresses)
        servers = (RadiusServer(RADIUS, SECRET),)
        self.site = Site(
            self.clock,
            segment,
            address,
            settings,
            RadiusSettings(servers),
            self._dice.randbytes,
        )
        self.server = Server(self.site)

    # places

    def home(self, *, outside: Segment | None = None, idle_seconds: float = 1e9) -> Nat:
        """Build a home router with a public address of its own, or one behind `outside`."""
        self._homes += 1
        address = f"203.0.113.{self._homes}" if outside is None else f"100.64.0.{self._homes}"
        place = outside or self.internet
        return Nat(self.clock, place, address, idle_seconds=idle_seconds)

    def host(
        self,
        profile: Profile = WINDOWS,
        place: Segment | None = None,
        address: str = "",
        *,
        user: str = "alice",
        password: str = "secret",
        psk: bytes = PSK,
    ) -> Host:
        """Put a client somewhere: behind a home router of its own unless told otherwise."""
        segment = place or self.home()
        account = Account(psk, SERVER, user, password)
        home = "192.168.1.10" if segment is not self.internet else "203.0.113.250"
        seed = self._dice.getrandbits(32)
        return Host(segment, address or home, profile, account, seed)

    def restart_server(self) -> None:
        """Start a server that remembers nothing."""
        self.server = Server(self.site)

    # what happens

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.run(seconds)

    def up(self, *hosts: Host) -> bool:
        """Tell whether these are connected, in their own eyes and in the server's."""
        online = {
            subscriber.lease.address
            for subscriber in self.server.concentrator.subscribers
            if subscriber.lease and subscriber.connected
        }
        return all(h.client.state == "up" and h.client.inner_address in online for h in hosts)

    def dial(self, *hosts: Host, seconds: float = DIAL_SECONDS) -> None:
        """Dial from all hosts, each again as often as it fails, until all are up."""
        end = self.clock.now + seconds
        for host in hosts:
            host.dial()
        while not self.up(*hosts):
            assert self.clock.now < end, self.story(*hosts)
            self.clock.run(1.0, lambda: self.up(*hosts))
            for host in hosts:
                if host.client.state == "closed":
                    host.dial()

    def story(self, *hosts: Host) -> str:
        """Tell what happened, for whoever reads a failed test."""
        lines = [f"{h.address}: {h.client.state} {h.client.failure}" for h in hosts]
        return "\n".join([*lines, self.server.log, *self.radius.notices])
