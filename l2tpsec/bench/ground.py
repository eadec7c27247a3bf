"""Where the bench happens: two network namespaces and a wire between them, gone at the end."""

import contextlib
import ctypes
import itertools
import os
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address

from l2tpsec.bench.network import Namespace, Network

SERVER_ADDRESS = "198.51.100.1"
GENERATOR_ADDRESS = "198.51.100.2"
CLIENTS = "198.18.0.0/15"
DISCARD = 9
_NEW_NETWORK = 0x40000000
_BUFFER_OCTETS = 8 << 20
_SO_RCVBUFFORCE, _SO_SNDBUFFORCE = 33, 32


@contextlib.contextmanager
def inside(namespace: Namespace) -> Iterator[None]:
    """Let this thread make sockets in a namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace.name}", os.O_RDONLY)
    try:
        if libc.setns(there, _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace.name}")
        yield
    finally:
        libc.setns(before, _NEW_NETWORK)
        os.close(before)
        os.close(there)


class Ground:
    """A server's host and a host of many clients, each with an address of its own."""

    def __init__(self, network: Network[Namespace]) -> None:
        self.server = network.namespace("server")
        self.clients = network.namespace("clients")
        self.server.ip(
            f"link add eth0 type veth peer name eth0 netns {self.clients.name}",
            f"addr add {SERVER_ADDRESS}/24 dev eth0",
            "link set eth0 up",
            f"route add {CLIENTS} via {GENERATOR_ADDRESS}",
        )
        self.clients.ip(
            f"addr add {GENERATOR_ADDRESS}/24 dev eth0",
            "link set eth0 up",
            f"route add local {CLIENTS} dev lo",
        )
        # what clients send ends here, unread: no port unreachable goes back
        self._sink = self.server_socket()
        self._sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._sink.bind(("0.0.0.0", DISCARD))  # noqa: S104 - of a host of our own making
        self._addresses = map(IPv4Address, itertools.count(int(IPv4Address("198.18.0.1"))))

    def close(self) -> None:
        """Close what would keep the namespaces."""
        self._sink.close()

    def client_socket(self) -> socket.socket:
        """Return a socket of a client that was not seen before; its port is the NAT's choice."""
        with inside(self.clients):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((str(next(self._addresses)), 0))
        sock.settimeout(0)
        return enlarged(sock)

    def server_socket(self) -> socket.socket:
        """Return a socket of the server's host, beside the server."""
        with inside(self.server):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(0)
        return enlarged(sock)


def enlarged(sock: socket.socket) -> socket.socket:
    """Give a socket room for bursts."""
    for option in (_SO_RCVBUFFORCE, _SO_SNDBUFFORCE):
        sock.setsockopt(socket.SOL_SOCKET, option, _BUFFER_OCTETS)
    return sock
