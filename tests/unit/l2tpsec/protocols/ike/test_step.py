"""Rows: contents are checked before any handler sees them."""

import pytest

from l2tpsec.foundation.wire import Malformed
from l2tpsec.protocols.ike.codes import Kind
from l2tpsec.protocols.ike.main_mode import MAIN_MODE
from l2tpsec.protocols.ike.payloads import Chain, Payload
from l2tpsec.protocols.ike.quick_mode import QUICK_MODE
from l2tpsec.protocols.ike.sa import QuickState, State
from l2tpsec.protocols.ike.step import QuickTurn, Step, Turn, check_contents

IKEV2_KINDS = range(33, 54)


def chain(*kinds: int) -> Chain:
    return Chain(tuple(Payload(kind, b"") for kind in kinds), 0)


ROWS: tuple[Step[Turn, State] | Step[QuickTurn, QuickState], ...] = (*MAIN_MODE, *QUICK_MODE)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_rows_take_what_they_require_and_nothing_of_ikev2(
    row: Step[Turn, State] | Step[QuickTurn, QuickState],
) -> None:
    needed = row.requires
    row.check(chain(*needed, Kind.VENDOR_ID, 128, 200))
    for missing in needed:
        with pytest.raises(Malformed, match="without exactly one"):
            row.check(chain(*(kind for kind in needed if kind != missing)))
        with pytest.raises(Malformed, match="without exactly one"):
            row.check(chain(*needed, missing))
    for kind in (*IKEV2_KINDS, Kind.PROPOSAL, Kind.TRANSFORM, Kind.SIGNATURE, Kind.FRAGMENT):
        with pytest.raises(Malformed, match=f"{row.title} with 1"):
            row.check(chain(*needed, kind))


def test_too_many_of_an_allowed_payload() -> None:
    with pytest.raises(Malformed, match="3 ID payloads"):
        check_contents("a message", chain(Kind.ID, Kind.ID, Kind.ID), (), {Kind.ID: 2})


def test_rows_lead_from_state_to_state() -> None:
    assert [(row.source, row.to) for row in MAIN_MODE] == [
        (State.STARTED, State.SA_ANSWERED),
        (State.SA_ANSWERED, State.KEYS_ANSWERED),
        (State.KEYS_ANSWERED, State.ESTABLISHED),
    ]
    assert [(row.source, row.to) for row in QUICK_MODE] == [
        (QuickState.STARTED, QuickState.ANSWERED),
        (QuickState.ANSWERED, QuickState.CONFIRMED),
    ]
    assert [row.encrypted for row in MAIN_MODE] == [False, False, True]
