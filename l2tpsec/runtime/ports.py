"""The sockets of the box: UDP 500 and 4500, raw ESP, and those of the RADIUS client."""

import contextlib
import errno
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from l2tpsec.dataplane.userspace.segments import Ancillary, Segments, accept_trains, cut, size_of
from l2tpsec.model.path import Endpoint, Path

IKE_PORT, NAT_PORT = 500, 4500
ESP_PROTOCOL = 50
BATCH_DATAGRAMS = 64
"""Datagrams taken at one wake-up: enough to spread its cost, few enough to be fair."""

_IP_MTU_DISCOVER, _IP_PMTUDISC_DONT = 10, 0
_IP_PKTINFO = 8
_SO_RCVBUFFORCE, _SO_SNDBUFFORCE = 33, 32
_BUFFER_OCTETS = 4 << 20
_PKTINFO = struct.Struct("=I4s4s")
_ANY = "0.0.0.0"  # noqa: S104 - compared, not bound

Send = Callable[[bytes, tuple[str, int]], object]

Arrived = tuple[bytes, int, tuple[str, int], str]
"""Datagrams in one piece, the octets of each but the last, their source, and our address."""


class PortError(Exception):
    """A socket cannot be had: the text says which, why, and what to do."""


class Port:
    """A datagram socket that knows at which of our addresses a datagram arrived."""

    def __init__(self, sock: socket.socket, address: str, port: int) -> None:
        self.socket = sock
        self.address = address
        self.port = port
        self.send_errors = 0
        sock.settimeout(0)
        # the outer packet may be fragmented on a narrow path; inner packets are sized to avoid it
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT)
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, int(address == _ANY))
        _enlarge(sock)

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self.socket.fileno()

    def receive(self) -> Arrived | None:
        """Return what a source sent, by one system call; None when nothing waits."""
        try:
            data, ancillary, _, source = self.socket.recvmsg(65535, 128)
        except OSError:
            # nothing waits, or an ICMP error tells of something sent earlier
            return None
        local = self.address
        for _, kind, content in ancillary:
            if kind == _IP_PKTINFO:
                local = socket.inet_ntoa(content[8:12])
        return data, size_of(data, ancillary), source, local

    def drain(self, take: Callable[[bytes, tuple[str, int], str], None]) -> None:
        """Hand over what waits, up to one batch, each with its source and our address."""
        for _ in range(BATCH_DATAGRAMS):
            if (arrived := self.receive()) is None:
                return
            data, size, source, local = arrived
            for datagram in cut(data, size):
                take(datagram, source, local)

    def sender(self, local: str = _ANY) -> Send:
        """Return what sends from the local address `local`, or from where the kernel likes."""
        information = self.source(local)
        if not information:
            return self._guarded(self.socket.sendto)
        sendmsg = self.socket.sendmsg
        return self._guarded(lambda data, to: sendmsg([data], information, 0, to))

    def source(self, local: str) -> list[Ancillary]:
        """Return the ancillary data that make a datagram leave from the address `local`."""
        if self.address != _ANY or local == _ANY:
            return []
        content = _PKTINFO.pack(0, socket.inet_aton(local), bytes(4))
        return [(socket.IPPROTO_IP, _IP_PKTINFO, content)]

    def _guarded(self, send: Send) -> Send:
        def guarded(data: bytes, destination: tuple[str, int]) -> None:
            # a full buffer, no route or a firewall: the datagram is lost as on any network
            try:
                send(data, destination)
            except OSError:
                self.send_errors += 1

        return guarded

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def _enlarge(sock: socket.socket) -> None:
    for force, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, force, _BUFFER_OCTETS)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, plain, _BUFFER_OCTETS)


def _bound(
    sock: socket.socket, address: str, port: int, name: str, setting: str = "[server] listen"
) -> Port:
    try:
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise PortError(f"{name} at {address}: {_advice(error, setting)}") from error
    return Port(sock, address, port)


