"""The hot path takes no more than it did: instructions are judged, never a time."""

from pathlib import Path

import pytest

from tests.bench import cases, micro
from tests.bench.journal import Journal


@pytest.mark.timeout(micro.COUNTING_SECONDS)
def test_nothing_takes_much_more_than_it_did() -> None:
    if micro.valgrind() is None:
        pytest.skip("needs Debian's package valgrind")
    aes = micro.has_aes()
    before = micro.stored(aes=aes)
    if not before:
        pytest.skip(f"nothing is stored for {micro.platform_name(aes=aes)}: {micro.UPDATE}")
    slow = micro.too_slow(micro.ratios(aes=aes), before)
    assert not slow, f"{slow}\nIf it must be so: {micro.UPDATE}"


def test_what_is_slower_by_more_than_a_seventh_is_named() -> None:
    before = {"seal": 2.0, "open": 2.0, "automaton": 2.0}
    now = {"seal": 2.29, "open": 2.31, "automaton": 1.0}
    assert micro.too_slow(now, before) == ["open: +16% instructions (2.000 → 2.310 steps)"]


def test_a_new_case_wants_to_be_stored_and_a_lost_one_forgotten() -> None:
    for now, before in (({"seal": 1.0}, {}), ({}, {"seal": 1.0})):
        with pytest.raises(KeyError, match="seal.*--update"):
            micro.changes(now, before)


def test_a_round_is_what_more_rounds_add_to_the_processes_around(tmp_path: Path) -> None:
    for pid, count in (("7", "1,000"), ("8", "1,700"), ("9", "1,200")):
        (tmp_path / pid).write_text(f"==7== Cachegrind\n==7== I   refs:      {count}\n")
    (tmp_path / "processes").write_text("7 8 9 ESP seal, aes256-gcm\n")
    assert micro._counts(tmp_path) == {"ESP seal, aes256-gcm": 300}


def test_what_is_stored_is_read_and_other_platforms_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(micro, "BASELINE", tmp_path / "baseline.toml")
    micro.BASELINE.write_text('["abacus 1.0"]\n"open" = 4.0\n')
    assert micro.stored(aes=True) == {}
    micro.store({"seal": 0.51234}, aes=True)
    micro.store({"seal": 0.7}, aes=False)
    assert micro.stored(aes=True) == {"seal": 0.5123}
    assert micro.stored(aes=False) == {"seal": 0.7}
    monkeypatch.setattr(micro, "platform_name", lambda *, aes: "abacus 1.0")
    assert micro.stored(aes=True) == {"open": 4.0}


@pytest.mark.parametrize(
    ("line", "has"),
    [("flags\t\t: fpu aes avx", True), ("flags\t\t: fpu vaes", False), ("Features : aes", True)],
)
def test_whether_a_processor_has_aes_is_read_from_what_linux_says(
    line: str, has: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(micro, "CPU", tmp_path / "cpuinfo")
    micro.CPU.write_text(f"processor : 0\nmodel name : aes\n{line}\n")
    assert micro.has_aes() is has


def test_both_kinds_of_processor_have_the_same_cases() -> None:
    assert micro.stored(aes=True).keys() == micro.stored(aes=False).keys()


def test_the_table_has_a_line_for_each_case() -> None:
    times = {"seal": 2.0, "open": 1.0, cases.REFERENCE.name: 4.0}
    lines = micro.table({"seal": 0.5, "open": 0.4}, {"seal": 0.4}, times).splitlines()
    assert lines[2] == "| seal | 0.500 | 0.400 | +25.0% | 2.0 µs | 0.500 |"
    assert lines[3] == "| open | 0.400 |  | new | 1.0 µs | 0.250 |"


@pytest.mark.parametrize(
    ("journal", "engine"),
    [
        (cases.exchange, cases._responder),
        (cases.call, cases._lns),
        (cases.negotiation, cases._link),
        (cases.dialled, lambda: cases._world().server.concentrator),
    ],
    ids=["ike", "l2tp", "ppp", "dial-in"],
)
def test_a_fresh_engine_gives_the_recorded_answers(journal: object, engine: object) -> None:
    assert callable(journal)
    assert callable(engine)
    recorded = journal()
    assert isinstance(recorded, Journal)
    assert recorded.answers
    assert recorded.again(engine())() == recorded.answers
