"""`python -m radius serve` by itself, ended by `kill -9` again and again: its books go on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from radius.runtime import open_users
from radius.server import one_time
from radius.server.methods.one_time_password import CODE_USED

pytestmark = pytest.mark.interop

SECRET = "testing123"
PASSWORD = "correct horse"


class Service:
    """The process, its ports drawn anew at each start; `ask` is radclient."""

    def __init__(self, directory: Path) -> None:
        self.users = open_users(directory / "users.db")
        self._clients = directory / "clients"
        self._clients.write_text(f"127.0.0.1 {SECRET}\n")
        self._clients.chmod(0o600)
        self._process: subprocess.Popen[str] | None = None
        self._ports: dict[str, str] = {}

    def start(self) -> None:
        files = ("--clients", str(self._clients), "--database", str(self.users.database))
        ports = ("--auth-port", "0", "--acct-port", "0")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "radius", "serve", *files, *ports],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        self._ports = {"auth": words[5].rstrip(","), "acct": words[-1]}

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def killed(self) -> None:
        self.kill()
        self.start()

    def ask(self, kind: str, attributes: str) -> str:
        address = f"127.0.0.1:{self._ports[kind]}"
        return subprocess.run(
            ["radclient", "-x", "-t", "5", "-r", "2", address, kind, SECRET],
            input=attributes,
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def tell(self, status: str, session: str = "1", more: str = "") -> None:
        about = f'User-Name = "bob", Acct-Session-Id = "{session}", NAS-Identifier = "edge"'
        output = self.ask("acct", f"{about}, Acct-Status-Type = {status}{more}")
        assert "Received Accounting-Response" in output

    def lets_in(self, password: str = PASSWORD) -> bool:
        about = f'User-Name = "bob", User-Password = "{password}", Message-Authenticator = 0x00'
        return "Received Access-Accept" in self.ask("auth", about)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    service.users.add("bob", PASSWORD)
    service.start()
    yield service
    service.kill()


def test_a_limit_on_sessions_holds_over_every_end_of_the_server(service: Service) -> None:
    service.users.give("bob", "sessions", "1")
    assert service.lets_in()
    service.tell("Start")
    service.killed()
    assert not service.lets_in()
    service.tell("Interim-Update", more=", Acct-Session-Time = 60")
    service.tell("Stop", more=", Acct-Session-Time = 90")
    service.killed()
    # told again, as an access server does that had no answer
    service.tell("Interim-Update", more=", Acct-Session-Time = 60")
    service.killed()
    assert service.lets_in()
    service.tell("Start", "2")
    service.killed()
    # the access server was killed too
    service.tell("Accounting-On", "on")
    assert service.lets_in()
    service.killed()
    assert service.lets_in()


def test_a_server_that_missed_the_start_counts_by_the_interim_update(service: Service) -> None:
    service.users.give("bob", "sessions", "1")
    service.tell("Interim-Update", more=", Acct-Session-Time = 600")
    service.killed()
    assert not service.lets_in()
    command = [sys.executable, "-m", "radius", "session", "forget", "bob"]
    subprocess.run(
        [*command, "--database", str(service.users.database)], check=True, capture_output=True
    )
    assert service.lets_in()


def test_a_used_code_stays_used(service: Service) -> None:
    secret = os.urandom(one_time.SECRET_OCTETS)
    service.users.enroll("bob", PASSWORD, secret)
    typed = PASSWORD + one_time.code(secret, int(time.time()) // one_time.STEP_SECONDS)
    assert service.lets_in(typed)
    service.killed()
    assert not service.lets_in(typed)
    assert service.users.logins.history("bob")[0].result == CODE_USED


def test_a_lock_stays(service: Service) -> None:
    for _ in range(5):
        assert not service.lets_in("wrong")
    service.killed()
    assert not service.lets_in()
    assert "too many wrong passwords" in service.users.logins.history("bob")[0].result
    service.users.logins.unlock("bob")
    assert service.lets_in()
