from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.serial import before, distance

NUMBER = st.integers(0, 0xFFFF)


@given(NUMBER, st.integers(1, 0x7FFF))
def test_a_number_is_before_those_of_the_next_half_circle(start: int, steps: int) -> None:
    later = (start + steps) % 0x10000
    assert before(start, later)
    assert not before(later, start)
    assert distance(start, later) == steps


@given(NUMBER)
def test_a_number_is_not_before_itself(number: int) -> None:
    assert not before(number, number)
