from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.config import kinds
from l2tpsec.config.kinds import Kind, Refused, Unfit

TOML = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
KINDS: tuple[Kind[object], ...] = (
    kinds.flag,
    kinds.number(1, 9),
    kinds.seconds(1, 9),
    kinds.text,
    kinds.matching("a+", "some a"),
    kinds.path,
    kinds.choice(("a", "b")),
    kinds.choices(("a", "b")),
    kinds.address,
    kinds.addresses,
    kinds.networks,
    kinds.ranges,
    kinds.strings,
    kinds.paths,
)


@given(st.sampled_from(KINDS), TOML)
def test_a_kind_takes_a_value_or_says_what_it_expected(kind: Kind[object], value: object) -> None:
    try:
        kind(value)
    except Unfit as unfit:
        assert unfit.expected.startswith("expected ")
    except Refused as refused:
        assert refused.text.startswith('"')


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        (kinds.flag, True, True),
        (kinds.number(1, 9), 9, 9),
        (kinds.seconds(0.5, 9), 3, 3.0),
        (kinds.text, "office", "office"),
        (kinds.matching("a+", "some a"), "aa", "aa"),
        (kinds.path, "/etc/psk", Path("/etc/psk")),
        (kinds.choice(("a", "b")), "b", "b"),
        (kinds.choices(("a", "b")), ["b", "a"], ("b", "a")),
        (kinds.address, "192.0.2.1", IPv4Address("192.0.2.1")),
        (kinds.addresses, [], ()),
        (kinds.networks, ["10.0.0.0/8"], (IPv4Network("10.0.0.0/8"),)),
        (kinds.ranges, "10.0.0.0/24", (IPv4Network("10.0.0.0/24"),)),
        (
            kinds.ranges,
            ["10.0.0.2-10.0.0.4", "10.1.0.0/30"],
            (IPv4Network("10.0.0.2/31"), IPv4Network("10.0.0.4/32"), IPv4Network("10.1.0.0/30")),
        ),
        (kinds.ipv6_network, "2001:db8::/56", IPv6Network("2001:db8::/56")),
        (kinds.ipv6_addresses, ["2001:db8::1"], (IPv6Address("2001:db8::1"),)),
        (kinds.strings, "one", ("one",)),
        (kinds.paths, ["a", "b"], (Path("a"), Path("b"))),
    ],
)
def test_a_kind_returns_what_the_program_wants(
    kind: Kind[object], value: object, taken: object
) -> None:
    assert kind(value) == taken


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (kinds.flag, 1),
        (kinds.flag, "true"),
        (kinds.number(1, 9), 0),
        (kinds.number(1, 9), 10),
        (kinds.number(0, 9), True),
        (kinds.number(1, 9), 1.0),
        (kinds.seconds(1, 9), "3"),
        (kinds.seconds(0, 9), False),
        (kinds.text, "a\nb"),
        (kinds.text, "ä" * 127),
        (kinds.matching("a+", "some a"), "ab"),
        (kinds.path, ""),
        (kinds.path, "a\0b"),
        (kinds.choice(("a", "b")), "c"),
        (kinds.choice(("a", "b")), ["a"]),
        (kinds.choices(("a", "b")), []),
        (kinds.choices(("a", "b")), ["a", "a"]),
        (kinds.choices(("a", "b")), ["a", 1]),
        (kinds.address, "vpn.example"),
        (kinds.address, 5),
        (kinds.address, "192.0.2.1/24"),
        (kinds.addresses, "192.0.2.1"),
        (kinds.addresses, ["192.0.2.256"]),
        (kinds.networks, ["10.0.0.1/33"]),
        (kinds.ipv6_network, "10.0.0.0/8"),
        (kinds.ipv6_network, "2001:db8::1/56"),
        (kinds.ipv6_network, ["2001:db8::/56"]),
        (kinds.ipv6_addresses, ["10.0.0.1"]),
        (kinds.ipv6_addresses, "2001:db8::1"),
        (kinds.ranges, "10.0.0.0/33"),
        (kinds.ranges, []),
        (kinds.strings, [""]),
        (kinds.paths, []),
    ],
)
def test_a_kind_refuses_what_is_out_of_its_range(kind: Kind[object], value: object) -> None:
    with pytest.raises(Unfit, match="^expected "):
        kind(value)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (kinds.networks, ["10.0.0.1/8"], 'did you mean "10.0.0.0/8"?'),
        (kinds.ranges, "192.0.2.5/24", 'did you mean "192.0.2.0/24"?'),
        (kinds.ranges, "10.0.0.9-10.0.0.3", "ends before it begins"),
        (kinds.choices(("pap", "mschapv2")), ["ms-chapv2"], 'did you mean "mschapv2"?'),
        (kinds.choices(("pap", "mschapv2")), ["x"], 'known are "pap", "mschapv2"'),
    ],
)
def test_a_near_miss_is_told(kind: Kind[object], value: object, text: str) -> None:
    with pytest.raises(Refused) as refused:
        kind(value)
    assert text in refused.value.text


def test_what_would_silently_do_nothing_is_refused_in_words() -> None:
    kind = kinds.only(kinds.number(1, 9), lambda n: n == 1, "not available yet")
    assert kind(1) == 1
    with pytest.raises(Refused) as refused:
        kind(2)
    assert refused.value.text == "not available yet"
    with pytest.raises(Unfit):
        kind(10)


def test_rules() -> None:
    text = "permit in tcp from any to any 80"
    assert [rule.text for rule in kinds.rules([text, text])] == [text, text]
    assert kinds.rules([]) == ()
    with pytest.raises(Refused) as refused:
        kinds.rules([text, "permit in tpc from any to any"])
    assert refused.value.text.startswith('rule 2, "permit in tpc from any to any": expected one of')
    with pytest.raises(Unfit):
        kinds.rules(text)
