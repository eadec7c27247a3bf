import argparse
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from radius.cli import configuration, serve
from radius.cli.main import main
from radius.message import Code, Message
from radius.notice import Level, Noted
from radius.packet import Packet, encode_request, verify_reply
from radius.server.effects import Reply
from radius.server.server import Server
from radius.server.settings import Settings
from radius.server.users.sqlite import SqliteUsers

SECRET = b"testing123"


def clients(path: Path) -> Path:
    file = path / "clients"
    file.write_bytes(b"127.0.0.1 " + SECRET)
    file.chmod(0o600)
    return file


def run(*arguments: str) -> int:
    return main(["serve", *arguments], os.urandom, lambda: 0.0)


def test_it_serves_a_client_and_ends_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "radius", "serve", "--clients", str(clients(tmp_path))]
    command += ["--auth-port", "0", "--acct-port", "0", "--database", str(tmp_path / "users.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        words = process.stdout.readline().decode().split()
        assert words[:5] == ["ready:", "authentication", "on", "127.0.0.1", "port"]
        request = Message(Code.ACCESS_REQUEST, [("User-Name", "bob"), ("User-Password", b"x")])
        packet = encode_request(request, 1, SECRET, os.urandom)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
            plain.settimeout(30)
            plain.sendto(packet.octets, ("127.0.0.1", int(words[5].rstrip(","))))
            reply = Packet.read(plain.recv(4096))
        verify_reply(reply, packet, SECRET)
        assert reply.code == Code.ACCESS_REJECT
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        told = process.stderr.read().decode()
    assert told == 'warning: user "bob" refused by PAP: no such user\n'


def test_a_port_that_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--clients", str(clients(tmp_path)), "--database", str(tmp_path / "users.db")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = str(other.getsockname()[1])
        assert run(*common, "--auth-port", taken, "--acct-port", "0") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"radius: cannot listen on 127.0.0.1, ports {taken} and 0: ")
    assert run(*common, "--auth-port", "70000") == 1


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ([], "say who may ask: --config FILE or --clients FILE"),
        (["--config", "x", "--clients", "y"], "give one of --config and --clients"),
        (["--config", "/none"], "/none cannot be read: No such file"),
        (["--clients", "/none"], "/none cannot be read: No such file"),
    ],
)
def test_what_it_is_not_told(
    arguments: list[str], match: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 1
    assert match in capsys.readouterr().err


def test_notices_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    serve._report(Noted(Level.INFO, "hello"))
    assert capsys.readouterr().err == "info: hello\n"


def test_clients_and_secrets_are_taken_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = clients(tmp_path)
    options = argparse.Namespace(
        config=None, clients=file, listen="127.0.0.1", auth_port=0, acct_port=0
    )
    server = Server(
        Settings(configuration.clients(file)), SqliteUsers(tmp_path / "u", bytes), bytes
    )
    probe = encode_request(Message(Code.STATUS_SERVER), 1, b"another secret", bytes)
    asked = probe.octets, ("127.0.0.1", 5000), 0.0
    assert not any(isinstance(effect, Reply) for effect in server.receive(*asked))
    file.write_bytes(b"127.0.0.1 another secret")
    serve._reload(options, server)
    assert capsys.readouterr().out == "reloaded: 1 clients\n"
    assert any(isinstance(effect, Reply) for effect in server.receive(*asked))
    file.write_bytes(b"")
    serve._reload(options, server)
    assert "reload refused, the old clients stay: " in capsys.readouterr().err
    assert any(isinstance(effect, Reply) for effect in server.receive(*asked))
