import json

from l2tpsec.model.records import Level, Noted, Phase
from l2tpsec.observe.inquest import MOST_ROWS, rows
from l2tpsec.observe.stories import Stories

PEER = "203.0.113.5:4500"
WRONG_KEY = "message 5 did not decrypt: the pre-shared keys differ"


class Told:
    """Stories, and a clock that is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stories = Stories(lambda: self.now)

    def warn(self, phase: Phase, text: str, user: str = "", peer: str = PEER) -> None:
        self.now += 1
        self.stories.take(Noted(phase, Level.WARNING, text), peer, user)

    def note(self, phase: Phase, text: str, user: str = "", peer: str = PEER) -> None:
        self.now += 1
        self.stories.take(Noted(phase, Level.INFO, text), peer, user)


def test_a_failure_is_told_with_its_cure_and_its_lines() -> None:
    told = Told()
    told.note(Phase.MAIN_MODE, "Main Mode: aes256-cbc")
    told.warn(Phase.AUTHENTICATION, "refused by …: wrong user name or password", "alice")
    told.note(Phase.SESSION, "down after 1 s: authentication failed", "alice")
    (row,) = rows(told.stories, "")
    assert json.loads(json.dumps(row)) == row
    assert (row["time"], row["user"], row["client"]) == ("1970-01-01T00:16:43Z", "alice", PEER)
    assert row["windows"] == [691]
    assert row["reason"] == "refused by …: wrong user name or password"
    assert "check both" in str(row["cure"])
    lines = row["lines"]
    assert isinstance(lines, list)
    assert lines[0] == "1970-01-01T00:16:41Z main-mode Main Mode: aes256-cbc"
    assert len(lines) == 3


def test_a_user_an_address_and_a_place_may_be_asked_for() -> None:
    told = Told()
    told.warn(Phase.MAIN_MODE, WRONG_KEY)
    told.warn(Phase.AUTHENTICATION, "wrong user name or password", "alice", "203.0.113.5:9")
    told.warn(Phase.MAIN_MODE, WRONG_KEY, "", "203.0.113.6:500")
    assert [row["client"] for row in rows(told.stories, "alice")] == ["203.0.113.5:9"]
    places = [row["client"] for row in rows(told.stories, "203.0.113.5")]
    assert places == ["203.0.113.5:9", PEER], "the newest first"
    assert [row["windows"] for row in rows(told.stories, PEER)] == [[789]]
    assert rows(told.stories, "bob") == []


def test_who_is_in_has_not_failed_whatever_was_renewed_since() -> None:
    told = Told()
    told.warn(Phase.MAIN_MODE, WRONG_KEY)
    told.note(Phase.SESSION, "up as 10.99.0.2", "alice")
    told.now += 3600
    told.note(Phase.QUICK_MODE, "Quick Mode 2", "alice")
    assert rows(told.stories, "") == []
    (row,) = rows(told.stories, "alice")
    assert row["connected"] is True
    assert str(row["reason"]).startswith("up as 10.99.0.2; in 1.00 s: ")


def test_what_ended_well_is_told_to_who_asks() -> None:
    told = Told()
    told.note(Phase.SESSION, "up as 10.99.0.2", "alice")
    told.note(Phase.SESSION, "down after 9 s: the client hung up", "alice")
    assert rows(told.stories, "") == []
    (row,) = rows(told.stories, "alice")
    assert (row["connected"], row["windows"], row["cure"]) == (False, [], "")
    assert row["reason"] == "down after 9 s: the client hung up"


def test_an_earlier_attempt_explains_nothing() -> None:
    told = Told()
    told.warn(Phase.MAIN_MODE, WRONG_KEY)
    told.now += 3600
    told.note(Phase.MAIN_MODE, "message 5 never came: UDP 4500 may be blocked")
    (row,) = rows(told.stories, "")
    assert row["windows"] == [809, 789]


def test_the_clients_own_word_goes_first() -> None:
    told = Told()
    told.warn(Phase.RADIUS, "10.0.0.2:1812: no answer to 3 tries", "alice")
    told.note(Phase.SESSION, "down after 9 s: x (RAS error 930)", "alice")
    assert rows(told.stories, "")[0]["windows"] == [930, 691, 718]
    told.now += 3600
    told.note(Phase.SESSION, "down after 9 s: x (RAS error 734)", "alice")
    (row,) = rows(told.stories, "")
    assert (row["windows"], row["reason"]) == ([734], "down after 9 s: x (RAS error 734)")


def test_a_warning_that_no_row_knows_is_told_too() -> None:
    told = Told()
    told.warn(Phase.ADDRESS, "10.0.0.0, which RADIUS wants, cannot be a client's", "alice")
    told.note(Phase.SESSION, "down after 1 s: no address", "alice")
    (row,) = rows(told.stories, "")
    assert row["reason"] == "10.0.0.0, which RADIUS wants, cannot be a client's"


def test_of_many_the_last_are_told() -> None:
    told = Told()
    for number in range(100):
        told.warn(Phase.MAIN_MODE, WRONG_KEY, "", f"203.0.113.{number}:500")
    found = rows(told.stories, "")
    assert len(found) == MOST_ROWS
    assert found[0]["client"] == "203.0.113.99:500"
