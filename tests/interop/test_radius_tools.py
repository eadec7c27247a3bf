"""The embedded RADIUS server and its users' commands, judged by FreeRADIUS's own client."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from radius.runtime import ServerRuntime, open_users
from radius.server import one_time
from radius.server.server import Server
from radius.server.settings import NasClient, Settings

pytestmark = pytest.mark.interop

SECRET = "testing123"
PASSWORD = "correct horse"


class Shell:
    """The server on loopback, asked by radclient; `told` is its log."""

    def __init__(self, directory: Path) -> None:
        self.users = open_users(directory / "users.db")
        self.told: list[str] = []
        client = NasClient("127.0.0.1", SECRET.encode())
        self.server = Server(Settings((client,)), self.users, os.urandom)

    def ask(self, *requests: tuple[str, str], seconds: int = 30) -> list[str]:
        """Return radclient's output for each request: its kind, and its attributes."""

        async def scenario() -> list[str]:
            async with ServerRuntime(
                self.server, lambda noted: self.told.append(noted.text)
            ) as runtime:
                addresses = {"auth": runtime.auth_address, "acct": runtime.acct_address}
                return [
                    await radclient(addresses[kind], kind, text, seconds) for kind, text in requests
                ]

        return asyncio.run(scenario())

    def login(self, attributes: str) -> str:
        (output,) = self.ask(("auth", f"{attributes}, Message-Authenticator = 0x00"))
        return output


async def radclient(address: tuple[str, int], kind: str, attributes: str, seconds: int = 30) -> str:
    once = ("-t", str(seconds), "-r", "1")
    process = await asyncio.create_subprocess_exec(
        *("radclient", "-x", *once, f"{address[0]}:{address[1]}", kind, SECRET),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate(attributes.encode())
    return output.decode()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.users.add("bob", PASSWORD, framed_address="10.99.0.9", chap=True)
    shell.users.add("eve", PASSWORD)
    return shell


METHODS = ["User-Password", "CHAP-Password", "MS-CHAP-Password"]


@pytest.mark.parametrize("method", METHODS)
def test_the_right_password(shell: Shell, method: str) -> None:
    output = shell.login(f'User-Name = "bob", {method} = "{PASSWORD}"')
    assert "Received Access-Accept" in output
    assert "Framed-IP-Address = 10.99.0.9" in output
    assert output.index("Message-Authenticator", output.index("Received")) < output.index("Framed")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["bob", "nobody"])
def test_a_wrong_password(shell: Shell, method: str, name: str) -> None:
    output = shell.login(f'User-Name = "{name}", {method} = "wrong"')
    assert "Received Access-Reject" in output
    assert ("E=691 R=0" in output) is (method == "MS-CHAP-Password")


def test_a_disabled_user(shell: Shell) -> None:
    shell.users.enable("bob", enabled=False)
    output = shell.login(f'User-Name = "bob", MS-CHAP-Password = "{PASSWORD}"')
    assert "E=647 R=0" in output
    assert 'Reply-Message = "Account disabled"' in output


def test_chap_without_a_stored_password(shell: Shell) -> None:
    output = shell.login(f'User-Name = "eve", CHAP-Password = "{PASSWORD}"')
    assert "Received Access-Reject" in output
    assert "passwd --chap eve" in shell.told[-1]


def test_version_2_of_rfc_2759(shell: Shell) -> None:
    shell.users.add("User", "clientPass")
    output = shell.login(
        'User-Name = "User", MS-CHAP-Challenge = 0x5B5D7C7D7B3F2F3E3C2C602132262628, '
        "MS-CHAP2-Response = 0x070021402324255E262A28295F2B3A337C7E0000000000000000"
        "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF"
    )
    expected = b"\x07S=407A5589115FD0D6209F510FE9C04566932CDA56"
    assert f"MS-CHAP2-Success = 0x{expected.hex()}" in output


def test_an_unsigned_request_gets_no_answer(shell: Shell) -> None:
    (output,) = shell.ask(("auth", f'User-Name = "bob", User-Password = "{PASSWORD}"'), seconds=5)
    # newer releases of radclient sign every request by themselves
    signed = "Message-Authenticator" in output
    assert ("Received Access-Accept" in output) is signed
    assert ("No reply from server" in output) is not signed


