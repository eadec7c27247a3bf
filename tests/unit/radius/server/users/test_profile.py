import math
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.message import Attribute, Code, Message
from radius.packet import decode, encode_reply, encode_request
from radius.server.users import profile
from radius.server.users.store import Refused

GOOD: list[tuple[str, str, str, list[Attribute]]] = [
    ("pool", "guests", "guests", [("Framed-Pool", "guests")]),
    ("filter", "web only", "web only", [("Filter-Id", "web only")]),
    (
        "rate",
        "5M/20m",
        "5000000/20000000",
        [("WISPr-Bandwidth-Max-Up", 5000000), ("WISPr-Bandwidth-Max-Down", 20000000)],
    ),
    (
        "rate",
        "64k",
        "64000/64000",
        [("WISPr-Bandwidth-Max-Up", 64000), ("WISPr-Bandwidth-Max-Down", 64000)],
    ),
    ("quota", "10G", "10000000000", []),
    ("quota_period", "month", "month", []),
    ("session_timeout", "8h", "28800", []),
    ("idle_timeout", "600", "600", [("Idle-Timeout", 600)]),
    ("sessions", "2", "2", []),
    ("when_full", "deny", "deny", []),
    ("when_full", "replace", "replace", [("L2tpsec-Simultaneous-Use", 2)]),
    (
        "routes",
        "10.1.0.0/16, 192.0.2.1",
        "10.1.0.0/16,192.0.2.1/32",
        [("L2tpsec-Route", "10.1.0.0/16"), ("L2tpsec-Route", "192.0.2.1/32")],
    ),
    ("sites", "192.168.7.0/24", "192.168.7.0/24", [("Framed-Route", "192.168.7.0/24 0.0.0.0 1")]),
    ("domain", "corp.example", "corp.example", [("L2tpsec-Domain", "corp.example")]),
    ("dns", "10.0.0.1", "10.0.0.1", [("MS-Primary-DNS-Server", "10.0.0.1")]),
    (
        "dns",
        "10.0.0.1,10.0.0.2",
        "10.0.0.1,10.0.0.2",
        [("MS-Primary-DNS-Server", "10.0.0.1"), ("MS-Secondary-DNS-Server", "10.0.0.2")],
    ),
    ("hours", "mon-fri 08:00-18:00", "mon-fri 08:00-18:00", []),
    ("account_ends", "2027-01-31", "2027-01-31", []),
]


@pytest.mark.parametrize(("name", "value", "canonical", "sent"), GOOD)
def test_settings_and_what_they_are_sent_as(
    name: str, value: str, canonical: str, sent: list[Attribute]
) -> None:
    assert profile.checked(name, value) == canonical
    assert profile.checked(name, canonical) == canonical
    assert profile.attributes({name: canonical}) == sent


def test_every_attribute_of_every_setting_is_in_a_dictionary() -> None:
    everything = {name: canonical for name, _, canonical, _ in GOOD}
    assert set(everything) == {row.name for row in profile.ROWS}
    request = encode_request(Message(Code.ACCESS_REQUEST), 1, b"s", bytes)
    sent = Message(Code.ACCESS_ACCEPT, tuple(profile.attributes(everything)))
    reply = encode_reply(sent, request, b"s", bytes)
    assert decode(reply, b"s", request.authenticator) == sent


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("pool", "a\nb", "it is printable text"),
        ("filter", "x" * 248, "at most 247 octets"),
        ("rate", "/5M", "such as 10M"),
        ("rate", "5G/5G", "5G is none from 1 to 4294967295"),
        ("quota", "0", "0 is none from 1"),
        ("quota", "99999999T", "such as 500M or 10G"),
        ("session_timeout", "8 weeks", "such as 600, 30m, 8h or 7d"),
        ("sessions", "2k", "such as 2"),
        ("when_full", "wait", "wait is neither deny nor replace"),
        ("routes", "10.1.0.1/16", "has host bits set"),
        ("routes", ",".join(["10.1.0.0/16"] * 65), "at most 64"),
        ("dns", "1.1.1.1,2.2.2.2,3.3.3.3", "at most two"),
        ("hours", "always", "is no window such as"),
        ("account_ends", "31.12.2027", "is no date such as 2027-01-31"),
        ("shoes", "red", "there is no setting shoes; there are pool, filter,"),
    ],
)
def test_settings_that_are_refused(name: str, value: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        profile.checked(name, value)


@given(st.sampled_from(profile.ROWS), st.text(max_size=40))
def test_any_text_is_taken_or_refused(row: profile.Row, text: str) -> None:
    try:
        canonical = profile.checked(row.name, text)
    except Refused:
        return
    assert profile.checked(row.name, canonical) == canonical
    row.attributes(canonical)


def at(text: str) -> float:
    return datetime.fromisoformat(text).astimezone().timestamp()


def test_the_end_of_the_hours_or_of_the_account_comes_first() -> None:
    noon = at("2027-03-01T12:00:00")
    hours, end = {"hours": "mon 08:00-18:00"}, {"account_ends": "2027-03-02"}
    assert profile.left_seconds({}, noon) == math.inf
    assert profile.left_seconds(hours, noon) == 6 * 3600
    assert profile.left_seconds(end, noon) == 12 * 3600
    assert profile.left_seconds({**hours, **end}, noon) == 6 * 3600
    assert profile.account_left_seconds(end, at("2027-03-02T00:00:00")) == 0
    assert profile.account_left_seconds(hours, noon) == math.inf


@pytest.mark.parametrize(
    ("period", "begin"), [("day", "2027-03-10"), ("week", "2027-03-08"), ("month", "2027-03-01")]
)
def test_where_a_period_begins(period: str, begin: str) -> None:
    wednesday = datetime.fromisoformat("2027-03-10T12:00:00").astimezone().timestamp()
    settings = {"quota": "5", "quota_period": period}
    assert profile.period_begin(settings, wednesday) == begin
    assert profile.period_begin({"quota": "5"}, wednesday) == ""
    assert profile.period_begin({"quota_period": period}, wednesday) == ""


def test_no_other_period() -> None:
    with pytest.raises(Refused, match="none of day, week, month"):
        profile.checked("quota_period", "year")
