import asyncio
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from radius.client.client import Client
from radius.client.effects import Answered, Transmit
from radius.client.settings import Server as Upstream
from radius.client.settings import Settings
from radius.message import Code, Message
from radius.notice import Level, Noted
from radius.packet import encode_request
from radius.runtime import EmbeddedServer, ServerRuntime, open_users, serve
from radius.server.server import Server
from radius.server.users.sqlite import SqliteUsers
from radius.server.users.store import StoreBusy


async def ask(runtime: EmbeddedServer, message: Message) -> Message:
    """Ask over a real socket, with the client engine."""
    host, auth_port = runtime.auth_address
    upstream = Upstream(host, runtime.secret, auth_port, runtime.acct_address[1])
    client = Client(Settings((upstream,)), os.urandom)
    (order,) = client.request(1, message, 0.0)
    assert isinstance(order, Transmit)
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.setblocking(False)
        await loop.sock_sendto(plain, order.data, order.destination)
        data, source = await loop.sock_recvfrom(plain, 4096)
    (answered,) = client.receive(data, source, order.slot, 0.1)
    assert isinstance(answered, Answered)
    return answered.message


def login(password: bytes = b"geheim") -> Message:
    return Message(Code.ACCESS_REQUEST, [("User-Name", "bob"), ("User-Password", password)])


def test_the_embedded_server_from_start_to_stop(tmp_path: Path) -> None:
    users = open_users(tmp_path / "users.db")
    told: list[Noted] = []

    async def scenario() -> None:
        async with EmbeddedServer(users, told.append) as runtime:
            assert runtime.auth_address[0] == "127.0.0.1"
            assert (await ask(runtime, login())).code is Code.ACCESS_REJECT
            users.add("bob", "geheim")
            assert (await ask(runtime, login())).code is Code.ACCESS_ACCEPT
            start = Message(
                Code.ACCOUNTING_REQUEST, [("Acct-Status-Type", 1), ("Acct-Session-Id", "1")]
            )
            assert (await ask(runtime, start)).code is Code.ACCOUNTING_RESPONSE
            assert len(runtime.server.accounting.sessions) == 1
            ports = (runtime.auth_address, runtime.acct_address)
        await runtime.stop()
        for address in ports:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                again.bind(address)

    asyncio.run(scenario())
    assert [row.level for row in told] == [Level.WARNING, Level.INFO]


def test_its_secret_is_its_own(tmp_path: Path) -> None:
    users = open_users(tmp_path / "users.db")
    secrets = {EmbeddedServer(users, print).secret for _ in range(2)}
    assert len(secrets) == 2
    assert {len(secret) for secret in secrets} == {32}


def test_a_port_that_is_taken_leaves_nothing_open(tmp_path: Path) -> None:
    users = open_users(tmp_path / "users.db")
    server = EmbeddedServer(users, print).server

    async def scenario(taken: int) -> None:
        runtime = ServerRuntime(server, print, acct_port=taken)
        with pytest.raises(OSError, match="in use"):
            await runtime.start()
        with pytest.raises(IndexError):
            _ = runtime.auth_address

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        asyncio.run(scenario(other.getsockname()[1]))


class Broken(Server):
    """A server with a bug."""

    def __init__(self, after: Callable[[], None]) -> None:
        self.after = after

    def receive(self, data: bytes, source: tuple[str, int], *_: object) -> list[object]:  # type: ignore[override] # never returns
        self.after()
        raise ZeroDivisionError(data)


def test_a_bug_costs_one_reply_and_shows_no_octets() -> None:
    told: list[Noted] = []

    async def scenario() -> None:
        hit = asyncio.Event()
        async with ServerRuntime(Broken(hit.set), told.append) as runtime:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
                plain.sendto(b"geheim", runtime.auth_address)
            await hit.wait()

    asyncio.run(scenario())
    assert [row.level for row in told] == [Level.ERROR]
    assert "internal error, no reply: ZeroDivisionError at " in told[0].text
    assert "geheim" not in told[0].text


def test_it_serves_until_it_is_asked_to_end(tmp_path: Path) -> None:
    runtime = EmbeddedServer(open_users(tmp_path / "users.db"), print)
    asked: list[int] = []

    def ready() -> None:
        asked.append(runtime.auth_address[1])
        os.kill(os.getpid(), signal.SIGTERM)

    asyncio.run(serve(runtime, ready))
    assert len(asked) == 1
    with pytest.raises(IndexError):
        _ = runtime.auth_address


def test_each_port_answers_a_probe_by_what_it_is_for(tmp_path: Path) -> None:
    codes = {}

    async def scenario() -> None:
        async with EmbeddedServer(open_users(tmp_path / "users.db"), print) as runtime:
            loop = asyncio.get_running_loop()
            for address in (runtime.auth_address, runtime.acct_address):
                probe = encode_request(Message(Code.STATUS_SERVER), 1, runtime.secret, os.urandom)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
                    plain.setblocking(False)
                    await loop.sock_sendto(plain, probe.octets, address)
                    codes[address] = (await loop.sock_recv(plain, 4096))[0]

    asyncio.run(scenario())
    assert list(codes.values()) == [Code.ACCESS_ACCEPT, Code.ACCOUNTING_RESPONSE]


def test_it_reloads_when_asked_to(tmp_path: Path) -> None:
    runtime = EmbeddedServer(open_users(tmp_path / "users.db"), print)
    asked: list[str] = []

    def reload() -> None:
        asked.append("again")
        os.kill(os.getpid(), signal.SIGTERM)

    asyncio.run(serve(runtime, lambda: os.kill(os.getpid(), signal.SIGHUP), reload))
    assert asked == ["again"]


def test_one_who_writes_for_long_costs_a_repetition_and_readers_nothing(tmp_path: Path) -> None:
    users = open_users(tmp_path / "users.db")
    users.add("bob", "geheim")
    other = SqliteUsers(users.database, os.urandom)

    async def scenario() -> None:
        async with EmbeddedServer(users, print) as runtime:
            with other.together():
                other.add("eve", "x")
                assert (await ask(runtime, login())).code is Code.ACCESS_ACCEPT
                with pytest.raises(StoreBusy, match="written by somebody else for more than 0.25"):
                    users.use_step("bob", 7)
            assert users.use_step("bob", 7)

    asyncio.run(scenario())
