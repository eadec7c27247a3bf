"""The asyncio shell of the server engine: two UDP sockets, the clock, and a place for notices."""

import asyncio
import contextlib
import os
import signal
import socket
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

BATCH_DATAGRAMS = 8
"""Taken at one wake-up: enough to spread its cost, few enough that others wait 3 ms at most."""

_LONGEST_OCTETS = 65535
_LOOPBACK = "127.0.0.1"
_SECRET_OCTETS = 32
_SO_RCVBUFFORCE = 33
_BUFFER_OCTETS = 4 << 20
_WAIT_SECONDS = 0.25
"""How long one request may wait for others who write to the users' file, and all else with it."""


class _Endpoint:
    """One socket of the server, which the running loop watches until `close`."""

    def __init__(self, server: Server, port: Port, report: Report, sock: socket.socket) -> None:
        self._server = server
        self._port = port
        self._report = report
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        sock.settimeout(0)
        _enlarge(sock)
        self._loop.add_reader(sock, self._readable)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(BATCH_DATAGRAMS):
            try:
                data, source = self._socket.recvfrom(_LONGEST_OCTETS)
            except OSError:
                # nothing waits, or an ICMP error tells of a reply
                return
            self._take(data, source[:2])

    def _take(self, data: bytes, source: tuple[str, int]) -> None:
        try:
            self._apply(data, source)
        except Exception as error:  # noqa: BLE001 - a bug costs one reply, not the server
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
            self._report(Noted(Level.ERROR, f"RADIUS server: internal error, no reply: {where}"))

    def _apply(self, data: bytes, source: tuple[str, int]) -> None:
        now, wall = time.monotonic(), time.time()
        for effect in self._server.receive(data, source, now, wall, self._port):
            match effect:
                case Reply(destination, reply):
                    # lost where the buffer is full, as on any network
                    with contextlib.suppress(OSError):
                        self._socket.sendto(reply, destination)
                case Noted():
                    self._report(effect)
                case _:
                    assert_never(effect)


def _enlarge(sock: socket.socket) -> None:
    """Let a burst wait: when a thousand clients come back in one second, each asks at once."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_OCTETS)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_OCTETS)


async def _bound(host: str, port: int) -> socket.socket:
    """Return a UDP socket at an address of either family; raises OSError or OverflowError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    family, kind, protocol, _, place = found[0]
    sock = socket.socket(family, kind, protocol)
    try:
        # `found` has a port above 65535 cut down to another one
        sock.bind((place[0], port, *place[2:]))
    except (OSError, OverflowError):
        sock.close()
        raise
    return sock


class ServerRuntime:
    """Runs a server engine on two UDP ports of one address; port 0 lets the system choose.

    `async with` starts and stops it. After the start `auth_address` and `acct_address` say where it
    listens. `report` gets every notice, inside the event loop.
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
        self._endpoints: list[_Endpoint] = []

    async def start(self) -> None:
        """Open both ports; raises OSError, and then leaves none open."""
        try:
            for port, address in self._wanted:
                sock = await _bound(*address)
                self._endpoints.append(_Endpoint(self.server, port, self._report, sock))
        except (OSError, OverflowError):
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close both ports; does nothing when it is not running."""
        while self._endpoints:
            self._endpoints.pop().close()

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
        return self._endpoints[0].address

    @property
    def acct_address(self) -> tuple[str, int]:
        """Where it takes Accounting-Requests."""
        return self._endpoints[1].address


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
