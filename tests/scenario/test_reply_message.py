"""What RADIUS says to the person who dials in gets there."""

import pytest

from tests.network.world import World
from tests.peers.profiles import PROFILES, Profile


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_welcome_harms_no_client(profile: Profile) -> None:
    world = World()
    world.radius.grants["alice"] = [("Reply-Message", "Welcome.\r\nMaintenance at 18:00")]
    host = world.host(profile)
    world.dial(host)
    assert world.up(host), world.story(host)
