from l2tpsec.model.change import Change, difference
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Grant
from l2tpsec.model.policy import Filter, Rate

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


def test_filter_rates_and_class_are_replaced_and_taken_away() -> None:
    guests = Filter("guests", (parse("deny in ip from any to any"),))
    change = Change(filter=guests, up=Rate(5_000_000), classes=(b"gold",))
    assert change.words == "filter guests, rate up 5M bit/s, class"
    grant = change.applied(GRANT)
    assert (grant.policy.filter, grant.up, grant.down) == (guests, Rate(5_000_000), Rate())
    assert grant.classes == (b"gold",)
    free = Change(filter=Filter("open"), up=Rate(), down=Rate())
    assert free.words == "no filter, rate up - bit/s, rate down - bit/s"
    assert free.applied(grant).policy.free
    assert free.applied(grant).classes == (b"gold",)


def test_what_differs_between_two_grants() -> None:
    assert difference(GRANT, GRANT) == ""
    new = Grant("alice", idle_timeout_seconds=5, up=Rate(1000), interim_interval_seconds=None)
    assert difference(GRANT, new) == "idle timeout 5 s, rate up 1k bit/s, no interim interval"
    assert difference(new, GRANT) == "interim interval 60 s, rate up - bit/s, no idle timeout"


def test_a_renewal_in_words() -> None:
    change = Change(renews=True, state=b"secret")
    assert change.words == "renewal"
    assert (change.applied(GRANT).renews, change.applied(GRANT).state) == (True, b"secret")
    assert Change(renews=False, state=b"").words == "no renewal"
    assert difference(GRANT, change.applied(GRANT)) == ""
