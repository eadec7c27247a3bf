"""Addresses and routes of an interface, by rtnetlink."""

import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from pyroute2 import IPRoute, NetlinkError

from l2tpsec.dataplane.contract import DataPlaneError


class Link:
    """An interface by its name.

    The calls run in a thread of their own and are waited for: the library's loop cannot run inside
    a running one.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = ThreadPoolExecutor(1, "netlink")
        self._route = self._call(f"interface {name}", IPRoute)
        found = self._call(f"interface {name}", self._route.link_lookup, ifname=name)
        if not found:
            self.close()
            raise DataPlaneError(f"interface {name}: not there")
        self._index = found[0]

    def _call(self, what: str, verb: Callable[..., Any], *words: object, **fields: object) -> Any:  # noqa: ANN401 - as untyped as the library
        try:
            return self._thread.submit(verb, *words, **fields).result()
        except NetlinkError as error:
            raise DataPlaneError(f"{what}: {os.strerror(error.code)}") from error
        except OSError as error:
            raise DataPlaneError(f"{what}: {error.strerror}") from error

    def up(self, address: IPv4Address, mtu: int) -> None:
        """Give the interface a /32 address and an MTU in octets, and bring it up."""
        where = {"index": self._index}
        what = f"address {address} on {self._name}"
        self._call(what, self._route.addr, "add", address=str(address), prefixlen=32, **where)
        what = f"MTU of {mtu} octets on {self._name}"
        self._call(what, self._route.link, "set", mtu=mtu, state="up", **where)

    def add_route(self, network: IPv4Network, source: IPv4Address) -> None:
        """Route `network` here; packets of the box itself carry `source`."""
        try:
            self._change("add", network, source)
        except DataPlaneError as error:
            advice = "the host has such a route already; choose another [address] pool"
            raise DataPlaneError(f"{error}: {advice}") from error

    def replace_route(self, address: IPv4Address, source: IPv4Address) -> None:
        """Route one address here, whoever had it before."""
        self._change("replace", IPv4Network(address), source)

    def remove_route(self, address: IPv4Address, source: IPv4Address) -> None:
        """Take the route of one address away, if it is still there."""
        with contextlib.suppress(DataPlaneError):
            self._change("del", IPv4Network(address), source)

    def _change(self, verb: str, network: IPv4Network, source: IPv4Address) -> None:
        what = f"route {verb} {network} on {self._name}"
        self._call(
            what, self._route.route, verb, dst=str(network), oif=self._index, prefsrc=str(source)
        )

    def close(self) -> None:
        """End the netlink socket and its thread."""
        self._call("close netlink", self._route.close)
        self._thread.shutdown()
