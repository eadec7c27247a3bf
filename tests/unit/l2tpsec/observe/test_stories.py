import pytest

from l2tpsec.model.records import Level, Noted, Phase
from l2tpsec.observe import stories as observed
from l2tpsec.observe.stories import LINES_OF_A_STORY, LONGEST_LINE, Stories

PEER = "203.0.113.5:4500"


class Told:
    """Stories, and a clock that is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stories = Stories(lambda: self.now)

    def note(self, phase: Phase, text: str, after: float = 0.0, peer: str = PEER) -> str:
        self.now += after
        return self.stories.take(Noted(phase, Level.INFO, text), peer, "alice")

    @property
    def texts(self) -> list[list[str]]:
        return [[line.text for line in story] for story in self.stories.all()]


def test_lines_are_kept_by_address_who_was_heard_last_first() -> None:
    told = Told()
    told.note(Phase.MAIN_MODE, "a")
    told.note(Phase.MAIN_MODE, "b", 1, "203.0.113.6:500")
    told.note(Phase.QUICK_MODE, "c", 1, "203.0.113.5:4501")
    told.note(Phase.RADIUS, "of nobody", 1, "-")
    assert told.texts == [["a", "c"], ["b"]]


def test_who_is_let_in_leaves_one_line_that_says_where_the_time_went() -> None:
    told = Told()
    other = "203.0.113.5:9"
    told.note(Phase.MAIN_MODE, "of another", peer=other)
    told.note(Phase.MAIN_MODE, "an earlier try")
    told.note(Phase.MAIN_MODE, "Main Mode", 60)
    told.note(Phase.QUICK_MODE, "Quick Mode", 0.25)
    told.note(Phase.L2TP, "tunnel", 0.5)
    told.note(Phase.L2TP, "call", 0.25)
    told.note(Phase.LCP, "LCP is open", 1)
    told.note(Phase.RADIUS, "slow", 1)
    told.note(Phase.AUTHENTICATION, "accepted", 1)
    told.note(Phase.ADDRESS, "10.99.0.2 from pool")
    text = told.note(Phase.SESSION, "up as 10.99.0.2", 0.125)
    durations = "quick-mode 0.25, l2tp 0.75, lcp 1.00, authentication 2.00, ipcp 0.12"
    assert text == f"up as 10.99.0.2; in 4.12 s: {durations}"
    assert told.texts == [["of another", text]]


def test_without_main_mode_no_time_is_told() -> None:
    assert Told().note(Phase.SESSION, "up as 10.99.0.2") == "up as 10.99.0.2"


def test_a_story_is_bounded_and_its_arrival_stays() -> None:
    told = Told()
    told.note(Phase.SESSION, "up as 10.99.0.2")
    for number in range(100):
        told.note(Phase.QUICK_MODE, f"{number} " + "x" * 1000)
    (story,) = told.texts
    assert len(story) == LINES_OF_A_STORY
    assert story[0] == "up as 10.99.0.2"
    assert story[-1].startswith("99 xxx")
    assert max(map(len, story)) == LONGEST_LINE + 1


def test_crowds_of_arrivals_behind_one_address_are_bounded() -> None:
    told = Told()
    for port in range(100):
        told.note(Phase.SESSION, "up as 10.99.0.2", peer=f"203.0.113.5:{port}")
    assert len(told.texts[0]) == LINES_OF_A_STORY


def test_forged_addresses_push_out_only_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observed, "MOST_STORIES", 10)
    told = Told()
    told.note(Phase.MAIN_MODE, "the key is known")
    told.note(Phase.QUICK_MODE, "a client")
    for number in range(100):
        told.note(Phase.MAIN_MODE, "message 3 never came", 1, f"198.18.0.{number}:500")
    told.note(Phase.MAIN_MODE, "again", 1)
    assert len(told.texts) == 11
    assert told.texts[0] == ["the key is known", "a client", "again"]
