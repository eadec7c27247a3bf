"""Bridges, taps and NATs in network namespaces, made with `ip` and `nft`."""

import contextlib
import itertools
from collections.abc import Callable, Iterator

from l2tpsec.bench import network


class Namespace(network.Namespace):
    """One network namespace: a host, a router or a piece of the Internet."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # a host may hand down that its IPv6 is switched off (net.core.devconf_inherit_init_net)
        switches = [f"net.ipv6.conf.{which}.disable_ipv6=0" for which in ("all", "default")]
        self.run(["sysctl", "-e", "-q", "-w", *switches])
        self._taps = itertools.count()

    def forward(self) -> None:
        """Make this host a router."""
        self.run(["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])

    def masquerade(self, interface: str) -> None:
        """Hide everything that leaves by `interface` behind its address, as a home router does."""
        self.forward()
        rules = f"""table ip nat {{ chain post {{
            type nat hook postrouting priority srcnat
            oifname "{interface}" masquerade
        }}
        }}
        """
        self.run(["nft", "-f", "-"], lines=rules)

    def forget_translations(self, interface: str) -> None:
        """Lose every mapping of a masquerade, as a router does that restarts."""
        self.ip(f"link set {interface} down", f"link set {interface} up")

    @contextlib.contextmanager
    def silencing(self, address: str) -> Iterator[None]:
        """Let nothing of a host behind this router pass while the context lasts."""
        rules = f"""table ip silence {{ chain pre {{
            type filter hook prerouting priority raw
            ip saddr {address} drop
        }}
        }}
        """
        self.run(["nft", "-f", "-"], lines=rules)
        try:
            yield
        finally:
            self.run(["nft", "delete", "table", "ip", "silence"])

    @contextlib.contextmanager
    def one_by_one(self, interface: str) -> Iterator[None]:
        """Let every packet leave by itself, where a train of them would be counted as one."""
        self.ip(f"link set {interface} gso_max_segs 1")
        try:
            yield
        finally:
            self.ip(f"link set {interface} gso_max_segs 65535")

    @contextlib.contextmanager
    def losing(self, one_of: int, octets: int) -> Iterator[Callable[[], int]]:
        """Lose one of so many UDP datagrams that pass this router, by chance, both ways.

        Yield what tells how many of those lost were ESP of more than `octets`.
        """
        rules = f"""table inet loss {{
            counter lost {{ }}
            chain large {{
                numgen random mod {one_of} 0 counter name lost drop
                accept
            }}
            chain pass {{
                type filter hook forward priority 0
                meta l4proto udp @th,64,32 != 0 udp length > {octets} jump large
                meta l4proto udp numgen random mod {one_of} 0 drop
            }}
        }}
        """
        self.run(["nft", "-f", "-"], lines=rules)
        try:
            yield self._lost
        finally:
            self.run(["nft", "delete", "table", "inet", "loss"])

    def _lost(self) -> int:
        counter = self.run(["nft", "list", "counter", "inet", "loss", "lost"])
        return int(counter.split("packets ")[1].split()[0])

    def bridge(self, name: str, address: str | None = None) -> None:
        """Make a bridge: a switch, and this host's own port on it when it has an address."""
        self.ip(f"link add {name} type bridge forward_delay 0", f"link set {name} up")
        if address is not None:
            self.ip(f"addr add {address} dev {name}")

    def tap(self, bridge: str) -> str:
        """Make a tap in a bridge, for a guest, and return its name."""
        name = f"tap{next(self._taps)}"
        self.ip(
            f"tuntap add dev {name} mode tap",
            f"link set {name} master {bridge}",
            f"link set {name} up",
        )
        return name


class Network(network.Network[Namespace]):
    """The namespaces of one laboratory."""

    def __init__(self) -> None:
        super().__init__(Namespace)
        self._links = itertools.count()

    def plug(
        self, host: Namespace, interface: str, address: str, into: Namespace, bridge: str
    ) -> None:
        """Connect a host's new interface to a bridge of another namespace."""
        port = f"port{next(self._links)}"
        host.ip(f"link add {interface} type veth peer name {port} netns {into.name}")
        into.ip(f"link set {port} master {bridge}", f"link set {port} up")
        host.ip(f"addr add {address} dev {interface}", f"link set {interface} up")
