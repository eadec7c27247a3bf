"""Windows after Set-VpnConnectionIPsecConfiguration: each combination that a server may accept."""

from itertools import product

import pytest

from tests.network.world import World
from tests.peers.profiles import reconfigured
from tests.scenario.traffic import exchange, rekey

CIPHERS = ("3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc")
PRFS = ("md5", "sha1", "sha256", "sha384")
GROUPS = ("modp1024", "modp2048", "ecp256", "ecp384")
INTEGRITIES = ("hmac-md5-96", "hmac-sha1-96", "hmac-sha256-128")
TRANSFORMS = (
    "aes128-gcm",
    "aes192-gcm",
    "aes256-gcm",
    *(f"{cipher}/{integrity}" for cipher, integrity in product(CIPHERS, INTEGRITIES)),
)
MAIN_MODES = ["/".join(parts) for parts in product(CIPHERS, PRFS, GROUPS)]
USUAL_MAIN, USUAL_QUICK = "aes256-cbc/sha256/ecp256", "aes256-cbc/hmac-sha1-96"


def connects(main: str, quick: str, pfs: str = "") -> None:
    world = World()
    host = world.host(reconfigured(main, quick, pfs))
    world.dial(host, seconds=10)
    exchange(world, host, range(3))
    rekey(world, host)
    exchange(world, host, range(3, 6))
    assert f"Main Mode: {main}" in world.server.log
    words = f"{quick}, PFS {pfs}, UDP" if pfs else f"{quick}, UDP"
    assert world.server.log.count(words) == 2


@pytest.mark.parametrize("main", MAIN_MODES)
def test_main_mode(main: str) -> None:
    connects(main, USUAL_QUICK)


@pytest.mark.parametrize("quick", TRANSFORMS)
@pytest.mark.parametrize("pfs", ["", *GROUPS])
def test_quick_mode(quick: str, pfs: str) -> None:
    connects(USUAL_MAIN, quick, pfs)
