import asyncio
import logging
import os
import stat
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from l2tpsec.runtime import ledger_file
from l2tpsec.runtime.ledger_file import LedgerFile, read


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "accounting.ledger"


def test_lines_are_in_the_kernels_hands_at_once(path: Path) -> None:
    async def whole() -> None:
        path.write_bytes(b"old\ntor")
        file = LedgerFile(path, lambda: b"kept\n")
        assert path.read_bytes() == b"kept\n", "a torn line is gone"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        file.append(b"one\n")
        file.append(b"two\n")
        assert path.read_bytes() == b"kept\none\ntwo\n"
        file.close()
        file.append(b"three\n")
        assert read(path) == b"kept\none\ntwo\n"
        assert list(path.parent.iterdir()) == [path]

    run(whole)


def test_no_file_is_nothing(path: Path) -> None:
    assert read(path) == b""


def test_lines_are_forced_to_the_disk_by_another_thread(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[int] = []

    def fdatasync(_: int) -> None:
        forced.append(threading.get_ident())

    async def whole() -> None:
        monkeypatch.setattr(ledger_file, "SYNC_SECONDS", 0.0)
        file = LedgerFile(path, bytes)
        monkeypatch.setattr(os, "fdatasync", fdatasync)
        file.append(b"one\n")
        file.append(b"two\n")
        while not forced:
            await asyncio.sleep(0)
        assert forced != [threading.get_ident()]
        file.close()

    run(whole)


def test_it_is_written_anew_when_it_has_grown(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def whole() -> None:
        monkeypatch.setattr(ledger_file, "COMPACT_OCTETS", 100)
        file = LedgerFile(path, lambda: b"short\n")
        for _ in range(30):
            file.append(b"a line\n")
            assert path.stat().st_size < 110
        file.close()

    run(whole)


class FullDisk:
    """Takes a little of what is written, then nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = 3
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, file: int, data: bytes) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        written = self._write(file, data[: self.room])
        self.room -= written
        return written


def test_a_full_disk_is_told_once_and_made_good(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def whole() -> None:
        lines: list[bytes] = []
        file = LedgerFile(path, lambda: b"".join(lines))
        disk = FullDisk(monkeypatch)
        for number in range(5):
            lines.append(b"line %d\n" % number)
            file.append(lines[-1])
        file.rewrite()
        assert not path.with_name("accounting.ledger.new").exists()
        warnings = [row.getMessage() for row in caplog.records]
        assert len(warnings) == 1
        assert "No space left on device" in warnings[0]
        disk.room = 10_000
        file.rewrite()
        file.append(b"line 5\n")
        file.close()
        assert path.read_bytes() == b"".join([*lines, b"line 5\n"])
        assert "again" in caplog.records[-1].getMessage()

    with caplog.at_level(logging.INFO, "l2tpsec"):
        run(whole)


def test_a_disk_that_cannot_be_forced_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    async def whole() -> None:
        monkeypatch.setattr(ledger_file, "SYNC_SECONDS", 0.0)
        file = LedgerFile(path, bytes)
        monkeypatch.setattr(os, "fdatasync", fail)
        file.append(b"one\n")
        while not caplog.records:
            await asyncio.sleep(0)
        file.close()

    run(whole)
    assert len([row for row in caplog.records if "Input/output error" in row.getMessage()]) == 2
