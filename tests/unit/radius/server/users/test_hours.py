import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.server.users import hours

MONDAY = datetime(2027, 3, 1)


def left(text: str, days: int, clock: str) -> float:
    hour, minute, second = map(int, clock.split(":"))
    moment = MONDAY + timedelta(days=days, hours=hour, minutes=minute, seconds=second)
    return hours.parse(text).left_seconds(moment)


@pytest.mark.parametrize(
    ("text", "day", "clock", "seconds"),
    [
        ("mon-fri 08:00-18:00", 0, "08:00:00", 36000),
        ("mon-fri 08:00-18:00", 4, "17:59:30", 30),
        ("mon-fri 08:00-18:00", 0, "07:59:59", 0),
        ("mon-fri 08:00-18:00", 0, "18:00:00", 0),
        ("mon-fri 08:00-18:00", 5, "12:00:00", 0),
        ("Mon-Fri 8:00-18:00; sat 09:00-12:00", 5, "11:00:00", 3600),
        ("sun", 6, "00:00:00", 86400),
        ("sun, mon", 6, "23:00:00", 3600 + 86400),
        ("fri-mon", 0, "12:00:00", 43200),
        ("22:00-06:00", 2, "23:00:00", 25200),
        ("22:00-06:00", 2, "05:00:01", 3599),
        ("22:00-06:00", 2, "06:00:00", 0),
        ("sun 22:00-06:00", 0, "05:00:00", 3600),
        ("sun 22:00-06:00", 6, "05:00:00", 0),
        ("mon 00:00-24:00", 0, "00:00:00", 86400),
        ("mon-sun", 3, "12:00:00", math.inf),
        ("08:00-08:00", 3, "12:00:00", math.inf),
    ],
)
def test_how_long_it_stays_allowed(text: str, day: int, clock: str, seconds: float) -> None:
    assert left(text, day, clock) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "mon-fri,", "monday", "mon 08:00", "mon 8-18", "mon 08:60-09:00", "25:00-26:00", "xyz"],
)
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="is no window such as"):
        hours.parse(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = hours.parse(text)
    except ValueError:
        return
    assert len(found.minutes) == 7 * 24 * 60
