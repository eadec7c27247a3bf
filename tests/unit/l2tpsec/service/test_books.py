from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.concentrator.aaa import record
from l2tpsec.concentrator.aaa.accounting import Status
from l2tpsec.concentrator.aaa.record import Record, Settled
from l2tpsec.concentrator.effects import AppendRecord
from l2tpsec.config.schema import Settings
from l2tpsec.service import books
from radius.message import Attribute, Code, Message


def settings(state_dir: Path, listen: str = "0.0.0.0") -> Settings:
    plain = Settings()
    server = replace(plain.server, state_dir=state_dir, listen=IPv4Address(listen))
    return replace(plain, server=server)


@pytest.mark.parametrize(("listen", "named"), [("192.0.2.1", True), ("0.0.0.0", False)])
def test_the_server_is_named(tmp_path: Path, listen: str, named: bool) -> None:
    first, *_ = books.ledger(settings(tmp_path / "new", listen)).open()
    assert isinstance(first, AppendRecord)
    assert b'"NAS-Identifier","l2tpsec"' in first.line
    assert (b'"NAS-IP-Address","192.0.2.1"' in first.line) is named


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    books.path(settings(tmp_path)).mkdir()
    with pytest.raises(ValueError, match="accounting records in .* cannot be read: Is a directory"):
        books.ledger(settings(tmp_path))


def several(state_dir: Path, workers: int) -> Settings:
    plain = settings(state_dir)
    return replace(plain, server=replace(plain.server, workers=workers))


def test_each_worker_has_a_file_and_one_alone_the_plain_name(tmp_path: Path) -> None:
    assert books.path(several(tmp_path, 1)).name == "accounting.ledger"
    names = [books.path(several(tmp_path, 2), worker).name for worker in (0, 1)]
    assert names == ["accounting.ledger-0", "accounting.ledger-1"]


def start(session: str) -> Message:
    rows: list[Attribute] = [("Acct-Status-Type", 1), ("Acct-Session-Id", session)]
    return Message(Code.ACCOUNTING_REQUEST, tuple(rows))


def test_another_number_of_workers_leaves_no_session_open(tmp_path: Path) -> None:
    for worker in range(3):
        ledger = books.ledger(several(tmp_path, 3), worker)
        ledger.record(start(f"session-{worker}"))
        books.path(several(tmp_path, 3), worker).write_bytes(ledger.snapshot())
    torn = tmp_path / "accounting.ledger-2.new"
    torn.write_bytes(b"half a li")
    fewer = several(tmp_path, 2)
    assert books.orphans(fewer) == [tmp_path / "accounting.ledger-2"]
    assert b"session-2" not in books.ledger(fewer, 1).snapshot()
    heir = books.ledger(fewer, 0)
    written = b"".join(e.line for e in heir.open() if isinstance(e, AppendRecord))
    stops = [row for row in map(record.read, written.splitlines()) if isinstance(row, Record)]
    assert [(row.session, row.status) for row in stops[:2]] == [
        ("session-0", Status.STOP),
        ("session-2", Status.STOP),
    ]


def test_equal_numbers_of_two_ledgers_are_told_apart() -> None:
    def line(number: int, session: str) -> bytes:
        return Record.of(number, 5, start(session).attributes)[1]

    one = line(1, "a") + line(2, "b") + Settled(1).line
    two = line(1, "c") + b"torn\n" + Settled(1).line + line(3, "d")
    joined = b"".join(books.renumbered([one, two]))
    rows = [record.read(row) for row in joined.splitlines()]
    assert [row.number for row in rows] == [1, 2, 1, 3, 3, 5]
