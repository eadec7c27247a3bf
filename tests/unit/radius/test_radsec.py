"""Connections over TLS on loopback, to a server that echoes."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from radius.client.effects import Address
from radius.radsec import Connections
from radius.tls import Credentials
from tests.certificates import Authority, Identity


class Owner:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[tuple[str, Address, object]] = asyncio.Queue()

    def radsec_connected(self, server: Address) -> None:
        self.heard.put_nowait(("connected", server, None))

    def radsec_received(self, server: Address, data: bytes) -> None:
        self.heard.put_nowait(("received", server, data))

    def radsec_disconnected(self, server: Address, reason: str) -> None:
        self.heard.put_nowait(("disconnected", server, reason))


class Rig:
    def __init__(self, directory: Path) -> None:
        self.authority = Authority(directory)
        self.owner = Owner()
        self.writers: list[asyncio.StreamWriter] = []
        self.place: Address = ("127.0.0.1", 0)

    @contextlib.asynccontextmanager
    async def server(self, identity: Identity, *, plain: bool = False) -> AsyncIterator[None]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity.certificate, identity.key)
        context.load_verify_locations(self.authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        server = await asyncio.start_server(
            self._echo, "127.0.0.1", 0, ssl=None if plain else context
        )
        self.place = server.sockets[0].getsockname()
        try:
            yield
        finally:
            server.close()
            for writer in self.writers:
                # one that closes already may know its connection no more
                if not writer.is_closing():
                    writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(OSError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()

    def credentials(self, client: Identity | None = None, name: str = "") -> Credentials:
        ca_file = self.authority.certificate
        if client is None:
            return Credentials(ca_file, server_name=name)
        return Credentials(ca_file, client.certificate, client.key, name)

    def connections(self, credentials: Credentials) -> Connections:
        return Connections(self.owner, {self.place: credentials})

    async def heard(self) -> tuple[str, object]:
        async with asyncio.timeout(30):
            kind, place, what = await self.owner.heard.get()
        assert place == self.place
        return kind, what


def test_octets_go_both_ways_until_the_connection_is_closed(tmp_path: Path) -> None:
    async def scenario() -> None:
        rig = Rig(tmp_path)
        async with rig.server(rig.authority.issue("server", "127.0.0.1")):
            connections = rig.connections(rig.credentials(rig.authority.issue("nas")))
            connections.send(rig.place, b"too early")
            connections.open(rig.place)
            connections.send(rig.place, b"too early as well")
            assert await rig.heard() == ("connected", None)
            connections.send(rig.place, b"hello")
            assert await rig.heard() == ("received", b"hello")
            connections.close(rig.place)
            connections.send(rig.place, b"too late")
            await asyncio.sleep(0)
            assert rig.owner.heard.empty()

    asyncio.run(scenario())


def test_the_servers_end_is_reported_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        rig = Rig(tmp_path)
        async with rig.server(rig.authority.issue("server", "127.0.0.1")):
            connections = rig.connections(rig.credentials(rig.authority.issue("nas")))
            connections.open(rig.place)
            assert await rig.heard() == ("connected", None)
            connections.send(rig.place, b"x")
            assert await rig.heard() == ("received", b"x")
            rig.writers[0].close()
            assert await rig.heard() == ("disconnected", "the server closed the connection")
            connections.stop()
            assert rig.owner.heard.empty()

    asyncio.run(scenario())


Failing = Callable[[Rig], tuple[Identity, Credentials]]


def _expired(rig: Rig) -> tuple[Identity, Credentials]:
    ours = rig.authority.issue("nas")
    return rig.authority.issue("server", "127.0.0.1", days=-1), rig.credentials(ours)


def _wrong_name(rig: Rig) -> tuple[Identity, Credentials]:
    ours = rig.authority.issue("nas")
    return rig.authority.issue("server", "127.0.0.1"), rig.credentials(ours, "radius.example")


def _stranger(rig: Rig) -> tuple[Identity, Credentials]:
    other = Authority(rig.authority.certificate.parent, "other")
    return other.issue("server", "127.0.0.1"), rig.credentials(rig.authority.issue("nas"))


def _no_key(rig: Rig) -> tuple[Identity, Credentials]:
    ours = rig.authority.issue("nas")
    ours.key.unlink()
    return rig.authority.issue("server", "127.0.0.1"), rig.credentials(ours)


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        (_expired, "has expired"),
        (_wrong_name, "does not name radius.example"),
        (_stranger, "not from the authority in ca_file"),
        (_no_key, "nas.key: No such file"),
    ],
)
def test_why_there_is_no_connection(tmp_path: Path, failing: Failing, words: str) -> None:
    async def scenario() -> None:
        rig = Rig(tmp_path)
        identity, credentials = failing(rig)
        async with rig.server(identity):
            connections = rig.connections(credentials)
            connections.open(rig.place)
            kind, reason = await rig.heard()
            assert kind == "disconnected"
            assert words in str(reason)
            connections.stop()

    asyncio.run(scenario())


def test_a_server_that_wants_a_certificate_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        rig = Rig(tmp_path)
        async with rig.server(rig.authority.issue("server", "127.0.0.1")):
            connections = rig.connections(rig.credentials())
            connections.open(rig.place)
            kind, reason = await rig.heard()
            if kind == "connected":
                # TLS 1.3: the client is done before the server has judged it
                kind, reason = await rig.heard()
            assert kind == "disconnected"
            assert "our certificate" in str(reason)
            connections.stop()

    asyncio.run(scenario())


def test_nobody_listens_and_nothing_is_configured(tmp_path: Path) -> None:
    async def scenario() -> None:
        rig = Rig(tmp_path)
        async with rig.server(rig.authority.issue("server", "127.0.0.1")):
            pass
        connections = rig.connections(rig.credentials())
        connections.open(rig.place)
        assert "nothing listens there" in str((await rig.heard())[1])
        connections.credentials = {}
        connections.open(rig.place)
        assert await rig.heard() == ("disconnected", "no certificates are configured for it")

    asyncio.run(scenario())


def test_new_credentials_tell_which_connections_are_to_be_made_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        rig = Rig(tmp_path)
        ours = rig.authority.issue("nas")
        async with rig.server(rig.authority.issue("server", "127.0.0.1")):
            connections = rig.connections(rig.credentials(ours))
            connections.open(rig.place)
            assert await rig.heard() == ("connected", None)
            assert connections.replace({rig.place: rig.credentials(ours)}) == []
            assert connections.replace({rig.place: rig.credentials()}) == [rig.place]
            # a server that was removed still answers what it was asked
            assert connections.replace({}) == []
            connections.stop()

    asyncio.run(scenario())


def test_a_connection_that_is_given_up_while_it_is_made_is_not_heard_of(tmp_path: Path) -> None:
    async def scenario() -> None:
        rig = Rig(tmp_path)
        async with rig.server(rig.authority.issue("server", "127.0.0.1")):
            connections = rig.connections(rig.credentials(rig.authority.issue("nas")))
            connections.open(rig.place)
            connections.close(rig.place)
            connections.open(rig.place)
            assert await rig.heard() == ("connected", None)
            connections.stop()
            await asyncio.sleep(0)
            assert rig.owner.heard.empty()

    asyncio.run(scenario())
