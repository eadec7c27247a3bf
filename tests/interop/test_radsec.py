"""RadSec against FreeRADIUS: logins, accounting, Status-Server, certificates that are refused."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
from tests.certificates import Authority, Identity
from tests.interop.lab.waiting import until_logged

pytestmark = pytest.mark.interop

_RADIUSD = """
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {directory}
logdir = {directory}
run_dir = {directory}
db_dir = {directory}
hostname_lookups = no
proxy_requests = no
log {{
  destination = stdout
}}
security {{
  status_server = yes
  reject_delay = 0
  allow_vulnerable_openssl = yes
}}
thread pool {{
  start_servers = 1
  max_servers = 4
}}
modules {{
  pap {{
  }}
  files {{
    filename = ${{raddbdir}}/users
  }}
  detail {{
    filename = ${{raddbdir}}/detail
  }}
}}
clients radsec {{
  client laboratory {{
    ipaddr = 127.0.0.1
    proto = tls
    secret = radsec
  }}
}}
server laboratory {{
  listen {{
    type = auth+acct
    proto = tcp
    ipaddr = 127.0.0.1
    port = {port}
    virtual_server = laboratory
    clients = radsec
    tls {{
      private_key_file = {key}
      certificate_file = {certificate}
      ca_file = {authority}
      require_client_cert = yes
      tls_min_version = "1.2"
      tls_max_version = "1.3"
      ecdh_curve = prime256v1
    }}
  }}
  authorize {{
    files
    pap
  }}
  authenticate {{
    Auth-Type PAP {{
      pap
    }}
  }}
  accounting {{
    detail
  }}
}}
"""


class Peer:
    """FreeRADIUS on a TCP port of loopback, and who signs certificates for it and for us."""

    def __init__(self, directory: Path) -> None:
        directory.chmod(0o700)
        self.directory = directory
        self.authority = Authority(directory)
        self.port = _free_port()
        identity = self.authority.issue("server", "127.0.0.1", "radius.example", days=1)
        self._write("radiusd.conf", self._configuration(identity))
        self._write("users", '"bob" Cleartext-Password := "pw"\n\tReply-Message = "hello bob"\n')
        self._write("dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n")
        self.log = directory / "freeradius.log"
        command = ["freeradius", "-f", "-xx", "-d", str(directory), "-n", "radiusd"]
        with self.log.open("wb") as output:
            path = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=path
            )
        until_logged(self.log, "Ready to process requests", 20)

    def _configuration(self, identity: Identity) -> str:
        return _RADIUSD.format(
            directory=self.directory,
            port=self.port,
            key=identity.key,
            certificate=identity.certificate,
            authority=self.authority.certificate,
        )

    def _write(self, name: str, content: str) -> None:
        (self.directory / name).write_text(content)

    def credentials(self, identity: Identity | None, name: str = "") -> Credentials:
        certificate = identity.certificate if identity else None
        key = identity.key if identity else None
        return Credentials(self.authority.certificate, certificate, key, name)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    peer = Peer(tmp_path_factory.mktemp("radsec"))
    yield peer
    peer.stop()


class Nas:
    """The client engine and its connections on an event loop."""

    def __init__(self, port: int, credentials: Credentials) -> None:
        self.place: Address = ("127.0.0.1", port)
        server = Server("127.0.0.1", transport=Transport.TLS, tls_port=port)
        self.client = Client(Settings((server,), tries=1, first_wait_seconds=2.0), os.urandom)
        self.connections = Connections(self, {self.place: credentials})
        self.told: list[Effect] = []
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


def run(peer: Peer, credentials: Credentials, *messages: Message) -> tuple[dict[int, Any], str]:
    async def scenario() -> tuple[dict[int, Any], str]:
        async with asyncio.timeout(30):
            nas = Nas(peer.port, credentials)
            answers = await nas.ask(*messages)
            nas.stop()
            await asyncio.sleep(0)
            return answers, nas.texts

    return asyncio.run(scenario())


def test_logins_and_accounting_over_one_connection(peer: Peer) -> None:
    ours = peer.authority.issue("nas")
    start = [("User-Name", "bob"), ("Acct-Status-Type", "Start"), ("Acct-Session-Id", "7")]
    logins = [login("bob", b"pw" if number % 2 else b"wrong") for number in range(100)]
    credentials = peer.credentials(ours, "radius.example")
    answers, texts = run(peer, credentials, *logins, Message(Code.ACCOUNTING_REQUEST, start))
    assert len(answers) == 101
    codes = [answers[number].code for number in range(101)]
    assert codes[:100] == [Code.ACCESS_REJECT, Code.ACCESS_ACCEPT] * 50
    assert codes[100] is Code.ACCOUNTING_RESPONSE
    assert answers[1].text("Reply-Message") == "hello bob"
    assert texts == f"connected to the RadSec server 127.0.0.1:{peer.port}"
    assert 'Acct-Session-Id = "7"' in (peer.directory / "detail").read_text()


def test_the_watchdog_is_answered(peer: Peer) -> None:
    run(peer, peer.credentials(peer.authority.issue("nas")), login("bob", b"pw"))
    log = peer.log.read_text()
    assert "Received Status-Server" in log


def test_without_a_certificate_we_are_refused_and_say_why(peer: Peer) -> None:
    answers, texts = run(peer, peer.credentials(None), login("bob", b"pw"))
    assert "our certificate" in answers[0]
    assert "our certificate" in texts


def test_a_server_under_another_name_is_refused(peer: Peer) -> None:
    credentials = peer.credentials(peer.authority.issue("nas"), "other.example")
    answers, _ = run(peer, credentials, login("bob", b"pw"))
    assert "the server's certificate does not name other.example" in answers[0]