def test_accounting(shell: Shell) -> None:
    about = 'User-Name = "bob", Acct-Session-Id = "1", Framed-IP-Address = 10.99.0.9'
    traffic = "Acct-Input-Octets = 7, Acct-Input-Gigawords = 1"
    outputs = shell.ask(
        ("acct", f"{about}, Acct-Status-Type = Start"),
        ("acct", f"{about}, Acct-Status-Type = Interim-Update, Acct-Input-Octets = 5"),
        ("acct", f"{about}, Acct-Status-Type = Stop, {traffic}, Acct-Terminate-Cause = 1"),
    )
    assert all("Received Accounting-Response" in output for output in outputs)
    accounting = shell.server.accounting
    assert accounting.sessions == ()
    assert accounting.used("bob", "2000-01-01") == (1 << 32) + 7


def test_users_made_by_the_command_log_in_at_once(shell: Shell) -> None:
    command = [sys.executable, "-m", "radius", "user", "add", "dave"]
    added = subprocess.run(
        [*command, "--generate", "--database", str(shell.users.database)],
        capture_output=True,
        text=True,
        check=True,
    )
    password = added.stdout.removeprefix("user dave added: ").strip()
    output = shell.login(f'User-Name = "dave", MS-CHAP-Password = "{password}"')
    assert "Received Access-Accept" in output


@pytest.fixture
def served(shell: Shell, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """`python -m radius serve` on its own: the addresses of its two ports."""
    clients = tmp_path / "clients"
    clients.write_text(f"127.0.0.0/8 {SECRET}\n")
    clients.chmod(0o600)
    options = ["--clients", str(clients), "--database", str(shell.users.database)]
    command = [sys.executable, "-m", "radius", "serve", *options]
    with subprocess.Popen(
        [*command, "--auth-port", "0", "--acct-port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        yield f"127.0.0.1:{words[5].rstrip(',')}", f"127.0.0.1:{words[-1]}"
        process.terminate()
    assert process.returncode == 0


@pytest.mark.parametrize("way", ["pap", "chap", "mschap"])
def test_radtest(served: tuple[str, str], way: str) -> None:
    def radtest(password: str) -> str:
        command = ["radtest", "-t", way, "bob", password, served[0], "7", SECRET]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    assert "Received Access-Accept" in radtest(PASSWORD)
    assert "Received Access-Reject" in radtest("wrong")


def test_status_server(served: tuple[str, str]) -> None:
    def probe(address: str) -> str:
        host, port = address.split(":")
        signed = "Message-Authenticator = 0x00"
        return asyncio.run(radclient((host, int(port)), "status", signed))

    assert "Received Access-Accept" in probe(served[0])
    assert "Received Accounting-Response" in probe(served[1])


@pytest.mark.parametrize("method", METHODS)
def test_a_one_time_code_behind_the_password(shell: Shell, method: str) -> None:
    shell.users.enroll("eve", PASSWORD, b"12345678901234567890")
    code = one_time.code(b"12345678901234567890", int(time.time()) // one_time.STEP_SECONDS)
    asked = f'User-Name = "eve", {method} = "{PASSWORD}{code}"'
    assert "Received Access-Accept" in shell.login(asked)
    assert "Received Access-Reject" in shell.login(asked)
    assert shell.told[-1].endswith("the one-time code has been used before")


def test_what_a_group_gives(shell: Shell) -> None:
    shell.users.add_group("staff")
    shell.users.give_group("staff", "rate", "5M/20M")
    shell.users.give_group("staff", "hours", "mon-sun")
    shell.users.set_group("bob", "staff")
    shell.users.give("bob", "filter", "web")
    output = shell.login(f'User-Name = "bob", User-Password = "{PASSWORD}"')
    assert "WISPr-Bandwidth-Max-Down = 20000000" in output
    assert 'Filter-Id = "web"' in output
    shell.users.give("bob", "account_ends", "2020-01-01")
    output = shell.login(f'User-Name = "bob", MS-CHAP-Password = "{PASSWORD}"')
    assert "E=647 R=0" in output
    assert 'Reply-Message = "Account expired"' in output
