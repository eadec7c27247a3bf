"""Moments that many machines share, so that one wake-up of the process serves dozens of them."""

from math import ceil

STEPS_A_SECOND = 8
"""A power of two, for then each moment on the grid is a number without a remainder."""


def on_grid(moment: float) -> float:
    """Return the first moment on the grid that is not before `moment`.

    For what has time, such as the question to an idle client whether it lives; what is repeated
    because an answer is late has none.
    """
    return ceil(moment * STEPS_A_SECOND) / STEPS_A_SECOND
