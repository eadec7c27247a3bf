"""Addresses and routes of an interface, by rtnetlink."""

import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

from pyroute2 import IPRoute, NetlinkError

from l2tpsec.dataplane.contract import DataPlaneError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NO_DETECTION = 0x02
"""IFA_F_NODAD: an address that duplicates are looked for cannot be a route's source yet."""

_FIB_MATCH = 0x2000
"""RTM_F_FIB_MATCH: the route itself and not what comes of it for one address."""
ROUTE_PROTOCOL = 76
"""Of routes to clients, whichever interface of ours they lead to (rtnetlink(7): rtm_protocol)."""
RULE_PRIORITY = 17010
"""Of rules that name a table for a client: before the kernel's own table main."""

_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


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
        self.add_address(address)
        what = f"MTU of {mtu} octets on {self._name}"
        self._call(what, self._route.link, "set", index=self._index, mtu=mtu, state="up")

    def add_address(self, address: Address) -> None:
        """Give the interface an address, with nothing else on its link."""
        self._call(
            f"address {address} on {self._name}",
            self._route.addr,
            "add",
            index=self._index,
            family=_FAMILIES[address.version],
            address=str(address),
            prefixlen=address.max_prefixlen,
            flags=_NO_DETECTION if address.version == 6 else 0,
        )

    def add_route(self, network: Network, source: Address) -> None:
        """Route `network` here; packets of the box itself carry `source`."""
        try:
            self._change("add", network, source)
        except DataPlaneError as error:
            advice = "the host has such a route; choose another [address] pool"
            raise DataPlaneError(f"{error}: {advice}") from error

    def replace_route(self, place: Address | Network, source: Address) -> None:
        """Route a client's address or prefix here, whichever interface of ours had it before.

        Of the host's own addresses, and of places that it has a route of its own to, none is a
        client's.
        """
        network = ip_network(place)
        for found in self._way(network):
            if found["dst_len"] == network.prefixlen and found["proto"] != ROUTE_PROTOCOL:
                raise DataPlaneError(f"no route to {place} here: the host has its own")
        self._change("replace", network, source)

    def claim_route(self, network: Network, source: Address) -> None:
        """Route `network` here unless the host has a way of its own to it, a default one aside."""
        for found in self._way(network):
            oif = dict(found["attrs"]).get("RTA_OIF")
            if 0 < found["dst_len"] <= network.prefixlen and oif != self._index:
                name = f"{dict(found['attrs']).get('RTA_DST')}/{found['dst_len']}"
                raise DataPlaneError(f"no route to {network} here: the host has its own to {name}")
        self._change("replace", network, source)

    def _way(self, network: Network) -> list[Any]:
        """Return the host's route to a network, if it has one."""
        try:
            found = self._call(
                f"route to {network}",
                self._route.route,
                "get",
                family=_FAMILIES[network.version],
                dst=str(network.network_address),
                flags=_FIB_MATCH,
            )
        except DataPlaneError:  # there is none
            return []
        return list(found)

    def add_rule(self, source: Network, table: int) -> None:
        """Route what comes from `source` by this interface by a table."""
        self._rule("add", source, table)

    def remove_rule(self, source: Network, table: int) -> None:
        """Take such a rule away, if it is still there."""
        with contextlib.suppress(DataPlaneError):
            self._rule("del", source, table)

    def _rule(self, verb: str, source: Network, table: int) -> None:
        self._call(
            f"rule {verb} from {source} lookup {table}",
            self._route.rule,
            verb,
            family=_FAMILIES[source.version],
            src=str(source.network_address),
            src_len=source.prefixlen,
            iifname=self._name,
            table=table,
            priority=RULE_PRIORITY,
        )

    def forget_rules(self) -> None:
        """Take away what a run that crashed left behind: rules outlive their interface."""
        for family in _FAMILIES.values():
            for rule in self._rules(family):
                named = dict(rule["attrs"])
                if (named.get("FRA_PRIORITY"), named.get("FRA_IIFNAME")) == (
                    RULE_PRIORITY,
                    self._name,
                ):
                    place = ip_network(f"{named['FRA_SRC']}/{rule['src_len']}")
                    self.remove_rule(place, named["FRA_TABLE"])

    def _rules(self, family: int) -> list[Any]:
        def read() -> list[Any]:
            return list(self._route.get_rules(family=family))

        try:
            found: list[Any] = self._call("rules", read)
        except DataPlaneError:  # a kernel without this version of IP
            return []
        return found

    def remove_route(self, place: Address | Network, source: Address) -> None:
        """Take such a route away, if it is still there."""
        with contextlib.suppress(DataPlaneError):
            self._change("del", ip_network(place), source)

    def _change(self, verb: str, network: Network, source: Address) -> None:
        self._call(
            f"route {verb} {network} on {self._name}",
            self._route.route,
            verb,
            family=_FAMILIES[network.version],
            dst=str(network),
            oif=self._index,
            prefsrc=str(source),
            proto=ROUTE_PROTOCOL,
        )

    def close(self) -> None:
        """End the netlink socket and its thread."""
        self._call("close netlink", self._route.close)
        self._thread.shutdown()