def _advice(error: OSError, setting: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"in use; stop the other program (`ss -ulpn` names it), or set {setting}"
        case errno.EADDRNOTAVAIL:
            return f"this host has no such address; correct {setting}"
        case errno.EACCES | errno.EPERM:
            return "not allowed; run as root or with CAP_NET_BIND_SERVICE and CAP_NET_RAW"
        case _:
            return error.strerror or str(error)


def open_udp(
    address: str, port: int, setting: str = "[server] listen", *options: tuple[int, int]
) -> Port:
    """Open a UDP port; PortError in words, `setting` among them, when it cannot be had.

    Each of `options` is set before: its level and name, as 1.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for level, name in options:
        sock.setsockopt(level, name, 1)
    return _bound(sock, address, port, f"UDP port {port}", setting)


def open_esp(address: str) -> Port:
    """Open the raw socket for ESP without UDP; needs CAP_NET_RAW."""
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, ESP_PROTOCOL)
    except OSError as error:
        raise PortError(f"raw socket for ESP (IP protocol 50): {_advice(error, '')}") from error
    return _bound(sock, address, 0, "IP protocol 50")


class Trio(NamedTuple):
    """What clients send to: UDP 500, UDP 4500, IP protocol 50."""

    ike: Port
    nat: Port
    esp: Port


def inherited(address: str, descriptors: Iterable[int]) -> Trio:
    """Take over sockets that another process opened at `address`; descriptors as in a Trio."""
    sockets = (socket.socket(fileno=descriptor) for descriptor in descriptors)
    numbers = (IKE_PORT, NAT_PORT, 0)
    return Trio(*(Port(sock, address, n) for sock, n in zip(sockets, numbers, strict=True)))


class Ports:
    """All sockets that clients reach: IKE, IKE and ESP in UDP, raw ESP; opened, or `given`.

    With `trains` datagrams of one size share a system call, both ways.
    """

    def __init__(self, address: str, given: Trio | None = None, *, trains: bool = True) -> None:
        with contextlib.ExitStack() as opened:
            self.ike = self._opened(opened, given.ike if given else open_udp(address, IKE_PORT))
            self.nat = self._opened(opened, given.nat if given else open_udp(address, NAT_PORT))
            self.esp = self._opened(opened, given.esp if given else open_esp(address))
            if trains:
                accept_trains(self.nat.socket)
            self._trains = trains
            self._senders: dict[tuple[str, bool], Send] = {}
            self.segments = Segments(self.nat.socket)
            opened.pop_all()

    @staticmethod
    def _opened(opened: contextlib.ExitStack, port: Port) -> Port:
        opened.callback(port.close)
        return port

    def __iter__(self) -> Iterator[Port]:
        return iter((self.ike, self.nat, self.esp))

    def senders(self, path: Path, encapsulated: bool) -> Send:  # noqa: FBT001 - the plane's contract
        """Return what sends ESP along a path: one for all that leaves from the same address."""
        place = path.local.address, encapsulated
        if place not in self._senders:
            self._senders[place] = self._sender(*place)
        return self._senders[place]

    def _sender(self, local: str, encapsulated: bool) -> Send:  # noqa: FBT001 - as above
        if encapsulated and self._trains:
            return self.segments.sender(self.nat.source(local))
        return (self.nat if encapsulated else self.esp).sender(local)

    @property
    def refused(self) -> int:
        """How many datagrams the sockets would not send: full buffers, no route, a firewall."""
        return self.segments.lost + sum(port.send_errors for port in self)

    def send_ike(self, path: Path, data: bytes) -> None:
        """Send an ISAKMP message, behind the non-ESP marker if it is from port 4500."""
        if path.local.port == self.nat.port:
            self.nat.sender(path.local.address)(bytes(4) + data, path.remote)
        else:
            self.ike.sender(path.local.address)(data, path.remote)

    def send_keepalive(self, path: Path) -> None:
        """Send the octet that keeps a NAT mapping alive."""
        self.nat.sender(path.local.address)(b"\xff", path.remote)

    def close(self) -> None:
        """Close all."""
        for port in self:
            port.close()


def path(local: str, port: int, source: tuple[str, int]) -> Path:
    """Make a Path of what a socket reports."""
    return Path(Endpoint(local, port), Endpoint(*source))
