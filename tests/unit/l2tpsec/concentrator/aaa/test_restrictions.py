"""Filters and rates as RADIUS sends them, and what of it is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.concentrator.aaa import restrictions
from l2tpsec.concentrator.aaa.restrictions import MOST_RULES, Unobeyable
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.policy import Filter, Rate
from radius.message import Attribute, Code, Message

WEB = parse("permit in tcp from any to any 80,443")
BACK = parse("permit out tcp from any to any established")
NO_MAIL = parse("deny in tcp from any to any 25")
FILTERS = {
    "web": Filter("web", (WEB, BACK)),
    "staff": Filter("staff", (NO_MAIL,)),
    "staff.in": Filter("staff.in", (WEB,)),
    "many": Filter("many", (NO_MAIL,) * MOST_RULES),
    "open": Filter("open"),
}


def accept(*attributes: Attribute) -> Message:
    return Message(Code.ACCESS_ACCEPT, attributes)


def named(*names: str) -> Filter | None:
    return restrictions.filter_of(accept(*(("Filter-Id", name) for name in names)), FILTERS)


def sent(*values: str | bytes) -> Filter | None:
    return restrictions.filter_of(accept(*(("NAS-Filter-Rule", one) for one in values)), FILTERS)


def test_filters_by_name_are_one_after_the_other() -> None:
    assert named() is None
    assert named("web") == Filter("web", (WEB, BACK), ("web",))
    both = Filter("web, staff", (WEB, BACK, NO_MAIL), ("web", "staff"))
    assert named("web", "staff") == both
    assert named("open") == Filter("open", (), ("open",))


def test_one_direction_of_a_filter_unless_one_bears_the_whole_name() -> None:
    names = ("web.in", "web.out")
    assert named(*names) == Filter("web.in, web.out", (WEB, BACK), names)
    assert named("web.out") == Filter("web.out", (BACK,), ("web.out",))
    assert named("staff.in") == Filter("staff.in", (WEB,), ("staff.in",))
    assert [restrictions.base(name) for name in ("web", "web.in", ".out")] == ["web", "web", ""]


@pytest.mark.parametrize("name", ["attic", "web.both", "", "web.in.in", ".in", "\udcff\n"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(Unobeyable, match=r"there is no \[filters\.") as caught:
        named("web", name)
    assert str(caught.value).isprintable()


def test_too_many_rules_are_refused() -> None:
    with pytest.raises(Unobeyable, match="1001 rules are more than 1000"):
        named("many", "staff")


def test_rules_are_divided_by_nul_and_not_by_attributes() -> None:
    whole = f"{WEB.text}\0{BACK.text}\0{NO_MAIL.text}"
    expected = Filter("sent by RADIUS", (WEB, BACK, NO_MAIL))
    for at in range(1, len(whole)):
        assert sent(whole[:at], whole[at:]) == expected
    assert sent(whole.encode() + b"\0") == expected


def test_a_rule_in_each_attribute_and_no_nul_is_understood() -> None:
    assert sent(WEB.text, BACK.text) == Filter("sent by RADIUS", (WEB, BACK))


@pytest.mark.parametrize("blank", ["\0", " ", "\0\0 \0"])
def test_blanks_are_no_rules(blank: str) -> None:
    assert sent(blank) == Filter("sent by RADIUS")


@pytest.mark.parametrize(
    "values",
    [
        ("permit",),
        (WEB.text + "\0permit",),
        (WEB.text + "\0", "deny"),
        (WEB.text, "deny"),
        ("\udcff",),
        (b"\xff\x1b",),
    ],
)
def test_one_rule_that_cannot_be_obeyed_refuses_all(values: tuple[str | bytes, ...]) -> None:
    with pytest.raises(Unobeyable, match="NAS-Filter-Rule") as caught:
        sent(*values)
    assert str(caught.value).isprintable()


def test_beside_a_name_rules_are_passed_over() -> None:
    both = accept(("Filter-Id", "web"), ("NAS-Filter-Rule", "nonsense"))
    assert restrictions.filter_of(both, FILTERS) == named("web")
    assert "passed over" in restrictions.passed_over(both)
    assert restrictions.passed_over(accept(("Filter-Id", "web"))) == ""


def test_rates_of_wispr() -> None:
    def rates(*attributes: Attribute) -> tuple[Rate | None, Rate | None]:
        return restrictions.rates_of(accept(*attributes))

    up, down = ("WISPr-Bandwidth-Max-Up", 1000), ("WISPr-Bandwidth-Max-Down", 0)
    assert rates() == (None, None)
    assert rates(up) == (Rate(1000), None)
    assert rates(up, down) == (Rate(1000), Rate())
    assert rates(up, ("Mikrotik-Rate-Limit", "5k")) == (Rate(5000), Rate(5000))


@pytest.mark.parametrize(
    ("limit", "rates"),
    [
        ("128k", (Rate(128_000), Rate(128_000))),
        ("64k/128M", (Rate(64_000), Rate(128_000_000))),
        ("0/1g", (Rate(), Rate(10**9))),
        # three fourths of a burst at 256 kbit/s are beyond the rate; it lasts a fourth of a second
        ("64k 256k", (Rate(64_000, 6_000), Rate(64_000, 6_000))),
        ("64k/64k 256k/256k 128k/128k 10/10", (Rate(64_000, 120_000), Rate(64_000, 120_000))),
        ("1M/2M 0/0 0/0 0/0 5 500k/1M", (Rate(10**6), Rate(2 * 10**6))),
    ],
)
def test_rates_of_mikrotik(limit: str, rates: tuple[Rate, Rate]) -> None:
    assert restrictions.rates_of(accept(("Mikrotik-Rate-Limit", limit))) == rates


@pytest.mark.parametrize(
    "limit", ["", "5T", "-1", "1/2/3", "1.5M", "1M/", "9999999999999", "1 " * 7]
)
def test_another_form_is_refused(limit: str) -> None:
    with pytest.raises(Unobeyable, match="Mikrotik-Rate-Limit"):
        restrictions.rates_of(accept(("Mikrotik-Rate-Limit", limit)))


@given(st.text(max_size=40) | st.text("0123456789kMG/ ", max_size=40))
def test_any_limit_is_a_rate_or_refused(limit: str) -> None:
    try:
        up, down = restrictions.rates_of(accept(("Mikrotik-Rate-Limit", limit)))
    except Unobeyable:
        return
    assert up is not None
    assert down is not None
    assert min(*up_numbers(up), *up_numbers(down)) >= 0


def up_numbers(rate: Rate) -> tuple[int, int]:
    return rate.bits_per_second, rate.burst_octets
