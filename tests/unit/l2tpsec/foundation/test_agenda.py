from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.agenda import MOST_AT_ONCE, Agenda


def test_keys_come_due_in_order_of_their_last_moment() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.put("a", 5.0)
    agenda.put("b", 1.0)
    agenda.put("b", 7.0)
    agenda.put("c", 2.0)
    agenda.put("c", None)
    assert agenda.deadline == 5.0
    assert agenda.due(10.0) == ["a", "b"]
    assert len(agenda) == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 99)), max_size=400))
def test_it_agrees_with_a_plain_dictionary(changes: list[tuple[int, int | None]]) -> None:
    agenda: Agenda[int] = Agenda()
    model: dict[int, float] = {}
    for key, when in changes:
        agenda.put(key, when)
        if when is None:
            model.pop(key, None)
        else:
            model[key] = when
        assert agenda.deadline == min(model.values(), default=None)
    assert sorted(agenda.due(50)) == sorted(key for key, when in model.items() if when <= 50)


def test_few_come_due_at_once_and_the_others_stay_overdue() -> None:
    agenda: Agenda[int] = Agenda()
    for key in range(2 * MOST_AT_ONCE + 1):
        agenda.put(key, float(key % 2))
    turns = []
    while (deadline := agenda.deadline) is not None and deadline <= 1:
        turns.append(agenda.due(1))
    assert [len(turn) for turn in turns] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert {key for turn in turns for key in turn} == set(range(2 * MOST_AT_ONCE + 1))
    assert all(key % 2 == 0 for key in turns[0])
