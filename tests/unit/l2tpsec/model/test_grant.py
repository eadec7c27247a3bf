from l2tpsec.model.filter_rule import parse
from l2tpsec.model.grant import Grant
from l2tpsec.model.policy import Filter, Policy, Rate


def test_filter_and_rates_are_a_policy() -> None:
    guests = Filter("guests", (parse("deny in ip from any to any"),))
    assert Grant("alice").policy == Policy()
    assert Grant("alice", filter=guests, down=Rate(5)).policy == Policy(guests, Rate(), Rate(5))
