"""The ledger's file: appended to before a record is sent, made shorter now and then.

A line is in the kernel's hands before its record leaves, so a killed process loses nothing. It is
forced to the disk within SYNC_SECONDS, by another thread: only a power failure costs that little,
and the next Accounting-On closes what it left open. A full disk is told once; the server goes on,
and the whole ledger is written anew as soon as there is room.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

SYNC_SECONDS = 0.1
RETRY_SECONDS = 10.0
COMPACT_OCTETS = 4 << 20

_log = logging.getLogger("l2tpsec")


def read(path: Path) -> bytes:
    """Return what a predecessor left; nothing if there is no such file. OSError otherwise."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


class LedgerFile:
    """One file, 0600, of one process; `snapshot` returns all that it needs to hold."""

    def __init__(self, path: Path, snapshot: Callable[[], bytes]) -> None:
        self._path = path
        self._snapshot = snapshot
        self._file = -1
        self._size = 0
        self._compact_at = 0
        self._timer: asyncio.TimerHandle | None = None
        self._failed = False
        self.rewrite()

    @property
    def written(self) -> bool:
        """Whether the disk has taken all so far."""
        return not self._failed

    def append(self, line: bytes) -> None:
        """Write a line behind the others; what cannot be written is told once and made good."""
        if self._file < 0:
            return
        try:
            _write(self._file, line)
        except OSError as error:
            self._fail(error)
            return
        self._size += len(line)
        if self._size >= self._compact_at:
            self.rewrite()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SYNC_SECONDS, self._sync)

    def rewrite(self) -> None:
        """Replace the file by the shortest one that says the same."""
        self._close()
        data = self._snapshot()
        try:
            self._file = _replaced(self._path, data)
        except OSError as error:
            self._fail(error)
            return
        self._size, self._compact_at = len(data), max(COMPACT_OCTETS, 4 * len(data))
        if self._failed:
            _log.info("accounting records are written to %s again", self._path)
        self._failed = False

    def close(self) -> None:
        """Write no more; what was written is on the disk."""
        if self._file >= 0 and (error := _forced(self._file)):
            _log.warning(_UNWRITTEN, self._path, error)
        self._close()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _fail(self, error: OSError) -> None:
        self._close()
        if not self._failed:
            _log.warning(_UNWRITTEN, self._path, error.strerror)
        self._failed = True
        # behind a line that was torn nothing may be appended: the next try writes all anew
        self._timer = asyncio.get_running_loop().call_later(RETRY_SECONDS, self.rewrite)

    def _sync(self) -> None:
        self._timer = None
        _ = asyncio.get_running_loop().run_in_executor(None, self._force, os.dup(self._file))

    def _force(self, file: int) -> None:
        if error := _forced(file):
            _log.warning(_UNWRITTEN, self._path, error)
        os.close(file)


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _forced(file: int) -> str:
    try:
        os.fdatasync(file)
    except OSError as error:
        return error.strerror or "it cannot be forced to the disk"
    return ""


def _replaced(path: Path, data: bytes) -> int:
    """Put a file with `data` in place of that at `path`, at once; return it open for more."""
    fresh = path.with_name(f"{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(fresh, flags, 0o600)
    try:
        _write(file, data)
        os.fdatasync(file)
        fresh.replace(path)
    except OSError:
        os.close(file)
        fresh.unlink(missing_ok=True)
        raise
    return file


_UNWRITTEN = (
    "accounting records cannot be written to %s: %s. Sessions go on, records are still sent, but a "
    "crash would lose those that no server has taken; make room, or see to the disk"
)
