"""Runs every case in processes whose instructions somebody counts: micro.py starts it.

    valgrind … python -m tests.bench.counted FILE

A child's count is its own and all that its parent did before. So each case is run by three, one
after the other: what the second has more than the mean of its neighbours is its additional rounds,
and nothing else. FILE tells which process was which.
"""

import gc
import os
import sys
from pathlib import Path

from tests.bench.cases import CASES, REFERENCE, Case, Round

FEW, MANY = 1, 3
TURNS = FEW, MANY, FEW
# Python 3.11 makes code faster after some calls, and caches what it looks up.
WARMING_CALLS = 150
MOST_WARMING_ROUNDS = 12


def warm(case: Case) -> None:
    """Run often enough for the interpreter to settle."""
    rounds = min(MOST_WARMING_ROUNDS, 1 + WARMING_CALLS // case.calls)
    for _ in range(rounds):
        case.make()()


def children(case: Case) -> list[int]:
    """Run a case in processes that start alike; return their ids."""
    ready = [case.make() for _ in range(MANY)]
    gc.collect()
    child([])
    return [child(ready[:rounds]) for rounds in TURNS]


def child(rounds: list[Round]) -> int:
    """Run rounds in a process of its own; return its id."""
    pid = os.fork()
    if pid == 0:
        for run in rounds:
            run()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status:
        sys.exit(f"a round ended with status {status}")
    return pid


def main() -> None:
    """Run all; a line of FILE is the ids of a case's processes, and its name."""
    gc.disable()
    lines = []
    for case in (REFERENCE, *CASES):
        warm(case)
        lines.append(f"{' '.join(map(str, children(case)))} {case.name}\n")
    Path(sys.argv[1]).write_text("".join(lines))


if __name__ == "__main__":
    main()
