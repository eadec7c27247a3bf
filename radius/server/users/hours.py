"""The hours of the week in which a user may dial in: `mon-fri 08:00-18:00, sat 09:00-12:00`."""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY
_ENTRY = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?)?"
    r"\s*(?:(?P<start>\d{1,2}:\d\d)-(?P<end>\d{1,2}:\d\d))?"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """One octet for each minute of the week from Monday 00:00, nonzero where it is allowed."""

    minutes: bytes

    def left_seconds(self, moment: datetime) -> float:
        """Return how long dialling in stays allowed, 0 when it is not, `inf` when it never ends.

        `moment` is local time; where clocks change meanwhile, the end is an hour off once.
        """
        minute = moment.weekday() * _DAY + moment.hour * 60 + moment.minute
        end = (self.minutes * 2).find(0, minute)
        return (end - minute) * 60.0 - moment.second * (end > minute) if end >= 0 else math.inf


@lru_cache(maxsize=256)
def parse(text: str) -> Hours:
    """Read windows; one that ends before it starts goes past midnight. Raises ValueError."""
    minutes = bytearray(_WEEK)
    for entry in re.split(r"[,;]", text.lower()):
        for start, end in _windows(entry.strip()):
            for minute in range(start, end):
                minutes[minute % _WEEK] = 1
    return Hours(bytes(minutes))


def _windows(entry: str) -> list[tuple[int, int]]:
    match = _ENTRY.fullmatch(entry)
    if not entry or match is None:
        raise ValueError(_EXAMPLE.format(entry))
    try:
        days = _days(match["first"], match["last"])
        start, end = _minute(match["start"] or "00:00"), _minute(match["end"] or "24:00")
    except ValueError:
        raise ValueError(_EXAMPLE.format(entry)) from None
    length = (end - start) % _DAY or _DAY
    return [(day * _DAY + start, day * _DAY + start + length) for day in days]


def _days(first: str | None, last: str | None) -> list[int]:
    if first is None:
        return list(range(7))
    begin = _DAYS.index(first)
    count = (_DAYS.index(last or first) - begin) % 7
    return [(begin + step) % 7 for step in range(count + 1)]


def _minute(text: str) -> int:
    hour, minute = map(int, text.split(":"))
    if minute > 59 or hour * 60 + minute > _DAY:
        raise ValueError(text)
    return hour * 60 + minute


_EXAMPLE = '"{}" is no window such as "mon-fri 08:00-18:00", "sat 09:00-12:00" or "22:00-06:00"'
