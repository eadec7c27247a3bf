"""Lines for an administrator: when, how bad, phase, who, from where, what; none is forged."""

import json
import logging
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

from l2tpsec.foundation.bucket import Bucket
from l2tpsec.model.records import Dropped, Noted
from l2tpsec.observe.stories import Stories

OURS = "l2tpsec"
DIAL_IN = "l2tpsec.dial-in"
LONGEST_TEXT = 1000
LONGEST_NAME = 80

# A peer may choose what a reason says in its details, never how many counters we keep.
MOST_REASONS = 1000
# All peers together may have a morning of dial-ins at once; a single address may not fill the disk.
NOTES_PER_SECOND, NOTES_AT_ONCE = 100.0, 10_000.0
HOST_NOTES_PER_SECOND, HOST_NOTES_AT_ONCE = 2.0, 200.0
MOST_HOSTS = 4096
DROPS_PER_SECOND, DROPS_AT_ONCE = 0.1, 5.0


def escaped(text: str, longest: int = LONGEST_TEXT) -> str:
    r"""Return `text` on one line: what does not print, and the backslash, as `\x..`; cut."""
    shown = text if len(text) <= longest else f"{text[:longest]}..."
    if shown.isprintable() and "\\" not in shown:
        return shown
    return "".join(c if c.isprintable() and c != "\\" else _escape(c) for c in shown)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode() if character != "\\" else "\\x5c"


def _word(text: str) -> str:
    # A name with spaces would look like more fields.
    return escaped(text, LONGEST_NAME).replace(" ", "\\x20") or "-"


class PlainLines(logging.Formatter):
    """`2026-01-02T03:04:05Z INFO main-mode alice 203.0.113.5:4500 text`.

    Where there are several processes, `process` names this one after the level.
    """

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = [process] if process else []

    def format(self, record: logging.LogRecord) -> str:
        """Write one line, and a traceback of ours below it, set in."""
        fields = [_moment(record), record.levelname, *self._process]
        if record.name == DIAL_IN:
            fields += [_word(str(getattr(record, name, ""))) for name in ("phase", "user", "peer")]
        fields.append(escaped(record.getMessage()))
        below = (f"\n    {escaped(line)}" for line in _traceback(self, record))
        return " ".join(fields) + "".join(below)


class JsonLines(logging.Formatter):
    """The same as an object a line, for a log collector."""

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line = {"time": _moment(record), "level": record.levelname.lower()} | self._process
        if record.name == DIAL_IN:
            line |= {name: str(getattr(record, name, "")) for name in ("phase", "user", "peer")}
        line["text"] = record.getMessage()[:LONGEST_TEXT]
        if traceback := _traceback(self, record):
            line["traceback"] = "\n".join(traceback)
        return json.dumps(line)


def _moment(record: logging.LogRecord) -> str:
    return _second(int(record.created))


@lru_cache(1)
def _second(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    return formatter.formatException(record.exc_info).splitlines() if record.exc_info else []


def process_name(worker: int | None) -> str:
    """Return what lines call a worker's process, and with None the one that supervises them."""
    return "supervisor" if worker is None else f"worker-{worker}"


def configure(
    level: str, *, as_json: bool, stream: TextIO | None = None, process: str = ""
) -> None:
    """Send our lines of `level` ("debug", "info", "warning") and above to `stream`, or stderr.

    `process` is in each line; empty where there is but one. Libraries have a say from "warning" on
    only: their debugging is about them.
    """
    # No line tells threads, processes or places in the code, so none is looked up for it.
    logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False
    logging._srcfile = None  # noqa: SLF001 - documented for this in the HOWTO of `logging`
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(process) if as_json else PlainLines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level.upper())


class Journal:
    """Writes the engines' records as lines and counts drops by (phase, reason).

    Repeated lines are held back by token buckets: an attacker fills counters, not the disk.
    """

    def __init__(self, clock: Callable[[], float], stories: Stories | None = None) -> None:
        self._clock = clock
        self.stories = stories or Stories(clock)
        self._logger = logging.getLogger(DIAL_IN)
        self._notes = Bucket(NOTES_PER_SECOND, NOTES_AT_ONCE)
        self._hosts: OrderedDict[str, Bucket] = OrderedDict()
        self._drops: dict[tuple[str, str], Bucket] = {}
        self._held: Counter[tuple[str, str]] = Counter()
        self.drops: Counter[tuple[str, str]] = Counter()

    def note(self, record: Noted, peer: str, user: str = "") -> None:
        """Write a line of a dial-in's story."""
        key = ("", "")
        text = self.stories.take(record, peer, user)
        if not self._logger.isEnabledFor(record.level.value):
            return
        if not (self._host(peer).take(self._clock()) and self._notes.take(self._clock())):
            self._held[key] += 1
            return
        self._write(record.level.value, record.phase.value, text, (peer, user), key)

    def _host(self, peer: str) -> Bucket:
        host = peer.partition(":")[0]
        bucket = self._hosts.setdefault(host, Bucket(HOST_NOTES_PER_SECOND, HOST_NOTES_AT_ONCE))
        self._hosts.move_to_end(host)
        if len(self._hosts) > MOST_HOSTS:
            self._hosts.popitem(last=False)
        return bucket

    def dropped(self, record: Dropped, peer: str) -> None:
        """Count a dropped message, and write the first few of its kind."""
        key = self._key(record)
        self.drops[key] += 1
        bucket = self._drops.setdefault(key, Bucket(DROPS_PER_SECOND, DROPS_AT_ONCE))
        if not bucket.take(self._clock()):
            self._held[key] += 1
            return
        text = f"dropped: {record.reason}" + (f" ({record.detail})" if record.detail else "")
        self._write(logging.INFO, record.phase.value, text, (peer, ""), key)

    def _key(self, record: Dropped) -> tuple[str, str]:
        key = (record.phase.value, record.reason)
        known = key in self.drops or len(self.drops) < MOST_REASONS
        return key if known else (record.phase.value, "other")

    def _write(
        self, level: int, phase: str, text: str, who: tuple[str, str], key: tuple[str, str]
    ) -> None:
        if held := self._held.pop(key, 0):
            text = f"{text} [{held} more like this were not written]"
        extra = {"phase": phase, "peer": who[0], "user": who[1]}
        # The text is an argument, never the format: a peer's "%s" stays what it is.
        self._logger.log(level, "%s", text, extra=extra)
