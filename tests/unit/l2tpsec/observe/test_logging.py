import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.observe import logging as observed
from l2tpsec.observe.logging import Journal, configure, escaped, process_name

PEER = "203.0.113.5:4500"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (DEBUG|INFO|WARNING) [a-z0-9-]+ \S+ \S+ .*")


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure("info", as_json=False, stream=stream)
    return stream


def noted(text: str, level: Level = Level.INFO) -> Noted:
    return Noted(Phase.MAIN_MODE, level, text)


def without_time(stream: io.StringIO) -> list[str]:
    return [line.partition(" ")[2] for line in stream.getvalue().splitlines()]


def test_a_line_says_when_how_bad_phase_who_from_where_and_what(stream: io.StringIO) -> None:
    Journal(Clock()).note(noted("message 5 did not decrypt", Level.WARNING), PEER, "alice")
    assert without_time(stream) == [f"WARNING main-mode alice {PEER} message 5 did not decrypt"]
    assert LINE.fullmatch(stream.getvalue().rstrip("\n"))


def test_what_is_unknown_is_a_dash(stream: io.StringIO) -> None:
    Journal(Clock()).note(noted("up"), "")
    assert without_time(stream) == ["INFO main-mode - - up"]


def test_debug_lines_are_off_and_cost_no_token(stream: io.StringIO) -> None:
    journal = Journal(Clock())
    for _ in range(5000):
        journal.note(noted("detail", Level.DEBUG), PEER)
    journal.note(noted("up"), PEER)
    assert without_time(stream) == [f"INFO main-mode - {PEER} up"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=st.text(), user=st.text(), peer=st.text(), reason=st.text())
def test_no_peer_forges_a_line(text: str, user: str, peer: str, reason: str) -> None:
    stream = io.StringIO()
    configure("debug", as_json=False, stream=stream)
    journal = Journal(Clock())
    journal.note(noted(text), peer, user)
    journal.dropped(Dropped(Phase.LCP, reason, text), peer)
    lines = stream.getvalue().split("\n")
    assert len(lines) == 3
    assert all(LINE.fullmatch(line) for line in lines[:2])


def test_format_characters_and_control_characters_are_only_text(stream: io.StringIO) -> None:
    Journal(Clock()).note(noted("%s %d {0}\n\x1b[2J\\"), PEER, "al ice\x00\udcff")
    assert without_time(stream) == [
        f"INFO main-mode al\\x20ice\\x00\\udcff {PEER} %s %d {{0}}\\n\\x1b[2J\\x5c"
    ]


def test_long_texts_are_cut() -> None:
    assert escaped("x" * 5000) == "x" * 1000 + "..."
    assert escaped("grüße") == "grüße"


def test_drops_are_counted_and_only_the_first_are_written(stream: io.StringIO) -> None:
    clock = Clock()
    journal = Journal(clock)
    for _ in range(100):
        journal.dropped(Dropped(Phase.ESP, "replayed", "sequence 5"), PEER)
    assert journal.drops == {("esp", "replayed"): 100}
    assert without_time(stream) == [f"INFO esp - {PEER} dropped: replayed (sequence 5)"] * 5
    clock.now += 60
    journal.dropped(Dropped(Phase.ESP, "replayed"), PEER)
    last = without_time(stream)[-1]
    assert last == f"INFO esp - {PEER} dropped: replayed [95 more like this were not written]"


def test_a_flood_of_notes_is_held_back(stream: io.StringIO) -> None:
    journal = Journal(Clock())
    for port in range(3000):
        journal.note(noted("no proposal"), f"203.0.113.5:{port}")
    assert len(without_time(stream)) == 200
    journal.note(noted("up"), "203.0.113.6:500")
    assert without_time(stream)[-1].endswith("up [2800 more like this were not written]")


def test_a_flood_from_many_addresses_is_held_back_within_bounds(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed, "NOTES_AT_ONCE", 500.0)
    monkeypatch.setattr(observed, "MOST_HOSTS", 100)
    journal = Journal(Clock())
    for number in range(1000):
        journal.note(noted("no proposal"), f"host{number}:500")
    assert len(without_time(stream)) == 500
    assert len(journal._hosts) == 100


def test_counters_are_bounded_whatever_peers_send(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed, "MOST_REASONS", 10)
    journal = Journal(Clock())
    for number in range(100):
        journal.dropped(Dropped(Phase.LCP, f"reason {number}"), PEER)
    assert len(journal.drops) == 11
    assert journal.drops["lcp", "other"] == 90
    assert journal.drops.total() == 100


def test_other_loggers_write_lines_too_and_tracebacks_are_set_in(stream: io.StringIO) -> None:
    logger = logging.getLogger("l2tpsec.service")
    logger.info("ready")
    logger.error("a bug", exc_info=ValueError("a\n2026-01-02T03:04:05Z INFO forged"))
    lines = without_time(stream)
    assert lines[:2] == ["INFO ready", "ERROR a bug"]
    below = stream.getvalue().splitlines()[2:]
    assert below
    assert all(line.startswith("    ") for line in below)


def test_json_lines_hold_the_same() -> None:
    stream = io.StringIO()
    configure("info", as_json=True, stream=stream)
    Journal(Clock()).note(noted("up\n"), PEER, "alice")
    logging.getLogger("l2tpsec").error("a bug", exc_info=ValueError("why"))
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["time"].endswith("Z")
    del first["time"]
    assert first == {
        "level": "info",
        "phase": "main-mode",
        "user": "alice",
        "peer": PEER,
        "text": "up\n",
    }
    assert second["text"] == "a bug"
    assert second["traceback"].endswith("ValueError: why")


def test_among_several_processes_each_line_names_its_own() -> None:
    plain, packed = io.StringIO(), io.StringIO()
    configure("info", as_json=False, stream=plain, process=process_name(1))
    Journal(Clock()).note(noted("up"), PEER, "alice")
    logging.getLogger("l2tpsec").warning("ready")
    assert without_time(plain) == [
        f"INFO worker-1 main-mode alice {PEER} up",
        "WARNING worker-1 ready",
    ]
    configure("info", as_json=True, stream=packed, process=process_name(None))
    logging.getLogger("l2tpsec").warning("ready")
    assert json.loads(packed.getvalue())["process"] == "supervisor"


def test_stderr_is_where_lines_go(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning", as_json=False)
    logging.getLogger("l2tpsec").info("quiet")
    logging.getLogger("l2tpsec").warning("loud")
    assert capsys.readouterr().err.endswith("WARNING loud\n")
