"""FreeRADIUS names one IPv6 prefix for two users, whose clients come to two workers."""

from collections.abc import Iterator

import pytest

from tests.interop.lab.dual_stack import INSIDE, dial, dual_stack_client
from tests.interop.lab.freeradius import SECRET, FreeRadius
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server, Settings

pytestmark = [pytest.mark.root, pytest.mark.ipv6, pytest.mark.interop, pytest.mark.timeout(900)]

PREFIX, POOL = "2001:db8:5:5:", "2001:db8:99::/56"
WORKERS = 4  # with two both addresses, which are even, would meet the same


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {
        "server": {"workers": WORKERS},
        "address": {"ipv6_pool": POOL},
        "radius": {"servers": [{"host": "127.0.0.1", "secret": SECRET}]},
    }


@pytest.fixture(scope="module")
def freeradius(laboratory: Laboratory) -> Iterator[FreeRadius]:
    words = {"alice": "alice's word", "bob": "bob's word"}
    with laboratory.freeradius(words, f'Framed-IPv6-Prefix = "{PREFIX}:/64"') as freeradius:
        yield freeradius


@pytest.fixture(scope="module")
def server(laboratory: Laboratory, sections: Settings, freeradius: FreeRadius) -> Iterator[Server]:
    with laboratory.server(sections) as server:
        server.start()
        yield server


def test_the_first_has_it_the_second_one_of_the_pool(
    laboratory: Laboratory, server: Server
) -> None:
    begin = server.mark()
    alice, bob = (dual_stack_client(laboratory, place) for place in ("home", "public"))
    assert dial(laboratory, alice).startswith(PREFIX)
    assert not dial(laboratory, bob, "bob").startswith(PREFIX)
    server.until_logged(f"Framed-IPv6-Prefix {PREFIX}:/64 is held by 'alice'", start=begin)
    assert [client.echoes(INSIDE) for client in (alice, bob)] == [[1, 2, 3]] * 2
    alice.disconnect()
    bob.disconnect()
    server.until_empty()


def test_it_goes_with_its_user_from_worker_to_worker(
    laboratory: Laboratory, server: Server
) -> None:
    """The session that has it goes on by IPv4; what is sent to the prefix reaches the newer."""
    old, new = (dual_stack_client(laboratory, place) for place in ("home", "public"))
    assert dial(laboratory, old).startswith(PREFIX)
    assert dial(laboratory, new).startswith(PREFIX)
    assert new.echoes(INSIDE) == [1, 2, 3]
    assert len(server.sessions()) == 2
    old.disconnect()
    assert new.echoes(INSIDE) == [1, 2, 3]
    new.disconnect()
    server.until_empty()
