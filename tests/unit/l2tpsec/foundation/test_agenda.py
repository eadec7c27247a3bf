from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.foundation.agenda import Agenda


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
