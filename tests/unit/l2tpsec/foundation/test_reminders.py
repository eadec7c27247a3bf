from l2tpsec.foundation.reminders import LIFE_SECONDS, MOST, WAITS, Reminders


def kept(now: float = 0) -> Reminders[str, str]:
    reminders: Reminders[str, str] = Reminders()
    reminders.keep("door", "it is shut", now)
    return reminders


def test_what_is_still_on_its_way_is_not_said_again() -> None:
    reminders = kept(10)
    assert reminders.due("door", 10) is None
    assert reminders.due("door", 11.9) is None
    assert reminders.due("door", 12) == "it is shut"
    assert reminders.due("door", 12) is None
    assert reminders.due("window", 12) is None


def test_it_is_said_more_and_more_seldom_and_then_no_more() -> None:
    reminders = kept()
    said = [moment for moment in range(3600) if reminders.due("door", moment)]
    assert said[:7] == [2, 6, 14, 30, 62, 122, 182]
    assert len(said) == WAITS.attempts - 1
    assert "door" not in reminders


def test_it_is_kept_for_an_hour() -> None:
    reminders = kept()
    assert reminders.get("door") == "it is shut"
    assert reminders.due("door", LIFE_SECONDS - 1) == "it is shut"
    assert reminders.due("door", LIFE_SECONDS + 100) is None
    assert reminders.get("door") is None


def test_what_comes_later_pushes_out_what_is_old() -> None:
    reminders = kept()
    reminders.keep("window", "it is open", LIFE_SECONDS)
    assert "door" not in reminders
    assert len(reminders) == 1


def test_of_too_many_the_oldest_goes() -> None:
    reminders: Reminders[int, str] = Reminders()
    for number in range(MOST + 10):
        reminders.keep(number, "", 0)
    assert len(reminders) == MOST
    assert 9 not in reminders
    assert 10 in reminders


def test_the_same_once_more_begins_anew() -> None:
    reminders = kept()
    assert reminders.due("door", 100)
    reminders.keep("door", "it is locked", 100)
    assert reminders.due("door", 101) is None
    assert reminders.due("door", 102) == "it is locked"
    assert len(reminders) == 1
