import itertools
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.model.records import Dropped
from l2tpsec.protocols.dhcp import packet
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.effects import Effect, Leased, Lost, Report, Transmit
from l2tpsec.protocols.dhcp.identity import Applicant
from l2tpsec.protocols.dhcp.lease import FOREVER
from l2tpsec.protocols.dhcp.packet import Message, Options
from tests.peers.dhcp_server import FIRST, GATEWAY, SECOND, Site, SiteServer

ALICE = Applicant("alice", "vpn1", "192.0.2.9", "corp.example")
BOB = Applicant("bob", "vpn1", "192.0.2.10")
LEASED = IPv4Address("10.99.0.100")


def acquire(site: Site, token: int = 1, who: Applicant = ALICE) -> list[Effect]:
    return site.run(site.agent.acquire(token, who, site.now))


def of(effects: list[Effect], kind: type[Leased] | type[Lost]) -> list[Effect]:
    return [effect for effect in effects if isinstance(effect, kind)]


def reasons(effects: list[Effect]) -> list[str]:
    records = [effect.record for effect in effects if isinstance(effect, Report)]
    return [record.reason for record in records if isinstance(record, Dropped)]


def lost(effects: list[Effect]) -> str:
    [effect] = [e for e in effects if isinstance(e, Lost)]
    return effect.reason


def test_discover_offer_request_acknowledge() -> None:
    server = SiteServer(extra={Code.DOMAIN: b"corp.example", 43: bytes(200)})
    site = Site(server)
    [leased] = of(acquire(site), Leased)
    assert isinstance(leased, Leased)
    assert (leased.token, leased.address) == (1, LEASED)
    assert leased.options == {Code.DOMAIN: b"corp.example"}
    assert server.types() == ["DISCOVER", "REQUEST"]
    discover, request = server.heard
    assert discover.xid == request.xid
    for message in server.heard:
        assert (message.giaddr, message.hops, message.ciaddr) == (GATEWAY, 1, packet.NOWHERE)
        assert message.options[Code.CLIENT_ID] == b"\0vpn1/alice"
        assert message.options[Code.HOST_NAME] == b"alice"
        assert message.options[Code.FQDN].startswith(b"\x05")
        assert message.options[Code.RELAY_AGENT].startswith(b"\x01\x04vpn1")
        assert {6, 15, 51, 58, 59, 121, 249} <= set(message.options[Code.WANTED])
    assert request.address(Code.REQUESTED_ADDRESS) == LEASED
    assert request.address(Code.SERVER_ID) == FIRST
    assert acquire(site) == []


@pytest.mark.parametrize("lose", [{1}, {2}, {3}, {4}, {1, 3}, {2, 4}, {4, 6}, {1, 2, 3, 4}])
def test_whatever_is_lost_is_repeated(lose: set[int]) -> None:
    site = Site(SiteServer(), lose=lose)
    found = acquire(site) + site.until(site.now + 20)
    assert len(of(found, Leased)) == 1
    assert of(found, Lost) == []


@given(st.sets(st.integers(1, 40), max_size=12))
def test_any_loss_ends_in_one_lease_or_none(lose: set[int]) -> None:
    site = Site(SiteServer(), lose=lose)
    found = acquire(site) + site.until(site.now + 60)
    assert len(of(found, Leased)) + len(of(found, Lost)) == 1
    assert site.agent.leased == len(of(found, Leased))


def test_patience_ends_before_the_clients() -> None:
    server = SiteServer(silent=True)
    site = Site(server)
    began = site.now
    assert acquire(site) == []
    assert of(site.until(began + 17.9), Lost) == []
    assert "(10.0.0.1)" in lost(site.until(began + 18))
    assert 5 <= len(server.heard) <= 7
    assert server.heard[-1].secs >= 10
    assert (site.agent.leased, site.agent.deadline) == (0, None)


def test_delays_double_and_differ() -> None:
    server = SiteServer(silent=True)
    site = Site(server)
    moments = [site.now]
    acquire(site)
    while site.agent.leased and (deadline := site.agent.deadline):
        site.until(deadline)
        moments.append(deadline)
    delays = [after - before for before, after in itertools.pairwise(moments)]
    for delay, plain in zip(delays[:4], (1, 2, 4, 4), strict=True):
        assert 0.8 * plain <= delay <= 1.2 * plain


def test_the_first_offer_wins_and_the_other_server_hears_of_it() -> None:
    first, second = SiteServer(), SiteServer(SECOND)
    site = Site(first, second)
    [leased] = of(acquire(site), Leased)
    assert isinstance(leased, Leased)
    assert second.types() == ["DISCOVER", "REQUEST"]
    assert second.heard[1].address(Code.SERVER_ID) == FIRST
    assert "a reply that nobody awaits" not in reasons(site.log)


