"""The shell of the server engine: two UDP sockets, a thread, the clock, and a place for notices."""

import asyncio
import contextlib
import os
import selectors
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, assert_never

from radius.notice import Level, Noted
from radius.packet import Entropy
from radius.server.effects import Reply
from radius.server.server import Server
from radius.server.settings import NasClient, Port, Settings
from radius.server.users.logins import SqliteLogins
from radius.server.users.sqlite import SqliteUsers

Report = Callable[[Noted], None]
_LOOPBACK = "127.0.0.1"
_SECRET_OCTETS = 32
_SO_RCVBUFFORCE = 33
_BUFFER_OCTETS = 4 << 20
_LONGEST_DATAGRAM_OCTETS = 65535
_BURST = 64
_WAIT_SECONDS = 0.25
"""How long one request may wait for others who write to the users' files, and all behind it."""


class ServerRuntime:
    """Runs a server engine on two UDP ports of one address; port 0 lets the system choose.

    `async with` starts and stops it. After the start `auth_address` and `acct_address` say where it
    listens. It has a thread of its own, as its users' file may keep it waiting: for a slow disk, or
    for somebody who writes to it. `report` gets every notice, in that thread.
    """

    def __init__(
        self,
        server: Server,
        report: Report,
        *,
        host: str = _LOOPBACK,
        auth_port: int = 0,
        acct_port: int = 0,
    ) -> None:
        self.server = server
        self._report = report
        self._wanted = (
            (Port.AUTHENTICATION, (host, auth_port)),
            (Port.ACCOUNTING, (host, acct_port)),
        )
        self._sockets: dict[Port, socket.socket] = {}
        self._ending: socket.socket | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Open both ports; raises OSError or OverflowError, and then leaves none open."""
        try:
            for port, address in self._wanted:
                self._sockets[port] = await _bound(address)
        except (OSError, OverflowError):
            await self.stop()
            raise
        self._ending, end = socket.socketpair()
        self._thread = threading.Thread(
            target=self._run, args=(end,), name="RADIUS server", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Answer what is being answered, and close both ports; does nothing when not running."""
        if self._ending is not None and self._thread is not None:
            self._ending.close()
            await asyncio.to_thread(self._thread.join)
            self._ending = self._thread = None
        while self._sockets:
            self._sockets.popitem()[1].close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def auth_address(self) -> tuple[str, int]:
        """Where it takes Access-Requests."""
        return self._address(Port.AUTHENTICATION)

    @property
    def acct_address(self) -> tuple[str, int]:
        """Where it takes Accounting-Requests."""
        return self._address(Port.ACCOUNTING)

    def _address(self, port: Port) -> tuple[str, int]:
        host, number = self._sockets[port].getsockname()[:2]
        return host, number

    def _run(self, end: socket.socket) -> None:
        """Serve until the other side of `end` is closed."""
        with end, selectors.DefaultSelector() as selector:
            selector.register(end, selectors.EVENT_READ)
            for port, sock in self._sockets.items():
                selector.register(sock, selectors.EVENT_READ, port)
            while ready := selector.select():
                if any(key.data is None for key, _ in ready):
                    return
                for key, _ in ready:
                    self._drain(self._sockets[key.data], key.data)

    def _drain(self, sock: socket.socket, port: Port) -> None:
        """Take what waits at a port, but keep the other one waiting for no more than a burst."""
        for _ in range(_BURST):
            try:
                data, source = sock.recvfrom(_LONGEST_DATAGRAM_OCTETS)
            except OSError:
                return  # nothing is left, or an ICMP error tells of a reply sent earlier
            try:
                self._receive(sock, port, data, source)
            except Exception as error:  # noqa: BLE001 - a bug costs one reply, not the server
                frame = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
                self._report(
                    Noted(Level.ERROR, f"RADIUS server: internal error, no reply: {where}")
                )

    def _receive(
        self, sock: socket.socket, port: Port, data: bytes, source: tuple[str, int]
    ) -> None:
        now, wall = time.monotonic(), time.time()
        for effect in self.server.receive(data, source[:2], now, wall, port):
            match effect:
                case Reply(_, reply):
                    _send(sock, reply, source)
                case Noted():
                    self._report(effect)
                case _:
                    assert_never(effect)


async def _bound(address: tuple[str, int]) -> socket.socket:
    """Return a socket of an address or a host's name; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(*address, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, place = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(0)
        _enlarge(sock)
        # a number that is no port is refused here, where getaddrinfo takes it for another
        sock.bind((place[0], address[1], *place[2:]))
    except (OSError, OverflowError):
        sock.close()
        raise
    return sock


def _enlarge(sock: socket.socket) -> None:
    """Let a burst wait: when a thousand clients come back in one second, each asks at once."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_OCTETS)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)


def _send(sock: socket.socket, data: bytes, destination: tuple[str, int]) -> None:
    # what the network does not take is lost like any datagram, and asked for again
    with contextlib.suppress(OSError):
        sock.sendto(data, destination)


class EmbeddedServer(ServerRuntime):
    """The server inside an access server: on loopback, with a secret drawn for this run.

    `secret` is what the access server's own client signs with; `logins` are the users' own unless
    others are given.
    """

    def __init__(
        self,
        users: SqliteUsers,
        report: Report,
        entropy: Entropy = os.urandom,
        logins: SqliteLogins | None = None,
    ) -> None:
        self.secret = entropy(_SECRET_OCTETS)
        itself = NasClient(_LOOPBACK, self.secret, None, counts_sessions=True)
        books = logins or users.logins, users.usage
        super().__init__(Server(Settings((itself,)), users, entropy, *books), report)


def _nothing() -> None:
    """Do without."""


async def serve(
    runtime: ServerRuntime, ready: Callable[[], None], reload: Callable[[], None] = _nothing
) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called when it listens. Raises OSError.

    `reload` is called at each SIGHUP.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        async with runtime:
            ready()
            await stopping.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


def open_users(database: Path) -> SqliteUsers:
    """Return the users of a database, made if there is none; raises StoreFailure."""
    users = SqliteUsers(database, os.urandom, _WAIT_SECONDS)
    users.create()
    return users
