import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.config.locations import Locations
from l2tpsec.config.table import Keys

TEXT = """\
title = "x"
[server]
listen = "0.0.0.0" # listen
  "state_dir" = "/x"

[radius]
servers = [
  { host = "a", secret = "x" },
]
embedded.users = "u"
[[pool]]
first = 1
[[ pool ]]
first = 2
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("title",), 1),
        (("server",), 2),
        (("server", "listen"), 3),
        (("server", "state_dir"), 4),
        (("server", "missing"), 2),
        (("radius", "servers", 0, "secret"), 8),
        (("radius", "servers", 0), 7),
        (("radius", "embedded", "users"), 10),
        (("pool", 0, "first"), 12),
        (("pool", 1, "first"), 14),
        (("pool",), 11),
        (("nowhere", "at all"), 1),
        ((), 1),
    ],
)
def test_a_key_is_found_on_its_line_or_its_tables(keys: Keys, line: int) -> None:
    assert Locations(TEXT).line(keys) == line


@given(st.text(), st.lists(st.text() | st.integers(0, 9), max_size=4))
def test_any_text_has_a_line_for_any_key(text: str, keys: list[str | int]) -> None:
    assert 1 <= Locations(text).line(tuple(keys)) <= max(1, len(text.splitlines()))
