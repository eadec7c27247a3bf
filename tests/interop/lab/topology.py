"""The places from which clients dial in: the Internet, a home, two homes behind a carrier.

inside 10.77.0.2 -- server 203.0.113.1 --+-- client 203.0.113.20
                                         +-- router -- client 192.168.1.10
                                         +-- carrier -+- router -- client 192.168.1.10
                                                      +- router -- client 192.168.1.10
"""

from dataclasses import dataclass

from tests.interop.lab.network import Namespace, Network

SERVER_ADDRESS = "203.0.113.1"
INSIDE_ADDRESS = "10.77.0.2"
INSIDE_NETWORK = "10.77.0.0/24"
CARRIER_ADDRESS = "203.0.113.40"


@dataclass(frozen=True, slots=True)
class Socket:
    """A free port in a wall: where a guest is plugged in, and how it calls itself there."""

    namespace: Namespace
    bridge: str
    address: str
    gateway: str
    prefix_length: int = 24


class Topology:
    """The server's own namespaces, and clients' places made as a test asks for them."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.internet = network.namespace("internet")
        self.internet.bridge("wan")
        self.server = network.namespace("server")
        network.plug(self.server, "wan0", f"{SERVER_ADDRESS}/24", self.internet, "wan")
        self.server.forward()
        self.inside = network.namespace("inside")
        self.server.bridge("lan", "10.77.0.1/24")
        network.plug(self.inside, "lan0", f"{INSIDE_ADDRESS}/24", self.server, "lan")
        self.inside.ip("route add default via 10.77.0.1")

    def public(self, host: int = 20) -> Socket:
        """Return a place on the Internet itself: nothing translates, ESP travels as protocol 50."""
        return Socket(self.internet, "wan", f"203.0.113.{host}", SERVER_ADDRESS)

    def home(self, host: int = 30) -> Socket:
        """Return a place behind one home router with a public address."""
        return self._router("home", f"203.0.113.{host}/24", self.internet, "wan")

    def homes_behind_carrier(self, number: int = 2) -> list[Socket]:
        """Return places in homes that share one public address; all of them are 192.168.1.10."""
        self.carrier = carrier = self._network.namespace("carrier")
        self._network.plug(carrier, "wan0", f"{CARRIER_ADDRESS}/24", self.internet, "wan")
        carrier.bridge("lan", "100.64.0.1/24")
        carrier.masquerade("wan0")
        return [self._shared_home(carrier, index) for index in range(number)]

    def _shared_home(self, carrier: Namespace, index: int) -> Socket:
        socket = self._router(f"home{index}", f"100.64.0.{11 + index}/24", carrier, "lan")
        socket.namespace.ip("route add default via 100.64.0.1")
        return socket

    def _router(self, role: str, address: str, upstream: Namespace, bridge: str) -> Socket:
        router = self._network.namespace(role)
        self._network.plug(router, "wan0", address, upstream, bridge)
        router.bridge("lan", "192.168.1.1/24")
        router.masquerade("wan0")
        return Socket(router, "lan", "192.168.1.10", "192.168.1.1")
