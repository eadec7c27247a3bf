"""Addresses leased from real DHCP servers, and DHCPINFORM as Windows sends it over the link."""

import json
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest

from l2tpsec.protocols.dhcp import routes
from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.server import GATEWAY, Server, Settings
from tests.interop.lab.site import DOMAIN, FIRST, LAST, NAME_SERVER, Dnsmasq, Kea, SiteServer
from tests.interop.lab.topology import INSIDE_ADDRESS, SERVER_ADDRESS

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

INFORM = Path(__file__).parent / "lab" / "inform.py"
KEA_SECONDS, DNSMASQ_SECONDS = 12, 120


@pytest.fixture(scope="module")
def sections() -> Settings:
    leasing = {"source": ["radius", "dhcp"], "dhcp_servers": [INSIDE_ADDRESS], "domain": DOMAIN}
    split = {"routes": ["172.16.0.0/12", "203.0.113.0/30"], "wins": ["10.77.0.44"]}
    return {"log": {"level": "debug"}, "address": leasing | split}


@pytest.fixture
def kea(laboratory: Laboratory, tmp_path: Path) -> Iterator[Kea]:
    with Kea(laboratory.topology.inside, tmp_path, KEA_SECONDS) as server:
        yield server


@pytest.fixture
def dnsmasq(laboratory: Laboratory, tmp_path: Path) -> Iterator[Dnsmasq]:
    with Dnsmasq(laboratory.topology.inside, tmp_path, DNSMASQ_SECONDS) as server:
        yield server


def inform(client: Client, address: str) -> dict[str, Any]:
    """Send one DHCPINFORM as Windows does and return the options of the answer."""
    answer = json.loads(client.guest.run(f"{sys.executable} {INFORM} {address}"))
    assert answer["from"] == GATEWAY
    options: dict[str, Any] = answer["options"]
    return options


def assert_informed(options: dict[str, Any]) -> None:
    """Want the site's options, ours where it left them out, and no way to the server itself."""
    assert list(options)[:2] == ["53", "54"]
    assert options["54"] == IPv4Address(GATEWAY).packed.hex()
    assert options["6"] == IPv4Address(NAME_SERVER).packed.hex()
    assert bytes.fromhex(options["15"]).decode() == DOMAIN
    assert options["44"] == IPv4Address("10.77.0.44").packed.hex()
    assert options["121"] == options["249"]
    given = routes.decode(bytes.fromhex(options["121"]))
    assert IPv4Network("172.16.0.0/12") in given
    assert not any(IPv4Address(SERVER_ADDRESS) in route for route in given)


def lease(laboratory: Laboratory, server: Server, site: SiteServer) -> str:
    """Dial in with a leased address, ask for the rest, hang up; return the address."""
    begin = site.mark()
    client = laboratory.client("home")
    address = client.connect(laboratory.dial())
    assert IPv4Address(FIRST) <= IPv4Address(address) <= IPv4Address(LAST)
    client.until_told(f"primary   DNS address {NAME_SERVER}")
    assert client.echoes(GATEWAY) == [1, 2, 3]
    assert_informed(inform(client, address))
    if isinstance(site, Dnsmasq):
        assert site.resolve(f"alice.{DOMAIN}") == address
    client.disconnect()
    server.until_empty()
    site.until_logged(site.released, start=begin)
    return address


def test_lease_of_kea(laboratory: Laboratory, server: Server, kea: Kea) -> None:
    lease(laboratory, server, kea)


def test_lease_and_name_of_dnsmasq(
    laboratory: Laboratory, server: Server, dnsmasq: Dnsmasq
) -> None:
    address = lease(laboratory, server, dnsmasq)
    assert dnsmasq.resolve(f"alice.{DOMAIN}") == ""
    # The same user is the same DHCP client.
    assert lease(laboratory, server, dnsmasq) == address


def test_lease_is_renewed_and_its_end_ends_the_session(
    laboratory: Laboratory, server: Server, kea: Kea
) -> None:
    begin = server.mark()
    client = laboratory.client("home")
    address = client.connect(laboratory.dial())
    for _ in range(2):
        server.until_logged(f"{address} leased again by {INSIDE_ADDRESS}", start=begin)
        begin = server.mark()
    assert len(server.sessions()) == 1
    kea.stop()
    server.until_logged("the lease expired: no DHCP server renewed it", start=begin)
    server.until_logged("down after .*: the lease of its address ended", start=begin)
    client.until_told("Connection terminated")
    client.hang_up()
    server.until_empty()


def test_address_in_use_is_declined(
    laboratory: Laboratory, server: Server, dnsmasq: Dnsmasq
) -> None:
    address = lease(laboratory, server, dnsmasq)
    begin = dnsmasq.mark()
    server.user("add", "dave", "dave's word", "--address", address)
    holder, client = laboratory.client("public"), laboratory.client("home")
    assert holder.connect(laboratory.dial("dave", "dave's word")) == address
    another = client.connect(laboratory.dial())
    assert another != address
    assert IPv4Address(FIRST) <= IPv4Address(another) <= IPv4Address(LAST)
    assert f"DHCPDECLINE(lan0) {address}" in dnsmasq.log(begin)
    assert holder.echoes(GATEWAY) == [1, 2, 3]
    for party in (client, holder):
        party.disconnect()
    server.until_empty()
