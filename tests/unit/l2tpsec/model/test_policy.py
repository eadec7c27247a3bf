import pytest

from l2tpsec.model.filter_rule import parse
from l2tpsec.model.policy import Filter, Policy, Rate


@pytest.mark.parametrize(
    ("bits", "text"),
    [(0, "-"), (999, "999"), (64_000, "64k"), (1_500, "1500"), (5_000_000, "5M"), (10**9, "1G")],
)
def test_a_rate_is_shown_as_it_is_written(bits: int, text: str) -> None:
    assert str(Rate(bits)) == text


def test_what_there_is_to_obey() -> None:
    assert Policy().free
    assert Policy(Filter("none")).free
    assert not Policy(Filter("one", (parse("deny in ip from any to any"),))).free
    limited = Policy(down=Rate(2_000_000))
    assert not limited.free
    assert (limited.rates, Policy().rates) == ("-/2M", "")


@pytest.mark.parametrize(
    ("text", "flags", "transport"),
    [
        ("permit in ip from any to any", False, False),
        ("permit in tcp from any to any established", True, True),
        ("permit in tcp from any to any 80", False, True),
        ("permit in udp from any 53 to any", False, True),
        ("permit in icmp from any to any icmptypes 8", False, True),
    ],
)
def test_what_a_rule_reads(text: str, flags: bool, transport: bool) -> None:
    rule = parse(text)
    assert (rule.wants_flags, rule.wants_transport) == (flags, transport)
