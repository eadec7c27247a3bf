"""Micro-benchmarks with a memory: python -m tests.bench micro [--update].

What is compared is not time but instructions, Python's and the libraries', as valgrind counts them:
the same code takes the same number, to less than a thousandth, on a busy machine and an idle one, a
slow one and a fast one. The number is divided by that of a loop of like nature in the same run, so
that another processor's AES or another build of Python changes both: Debian's Python, built for
speed, differs from a plain one by 5 % on the planes and by 11 % at most. A version of Python, or a
kind of processor, has figures of its own. One without instructions for AES is a kind: the loop
takes half as much again there, so that what has no AES in it seems a third cheaper. Its figures
come from any other, whose libcrypto is told to do without.

What instructions do not tell is system calls and caches: for these there is the bench itself. Times
are printed beside, and judged by nobody.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import counted
from tests.bench.cases import CASES, REFERENCE

BASELINE = Path(__file__).with_name("baseline.toml")
CPU = Path("/proc/cpuinfo")
MOST_SLOWER = 0.15
COUNTING_SECONDS = 600
ROUNDS = 20
UPDATE = "python -m tests.bench micro --update"
_HEAD = f"""\
# Instructions of one call, in steps of the reference loop; written by
# `{UPDATE}`.
# Commit them with the change that makes them differ, and say there why they may.
"""

_WITHOUT_AES = {"OPENSSL_ia32cap": "~0x200000200000000"}
"""OPENSSL_ia32cap(3): AES-NI and PCLMULQDQ are not there. Valgrind has them on any processor."""

Ratios = Mapping[str, float]
"""What a call costs, in steps of the reference loop, by the case's name."""


def valgrind() -> str | None:
    """Return where it is."""
    return shutil.which("valgrind")


def has_aes() -> bool:
    """Tell whether this processor has instructions for AES."""
    return re.search(r"^(flags|Features)\s*:.*\baes\b", CPU.read_text(), re.MULTILINE) is not None


def ratios(*, aes: bool) -> Ratios:
    """Count everything, below half a minute, with a processor's own AES or without."""
    with tempfile.TemporaryDirectory() as directory:
        _count(Path(directory), {} if aes else _WITHOUT_AES)
        counts = _counts(Path(directory))
    step = counts[REFERENCE.name] / REFERENCE.calls
    return {case.name: counts[case.name] / case.calls / step for case in CASES}


def _count(directory: Path, more: Mapping[str, str]) -> None:
    program = valgrind()
    if program is None:
        raise FileNotFoundError("instructions are counted by valgrind: apt-get install valgrind")
    tool = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    command = [program, *tool, f"--log-file={directory}/%p", sys.executable]
    # Dictionaries of strings differ from run to run, unless told not to; coverage would be counted.
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}
    environment = kept | {"PYTHONHASHSEED": "0", **more}
    subprocess.run(
        [*command, "-m", counted.__name__, str(directory / "processes")],
        check=True,
        env=environment,
        cwd=Path(__file__).parents[2],
        timeout=COUNTING_SECONDS,
    )


def _counts(directory: Path) -> dict[str, float]:
    """Return the instructions of one round of each case."""
    counts = {}
    for line in (directory / "processes").read_text().splitlines():
        *pids, name = line.split(" ", len(counted.TURNS))
        before, between, after = (_instructions(directory / pid) for pid in pids)
        rounds = counted.MANY - counted.FEW
        counts[name] = (between - (before + after) / 2) / rounds
    return counts


def _instructions(log: Path) -> int:
    found = re.search(r"I +refs: +([0-9,]+)", log.read_text())
    if found is None:
        raise ValueError(f"valgrind says nothing of instructions: {log.read_text()}")
    return int(found[1].replace(",", ""))


def platform_name(*, aes: bool) -> str:
    """Say what figures are comparable on: a processor's kind and a version of Python."""
    name = f"{platform.machine()} {sys.version_info.major}.{sys.version_info.minor}"
    return name if aes else f"{name}, without AES"


def stored(*, aes: bool) -> Ratios:
    """Return what was written last for this platform; empty when nothing was."""
    written: dict[str, dict[str, float]] = tomllib.loads(BASELINE.read_text())
    return written.get(platform_name(aes=aes), {})


def store(found: Ratios, *, aes: bool) -> None:
    """Write what is to be compared with; other platforms' figures stay."""
    written = tomllib.loads(BASELINE.read_text()) | {platform_name(aes=aes): found}
    lines = [_HEAD]
    for name, rows in written.items():
        lines.append(f'["{name}"]\n')
        lines += [f'"{case}" = {ratio:.4f}\n' for case, ratio in rows.items()]
    BASELINE.write_text("".join(lines))


@dataclass(frozen=True)
class Change:
    """A case now and as it was stored."""

    name: str
    now: float
    before: float

    @property
    def slower(self) -> float:
        """By which part it takes more; less when negative."""
        return self.now / self.before - 1


def changes(now: Ratios, before: Ratios) -> list[Change]:
    """Compare; KeyError names a case that one of the two does not have."""
    missing = now.keys() ^ before.keys()
    if missing:
        raise KeyError(f"{sorted(missing)}: {UPDATE}")
    return [Change(name, now[name], before[name]) for name in now]


def too_slow(now: Ratios, before: Ratios) -> list[str]:
    """Say which cases take more than is allowed."""
    return [
        f"{each.name}: {each.slower:+.0%} instructions ({each.before:.3f} → {each.now:.3f} steps)"
        for each in changes(now, before)
        if each.slower > MOST_SLOWER
    ]


def microseconds() -> dict[str, float]:
    """Time everything in turns, the least of many short rounds; for the reader only."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for case in (REFERENCE, *CASES):
            run = case.make()
            start = time.perf_counter()
            run()
            spent = (time.perf_counter() - start) / case.calls * 1e6
            best[case.name] = min(best.get(case.name, spent), spent)
    return best


def table(now: Ratios, before: Ratios, times: Mapping[str, float]) -> str:
    """Return the lines of the table; steps are of the reference loop."""
    step = times[REFERENCE.name]
    head = ("", "instructions, in steps", "stored", "change", "time", "time, in steps")
    rows = [head, ("---", *["---:"] * (len(head) - 1))]
    for name, ratio in now.items():
        was = before.get(name)
        change = "new" if was is None else f"{Change(name, ratio, was).slower:+.1%}"
        spent = f"{times[name]:,.1f} µs", f"{times[name] / step:.3f}"
        rows.append((name, f"{ratio:.3f}", "" if was is None else f"{was:.3f}", change, *spent))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main(arguments: list[str]) -> int:
    """Print the table; 1 when something takes more than is allowed."""
    parser = argparse.ArgumentParser("python -m tests.bench micro", description=__doc__)
    parser.add_argument("--update", action="store_true", help="store what is found")
    update, aes = parser.parse_args(arguments).update, has_aes()
    now, before = ratios(aes=aes), stored(aes=aes)
    sys.stdout.write(table(now, before, microseconds()))
    if update:
        store(now, aes=aes)
        if aes:
            store(ratios(aes=False), aes=False)
        return 0
    if not before:
        sys.stderr.write(f"nothing is stored for {platform_name(aes=aes)}: {UPDATE}\n")
        return 0
    slow = too_slow(now, before)
    sys.stderr.write("".join(f"{line}\n" for line in slow))
    return 1 if slow else 0
