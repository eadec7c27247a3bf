"""Bridges, taps and NATs in network namespaces, made with `ip` and `nft`."""

import itertools

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
