"""Echoes by `ping`: a late answer counts, a lost one does not; no time is judged."""

import re

from tests.interop.lab.waiting import PATIENCE_SECONDS


def patient(count: int) -> list[str]:
    """Return the options with which `ping` goes on until so many answers have come.

    Without a deadline it awaits the last answer for two round-trips only.
    """
    return ["-c", str(count), "-i", "0.2", "-w", f"{PATIENCE_SECONDS:.0f}"]


def answered(said: str) -> list[int]:
    """Return the numbers of the answers, as `ping` tells them, in the order of their coming."""
    return [int(number) for number in re.findall(r"bytes from .* icmp_seq=(\d+) ", said)]
