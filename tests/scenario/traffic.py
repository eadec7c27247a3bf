"""What the scenarios do with a client that is connected."""

from collections.abc import Callable

from tests.network.host import Host
from tests.network.world import World

EMPTY = (0,) * 9
ONE = (1,) * 9


def exchange(world: World, host: Host, numbers: range) -> None:
    """Send numbered packets both ways; as many arrive as the network lets through, none twice."""
    address = host.client.inner_address
    heard = world.server.inside.heard[address]
    before = len(heard), len(host.numbers)
    for number in numbers:
        assert world.clock.run(20, lambda: world.up(host)), world.story(host)
        host.send(number)
        world.server.inside.send(address, number)
        world.run(0.05)
    world.run(0.2)
    arrived = heard[before[0] :], host.numbers[before[1] :]
    least = len(numbers) if world.internet.quality.loss == 0 else len(numbers) / 2
    for each in arrived:
        assert len(set(each)) == len(each)
        assert set(each) <= set(numbers)
        assert len(each) >= least, world.story(host)


def rekey(world: World, host: Host) -> None:
    """Let the client renew its pair now."""
    renew(world, host, host.rekey, 45)


def reauthenticate(world: World, host: Host) -> None:
    """Let the client renew its ISAKMP SA and its pair now."""
    renew(world, host, host.reauthenticate, 60)


def renew(world: World, host: Host, begin: Callable[[], object], seconds: float) -> None:
    """Begin until the client sends by another pair; any of three tries may be lost."""
    before = host.client.ipsec.current
    for _ in range(3):
        begin()
        if world.clock.run(seconds, lambda: host.client.ipsec.current is not before):
            return
    raise AssertionError(world.story(host))
