import getpass
import io
import json
from pathlib import Path

import pytest

from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import FAILED, OK, REFUSED, UNANSWERED
from l2tpsec.runtime import control
from radius.runtime import open_users

PASSWORD = "right one"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    open_users(tmp_path / "users.db").add("alice", PASSWORD, framed_address="10.99.0.77")
    return tmp_path


def explain(
    state: Path, typed: str, monkeypatch: pytest.MonkeyPatch, *more: str, user: str = "alice"
) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["radius", "explain", user, "--state-dir", str(state), *more])


def test_exit_codes(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert explain(state, f"{PASSWORD}\n", monkeypatch) == OK
    assert explain(state, "wrong one\n", monkeypatch) == FAILED
    assert explain(state, "", monkeypatch, "--no-password") == OK
    assert explain(state, "", monkeypatch, "--no-password", user="nobody") == FAILED
    assert explain(state, "", monkeypatch) == REFUSED
    assert explain(state / "nowhere", "x\n", monkeypatch) == UNANSWERED


def test_what_is_printed(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(state, f"{PASSWORD}\n", monkeypatch, "--method", "pap")
    shown = capsys.readouterr().out
    assert "alice, asked by pap" in shown
    assert "address               10.99.0.77" in shown
    explain(state, f"{PASSWORD}\n", monkeypatch, "--json", "--calling-station", "192.0.2.9")
    shown = capsys.readouterr().out
    found = json.loads(shown)
    assert found["method"] == "mschapv2"
    assert found["notices"] == ['user "alice" at 192.0.2.9 accepted by MS-CHAPv2']
    assert PASSWORD not in shown


def test_a_configuration_chooses_servers_and_method(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = state / "l2tpsec.toml"
    file.write_text(
        f'[server]\nstate_dir = "{state}"\n[ppp]\nauthentication = ["pap"]\n'
        "[radius]\nattempts = 1\ntimeout_seconds = 0.5\n"
        '[[radius.servers]]\nhost = "127.0.0.1"\nsecret = "between us"\nauth_port = 9\n'
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("x\n"))
    assert main(["radius", "explain", "alice", "--config", str(file)]) == UNANSWERED
    shown = capsys.readouterr().out
    assert "asked by pap" in shown
    assert "no RADIUS server answered: a RADIUS server's host says that nothing listens" in shown


def test_a_terminal_is_asked(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def typed_in(prompt: str) -> str:
        asked.append(prompt)
        return PASSWORD

    typed = io.StringIO()
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", typed)
    monkeypatch.setattr(getpass, "getpass", typed_in)
    assert main(["radius", "explain", "alice", "--state-dir", str(state)]) == OK
    assert asked == ["Password of alice: "]


SESSIONS = [
    {"id": 3, "user": "alice", "state": "online", "address": "10.99.0.5"},
    {"id": 4, "user": "bob", "state": "online", "address": "10.99.0.77"},
    {"id": 5, "user": "bob", "state": "negotiating", "address": ""},
]


def test_a_running_server_tells_who_is_there(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(control, "running", lambda _: "7")
    monkeypatch.setattr(control, "ask", lambda _path, _request: SESSIONS)
    explain(state, "", monkeypatch, "--no-password")
    shown = capsys.readouterr().out
    assert "session 3 of alice is online, address 10.99.0.5" in shown
    assert "session 4 of bob is online, address 10.99.0.77" in shown
    assert "session 5" not in shown


def test_a_running_server_that_does_not_tell(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_path: Path, _request: object) -> object:
        raise control.ControlError("not yours")

    monkeypatch.setattr(control, "running", lambda _: "7")
    monkeypatch.setattr(control, "ask", refuse)
    assert explain(state, "", monkeypatch, "--no-password") == OK
    assert "who is connected cannot be told: not yours" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["explain"], ["explain", "a", "--calling-station", "x"]])
def test_a_wrong_command_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["radius", *argv])
    assert end.value.code == REFUSED
    assert "usage" in capsys.readouterr().err
