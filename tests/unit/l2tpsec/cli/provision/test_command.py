import io
import plistlib
import sys
from contextlib import redirect_stdout
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.cli import probe
from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import FAILED, OK, REFUSED
from radius.server.users.sqlite import SqliteUsers

PSK = "7lve3-mveu2-ugfcv-6zqah"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server that was started once, on a public address."""
    directory = tmp_path / "state"
    directory.mkdir(mode=0o700)
    key = directory / "psk"
    key.write_text(f"{PSK}\n")
    key.chmod(0o600)
    SqliteUsers(directory / "users.db", lambda n: bytes(n)).create()
    SqliteUsers(directory / "users.db", lambda n: bytes(n)).add("alice", "x")
    monkeypatch.setattr(probe, "own_addresses", lambda: [IPv4Address("9.9.9.9")])
    return directory


def provision(state: Path, *arguments: str, line: str = "") -> int:
    sys.stdin = io.StringIO(line)
    try:
        return main(["provision", *arguments, "--state-dir", str(state)])
    finally:
        sys.stdin = sys.__stdin__


def config(state: Path, text: str) -> str:
    file = state / "l2tpsec.toml"
    file.write_text(f'[server]\nstate_dir = "{state}"\n{text}')
    return str(file)


def test_the_output_is_clean_and_stderr_says_what_it_holds(state: Path, capsys: Capture) -> None:
    assert provision(state, "macos", "--user", "alice") == OK
    told = capsys.readouterr()
    (vpn,) = plistlib.loads(told.out.encode())["PayloadContent"]
    assert vpn["PPP"] == {"CommRemoteAddress": "9.9.9.9", "TokenCard": False, "AuthName": "alice"}
    assert vpn["IPSec"]["SharedSecret"] == PSK.encode()
    assert told.err == (
        "l2tpsec: the output holds the pre-shared key: hand it over as you would a key\n"
    )


def test_the_password_comes_by_standard_input(state: Path, capsys: Capture) -> None:
    assert provision(state, "windows", "--user", "alice", "--password-stdin", line="a b\n") == OK
    told = capsys.readouterr()
    assert "& rasdial.exe $name 'alice' 'a b'" in told.out
    assert "pre-shared key and the user's password" in told.err
    assert provision(state, "windows", "--password-stdin") == FAILED
    assert "no password on standard input" in capsys.readouterr().err


def test_a_user_whom_nobody_knows_is_remarked(state: Path, capsys: Capture) -> None:
    assert provision(state, "windows", "--user", "bo'b") == OK
    assert f"add 'bo'\"'\"'b' --database {state}/users.db" in capsys.readouterr().err
    (state / "users.db").unlink()
    assert provision(state, "windows", "--user", "alice") == OK
    assert "there is no user alice yet" in capsys.readouterr().err


def test_settings_come_from_the_file(state: Path, capsys: Capture) -> None:
    file = config(
        state,
        f'[ipsec]\npsk = "{PSK}x"\n[address]\ndomain = "corp.example"\nroutes = ["10.0.0.0/8"]\n'
        '[[radius.servers]]\nhost = "10.0.0.1"\nsecret = "sixteen characters"\n',
    )
    arguments = ["provision", "networkmanager", "--config", file, "--user", "eve", "--name", "o"]
    assert main([*arguments, "--server", "vpn.example"]) == OK
    told = capsys.readouterr()
    for words in (f"{PSK}x", "route1=10.0.0.0/8", "dns-search=corp.example;", "id=o", "user=eve"):
        assert words in told.out
    assert "gateway=vpn.example" in told.out
    assert "no user" not in told.err


@pytest.mark.parametrize(
    ("own", "server", "more", "rule"),
    [
        ("9.9.9.9", "9.9.9.9", "", False),
        ("10.0.0.5", "9.9.9.9", "", True),
        ("10.0.0.5", "vpn.example", "", True),
        ("9.9.9.9", "vpn.example", "", False),
        ("10.0.0.5", "9.9.9.9", "[ipsec]\necho_nat_d = true\n", False),
    ],
)
def test_the_registry_where_the_server_is_behind_a_nat(
    state: Path, own: str, server: str, more: str, rule: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.setattr(probe, "own_addresses", lambda: [IPv4Address(own)])
        file = config(state, more)
        assert main(["provision", "windows", "--config", file, "--server", server]) == OK
    assert ("AssumeUDPEncapsulationContextOnSendRule" in out.getvalue()) == rule


def test_a_private_address_is_remarked(
    state: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "own_addresses", lambda: [IPv4Address("10.0.0.5")])
    assert provision(state, "windows") == OK
    assert "10.0.0.5 is a private address; say with --server" in capsys.readouterr().err
    assert provision(state, "windows", "--server", "vpn.example") == OK
    assert "private" not in capsys.readouterr().err


def test_what_it_cannot_do_without(
    state: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert provision(state, "android") == FAILED
    assert "MODP-1024" in capsys.readouterr().err
    monkeypatch.setattr(probe, "own_addresses", list)
    assert provision(state, "windows") == FAILED
    assert "say with --server" in capsys.readouterr().err
    (state / "psk").unlink()
    assert provision(state, "windows", "--server", "9.9.9.9") == FAILED
    assert "start the server once" in capsys.readouterr().err
    assert not (state / "psk").exists()


def test_a_configured_address_is_what_clients_dial(state: Path, capsys: Capture) -> None:
    file = config(state, 'listen = "8.8.4.4"\n')
    assert main(["provision", "windows", "--config", file]) == OK
    assert "ServerAddress = '8.8.4.4'" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["amiga"],
        ["windows", "--server", "a b"],
        ["windows", "--server", "-x"],
        ["windows", "--server", "ä.example"],
        ["windows", "--name", ""],
        ["windows", "--name", "a\nb"],
        ["windows", "--user", " x"],
        ["windows", "--config", "a"],
    ],
)
def test_a_wrong_command_line_is_refused(state: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        provision(state, *arguments)
    assert end.value.code == REFUSED


@pytest.mark.parametrize("system", ["windows", "macos", "networkmanager"])
def test_certificates_are_not_set_up_here(state: Path, capsys: Capture, system: str) -> None:
    only = config(state, '[ppp]\nauthentication = ["eap"]\n')
    assert main(["provision", system, "--config", only]) == FAILED
    assert 'add "mschapv2", or set EAP up' in capsys.readouterr().err
    both = config(state, '[ppp]\nauthentication = ["eap", "mschapv2"]\n')
    assert main(["provision", system, "--config", both]) == OK
