"""The language of RFC 6733 section 4.3.1, and what is refused of it."""

from ipaddress import IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.model.filter_rule import BadRule, parse
from l2tpsec.model.policy import ACK, FIN, RST, SYN, Place, Rule

TEN = IPv4Network("10.0.0.0/8")


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("permit in ip from any to any", {}),
        (
            # RFC 4849 section 2 has one of this shape
            "permit in tcp from any to 10.0.0.0/8 80,443",
            {"protocol": 6, "destination": Place(TEN, ports=((80, 80), (443, 443)))},
        ),
        ("deny out ip from any to assigned", {"destination": Place(assigned=True)}),
        ("deny in ip from !assigned to any", {"source": Place(assigned=True, inverted=True)}),
        ("deny in ip from ! assigned to any", {"source": Place(assigned=True, inverted=True)}),
        (
            "permit in 17 from 10.0.0.0/8 1024-65535,53 to any",
            {"protocol": 17, "source": Place(TEN, ports=((1024, 65535), (53, 53)))},
        ),
        (
            "permit in sctp from 2001:db8::/32 to !2001:db8::1 7",
            {
                "protocol": 132,
                "source": Place(IPv6Network("2001:db8::/32")),
                "destination": Place(IPv6Network("2001:db8::1"), inverted=True, ports=((7, 7),)),
            },
        ),
        ("permit in tcp from any to any established", {"protocol": 6, "flags_any": RST | ACK}),
        (
            "deny in tcp from any to any setup",
            {"protocol": 6, "flags_set": SYN, "flags_clear": ACK},
        ),
        (
            "deny in tcp from any to any tcpflags fin,!syn,!ack",
            {"protocol": 6, "flags_set": FIN, "flags_clear": SYN | ACK},
        ),
        ("permit in ip from any to any frag", {"fragment": True}),
        (
            "permit in icmp from any to any icmptypes 0,8-10",
            {"protocol": 1, "icmp_types": ((0, 0), (8, 10))},
        ),
        (
            "permit in icmp from any to any icmptypes echo request,destination unreachable, 11",
            {"protocol": 1, "icmp_types": ((8, 8), (3, 3), (11, 11))},
        ),
        (
            "permit in icmpv6 from any to any icmptypes 128",
            {"protocol": 58, "icmp_types": ((128, 128),)},
        ),
    ],
)
def test_rules(text: str, fields: dict[str, object]) -> None:
    words = " ".join(text.split())
    permit, inbound = text.startswith("permit"), " in " in text
    assert parse(text) == Rule(words, permit, inbound, **fields)  # type: ignore[arg-type] # rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected permit or deny at the end"),
        ("allow in ip from any to any", "expected permit or deny, not 'allow'"),
        ("permit both ip from any to any", "expected in or out, not 'both'"),
        ("permit in tpc from any to any", "expected one of ip, icmp, tcp"),
        ("permit in 256 from any to any", "a number to 255, not '256'"),
        ("permit in ip any to any", "expected from, not 'any'"),
        ("permit in ip from any", "expected to at the end"),
        ("permit in ip from any to", 'expected an address, "any" or "assigned" at the end'),
        ("permit in ip from 10.0.0.1/8 to any", "has host bits set"),
        ("permit in ip from 10.0.0.0/255.0.0.0 to any", "not '10.0.0.0/255.0.0.0'"),
        ("permit in ip from 10.0.0.0/33 to any", "expected an address, a network such as"),
        ("permit in ip from fe80::1%eth0 to any", "not 'fe80::1%eth0'"),
        ("permit in ip from example.com to any", "not 'example.com'"),
        ("permit in ip from !any to any", "would never match"),
        ("permit in ip from 10.0.0.0/8 to 2001:db8::/32", "same version of IP"),
        ("permit in ip from any to any 80", "ports need tcp, udp or sctp"),
        ("permit in icmp from any 8 to any", "ports need tcp, udp or sctp"),
        ("permit in tcp from any to any 80,", "expected ports such as 80,443 or 1-99, not ''"),
        ("permit in tcp from any to any 9-1", "not '9-1'"),
        ("permit in tcp from any to any 65536", "not '65536'"),
        ("permit in tcp from any to any ٣", "not '٣'"),
        ("permit in tcp from any to any 80 443", "expected one of frag, established"),
        ("permit in udp from any to any established", "the protocol must be tcp"),
        ("permit in tcp from any to any tcpflags ece", "expected flags of fin, syn"),
        ("permit in tcp from any to any tcpflags syn,!syn", "both set and clear"),
        ("permit in tcp from any to any tcpflags", "expected flags such as syn,!ack at the end"),
        ("permit in tcp from any to any 80 frag", "frag goes with neither"),
        ("permit in ip from any to any icmptypes 8", "icmptypes need icmp or icmpv6"),
        ("permit in icmp from any to any icmptypes ping", "expected ICMP types"),
        ("permit in icmp from any to any icmptypes 256", "not '256'"),
        ("permit in ip from any to any ipoptions ssrr", "ipoptions is not supported here"),
        ("permit in tcp from any to any tcpoptions mss", "tcpoptions is not supported here"),
        ("permit in ip from any to any log", "expected frag or established or"),
        ("permit in ip from any to any\0", "printable characters"),
        ("permit " * 200, "at most 1000 printable"),
    ],
)
def test_what_cannot_be_obeyed_is_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(BadRule) as caught:
        parse(text)
    assert expected in caught.value.reason


WORDS = st.sampled_from(
    [
        *("permit", "deny", "in", "out", "ip", "tcp", "udp", "icmp", "6", "from", "to", "any"),
        *("assigned", "!assigned", "10.0.0.0/8", "!", "2001:db8::1", "80", "80-90", "frag"),
        *("established", "setup", "tcpflags", "syn,!ack", "icmptypes", "8", "echo", "request"),
    ]
)


@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = parse(text)
    except BadRule as error:
        assert error.reason
    else:
        assert parse(rule.text) == rule
