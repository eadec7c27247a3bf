"""Two workers that lease from one DHCP server: each relay hears what is for the other, too."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.bench.ground import Ground
from tests.interop.lab.network import Namespace, Network
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.site import FIRST, LAST, Kea
from tests.interop.lab.topology import INSIDE_ADDRESS
from tests.service.dialler import Client, dialled

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

LEASE_SECONDS = 8


@pytest.fixture
def kea(network: Network, ground: Ground, tmp_path: Path) -> Iterator[Kea]:
    inside, server = network.namespace("inside"), ground.server
    assert isinstance(server, Namespace)
    server.ip("link add lan type bridge forward_delay 0", "link set lan up")
    server.ip("addr add 10.77.0.1/24 dev lan")
    network.plug(inside, "lan0", f"{INSIDE_ADDRESS}/24", server, "lan")
    inside.ip("route add default via 10.77.0.1")
    with Kea(inside, tmp_path, LEASE_SECONDS) as running:
        yield running


@pytest.fixture
def sections(kea: Kea) -> Settings:
    leasing = {"source": ["dhcp"], "dhcp_servers": [INSIDE_ADDRESS]}
    return {"address": leasing, "log": {"level": "debug"}}


@pytest.fixture
def clients(ground: Ground, server: Server) -> Iterator[list[Client]]:
    """Alice at the first worker, Bob at the second."""
    with dialled(ground, {"198.18.7.2": "alice", "198.18.7.3": "bob"}) as clients:
        yield clients


def test_both_lease_renew_and_release_and_neither_minds_the_others_replies(
    server: Server, kea: Kea, clients: list[Client]
) -> None:
    alice, bob = clients
    assert alice.inner != bob.inner
    for client in clients:
        assert IPv4Address(FIRST) <= client.inner <= IPv4Address(LAST)
        client.reach(1)
    for number, client in enumerate(clients):
        again = rf"worker-{number} .*{client.inner} leased again by {INSIDE_ADDRESS}"
        server.until_logged(again)
    begin = kea.mark()
    server.namespace.run(server._command("disconnect", "alice"))
    alice.until(lambda: len(server.sessions()) == 1)
    kea.until_logged(kea.released, start=begin)
    bob.reach(2)
    assert [row["user"] for row in server.sessions()] == ["bob"]
    assert not re.search(" dhcp .* dropped: ", server.log_path.read_text())
