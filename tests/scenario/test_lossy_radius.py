"""Two hundred dial in within a second, and the RADIUS server loses every tenth packet."""

from itertools import count

from tests.network.internet import Packet
from tests.network.world import RADIUS, World
from tests.peers.profiles import WINDOWS

CLIENTS = 200
TENTH = 10


def deaf_to_every_tenth(world: World) -> list[int]:
    """Let the server lose requests and replies alike; return where it counts them."""
    lost: list[int] = []
    numbers = count(1)

    def passes(packet: Packet) -> bool:
        if RADIUS not in (packet.source.address, packet.destination.address):
            return True
        if (number := next(numbers)) % TENTH:
            return True
        lost.append(number)
        return False

    world.internet.passes = passes
    return lost


def test_two_hundred_a_second_all_succeed() -> None:
    world = World()
    lost = deaf_to_every_tenth(world)
    home = world.home()
    hosts = [world.host(WINDOWS, home, f"192.168.1.{number}") for number in range(2, CLIENTS + 2)]
    for number, host in enumerate(hosts):
        world.clock.later(number / CLIENTS, host.dial)
    assert world.clock.run(20, lambda: world.up(*hosts)), world.story()
    assert len(lost) > CLIENTS / TENTH
    # at their first try, each of them
    assert len(world.server.concentrator.subscribers) == CLIENTS
    assert not world.server.concentrator.dial_ins
    world.run(20)
    assert len(world.radius.online) == CLIENTS
    assert world.server.ledger.waiting == 0
    for host in hosts:
        host.hang_up()
    world.run(60)
    assert world.radius.online == []
    assert world.server.concentrator.dial_ins == {"up": CLIENTS}