def test_the_second_server_serves_alone() -> None:
    site = Site(SiteServer(silent=True), SiteServer(SECOND))
    assert len(of(acquire(site), Leased)) == 1


def test_a_refused_request_begins_anew_three_times() -> None:
    server = SiteServer(refuses=True)
    site = Site(server)
    found = acquire(site) + site.until(site.now + 10)
    assert lost(found) == "the DHCP server refused the lease (DHCPNAK: wrong ? network)"
    assert server.types() == ["DISCOVER", "REQUEST"] * 3
    assert len({message.xid for message in server.heard}) == 3


def test_two_sessions_of_one_user_have_two_leases() -> None:
    server = SiteServer()
    site = Site(server)
    found = acquire(site, 1) + acquire(site, 2) + acquire(site, 3, BOB)
    addresses = {effect.address for effect in found if isinstance(effect, Leased)}
    assert len(addresses) == 3
    site.run(site.agent.release(1, site.now))
    acquire(site, 4)
    assert len(server.leases) == 3
    assert site.agent.leased == 3


def test_release() -> None:
    server = SiteServer()
    site = Site(server)
    acquire(site)
    site.run(site.agent.release(1, site.now))
    release = server.heard[-1]
    assert release.type == Type.RELEASE
    assert (release.ciaddr, release.address(Code.SERVER_ID)) == (LEASED, FIRST)
    assert server.leases == {}
    assert (site.agent.leased, site.agent.deadline) == (0, None)
    assert site.agent.release(1, site.now) == []


def test_release_before_there_is_a_lease() -> None:
    site = Site(SiteServer(silent=True))
    acquire(site)
    assert site.agent.release(1, site.now) == []
    assert site.agent.leased == 0
    server = SiteServer()
    site = Site(server, lose={4})
    acquire(site)
    site.run(site.agent.release(1, site.now))
    assert server.types() == ["DISCOVER", "REQUEST", "RELEASE"]
    assert server.leases == {}


def test_a_declined_address_is_followed_by_another() -> None:
    server = SiteServer()
    site = Site(server)
    acquire(site)
    assert of(site.run(site.agent.decline(1, site.now)), Lost) == []
    decline = server.heard[-1]
    assert decline.type == Type.DECLINE
    assert (decline.ciaddr, decline.address(Code.REQUESTED_ADDRESS)) == (packet.NOWHERE, LEASED)
    [leased] = of(site.until(site.now + 2), Leased)
    assert isinstance(leased, Leased)
    assert leased.address == LEASED + 1
    assert server.spoilt == {LEASED}


def test_three_declines_are_enough() -> None:
    site = Site(SiteServer())
    acquire(site)
    found: list[Effect] = []
    for _ in range(3):
        found += site.run(site.agent.decline(1, site.now))
        site.until(site.now + 2)
    assert "in use" in lost(found)
    assert site.agent.decline(1, site.now) == []
    assert site.agent.leased == 0


def test_a_lease_is_renewed_for_as_long_as_the_session_lives() -> None:
    server = SiteServer(seconds=3600)
    site = Site(server)
    acquire(site)
    began = site.now
    assert of(site.until(began + 86400), Lost) == []
    renewals = server.heard[2:]
    # 86,400 s by T1, which is 1,800 s or up to a sixteenth less
    assert 48 <= len(renewals) <= 51
    for request in renewals:
        assert (request.type, request.ciaddr, request.giaddr) == (Type.REQUEST, LEASED, GATEWAY)
        assert Code.SERVER_ID not in request.options
        assert Code.REQUESTED_ADDRESS not in request.options
    assert len({request.xid for request in renewals}) == len(renewals)


def test_the_servers_own_times_are_obeyed_where_they_make_sense() -> None:
    for t1, t2, expected in ((100, 200, 100), (200, 100, 1800), (0, 0, 1800), (100, 9999, 1800)):
        times: Options = {Code.T1_SECONDS: t1.to_bytes(4), Code.T2_SECONDS: t2.to_bytes(4)}
        site = Site(SiteServer(extra=times))
        acquire(site)
        assert site.agent.deadline is not None
        assert 15 / 16 * expected <= site.agent.deadline - site.now <= expected


def test_a_lease_for_ever_is_never_renewed() -> None:
    site = Site(SiteServer(seconds=FOREVER))
    acquire(site)
    assert site.agent.deadline is None


