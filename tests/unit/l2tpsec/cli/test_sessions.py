import json
from pathlib import Path

import pytest

from l2tpsec.cli import live
from l2tpsec.cli.main import main
from l2tpsec.cli.outcome import OK
from l2tpsec.cli.sessions import COLUMNS, table
from l2tpsec.runtime.control import Request

ROW = {
    "id": 7,
    "user": "alice",
    "address": "10.99.0.2",
    "client": "203.0.113.5:4500",
    "state": "up",
    "since": 1767323045.2,
    "input_octets": 999,
    "output_octets": 12_345_678,
    "ike": "aes256-cbc/sha1/ecp384",
    "esp": "aes256-cbc/hmac-sha1-96",
    "authentication": "mschapv2",
    "filter": "guests",
    "rate": "5M/20M",
}


def answering(result: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_: Path, request: Request, **_warn: object) -> object:
        assert request == {"command": "sessions"}
        return result

    monkeypatch.setattr(live, "ask", ask)


def test_sessions_are_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering([ROW, {**ROW, "id": 12, "user": "bo"}], monkeypatch)
    assert main(["sessions"]) == OK
    titles, first, second = capsys.readouterr().out.splitlines()
    assert titles.split() == [column.title for column in COLUMNS]
    assert first.split() == [
        "7",
        "alice",
        "10.99.0.2",
        "203.0.113.5:4500",
        "up",
        "2026-01-02T03:04:05Z",
        *("999", "B", "12.3", "MB", "guests", "5M/20M"),
        "aes256-cbc/sha1/ecp384",
        "aes256-cbc/hmac-sha1-96",
        "mschapv2",
    ]
    assert first.index("10.99") == second.index("10.99") == titles.index("ADDRESS")


def test_the_oldest_comes_first_whatever_the_servers_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    younger = {**ROW, "id": 3, "since": 1767323046.0}
    answering([younger, {**ROW, "id": 12}, ROW, {"id": 1}], monkeypatch)
    assert main(["sessions"]) == OK
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == [
        *("1", "7", "12", "3")
    ]


def test_sessions_are_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering([ROW], monkeypatch)
    assert main(["sessions", "--json"]) == OK
    assert json.loads(capsys.readouterr().out) == [ROW]


@pytest.mark.parametrize("result", [[], None])
def test_nobody_is_told(
    result: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(result, monkeypatch)
    assert main(["sessions"]) == OK
    assert capsys.readouterr().out == "nobody is connected\n"


def test_what_is_not_known_yet_is_a_dash() -> None:
    assert table([{}]).splitlines()[1].split() == ["-"] * len(COLUMNS)


def test_a_user_name_cannot_move_the_cursor() -> None:
    shown = table([{**ROW, "user": "a\x1b[2J\nroot"}])
    assert "\x1b" not in shown
    assert shown.count("\n") == 2


def test_large_figures_have_large_units() -> None:
    shown = table([{**ROW, "output_octets": 5e15}])
    assert "5000.0 TB" in shown


def test_sessions_are_chosen_by_user_id_and_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = {**ROW, "id": 8, "user": "bob", "address": "10.99.0.3", "client": "203.0.113.6:500"}
    answering([ROW, other], monkeypatch)
    for who in ("bob", "8", "10.99.0.3", "203.0.113.6", "203.0.113.6:500"):
        assert main(["sessions", who, "--json"]) == OK
        assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [8], who
    assert main(["sessions", "alice", "bob", "--json"]) == OK
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert main(["sessions", "carol"]) == OK
    assert capsys.readouterr().out == "nobody is connected\n"


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("id", [2, 7, 10]),
        ("user", [7, 2, 10]),
        ("address", [10, 7, 2]),
        ("from", [7, 2, 10]),
        ("sent", [10, 7, 2]),
    ],
)
def test_sessions_are_sorted_by_a_column(
    column: str,
    order: list[int],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [
        {**ROW, "id": 10, "user": "carol", "address": "", "client": "203.0.113.40:9"},
        {**ROW, "id": 2, "user": "Bob", "address": "10.99.0.10", "client": "203.0.113.5:4501"},
        ROW,
    ]
    sent = [{**row, "output_octets": 10 - k} for k, row in zip((0, 2, 1), rows, strict=True)]
    answering(sent, monkeypatch)
    assert main(["sessions", "--sort", column, "--json"]) == OK
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == order


def test_wide_letters_and_accents_keep_columns_in_line() -> None:
    names = ["alice", "\N{CJK UNIFIED IDEOGRAPH-738B}", "e\N{COMBINING ACUTE ACCENT}"]
    lines = table([{**ROW, "user": name} for name in names]).splitlines()
    columns = [line.index("10.99.0.2") for line in lines[1:]]
    assert columns == [columns[0], columns[0] - 1, columns[0] + 1]
