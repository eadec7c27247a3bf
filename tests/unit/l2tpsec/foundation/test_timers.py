from l2tpsec.foundation.timers import Timers


def test_due_names_come_earliest_first_and_once() -> None:
    timers: Timers[str] = Timers()
    timers.set("late", 9.0)
    timers.set("second", 2.0)
    timers.set("first", 1.0)
    assert timers.deadline == 1.0
    assert timers.due(2.0) == ["first", "second"]
    assert timers.due(2.0) == []
    assert timers.deadline == 9.0


def test_setting_again_moves_and_cancel_forgets() -> None:
    timers: Timers[str] = Timers()
    timers.set("a", 1.0)
    timers.set("a", 5.0)
    assert timers.due(4.0) == []
    timers.cancel("a")
    timers.cancel("a")
    assert timers.due(9.0) == []
    timers.set("b", 1.0)
    timers.clear()
    assert timers.deadline is None
