import json
from argparse import Namespace
from pathlib import Path

import pytest

from l2tpsec.cli import live
from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import FAILED, OK
from l2tpsec.runtime.control import Request

Asked = list[tuple[Path, Request]]


def answering(result: object, monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked: Asked = []

    def ask(path: Path, request: Request, **_warn: object) -> object:
        asked.append((path, request))
        return result

    monkeypatch.setattr(live, "ask", ask)
    return asked


def test_the_server_is_found_by_default_by_directory_or_by_configuration(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = answering("", monkeypatch)
    config = tmp_path / "l2tpsec.toml"
    config.write_text('[server]\nstate_dir = "/srv/l2tpsec"\n')
    for found in ({}, {"state_dir": Path("/elsewhere")}, {"config": config}):
        arguments = Namespace(**{"state_dir": None, "config": None, **found})
        live.answer(arguments, {"command": "status"})
    assert [str(path) for path, _ in asked] == [
        "/var/lib/l2tpsec/control.sock",
        "/elsewhere/control.sock",
        "/srv/l2tpsec/control.sock",
    ]


@pytest.mark.parametrize(
    ("ended", "shown"),
    [([7], "disconnected session 7\n"), ([1, 2], "disconnected sessions 1, 2\n")],
)
def test_disconnecting_names_what_ended(
    ended: list[int],
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = answering({"disconnected": ended}, monkeypatch)
    assert main(["disconnect", "alice"]) == OK
    assert asked[0][1] == {"command": "disconnect", "who": "alice"}
    assert capsys.readouterr().out == shown


def test_several_are_disconnected_and_who_is_not_there_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions = {"alice": [1, 2], "7": [7]}

    def ask(_: Path, request: Request, **_warn: object) -> object:
        return {"disconnected": sessions.pop(str(request["who"]), [])}

    monkeypatch.setattr(live, "ask", ask)
    assert main(["disconnect", "alice", "bob", "7", "carol", "7"]) == FAILED
    told = capsys.readouterr()
    assert told.out == "disconnected sessions 1, 2\ndisconnected session 7\n"
    assert 'no session of "bob", "carol"' in told.err


def test_status_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering({"sessions": 2}, monkeypatch)
    assert main(["status", "--json"]) == OK
    assert json.loads(capsys.readouterr().out) == {"sessions": 2}


@pytest.mark.parametrize("result", [{"disconnected": []}, {}, None])
def test_disconnecting_nobody_is_a_failure(
    result: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(result, monkeypatch)
    assert main(["disconnect", "bob"]) == FAILED
    assert 'no session of "bob"' in capsys.readouterr().err


def test_metrics_are_printed_as_they_come(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = answering("l2tpsec_sessions 1\n", monkeypatch)
    assert main(["metrics"]) == OK
    assert asked[0][1] == {"command": "metrics"}
    assert capsys.readouterr().out == "l2tpsec_sessions 1\n"


@pytest.mark.parametrize(
    ("result", "shown"),
    [({"uptime_seconds": 5, "sessions": 2}, "uptime seconds  5\nsessions        2\n"), (None, "")],
)
def test_status_is_a_line_a_fact(
    result: object,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answering(result, monkeypatch)
    assert main(["status"]) == OK
    assert capsys.readouterr().out == shown


def test_no_server_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state-dir", str(tmp_path)]) == FAILED
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert f"no server is running in {tmp_path} (control.sock is missing)" in shown
