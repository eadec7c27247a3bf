from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.protocols.esp.replay import WINDOW_PACKETS, ReplayWindow

NEAR_TOP = 2**32 - 1


class ByTheBook:
    """Every number ever seen, and the newest: RFC 4303 section 3.4.3 without a ring."""

    def __init__(self) -> None:
        self.seen = {0}
        self.highest = 0

    def stale(self, sequence: int) -> bool:
        return sequence in self.seen or sequence <= self.highest - WINDOW_PACKETS

    def note(self, sequence: int) -> None:
        self.seen.add(sequence)
        self.highest = max(self.highest, sequence)


steps = st.one_of(st.integers(-3, 3), st.integers(-2100, 2100), st.integers(-(2**33), 2**33))


@given(st.lists(steps, max_size=200))
def test_agrees_with_the_book(walk: list[int]) -> None:
    window, book = ReplayWindow(), ByTheBook()
    for step in walk:
        sequence = min(max(window.highest + step, 0), NEAR_TOP)
        assert window.stale(sequence) == book.stale(sequence)
        if not window.stale(sequence):
            window.note(sequence)
            book.note(sequence)
        assert window.highest == book.highest


def test_zero_is_never_valid() -> None:
    window = ReplayWindow()
    assert window.stale(0)
    for sequence in range(1, 3 * WINDOW_PACKETS):
        window.note(sequence)
        assert window.stale(0)


def test_window_edges() -> None:
    window = ReplayWindow()
    window.note(5000)
    assert window.stale(5000)
    assert not window.stale(5000 - WINDOW_PACKETS + 1)
    assert window.stale(5000 - WINDOW_PACKETS)
    window.note(NEAR_TOP)
    assert window.stale(NEAR_TOP)
    assert not window.stale(NEAR_TOP - 1)


@given(st.lists(st.tuples(steps, st.integers(1, 2000)), max_size=30))
def test_a_run_is_noted_as_its_numbers_are(walk: list[tuple[int, int]]) -> None:
    window, together = ReplayWindow(), ReplayWindow()
    for step, count in walk:
        first = min(max(window.highest + step, 0), NEAR_TOP - count)
        if first > window.highest:
            together.note_run(first, count)
            for sequence in range(first, first + count):
                window.note(sequence)
        elif not window.stale(first):
            window.note(first)
            together.note(first)
        assert together.highest == window.highest
        near = range(max(0, window.highest - 2 * WINDOW_PACKETS), window.highest + 2)
        assert [*map(together.stale, near)] == [*map(window.stale, near)]
