from l2tpsec.model.change import Change
from l2tpsec.model.grant import Grant

GRANT = Grant("alice", session_timeout_seconds=100, interim_interval_seconds=60)


def test_what_is_not_named_stays() -> None:
    changed = Change(idle_timeout_seconds=5, interim_interval_seconds=0).applied(GRANT)
    assert changed.session_timeout_seconds == 100
    assert changed.idle_timeout_seconds == 5
    assert changed.interim_interval_seconds == 0
    assert Change().applied(GRANT) == GRANT


def test_in_words() -> None:
    assert Change(5, 6).words == "session timeout 5 s, idle timeout 6 s"
    assert Change().words == "nothing"
