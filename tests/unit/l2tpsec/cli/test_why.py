import json
from pathlib import Path

import pytest

from l2tpsec.cli import live
from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import FAILED, OK
from l2tpsec.runtime.control import Request

ROW = {
    "time": "2026-01-02T03:04:05Z",
    "user": "alice",
    "client": "203.0.113.5:4500",
    "connected": False,
    "windows": [691, 718],
    "reason": "10.0.0.2:1812: no answer to 3 tries",
    "cure": "`python -m l2tpsec radius explain NAME` asks it",
    "lines": ["2026-01-02T03:04:05Z radius no \x1b[2J answer"],
}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    answers: list[object] = []

    def ask(_: Path, request: Request, **_warn: object) -> object:
        assert request["command"] == "why"
        return answers.pop()

    monkeypatch.setattr(live, "ask", ask)
    return answers


def test_failures_are_told_shortly(
    answers: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    answers.append([ROW])
    assert main(["why"]) == OK
    assert capsys.readouterr().out == (
        "2026-01-02T03:04:05Z  alice from 203.0.113.5:4500: Windows shows 691 or 718\n"
        "    10.0.0.2:1812: no answer to 3 tries\n"
        "    do: python -m l2tpsec radius explain NAME asks it\n"
    )


def test_a_user_is_told_with_the_lines_and_nothing_moves_the_cursor(
    answers: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    answers.append([ROW | {"user": "", "windows": [], "cure": ""}])
    assert main(["why", "203.0.113.5"]) == OK
    out = capsys.readouterr().out
    assert out.startswith("2026-01-02T03:04:05Z  somebody from 203.0.113.5:4500\n")
    assert out.endswith("    | 2026-01-02T03:04:05Z radius no \\x1b[2J answer\n")


def test_who_is_connected_is_said(
    answers: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    answers.append([ROW | {"connected": True}])
    assert main(["why", "alice"]) == OK
    assert "alice from 203.0.113.5:4500: connected\n" in capsys.readouterr().out


def test_json_is_what_the_server_says(
    answers: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    answers.append([ROW])
    assert main(["why", "alice", "--json"]) == OK
    assert json.loads(capsys.readouterr().out) == [ROW]


def test_of_who_never_came_the_likely_reason_is_told(
    answers: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    answers.append([])
    assert main(["why", "bob"]) == FAILED
    error = capsys.readouterr().err
    assert 'nothing is known of "bob"' in error
    assert "`why 809` says what to do" in error
    assert error.count("\n") == 1
    answers.append([])
    assert main(["why"]) == OK
    assert capsys.readouterr().out == "no dial-in has failed\n"


def test_a_number_of_windows_needs_no_server(
    answers: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["why", "789"]) == OK
    out = capsys.readouterr().out
    assert "the pre-shared keys differ\n      enter the key again at the client\n" in out
    answers.append([ROW])
    assert main(["why", "12345"]) == OK, "a user's name may be a number"
