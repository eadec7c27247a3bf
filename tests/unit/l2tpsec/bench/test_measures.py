"""The bench's machinery works: every figure is there, nothing remains. No time is judged."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from l2tpsec.bench.comparison import compared
from l2tpsec.bench.contender import CBC, ECP256, MODP2048
from l2tpsec.bench.measures import SETTLE_SECONDS, Effort, group, settle
from l2tpsec.bench.network import Namespace
from l2tpsec.bench.ours import Ours
from l2tpsec.bench.table import Column

TINY = Effort(1, 4, 4, 8, 1, 0.05, 0.1, (1400,))


@pytest.fixture
def clean() -> Iterator[None]:
    """Of the namespaces that this process makes those of a laboratory may stay."""
    before = own_namespaces()
    yield
    assert own_namespaces() == before


def own_namespaces() -> set[str]:
    names = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    # they carry the process id of who made them
    return {name for name in names.split() if name.startswith(f"l2tpsec-{os.getpid()}-")}


def run(**changes: object) -> tuple[Column, list[str]]:
    said: list[str] = []
    effort = replace(TINY, **changes)  # type: ignore[arg-type] # of the row's own types
    (column,) = compared([partial(Ours, sections={})], effort, said.append)
    return column, said


@pytest.mark.root
@pytest.mark.usefixtures("clean")
def test_every_figure_of_ours() -> None:
    column, said = run()
    figures = column.figures
    assert len(said) == len(figures) + 1
    for name in ("ecp256", "modp2048"):
        assert figures[f"dial-ins a second, 32 at once, {name}"].value > 0
        assert figures[f"dial-ins a second, 32 at once, {name}: p99"].value > 0
        assert figures[f"a lone dial-in, {name}"].value > 0
    assert figures["8 at the same moment, ecp256: all are up after"].value > 0
    for transform in ("AES256-CBC/HMAC-SHA1-96", "AES256-GCM"):
        assert {f"{way}, 1400 octets, {transform}" for way in ("up", "down")} <= set(figures)
        for echo in ("echo", "echo at 10% load"):
            assert figures[f"{echo}, {transform}: p50"].value > 0


@pytest.mark.root
@pytest.mark.usefixtures("clean")
def test_only_what_is_asked_for() -> None:
    figures = run(suites=(ECP256,), transforms=(CBC,), crowd=3)[0].figures
    assert not any("modp2048" in name or "GCM" in name for name in figures)
    assert "3 at the same moment, ecp256: all are up after" in figures
    assert run(suites=("of nobody",))[0].figures == {}


@pytest.mark.root
@pytest.mark.usefixtures("clean")
def test_contenders_are_measured_by_turns_beside_the_same_load() -> None:
    said: list[str] = []
    effort = replace(TINY, suites=(ECP256,), transforms=(CBC,), crowd=1, rounds=2)
    columns = compared([partial(Ours, sections={}), Another], effort, said.append)
    assert [column.name for column in columns] == ["l2tpsec", "another"]
    by_name = [column.rounds for column in columns]
    assert list(by_name[0]) == list(by_name[1])
    for rows in by_name:
        assert {len(rows[name]) for name in rows if name != "memory of a session"} == {2}
    lone = [line.partition(":")[0] for line in said if "a lone dial-in" in line]
    assert lone == ["l2tpsec", "another", "another", "l2tpsec"]


class Another(Ours):
    """The same server under another name."""

    name = "another"

    def __init__(self, namespace: Namespace, directory: Path) -> None:
        super().__init__(namespace, directory, {})


def test_the_next_figure_waits_until_the_server_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    used = iter([0.0, 0.2, 0.2, 0.3, 0.3, 0.31, 0.31])
    settle(lambda: next(used))
    assert len(slept) == 3
    settle(time.process_time_ns)
    assert sum(slept[3:]) == pytest.approx(SETTLE_SECONDS)


def test_suites_differ_in_their_group() -> None:
    assert [group(suite) for suite in (ECP256, MODP2048)] == ["ecp256", "modp2048"]
