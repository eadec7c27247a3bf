"""The bench's machinery works: every figure is there, nothing remains. No time is judged."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import softether
from tests.bench.__main__ import measured
from tests.bench.measures import REDIALS, TINY
from tests.bench.ours import Ours
from tests.bench.table import Column, Figure, table


@pytest.fixture
def clean() -> Iterator[None]:
    """Namespaces carry the process id of who made them."""
    yield
    names = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    assert f"l2tpsec-{os.getpid()}-" not in names


@pytest.mark.root
@pytest.mark.usefixtures("clean")
def test_every_figure_of_ours() -> None:
    figures = measured(Ours, TINY).figures
    assert REDIALS not in figures
    for group in ("ecp256", "modp2048"):
        assert figures[f"dial-ins a second, 32 at once, {group}"].value > 0
        assert figures[f"a lone dial-in, {group}"].value > 0
    for transform in ("AES256-CBC/HMAC-SHA1-96", "AES256-GCM"):
        assert {f"{way}, 1400 octets, {transform}" for way in ("up", "down")} <= set(figures)
        assert figures[f"echo p50, {transform}"].value > 0


def test_the_table_tells_who_is_better_and_by_how_much() -> None:
    ours = Column(
        "l2tpsec", {"rate": Figure(300, "/s", "3 ms", "1 ms"), "only ours": Figure(1, "x")}
    )
    ours.figures["late"] = Figure(50, "µs", more_is_better=False)
    theirs = Column("SoftEther", {"rate": Figure(100, "/s", "9 ms")})
    theirs.figures["late"] = Figure(200, "µs", more_is_better=False)
    lines = table(ours, theirs).splitlines()
    assert lines[2] == "| rate | 300 /s | 3 ms | 100 /s | 9 ms | 3.0 × | 1 ms |"
    assert lines[3] == "| only ours | 1.0 x |  | – |  |  |  |"
    assert lines[4] == "| late | 50.0 µs |  | 200 µs |  | 4.0 × |  |"


def test_ours_alone() -> None:
    ours = Column("l2tpsec", {"rate": Figure(300, "/s", "3 ms", "1 ms")})
    assert table(ours, None).splitlines()[2] == "| rate | 300 /s | 3 ms | 1 ms |"


def test_a_peer_that_is_not_installed_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softether, "PROGRAM", Path("/nonexistent"))
    assert not softether.installed()
