"""A real client gets an address by router advertisement, and reaches us and the inside by IPv6."""

import re
from dataclasses import replace

import pytest

from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import Server, Settings
from tests.interop.lab.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(180)]

GATEWAY, PREFIX = "2001:db8:99::1", "2001:db8:99:1:"
INSIDE, INSIDE_GATEWAY = "2001:db8:77::2", "2001:db8:77::1"


@pytest.fixture(scope="module")
def sections() -> Settings:
    return {"address": {"ipv6_pool": "2001:db8:99::/56", "ipv6_dns": [GATEWAY]}}


@pytest.fixture
def client(laboratory: Laboratory) -> Client:
    client = laboratory.client("home")
    client.guest.attempt("modprobe -d /run/root ipv6")
    if client.guest.attempt("ls /proc/sys/net/ipv6").status:
        pytest.skip("the guest's kernel has no IPv6")
    return client


def given(client: Client) -> str | None:
    """Return the client's global address on the link."""
    shown = client.guest.run("ip -6 address show dev ppp0 scope global")
    found = re.search(r"inet6 (\S+)/64", shown)
    return found and found[1]


def _inside(laboratory: Laboratory) -> None:
    places = laboratory.topology
    places.server.run(["sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=1"])
    places.server.ip(f"addr replace {INSIDE_GATEWAY}/64 dev lan nodad")
    places.inside.ip(
        f"addr replace {INSIDE}/64 dev lan0 nodad",
        f"route replace default via {INSIDE_GATEWAY}",
    )


def test_an_address_by_router_advertisement(
    laboratory: Laboratory, server: Server, client: Client
) -> None:
    _inside(laboratory)
    client.connect(replace(laboratory.dial(), ipv6=True))
    address = until(lambda: given(client), 15, "an address by SLAAC", client.logs)
    assert address.startswith(PREFIX)
    assert "default via fe80::" in client.guest.run("ip -6 route show dev ppp0")
    assert "3 received" in client.guest.run(f"ping -6 -c 3 -i 0.2 {GATEWAY}")
    assert "3 received" in client.guest.run(f"ping -6 -c 3 -i 0.2 {INSIDE}")
    (session,) = server.sessions()
    assert session["ipv6_prefix"] == f"{PREFIX}:/64"
    assert session["input_packets"] >= 6
    assert session["mtu"] == int(client.guest.run("cat /proc/sys/net/ipv6/conf/ppp0/mtu"))
    client.disconnect()
    server.until_empty()
