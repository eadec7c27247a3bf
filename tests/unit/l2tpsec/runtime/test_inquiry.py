"""Over real sockets of the loopback interface; what TLS does is judged by the interop tests."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from l2tpsec.runtime import inquiry
from radius.client.effects import Answered, Unanswered
from radius.client.settings import Server, Settings, Transport
from radius.message import Code, Message
from radius.runtime import EmbeddedServer, open_users

ASKED = Message(Code.ACCESS_REQUEST, [("User-Name", "bob"), ("User-Password", b"geheim12")])


def waiting(seconds: float, server: Server) -> Settings:
    """Ask a server once."""
    return Settings((server,), tries=1, first_wait_seconds=seconds, longest_wait_seconds=seconds)


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedServer:
    users = open_users(tmp_path / "users.db")
    users.add("bob", "geheim12")
    return EmbeddedServer(users, lambda _: None)


def asked(embedded: EmbeddedServer, secret: bytes = b"", seconds: float = 25) -> inquiry.Answer:
    async def scenario() -> inquiry.Answer:
        async with embedded:
            (host, auth), (_, acct) = embedded.auth_address, embedded.acct_address
            server = Server(host, secret or embedded.secret, auth, acct)
            return await inquiry.ask(waiting(seconds, server), {}, ASKED)

    return asyncio.run(scenario())


def test_the_answer_names_its_server(embedded: EmbeddedServer) -> None:
    end = asked(embedded).end
    assert isinstance(end, Answered)
    assert end.message.code is Code.ACCESS_ACCEPT
    assert end.server.startswith("127.0.0.1:")


def test_another_secret_gets_no_answer(embedded: EmbeddedServer) -> None:
    end = asked(embedded, b"other", 0.05).end
    assert isinstance(end, Unanswered)
    assert "no answer to a request" in end.reason


def test_a_reply_under_another_secret_is_refused_and_noted() -> None:
    async def scenario() -> inquiry.Answer:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
            forger.bind(("127.0.0.1", 0))
            forger.setblocking(False)
            place = forger.getsockname()
            server = Server(place[0], b"secret", place[1], 9)
            asking = asyncio.create_task(inquiry.ask(waiting(2, server), {}, ASKED))
            request, client = await loop.sock_recvfrom(forger, 4096)
            reply = bytes((2, request[1], 0, 20)) + bytes(16)
            await loop.sock_sendto(forger, reply, client)
            return await asking

    answer = asyncio.run(scenario())
    assert isinstance(answer.end, Unanswered)
    assert "its reply was refused" in answer.end.reason
    assert "the shared secrets differ" in answer.notices[0]


def test_what_cannot_be_reached() -> None:
    server = Server("255.255.255.255", b"secret")
    answer = asyncio.run(inquiry.ask(waiting(25, server), {}, ASKED))
    assert isinstance(answer.end, Unanswered)
    assert "255.255.255.255 cannot be reached" in answer.end.reason


def test_another_is_asked_where_one_cannot_be_reached(embedded: EmbeddedServer) -> None:
    async def scenario() -> inquiry.Answer:
        async with embedded:
            (host, auth), (_, acct) = embedded.auth_address, embedded.acct_address
            here = Server(host, embedded.secret, auth, acct)
            both = (Server("255.255.255.255", b"secret"), here)
            settings = replace(waiting(2, here), servers=both)
            return await inquiry.ask(settings, {}, ASKED)

    answer = asyncio.run(scenario())
    assert isinstance(answer.end, Answered)
    assert "255.255.255.255 cannot be reached" in answer.notices[0]


def test_a_connection_that_cannot_be_had() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    server = Server("127.0.0.1", transport=Transport.TLS, tls_port=port)
    answer = asyncio.run(inquiry.ask(waiting(0.05, server), {}, ASKED))
    assert isinstance(answer.end, Unanswered)
    assert "no certificates are configured for it" in answer.end.reason
