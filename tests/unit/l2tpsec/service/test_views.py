import asyncio
from collections import Counter
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from l2tpsec.concentrator.addressing.chain import Lease
from l2tpsec.concentrator.subscriber import Stage
from l2tpsec.concentrator.traffic import Traffic
from l2tpsec.model.counters import Counters, Refusals
from l2tpsec.model.filter_rule import parse
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.policy import Filter, Policy, Rate
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.observe.logging import Journal
from l2tpsec.service.views import ROWS_AT_ONCE, SUMMED_AT_ONCE, Clock, Views

if TYPE_CHECKING:
    from l2tpsec.concentrator.concentrator import Concentrator
    from l2tpsec.dataplane.contract import DataPlane

ADDRESS = IPv4Address("10.99.0.2")


def subscriber(**fields: Any) -> SimpleNamespace:
    peer = SimpleNamespace(
        label="203.0.113.5:4500",
        client="Windows",
        suite="aes256-cbc/sha1/ecp384",
        transform="aes256-cbc/hmac-sha1-96",
        id=PeerId(1),
        encapsulated=True,
    )
    plain = {
        "number": 3,
        "user": "alice",
        "lease": Lease(ADDRESS, 3, "pool"),
        "peer": peer,
        "ipv6": SimpleNamespace(prefix=None),
        "since": 100.0,
        "stage": Stage.ONLINE,
        "counters": Counters(1, 20, 3, 40),
        "method": "mschapv2",
        "mtu": 1400,
        "dialin": SimpleNamespace(session_id="abcd0003"),
        "ids": SessionIds(1, 2, 3, 4, 1701),
        "policy": Policy(),
    }
    return SimpleNamespace(**{**plain, **fields})


class Subscribers:
    """Those of one box."""

    def __init__(self, subscribers: tuple[SimpleNamespace, ...]) -> None:
        self._all = {subscriber.number: subscriber for subscriber in subscribers}
        self.get = self._all.get

    def __len__(self) -> int:
        return len(self._all)

    @property
    def numbers(self) -> list[int]:
        return list(self._all)


def views(*subscribers: SimpleNamespace) -> Views:
    box = SimpleNamespace(
        subscribers=Subscribers(subscribers),
        tunnels=1,
        peers=SimpleNamespace(ike_sas=1, pairs=2),
        chain=SimpleNamespace(leased=1),
        radius=SimpleNamespace(
            waiting=7,
            events={("10.0.0.11:1812", "retry"): 9},
            alive=lambda _: {"10.0.0.11:1812": True, "10.0.0.11:1813": False},
        ),
        sites=SimpleNamespace(of=lambda _: [IPv4Network("192.168.7.0/24")]),
        dial_ins=Counter(up=2, authentication_failed=1),
        traffic=Traffic(),
    )
    plane = SimpleNamespace(drops={"replayed": 4}, refusals=lambda *_: Refusals(5, 6))
    clock = SimpleNamespace(monotonic=lambda: 150.0, wall=lambda: 1_000_150.0)
    journal = Journal(lambda: 0.0)
    journal.dropped(Dropped(Phase.L2TP, "malformed"), "203.0.113.5:4500")
    refused = Noted(Phase.AUTHENTICATION, Level.WARNING, "wrong user name or password")
    journal.note(refused, "203.0.113.5:4500", "bob")
    return Views(
        cast("Concentrator", box),
        cast("DataPlane", plane),
        journal,
        cast("Clock", clock),
        lambda: 5,
    )


def test_a_session_is_a_row_in_the_clock_of_people() -> None:
    row = views(subscriber()).rows([3])[0]
    assert (row["id"], row["user"], row["address"]) == (3, "alice", "10.99.0.2")
    assert row["routes"] == ["192.168.7.0/24"]
    assert row["since"] == 1_000_100.0
    assert (row["input_octets"], row["output_octets"]) == (20, 40)
    assert (row["ike"], row["esp"]) == ("aes256-cbc/sha1/ecp384", "aes256-cbc/hmac-sha1-96")


def test_what_failed_is_told_to_who_asks() -> None:
    assert [row["windows"] for row in views().why("bob")] == [[691]]
    assert views().why("alice") == []


def test_a_session_without_address_shows_none() -> None:
    assert views(subscriber(lease=None)).rows([3])[0]["address"] == ""


def test_a_session_with_ipv6_shows_its_prefix() -> None:
    assert views(subscriber()).rows([3])[0]["ipv6_prefix"] == ""
    prefix = IPv6Network("2001:db8:99:1::/64")
    row = views(subscriber(ipv6=SimpleNamespace(prefix=prefix))).rows([3])[0]
    assert row["ipv6_prefix"] == "2001:db8:99:1::/64"


def test_a_session_under_a_policy_shows_it() -> None:
    row = views(subscriber()).rows([3])[0]
    assert (row["filter"], row["rate"], row["rate_up_bits_per_second"]) == ("", "", None)
    chosen = Filter("guests", (parse("deny in ip from any to any"),))
    row = views(subscriber(policy=Policy(chosen, down=Rate(20_000_000)))).rows([3])[0]
    assert (row["filter"], row["rate"]) == ("guests", "-/20M")
    assert (row["rate_up_bits_per_second"], row["rate_down_bits_per_second"]) == (None, 20_000_000)
    assert (row["filtered_packets"], row["limited_packets"]) == (5, 6)


def test_status_and_metrics_agree() -> None:
    seen = views(subscriber())
    status = asyncio.run(seen.status())
    assert (status["sessions"], status["dial_ins_failed"], status["accounting_waiting"]) == (
        1,
        1,
        7,
    )
    assert status["radius_silent"] == "10.0.0.11:1813"
    text = asyncio.run(seen.metrics())
    assert "l2tpsec_output_octets_total 40" in text
    assert 'l2tpsec_dial_ins_total{result="connected",cause=""} 2' in text
    assert 'l2tpsec_dial_ins_total{result="failed",cause="authentication_failed"} 1' in text
    assert 'l2tpsec_drops_total{phase="data",reason="replayed"} 4' in text
    assert 'l2tpsec_drops_total{phase="l2tp",reason="malformed"} 1' in text
    assert "l2tpsec_sa_pairs 2" in text
    assert "l2tpsec_accounting_waiting 7" in text
    assert 'l2tpsec_radius_events_total{server="10.0.0.11:1812",event="retry"} 9' in text
    assert 'l2tpsec_radius_up{server="10.0.0.11:1812"} 1' in text
    assert 'l2tpsec_radius_up{server="10.0.0.11:1813"} 0' in text
    assert 'l2tpsec_drops_total{phase="socket",reason="refused to send"} 5' in text


def test_many_are_shown_and_summed_in_portions_and_who_leaves_meanwhile_is_counted_once() -> None:
    many = [subscriber(number=number) for number in range(1, 2 * SUMMED_AT_ONCE)]
    seen = views(*many)
    box = cast("Any", seen._concentrator)

    async def hang_up() -> None:
        for number in (1, len(many)):
            box.subscribers._all.pop(number)
            box.traffic.ended(number, Counters(1, 20, 3, 40))

    async def main() -> None:
        parts = [len(part) async for part in seen.sessions()]
        assert (sum(parts), max(parts)) == (len(many), ROWS_AT_ONCE)
        snapshot, _ = await asyncio.gather(seen.snapshot(), hang_up())
        assert (snapshot.sessions, snapshot.input_packets) == (len(many) - 2, len(many))
        assert (await seen.snapshot()).input_packets == len(many)

    asyncio.run(main())
