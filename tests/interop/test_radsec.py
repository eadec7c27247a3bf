"""RadSec against FreeRADIUS: logins, accounting, Status-Server, certificates that are refused."""

import asyncio
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from typing import IO, Any

import pytest

from l2tpsec.cli.explain.question import Answer, Question, ask
from l2tpsec.config.schema import Radius, RadiusServer
from l2tpsec.config.schema import Settings as Box
from radius.client.client import Client
from radius.client.effects import (
    STREAM,
    Address,
    Answered,
    Connect,
    Disconnect,
    Effect,
    Transmit,
    Unanswered,
)
from radius.client.settings import Server, Settings, Transport
from radius.message import Code, Message
from radius.notice import Noted
from radius.radsec import Connections
from radius.tls import Credentials
from tests.interop.lab.radsec import PORT, RadSecServer
from tests.interop.lab.waiting import until_logged
from tests.loopback import own_address

pytestmark = pytest.mark.interop

# A request waits so long for a connection that is refused again and again.
REFUSED_SECONDS = 5.0


def _spawn(command: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    path = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    return subprocess.Popen(command, stdout=output, stderr=output, env=path, start_new_session=True)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RadSecServer]:
    peer = RadSecServer(tmp_path_factory.mktemp("radsec"), _spawn, own_address())
    yield peer
    peer.stop()


class Nas:
    """The client engine and its connections on an event loop."""

    def __init__(self, address: str, credentials: Credentials, seconds: float) -> None:
        self.place: Address = (address, PORT)
        server = Server(address, transport=Transport.TLS, tls_port=PORT)
        once = Settings((server,), tries=1, patience_seconds=seconds)
        waiting = replace(once, first_wait_seconds=seconds, longest_wait_seconds=seconds)
        self.client = Client(waiting, os.urandom)
        self.connections = Connections(self, {self.place: credentials})
        self.told: list[Effect] = []
        self.heard = bytearray()
        self.changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.apply(self.client.expire(self._loop.time()))

    def apply(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit(slot, destination, data):
                    assert slot == STREAM
                    self.connections.send(destination, data)
                case Connect(place):
                    self.connections.open(place)
                case Disconnect(place):
                    self.connections.close(place)
                case _:
                    self.told.append(effect)
        self.changed.set()
        if self._timer:
            self._timer.cancel()
        if (deadline := self.client.deadline) is not None:
            self._timer = self._loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        self.apply(self.client.expire(self._loop.time()))

    def radsec_connected(self, server: Address) -> None:
        self.apply(self.client.connected(server, self._loop.time()))

    def radsec_received(self, server: Address, data: bytes) -> None:
        self.heard += data
        self.apply(self.client.receive(data, server, STREAM, self._loop.time()))

    def radsec_disconnected(self, server: Address, reason: str) -> None:
        self.apply(self.client.disconnected(server, reason, self._loop.time()))

    async def ask(self, *messages: Message) -> dict[int, Message | str]:
        """Return the answers, or the reasons for none, by the number of the message."""
        for token, message in enumerate(messages):
            self.apply(self.client.request(token, message, self._loop.time()))
        while self.client.pending:
            self.changed.clear()
            await self.changed.wait()
        return {
            end.token: end.message if isinstance(end, Answered) else end.reason
            for end in self.told
            if isinstance(end, Answered | Unanswered)
        }

    @property
    def texts(self) -> str:
        return "\n".join(row.text for row in self.told if isinstance(row, Noted))

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.connections.stop()


def login(name: str, password: bytes) -> Message:
    return Message(Code.ACCESS_REQUEST, [("User-Name", name), ("User-Password", password)])


def run(
    peer: RadSecServer, credentials: Credentials, *messages: Message, seconds: float = 60
) -> tuple[dict[int, Any], str]:
    async def scenario() -> tuple[dict[int, Any], str]:
        async with asyncio.timeout(seconds + 30):
            nas = Nas(peer.address, credentials, seconds)
            answers = await nas.ask(*messages)
            nas.stop()
            await asyncio.sleep(0)
            return answers, nas.texts

    return asyncio.run(scenario())


def test_logins_and_accounting_over_one_connection(peer: RadSecServer) -> None:
    ours = peer.authority.issue("nas")
    start = [("User-Name", "bob"), ("Acct-Status-Type", "Start"), ("Acct-Session-Id", "7")]
    logins = [login("bob", b"pw" if number % 2 else b"wrong") for number in range(100)]
    credentials = peer.credentials(ours, "radius.example")
    answers, texts = run(peer, credentials, *logins, Message(Code.ACCOUNTING_REQUEST, start))
    assert len(answers) == 101
    codes = [answers[number].code for number in range(101)]
    assert codes[:100] == [Code.ACCESS_REJECT, Code.ACCESS_ACCEPT] * 50
    assert codes[100] is Code.ACCOUNTING_RESPONSE
    assert answers[1].text("Reply-Message") == "hello"
    assert texts == f"connected to the RadSec server {peer.address}:{PORT}"
    assert 'Acct-Session-Id = "7"' in peer.records()


def test_the_watchdog_is_answered(peer: RadSecServer) -> None:
    begin = peer.log.stat().st_size

    async def scenario() -> Nas:
        async with asyncio.timeout(90):
            nas = Nas(peer.address, peer.credentials(peer.authority.issue("nas")), 60)
            # nothing else was asked: whatever comes answers the watchdog
            while not nas.heard:
                nas.changed.clear()
                await nas.changed.wait()
            nas.stop()
            await asyncio.sleep(0)
            return nas

    nas = asyncio.run(scenario())
    assert nas.texts == f"connected to the RadSec server {peer.address}:{PORT}"
    assert nas.client.counts == {}, "the answer was dropped"
    until_logged(peer.log, "Received Status-Server", start=begin)


def test_without_a_certificate_we_are_refused_and_say_why(peer: RadSecServer) -> None:
    answers, texts = run(peer, peer.credentials(None), login("bob", b"pw"), seconds=REFUSED_SECONDS)
    assert "our certificate" in answers[0]
    assert "our certificate" in texts


def test_a_server_under_another_name_is_refused(peer: RadSecServer) -> None:
    credentials = peer.credentials(peer.authority.issue("nas"), "other.example")
    answers, _ = run(peer, credentials, login("bob", b"pw"), seconds=REFUSED_SECONDS)
    assert "the server's certificate does not name other.example" in answers[0]


def explained(peer: RadSecServer, server_name: str) -> Answer:
    """Ask as `l2tpsec radius explain` does."""
    ours = peer.credentials(peer.authority.issue("nas"), server_name)
    server = RadiusServer(
        IPv4Address(peer.address),
        transport="tls",
        tls_port=PORT,
        ca_file=ours.ca_file,
        certificate_file=ours.certificate_file,
        key_file=ours.key_file,
        server_name=server_name,
    )
    radius = Radius(servers=(server,), attempts=1, timeout_seconds=REFUSED_SECONDS)
    return ask(Question("bob", "pap", "pw"), replace(Box(), radius=radius))


def test_explaining_asks_over_tls_too(peer: RadSecServer) -> None:
    answer = explained(peer, "radius.example")
    assert (answer.code, answer.server) == ("Access-Accept", f"{peer.address}:{PORT}")
    assert answer.explanation is not None
    assert answer.explanation.reason == "hello"
    assert "connected to the RadSec server" in answer.notices[0]


def test_explaining_tells_what_is_wrong_with_a_certificate(peer: RadSecServer) -> None:
    answer = explained(peer, "other.example")
    assert answer.explanation is None
    assert "the server's certificate does not name other.example" in answer.trouble
