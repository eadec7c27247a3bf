"""What ends is gone at once, so that the cycle collector need not stop all traffic for long."""

import gc

from tests.network.world import World
from tests.peers.profiles import PROFILES
from tests.scenario.traffic import EMPTY, exchange

OF_ONE_CLIENT = {
    "Attempt", "CbcInbound", "CbcOutbound", "Delivery", "Exchange", "IkeSa", "Ipcp", "Lcp", "Link",
    "Subscriber", "Tunnel",
}  # fmt: skip


def alive() -> set[str]:
    return {type(thing).__name__ for thing in gc.get_objects() if gc.is_tracked(thing)}


def test_an_ended_session_leaves_no_cycles() -> None:
    gc.collect()
    before = alive() & OF_ONE_CLIENT
    gc.disable()
    try:
        world = World()
        host = world.host(PROFILES[0])
        world.dial(host)
        exchange(world, host, range(10))
        assert OF_ONE_CLIENT - {"Attempt", "Exchange"} <= alive()
        host.hang_up()
        world.run(700)
        assert world.server.sizes() == EMPTY
        assert alive() & OF_ONE_CLIENT == before
    finally:
        gc.enable()
