"""IPv6 in the laboratory: in a client's kernel, and in the network behind the server."""

import re
from dataclasses import replace

import pytest

from tests.interop.lab.client import Client
from tests.interop.lab.laboratory import Laboratory
from tests.interop.lab.waiting import until

INSIDE, INSIDE_GATEWAY = "2001:db8:77::2", "2001:db8:77::1"


def dual_stack_client(laboratory: Laboratory, place: str = "home") -> Client:
    """Return a client in a place whose kernel has IPv6; skip where it has none."""
    client = laboratory.client(place)
    client.guest.attempt("modprobe -d /run/root ipv6")
    if client.guest.attempt("ls /proc/sys/net/ipv6").status:
        pytest.skip("the guest's kernel has no IPv6")
    _reach_inside(laboratory)
    return client


def _reach_inside(laboratory: Laboratory) -> None:
    places = laboratory.topology
    places.server.run(["sysctl", "-q", "-w", "net.ipv6.conf.all.forwarding=1"])
    places.server.ip(f"addr replace {INSIDE_GATEWAY}/64 dev lan nodad")
    places.inside.ip(
        f"addr replace {INSIDE}/64 dev lan0 nodad",
        f"route replace default via {INSIDE_GATEWAY}",
    )


def dial(laboratory: Laboratory, client: Client, user: str = "alice") -> str:
    """Dial in, and return the address that the client made for itself."""

    def given() -> str | None:
        shown = client.guest.run("ip -6 address show dev ppp0 scope global")
        found = re.search(r"inet6 (\S+)/64", shown)
        return found and found[1]

    client.connect(replace(laboratory.dial(user, f"{user}'s word"), ipv6=True))
    return until(given, "an address by SLAAC", client.logs)
