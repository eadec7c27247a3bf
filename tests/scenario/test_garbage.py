"""A hundred thousand datagrams of all kinds of nonsense: nothing grows, and nobody is disturbed."""

import random
from collections import Counter

from l2tpsec.model.path import Endpoint
from tests.network.host import Host
from tests.network.internet import ESP, UDP, Packet
from tests.network.server import FIRST_RADIUS_PORT, MARKER
from tests.network.world import RADIUS, SERVER, World
from tests.peers.ike_initiator import INFORMATIONAL, QUICK
from tests.peers.profiles import MACOS, PROFILES, WINDOWS
from tests.scenario.census import census
from tests.scenario.traffic import EMPTY, exchange, rekey

HALF = 50_000
BOUNDED = {"Journal._hosts", "Stories._strangers", "Stories._clients"}
FORGIVEN = {"Agenda._heap", *BOUNDED}  # emptied of what is stale by and by, or full some day
PORTS = [(UDP, 500), (UDP, 4500), (UDP, 4500), (ESP, 0), (UDP, FIRST_RADIUS_PORT), (UDP, 1701)]


def recorded(world: World) -> list[Packet]:
    """Every packet to the server in a client's life, of each kind of client."""
    packets: list[Packet] = []
    world.internet.seen = packets.append
    for profile in PROFILES:
        host = world.host(profile)
        world.dial(host)
        exchange(world, host, range(5))
        rekey(world, host)
        host.hang_up()
        world.run(60)
    world.internet.seen = lambda _: None
    return [packet for packet in packets if packet.destination.address == SERVER]


class Noise:
    """Makes datagrams that are wrong; some almost right."""

    def __init__(self, real: list[Packet], seed: int) -> None:
        self._dice = random.Random(seed)
        # as much of IKE as of ESP
        ike = [p for p in real if p.destination.port == 500 or p.payload[:4] == MARKER]
        self._real = real + ike * (len(real) // len(ike))

    def _source(self) -> Endpoint:
        dice = self._dice
        address = f"192.0.2.{dice.randrange(256)}"
        return Endpoint(dice.choice([address, "203.0.113.1", RADIUS]), dice.randrange(1, 65536))

    def packet(self) -> Packet:
        """Return the next."""
        dice = self._dice
        if dice.random() < 0.3:
            protocol, port = dice.choice(PORTS)
            data = dice.randbytes(int(dice.expovariate(1 / 150)))
            return Packet(protocol, self._source(), Endpoint(SERVER, port), data)
        real = dice.choice(self._real)
        source = real.source if dice.random() < 0.5 else self._source()
        return Packet(real.protocol, source, real.destination, self._spoiled(real.payload))

    def _spoiled(self, data: bytes) -> bytes:
        dice = self._dice
        match dice.randrange(6):
            case 0:
                return data
            case 1:
                return data[: dice.randrange(len(data) + 1)]
            case 2:
                return data + dice.randbytes(dice.randrange(1, 64))
            case 3:
                at = dice.randrange(len(data))
                return data[:at] + dice.randbytes(dice.randrange(1, 5)) + data[at + 1 :]
            case 4:
                other = dice.choice(self._real).payload
                at = dice.randrange(len(data))
                return data[:at] + other[at:]
            case _:
                at = dice.randrange(len(data) * 8)
                return data[: at // 8] + bytes((data[at // 8] ^ 1 << at % 8,)) + data[at // 8 + 1 :]


def tables(world: World) -> dict[str, int]:
    server = world.server
    counts = census(server.concentrator, server.plane, server.journal)
    assert counts["Journal.drops"] > 5
    return counts


def shower(world: World, noise: Noise, count: int) -> None:
    for _ in range(count):
        world.server._receive(noise.packet())
        world.clock.run(0.001)


def test_strangers_leave_no_trace() -> None:
    world = World()
    real = recorded(world)
    host = world.host(WINDOWS)
    world.dial(host)
    noise = Noise(real, 1)
    shower(world, noise, HALF)
    world.run(120)
    before, sizes = tables(world), world.server.sizes()
    shower(world, noise, HALF)
    world.run(120)
    after = tables(world)
    grown = {name: n for name, n in after.items() if n > before.get(name, 0) + 2}
    assert set(grown) <= FORGIVEN, {name: (before.get(name), n) for name, n in grown.items()}
    assert world.server.sizes() == sizes == (1,) * 9
    assert len(world.server.concentrator._security._ike._sas) == 1
    exchange(world, host, range(10))
    assert len(world.server.lines) < 3000
    assert len(world.server.journal.drops) < 60


def test_a_client_that_goes_mad_disturbs_itself_only() -> None:
    world = World()
    mad, sane = world.host(MACOS), world.host(WINDOWS)
    world.dial(mad, sane)
    dice = random.Random(2)
    done: Counter[str] = Counter()
    for number in range(6_000):
        if mad.client.state == "closed" or mad.client.ipsec.current is None:
            mad.kill()
            mad.revive()
            world.dial(mad)
            done["dials"] += 1
        rave(mad, dice)
        world.clock.run(0.001 if number % 100 else 1)
    assert done["dials"] < 600
    exchange(world, sane, range(10))
    mad.kill()
    sane.hang_up()
    world.run(4000)
    assert world.server.sizes() == EMPTY, world.story()
    assert world.radius.online == []


def rave(host: Host, dice: random.Random) -> None:
    """Send something that is authentic and senseless."""
    client, now = host.client, host.clock.now
    data = dice.randbytes(dice.randrange(80))
    main = client.ipsec.main
    match dice.randrange(5):
        case 0:
            header = (0xC802).to_bytes(2) + (len(data) + 12).to_bytes(2)
            tunnel = client.lac.peer_tunnel.to_bytes(2)
            numbers = dice.randbytes(2) + bytes((0, dice.randrange(8), 0, dice.randrange(8)))
            client.ipsec.send(client._udp(header + tunnel + numbers + data), now)
        case 1:
            client.ipsec.send(client._udp(data), now)
        case 2:
            protocols = (
                b"\xc0\x21",
                b"\xc2\x23",
                b"\xc0\x23",
                b"\x80\x21",
                b"\x80\x57",
                b"\x80\xfd",
            )
            code = bytes((dice.randrange(14), dice.randrange(8)))
            frame = dice.choice(protocols) + code + (len(data) + 4).to_bytes(2) + data
            client._send_frame(frame, now)
        case 3:
            client._send_frame(b"\x00\x21" + data, now)
        case _ if main is not None and main.established:
            exchange = dice.choice((QUICK, INFORMATIONAL))
            number, first = dice.randrange(1, 1 << 32), dice.choice((1, 8, 11, 12))
            client.ipsec._transmit(main.encrypted_octets(exchange, number, first, data))
    host._send(client._sent())
