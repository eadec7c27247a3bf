"""The ISAKMP SA's memory."""

import pytest

from l2tpsec.foundation.bucket import Bucket
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.effects import IkeSaId
from l2tpsec.protocols.ike.sa import (
    ANSWERS_LIMIT,
    UNFINISHED_LIMIT,
    IkeSa,
    QuickMode,
    QuickState,
)

PATH = Path(Endpoint("192.0.2.1", 500), Endpoint("192.0.2.2", 500))


def fresh() -> IkeSa:
    return IkeSa(IkeSaId(1), b"initiateresponds", PATH, Bucket(1, 1), "192.0.2.2")


def test_nothing_is_known_before_it_is_agreed() -> None:
    sa = fresh()
    for ask in (sa.agreed, sa.negotiated, sa.established_keys):
        with pytest.raises(RuntimeError):
            ask()


def test_answers_are_bounded_and_forgotten() -> None:
    sa = fresh()
    for number in range(ANSWERS_LIMIT + 5):
        sa.store_answer(number.to_bytes(2), b"answer", until=100.0 + number)
    assert len(sa.answers) == ANSWERS_LIMIT
    assert sa.drop_answers(106.0) == 107.0
    assert sa.drop_answers(9999.0) is None
    assert not sa.answers


def test_unfinished_quick_modes_are_bounded() -> None:
    sa = fresh()
    for number in range(UNFINISHED_LIMIT + 3):
        sa.keep_quick_mode(QuickMode(number, b"", QuickState.ANSWERED))
    assert min(sa.quick_modes) == 3
    done = sa.quick_modes[5]
    done.state = QuickState.CONFIRMED
    sa.keep_quick_mode(done)
    assert 5 not in sa.quick_modes


def test_duplicates_of_what_is_long_answered_are_known_and_no_more() -> None:
    sa = fresh()
    for request in (b"1", b"3", b"5"):
        sa.store_answer(request, b"answer to " + request, until=60.0)
    sa.keep_last_answer()
    assert {request: answer for request, (_, answer) in sa.answers.items()} == {
        b"1": b"",
        b"3": b"",
        b"5": b"answer to 5",
    }
