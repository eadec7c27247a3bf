"""RadSec connections on asyncio (RFC 6614): opened on order, octets in and out, ends explained."""

import asyncio
from collections.abc import Mapping
from typing import Protocol, cast

from radius.client.effects import Address
from radius.tls import Credentials, CredentialsError, explain

CONNECT_SECONDS = 10.0

_UNWELCOME = (
    "the server closed the connection without a word: does it accept our certificate and address?"
)


class Owner(Protocol):
    """Who ordered the connections and hears of them."""

    def radsec_connected(self, server: Address) -> None:
        """Take a connection whose server has proven who it is."""

    def radsec_received(self, server: Address, data: bytes) -> None:
        """Take octets of a connection."""

    def radsec_disconnected(self, server: Address, reason: str) -> None:
        """Do without a connection that ended or could not be had."""


class _Connection(asyncio.Protocol):
    """One connection; silent once it is `dropped`."""

    def __init__(self, server: Address, name: str, owner: Owner) -> None:
        self._server = server
        self._name = name
        self._owner = owner
        self.transport: asyncio.Transport | None = None
        self.dropped = False
        self._heard = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if self.dropped:
            self.transport.abort()
        else:
            self._owner.radsec_connected(self._server)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        if not self.dropped:
            self._owner.radsec_received(self._server, data)

    def connection_lost(self, exc: Exception | None) -> None:
        unwelcome = exc is None and not self._heard
        self.failed(_UNWELCOME if unwelcome else explain(exc, self._name))

    def failed(self, reason: str) -> None:
        """Report the end, once."""
        if not self.dropped:
            self.dropped = True
            self._owner.radsec_disconnected(self._server, reason)

    def drop(self) -> None:
        """End it without a word."""
        self.dropped = True
        if self.transport is not None:
            self.transport.abort()


class Connections:
    """All RadSec connections of one client; at most one to a server.

    `credentials` may be replaced at any time: connections to come are made with the new ones.
    """

    def __init__(self, owner: Owner, credentials: Mapping[Address, Credentials]) -> None:
        self.credentials = credentials
        self._owner = owner
        self._connections: dict[Address, _Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, server: Address) -> None:
        """Begin to connect; the owner hears what comes of it."""
        self.close(server)
        credentials = self.credentials.get(server)
        name = (credentials.server_name if credentials else "") or server[0]
        connection = self._connections[server] = _Connection(server, name, self._owner)
        making = self._make(connection, server, name, credentials)
        task = asyncio.get_running_loop().create_task(making)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(
        self, connection: _Connection, server: Address, name: str, credentials: Credentials | None
    ) -> None:
        if credentials is None:
            return connection.failed("no certificates are configured for it")
        try:
            context = credentials.context()
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: connection, *server, ssl=context, server_hostname=name
                )
        except CredentialsError as error:
            connection.failed(str(error))
        except OSError as error:
            connection.failed(explain(error, name))
        return None

    def send(self, server: Address, data: bytes) -> None:
        """Send over the connection, if there is one."""
        connection = self._connections.get(server)
        if connection is not None and connection.transport is not None:
            connection.transport.write(data)

    def close(self, server: Address) -> None:
        """Close the connection, if there is one; the owner hears nothing of it any more."""
        if connection := self._connections.pop(server, None):
            connection.drop()

    def replace(self, credentials: Mapping[Address, Credentials]) -> list[Address]:
        """Take new credentials; return the servers to which connections are to be made anew."""
        old, self.credentials = self.credentials, credentials
        return [at for at in self._connections if at in credentials and credentials[at] != old[at]]

    def stop(self) -> None:
        """Close all."""
        for server in list(self._connections):
            self.close(server)
        for task in self._tasks:
            task.cancel()
