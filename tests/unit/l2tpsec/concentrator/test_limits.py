"""What is due when, by a meter that the test turns."""

import pytest

from l2tpsec.concentrator.limits import InterimDue, Limits
from l2tpsec.model.cause import Cause
from l2tpsec.model.counters import Counters
from l2tpsec.model.grant import Grant

BEGUN = 1000.0


class Session:
    """Limits with a meter; `run` returns what came due, and when, counted from the beginning."""

    def __init__(self, usual: int = 0, **grant: int) -> None:
        self.octets = 0
        self.pace = 0.0
        self.now = BEGUN
        self.looks = 0
        self.limits = Limits(self._meter, lambda octets: bytes((128,)) * octets, usual)
        self.limits.begin(Grant("alice", **grant), BEGUN)  # type: ignore[arg-type]  # numbers

    def _meter(self) -> Counters:
        self.looks += 1
        octets = self.octets + int(self.pace * (self.now - BEGUN))
        return Counters(1, octets // 2, 1, octets - octets // 2)

    def run(self, seconds: float) -> list[tuple[float, object]]:
        found: list[tuple[float, object]] = []
        until = self.now + seconds
        while (deadline := self.limits.deadline) is not None and deadline <= until:
            self.now = deadline
            found += [(self.now - BEGUN, due) for due in self.limits.expire(self.now)]
        self.now = until
        return found


def test_without_limits_nothing_is_ever_looked_at() -> None:
    session = Session()
    assert session.limits.deadline is None
    assert session.looks == 0


def test_a_session_ends_by_the_clock() -> None:
    assert Session(session_timeout_seconds=100).run(200) == [(100, Cause.SESSION_TIMEOUT)]


def test_silence_counts_from_the_last_traffic() -> None:
    session = Session(idle_timeout_seconds=80)
    session.run(60)
    session.octets += 1
    ((when, cause),) = session.run(200)
    assert cause is Cause.IDLE_TIMEOUT
    assert 140 <= when <= 160


@pytest.mark.parametrize(
    ("wanted", "interval"), [(None, 300), (600, 600), (1, 60), (59, 60)], ids=str
)
def test_interim_records_keep_within_a_tenth(wanted: int | None, interval: int) -> None:
    grant = {} if wanted is None else {"interim_interval_seconds": wanted}
    (when, due), *_ = Session(300, **grant).run(1000)
    assert isinstance(due, InterimDue)
    assert 0.9 * interval <= when <= 1.1 * interval


def test_radius_turns_interim_records_off() -> None:
    assert Session(300, interim_interval_seconds=0).run(10_000) == []


@pytest.mark.parametrize("pace", [1e3, 1e5, 1e7])
def test_a_quota_ends_a_steady_session_soon_after_it_is_used_up(pace: float) -> None:
    session = Session(octet_quota=100_000_000)
    session.pace = pace
    ((when, cause),) = session.run(200_000)
    assert cause is Cause.QUOTA
    assert 1e8 / pace <= when <= 1e8 / pace + 1.0


def test_a_quota_of_an_idle_session_is_seldom_looked_at() -> None:
    session = Session(octet_quota=1_000_000)
    session.run(3600)
    assert session.looks <= 3600 / 15 + 2


def test_a_burst_after_a_long_silence_is_seen_within_seconds() -> None:
    session = Session(octet_quota=1_000_000)
    session.run(3600)
    session.octets = 2_000_000
    ((when, cause),) = session.run(60)
    assert cause is Cause.QUOTA
    assert when <= 3615


def test_nothing_left_is_not_without_limit() -> None:
    ((when, cause),) = Session(octet_quota=0).run(60)
    assert (when, cause) == (0.5, Cause.QUOTA)


def test_new_limits_take_the_place_of_the_old() -> None:
    session = Session(session_timeout_seconds=100, octet_quota=10)
    session.limits.arm(Grant("alice", session_timeout_seconds=300), BEGUN + 50)
    assert session.run(1000) == [(300, Cause.SESSION_TIMEOUT)]


def test_what_has_ended_is_not_watched() -> None:
    session = Session(300, session_timeout_seconds=100, idle_timeout_seconds=5)
    session.limits.stop()
    assert session.run(1000) == []


def test_a_new_grant_begins_anew() -> None:
    session = Session(session_timeout_seconds=100, octet_quota=1000)
    session.octets = 900
    assert session.run(60) == []
    session.limits.begin(Grant("alice", session_timeout_seconds=100, octet_quota=1000), session.now)
    session.octets = 1800
    assert session.run(99) == []
    assert not session.limits.overdue(session.now)
    session.octets = 1900
    assert [cause for _, cause in session.run(1)] == [Cause.SESSION_TIMEOUT]
    assert session.limits.overdue(session.now)
    session.limits.arm(Grant("alice", session_timeout_seconds=300), session.now)
    assert not session.limits.overdue(session.now)
    session.limits.arm(Grant("alice"), session.now)
    assert not session.limits.overdue(session.now + 1e9)