def test_rebinding_asks_all_and_moves_to_who_answers() -> None:
    first, second = SiteServer(), SiteServer(SECOND)
    site = Site(first, second)
    acquire(site)
    second.leases = dict(first.leases)
    first.silent = True
    first.heard.clear()
    second.heard.clear()
    assert of(site.until(site.now + 3600), Lost) == []
    # from T1 on after half of the 1350 s to T2 and so on, no less than a minute; then all are asked
    assert len(first.heard) in {7, 8}
    assert second.types()[0] == "REQUEST"
    site.run(site.agent.release(1, site.now))
    assert second.heard[-1].address(Code.SERVER_ID) == SECOND


def test_a_lease_that_nobody_renews_expires() -> None:
    server = SiteServer()
    site = Site(server)
    acquire(site)
    began = site.now
    server.silent = True
    assert of(site.until(began + 3599), Lost) == []
    assert "expired" in lost(site.until(began + 3600))
    assert site.agent.leased == 0


def test_a_refused_renewal_ends_the_lease() -> None:
    server = SiteServer()
    site = Site(server)
    acquire(site)
    server.refuses = True
    assert "DHCPNAK" in lost(site.until(site.now + 1800))


def test_a_renewal_with_another_address_ends_the_lease() -> None:
    server = SiteServer()
    site = Site(server)
    acquire(site)
    [effect] = site.agent.expire(site.now + 1800)
    assert isinstance(effect, Transmit)
    [data] = server.receive(effect.data)
    moved = replace(packet.decode(data), yiaddr=LEASED + 7)
    assert "10.99.0.107" in lost(site.agent.receive(packet.encode(moved), FIRST, site.now + 1800))


def _waiting(steps: int) -> tuple[Site, SiteServer, Message]:
    """Return a site that waits for a reply, and the reply: offer, acknowledgement, renewal."""
    server = SiteServer()
    site = Site(server, lose={2 * steps})
    acquire(site)
    if steps == 3:
        site.until(site.now + 1800)
    return site, server, packet.decode(server.receive(packet.encode(server.heard[-1]))[0])


def _without(message: Message, code: int) -> Message:
    options = {c: v for c, v in message.options.items() if c != code}
    return replace(message, options=options)


Change = Callable[[Message], Message]
AWAITED, OURS = "a reply that nobody awaits", "no reply to this relay"
OFFER, OTHER = "an offer without address or server", "an acknowledgement of something else"
NAK = {53: b"\x06", 54: SECOND.packed}
ODD: dict[str, tuple[int, Change, str]] = {
    "xid": (1, lambda m: replace(m, xid=m.xid ^ 1 << 31), AWAITED),
    "hardware": (1, lambda m: replace(m, hardware=b"\x02other"), AWAITED),
    "relay": (1, lambda m: replace(m, giaddr=packet.NOWHERE), OURS),
    "op": (1, lambda m: replace(m, op=packet.REQUEST), OURS),
    "no address": (1, lambda m: replace(m, yiaddr=packet.NOWHERE), OFFER),
    "no server": (1, lambda m: _without(m, Code.SERVER_ID), OFFER),
    "no type": (1, lambda m: _without(m, Code.TYPE), "a reply out of turn"),
    "another address": (2, lambda m: replace(m, yiaddr=LEASED + 1), OTHER),
    "no lease": (2, lambda m: _without(m, Code.LEASE_SECONDS), OTHER),
    "no more lease": (3, lambda m: _without(m, Code.LEASE_SECONDS), OTHER),
    "nak": (2, lambda m: replace(m, options=NAK), "a refusal by a server that was not asked"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_replies_change_nothing(name: str) -> None:
    steps, change, reason = ODD[name]
    site, _, reply = _waiting(steps)
    odd = packet.encode(change(reply))
    assert reasons(site.agent.receive(odd, FIRST, site.now)) == [reason]
    site.run(site.agent.receive(packet.encode(reply), FIRST, site.now))
    assert len(of(site.log, Leased)) == 1
    assert site.agent.leased == 1


def test_a_stranger_is_not_believed() -> None:
    site, _, reply = _waiting(1)
    effects = site.agent.receive(packet.encode(reply), SECOND, site.now)
    assert reasons(effects) == ["from a server that is not configured"]
    assert reasons(site.agent.receive(b"junk", FIRST, site.now)) == ["malformed"]


@given(st.binary(max_size=600), st.booleans())
def test_any_octets_from_a_server(data: bytes, framed: bool) -> None:
    site, _, reply = _waiting(1)
    octets = packet.encode(replace(reply, options={}))[:240] + data if framed else data
    for effect in site.agent.receive(octets, FIRST, site.now):
        assert isinstance(effect, Report | Transmit)
