from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.grid import STEPS_A_SECOND, on_grid


def test_a_moment_on_the_grid_stays() -> None:
    assert [on_grid(30), on_grid(7.125)] == [30, 7.125]


def test_moments_of_one_step_become_one() -> None:
    assert {on_grid(30.001), on_grid(30.06), on_grid(30.125)} == {30.125}


@given(st.floats(0, 1e9))
def test_it_is_never_early_and_at_most_one_step_late(moment: float) -> None:
    assert moment <= on_grid(moment) <= moment + 1 / STEPS_A_SECOND
