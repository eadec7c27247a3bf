"""Very many sessions in one process, without sockets: the server's own time and memory alone.

Every datagram is delivered at once; the clock is virtual.
"""

import os
import time
from collections import defaultdict, deque
from ipaddress import IPv4Address, IPv4Network

from l2tpsec.bench.caller import Account, Caller, Datagram
from l2tpsec.bench.initiator import Offer
from l2tpsec.concentrator import effects as box
from l2tpsec.concentrator.settings import AddressSettings, ConcentratorSettings
from l2tpsec.dataplane.userspace.coalescing import Train
from l2tpsec.model.path import Endpoint
from l2tpsec.protocols.ike.policy import WINDOWS, Policy
from l2tpsec.protocols.ike.settings import IkeSettings
from radius.client.settings import Server as RadiusServer
from radius.client.settings import Settings as RadiusSettings
from tests.network.accounts import SECRET, Accounts
from tests.network.clock import Action, Clock
from tests.network.inside import HOST, Inside, numbered
from tests.network.internet import UDP, Packet, Segment
from tests.network.server import Server, Site, Turn

SERVER, RADIUS = "198.51.100.1", "198.51.100.53"
PSK, USER, PASSWORD = b"correct horse battery staple", b"bench", "secret"
FIRST_CLIENT, CLIENT_PORT = IPv4Address("198.18.0.1"), 40_000
DIAL_IN_SECONDS = 0.005
SUITE, TRANSFORM = "aes256-cbc/sha1/ecp256", "aes256-cbc/hmac-sha1-96"
ADDRESSES = AddressSettings(
    pool=(IPv4Network("10.96.0.0/14"),), gateway=IPv4Address("10.99.255.254")
)
SETTINGS = ConcentratorSettings(IkeSettings((PSK,), policy=WINDOWS), address=ADDRESSES)


class Now(Clock):
    """A clock that is only read: whoever lets time pass asks the server for its deadline."""

    def arm(self, key: object, when: float | None, action: Action) -> None:
        """Arm nothing."""


class Wire(Segment):
    """Delivers in the order of sending; `seconds` is what the turns of each host took."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._waiting: deque[Packet] = deque()

    def carry(self, packet: Packet) -> None:
        self._waiting.append(packet)

    def carry_all(self) -> None:
        """Deliver until nobody says anything more."""
        while self._waiting:
            packet = self._waiting.popleft()
            with_whom = packet.destination.address
            begun = time.thread_time()
            self._deliver(packet)
            self.seconds[with_whom] += time.thread_time() - begun


class Hole(Inside):
    """A TUN that counts what it is given, and keeps nothing."""

    written = 0

    pending = False

    def flush(self) -> int:
        """Hold nothing back."""
        return 0

    def write(self, packet: bytes) -> None:
        self.written += 1

    def write_train(self, train: Train) -> None:
        self.written += len(train.packets)


class Quiet(Server):
    """A server whose log and ledger nobody reads, checked by nobody after each turn."""

    lines_of_ledger = 0

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.journal._logger.disabled = True

    def _check(self) -> None:
        """Leave out what costs the more the more sessions there are."""

    def _perform(self, effect: box.Effect) -> None:
        if isinstance(effect, box.AppendRecord):
            self.lines_of_ledger += 1
        else:
            super()._perform(effect)


class Deaf(Accounts):
    """RADIUS that keeps no record of what it was told."""

    def _receive(self, packet: Packet) -> None:
        super()._receive(packet)
        self.records.clear()
        self.notices.clear()


class Crowd:
    """A server, its RADIUS, and callers by their address."""

    def __init__(self) -> None:
        self.clock = Now()
        self.wire = Wire(self.clock)
        self.wire.uplink = self
        self.callers: dict[str, Caller] = {}
        self.radius = Deaf(self.wire, RADIUS, os.urandom)
        self.radius.people.add(USER.decode(), PASSWORD)
        self.inside = Hole()
        radius = RadiusSettings((RadiusServer(RADIUS, SECRET),))
        self.site = Site(self.clock, self.wire, SERVER, SETTINGS, radius, os.urandom, self.inside)
        self.server = Quiet(self.site)
        self.wire.carry_all()
        policy = Policy.of([SUITE], [TRANSFORM])
        offer = Offer(SERVER, PSK, policy.suites[0], policy.transforms[0])
        self._account = Account(offer, USER, PASSWORD)
        self._dialled = 0

    def __len__(self) -> int:
        return len(self.server.concentrator.subscribers)

    @property
    def server_seconds(self) -> float:
        """What the server's turns took."""
        return self.wire.seconds[SERVER]

    def dial(self, count: int = 1) -> list[str]:
        """Bring sessions up, one after the other; return their outer addresses."""
        fresh = [str(FIRST_CLIENT + self._dialled + number) for number in range(count)]
        self._dialled += count
        for address in fresh:
            self.clock.now += DIAL_IN_SECONDS
            caller = self.callers[address] = Caller(self._account, os.urandom)
            self.send(address, caller.start(self.clock.now))
            assert caller.up, caller.failure
        return fresh

    def send(self, address: str, datagrams: list[Datagram]) -> None:
        """Let a caller send, and everybody answer."""
        self._send(address, datagrams)
        self.wire.carry_all()

    def _send(self, address: str, datagrams: list[Datagram]) -> None:
        for port, data in datagrams:
            source = Endpoint(address, CLIENT_PORT)
            self.wire.carry(Packet(UDP, source, Endpoint(SERVER, port), data))

    def up(self, packet: Packet) -> None:
        """Take what goes to a caller; those that were forgotten hear nothing."""
        address = packet.destination.address
        if caller := self.callers.get(address):
            port = packet.source.port
            self._send(address, caller.receive(port, packet.payload, self.clock.now))

    def traffic_up(self, address: str) -> bytes:
        """Return a datagram with a packet of a caller's, as it comes to UDP 4500."""
        caller = self.callers[address]
        return caller.packet(numbered(caller.ppp.address, HOST, 1))

    def traffic_down(self, address: str) -> bytes:
        """Return a packet to a caller, as it comes from the TUN."""
        inner = self.callers[address].ppp.address
        return numbered(HOST, inner, 1)

    def pass_time(self, seconds: float) -> float:
        """Let the virtual clock run; callers answer. Return the seconds of the longest turn."""
        end, longest = self.clock.now + seconds, 0.0
        concentrator = self.server.concentrator
        while (deadline := concentrator.deadline) is not None and deadline <= end:
            self.clock.now = max(deadline, self.clock.now)
            longest = max(longest, self.order(concentrator.expire))
        self.clock.now = end
        return longest

    def order(self, call: Turn) -> float:
        """Let the server act, and everybody answer; return the seconds of the turn."""
        begun = time.thread_time()
        self.server.turn(call)
        took = time.thread_time() - begun
        self.wire.seconds[SERVER] += took
        self.wire.carry_all()
        return took

    def forget_callers(self) -> None:
        """Leave nothing in memory but the server and its RADIUS."""
        self.callers.clear()
