import json

import pytest

from l2tpsec.observe.metrics import Snapshot
from l2tpsec.service import whole
from radius.dynamic import ErrorCause

SNAPSHOT = Snapshot(
    uptime_seconds=5.0,
    workers=1,
    sessions=3,
    input_octets=100,
    drops={("data", "replayed"): 2, ("socket", "refused to send"): 0},
    dial_ins={("connected", ""): 3},
)


def test_figures_travel_as_json() -> None:
    assert whole.unpacked(json.loads(json.dumps(whole.packed(SNAPSHOT)))) == SNAPSHOT


def test_dial_ins_of_all_workers_are_told_newest_first() -> None:
    parts = [[{"time": "2026-01-01T00:00:02Z"}, {"time": "2026-01-01T00:00:01Z"}], []]
    later = [{"time": "2026-01-01T00:00:03Z"}]
    times = [str(row["time"])[-3:] for row in whole.newest([*parts, later])]
    assert times == ["03Z", "02Z", "01Z"]


def test_figures_add_up() -> None:
    other = Snapshot(sessions=1, input_octets=7, drops={("data", "replayed"): 1, ("l2tp", "x"): 1})
    total = whole.total([SNAPSHOT, other])
    assert (total.sessions, total.input_octets, total.workers) == (4, 107, 1)
    drops = {("data", "replayed"): 3, ("socket", "refused to send"): 0, ("l2tp", "x"): 1}
    assert total.drops == drops
    assert total.dial_ins == {("connected", ""): 3}


def test_counters_outlive_a_worker_and_gauges_do_not() -> None:
    figures = whole.Figures()
    figures.take(0, SNAPSHOT)
    figures.take(1, SNAPSHOT)
    figures.bury(1)
    figures.bury(1)
    seen = figures.whole(9.0)
    assert (seen.uptime_seconds, seen.sessions, seen.workers) == (9.0, 3, 1)
    assert (seen.input_octets, seen.drops["data", "replayed"]) == (200, 4)
    figures.take(1, Snapshot(input_octets=1))
    assert figures.whole(9.0).input_octets == 201


def test_all_that_were_ended_are_named() -> None:
    parts = [{"disconnected": [4, 2]}, {"disconnected": []}, {"disconnected": [3]}]
    assert whole.disconnected(parts) == {"disconnected": [2, 3, 4]}


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([[503, "nobody"], [None, ""]], (None, "")),
        ([[503, "nobody"], [503, "nobody"]], (ErrorCause.SESSION_CONTEXT_NOT_FOUND, "nobody")),
        ([[407, "bad"], [503, "nobody"]], (ErrorCause.INVALID_ATTRIBUTE_VALUE, "bad")),
        ([[403, "not us"], [503, "none"]], (ErrorCause.SESSION_CONTEXT_NOT_FOUND, "none")),
        ([[403, "no"], [403, "no"]], (ErrorCause.NAS_IDENTIFICATION_MISMATCH, "no")),
    ],
)
def test_who_knows_the_session_decides(
    parts: list[object], verdict: tuple[ErrorCause | None, str]
) -> None:
    assert whole.verdict(parts) == verdict
