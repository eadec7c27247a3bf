"""EAP, passed through between clients and a RADIUS server, over a network that loses packets."""

import random
from dataclasses import replace

import pytest

from l2tpsec.concentrator.settings import ConcentratorSettings
from l2tpsec.protocols.ppp.settings import PppSettings
from radius.client.settings import Server as RadiusServer
from radius.client.settings import Settings as RadiusSettings
from radius.message import Attribute
from tests.network.accounts import SECRET, Accounts
from tests.network.examiner import Examiner
from tests.network.host import Host
from tests.network.internet import AWFUL, CLEAN, ROUGH, Quality
from tests.network.server import Server
from tests.network.world import RADIUS, SETTINGS, World
from tests.peers.eap_peer import BULK, IDENTITY, MD5, MSCHAPV2, EapPeer
from tests.peers.ppp_peer import EAP

QUALITIES = pytest.mark.parametrize("quality", [CLEAN, ROUGH, AWFUL], ids=["clean", "5%", "20%"])
SECOND = "198.51.100.54"


def allowing(*methods: str) -> ConcentratorSettings:
    return replace(SETTINGS, ppp=PppSettings(authentication=methods))


def examining(accounts: Accounts, methods: tuple[int, ...] = (MSCHAPV2,)) -> Examiner:
    """Let a RADIUS server do EAP."""
    examiner = Examiner(accounts.people, random.Random(11).randbytes, methods)
    accounts.judgement.examiner = examiner
    return examiner


def world_of(
    quality: Quality = CLEAN,
    *methods: int,
    allowed: tuple[str, ...] = ("eap",),
    seed: int = 3,
) -> tuple[World, Examiner]:
    world = World(seed, quality, allowing(*allowed))
    return world, examining(world.radius, methods or (MSCHAPV2,))


def at(
    world: World,
    password: str = "secret",
    types: tuple[int, ...] = (MSCHAPV2, MD5, BULK),
    ticked: tuple[str, ...] = ("eap",),
) -> tuple[Host, EapPeer]:
    """Sit somebody down at a Windows client that has EAP ticked, and dial."""
    host = world.host(password=password)
    profile = replace(host.client.profile.ppp, methods=ticked)
    entropy = random.Random(7).randbytes
    host.client.ppp = peer = EapPeer(profile, b"alice", password, entropy, types)
    host.dial()
    return host, peer


def settle(world: World, host: Host, seconds: float = 400) -> str:
    world.clock.run(seconds, lambda: world.up(host) or host.client.state == "closed")
    return host.client.state


@QUALITIES
@pytest.mark.parametrize("method", [MD5, MSCHAPV2, BULK], ids=["md5", "mschapv2", "bulk"])
def test_a_user_dials_in(quality: Quality, method: int) -> None:
    world, examiner = world_of(quality, method)
    host, peer = at(world)
    assert settle(world, host) == "up", world.story(host)
    assert peer.requests[0] == IDENTITY
    assert "accepted by eap" in world.server.log
    assert world.clock.run(30, lambda: world.radius.online == ["alice"])
    for request in examiner.seen:
        assert request.text("User-Name") == "alice"
        assert 1200 < (request.number("Framed-MTU") or 0) <= 1390
    assert examiner.states == {}
    (subscriber,) = world.server.concentrator.subscribers
    assert subscriber.method == "eap"


def test_the_client_proves_the_server_too() -> None:
    world, _ = world_of()
    host, peer = at(world)
    assert settle(world, host) == "up"
    assert peer.proven


@QUALITIES
def test_a_wrong_password(quality: Quality) -> None:
    world, _ = world_of(quality)
    host, peer = at(world, "sceret")
    assert settle(world, host) == "closed", world.story(host)
    assert peer.refused == b"E=691 R=0 M=No"
    assert "refused by the RADIUS server (eap): that server's own log" in world.server.log
    assert world.server.concentrator.dial_ins == {"authentication_failed": 1}
    assert "sceret" not in world.server.log


def test_a_client_naks_what_it_cannot() -> None:
    world, examiner = world_of(CLEAN, MD5, MSCHAPV2)
    host, peer = at(world, types=(MSCHAPV2,))
    assert settle(world, host) == "up", world.story(host)
    assert peer.requests == [IDENTITY, MD5, MSCHAPV2, MSCHAPV2]
    assert len(examiner.seen) == 4


def test_no_method_in_common() -> None:
    world, _ = world_of(CLEAN, MD5)
    host, _peer = at(world, types=(MSCHAPV2,))
    assert settle(world, host) == "closed"
    assert world.server.concentrator.dial_ins == {"authentication_failed": 1}


def test_a_notification_reaches_the_client_and_its_answer_the_server() -> None:
    world, examiner = world_of()
    examiner.greeting = b"closed on Sunday"
    host, peer = at(world)
    assert settle(world, host) == "up", world.story(host)
    assert peer.notified == [b"closed on Sunday"]


@pytest.mark.parametrize("password", ["secret", "sceret"])
def test_a_server_that_ends_without_eap(password: str) -> None:
    world, examiner = world_of(CLEAN, MD5)
    examiner.curt = True
    host, peer = at(world, password)
    assert settle(world, host) == ("up" if password == "secret" else "closed")
    assert peer.failure == (None if password == "secret" else b"EAP")


def test_the_server_names_the_user() -> None:
    world, _ = world_of()
    world.radius.grants["alice"] = [("User-Name", "alice@corp.example")]
    host, _peer = at(world)
    assert settle(world, host) == "up"
    assert world.clock.run(30, lambda: world.radius.online == ["alice@corp.example"])
    assert world.server.concentrator.directory.named("alice@corp.example")
    host.hang_up()
    assert world.clock.run(30, lambda: world.radius.online == [])
    assert {record.text("User-Name") for record in world.radius.records if record.get("Class")} <= {
        "alice@corp.example"
    }


@pytest.mark.parametrize(
    ("allowed", "ticked", "method"),
    [
        (("eap", "mschapv2"), ("mschapv2",), "mschapv2"),
        (("eap", "mschapv2"), ("eap",), "eap"),
        (("mschapv2", "eap"), ("eap",), "eap"),
        (("mschapv2", "eap"), ("mschapv2", "eap"), "mschapv2"),
        (("mschapv2", "eap", "chap"), ("chap",), "chap"),
    ],
)
def test_both_sides_find_a_method(
    allowed: tuple[str, ...], ticked: tuple[str, ...], method: str
) -> None:
    world, _ = world_of(allowed=allowed)
    host, _peer = at(world, ticked=ticked)
    assert settle(world, host) == "up", world.story(host)
    (subscriber,) = world.server.concentrator.subscribers
    assert subscriber.method == method


def test_who_wants_eap_where_it_is_not_allowed_is_told_apart() -> None:
    world, _ = world_of(allowed=("mschapv2",))
    host, _peer = at(world)
    assert settle(world, host) == "closed"
    assert "it wants EAP (tick MS-CHAPv2 on the client or allow " in world.server.log


def test_the_embedded_server_refuses_at_once_and_says_why() -> None:
    world = World(3, CLEAN, allowing("eap"))
    host, peer = at(world)
    assert settle(world, host, 20) == "closed"
    assert peer.failure == b"EAP"
    assert "this server does no EAP: let the client use MS-CHAPv2" in world.radius.notices[-1]
    assert world.server.concentrator.dial_ins == {"authentication_failed": 1}


def deaf(_code: int, _identifier: int, _data: bytes, _now: float) -> list[bytes]:
    return []


def conversing(world: World, host: Host, examiner: Examiner, requests: int) -> None:
    """Let a conversation come as far as so many requests to the server."""
    reached = lambda: len(examiner.seen) == requests  # noqa: E731 - one line, used once
    assert world.clock.run(60, reached), world.story(host)


def two_servers() -> tuple[World, Examiner, Accounts, Examiner]:
    world = World(3, CLEAN, allowing("eap"))
    other = Accounts(world.internet, SECOND, random.Random(5).randbytes, SECRET)
    other.people.add("alice", "secret")
    world.server.kill()
    servers = (RadiusServer(RADIUS, SECRET), RadiusServer(SECOND, SECRET))
    world.site.radius = RadiusSettings(servers)
    world.server = Server(world.site)
    return world, examining(world.radius, (BULK,)), other, examining(other, (BULK,))


def test_a_server_that_dies_halfway_ends_the_dial_in_and_the_next_goes_elsewhere() -> None:
    world, first, _, second = two_servers()
    host, peer = at(world)
    conversing(world, host, first, 2)
    world.radius.silent = True
    assert settle(world, host) == "closed", world.story(host)
    assert second.seen == []
    assert f"{RADIUS}:1812: no answer to" in world.server.log
    assert world.server.concentrator.dial_ins == {"authentication_unavailable": 1}
    assert peer.failure is None  # nobody refused it
    again, _peer = at(world)
    assert settle(world, again) == "up", world.story(again)
    assert second.seen


def test_a_server_that_is_silent_from_the_start_costs_nobody_anything() -> None:
    world, first, _, second = two_servers()
    world.radius.silent = True
    host, _peer = at(world)
    assert settle(world, host) == "up", world.story(host)
    assert (first.seen, len(second.seen)) == ([], 4)


@pytest.mark.parametrize("extra", [(), (("Session-Timeout", 30),)])
def test_the_server_says_when_to_ask_again(extra: tuple[Attribute, ...]) -> None:
    world, examiner = world_of()
    examiner.extra = extra
    host, peer = at(world)
    conversing(world, host, examiner, 1)
    peer._receivers[EAP] = deaf  # the client is busy with its user
    world.run(25)
    before = len(peer.requests)
    peer._receivers[EAP] = peer._receive_eap
    world.run(10)
    assert len(peer.requests) > before
    assert settle(world, host) == "up", world.story(host)


def test_a_client_that_begins_lcp_anew_between_two_rounds() -> None:
    world, examiner = world_of(CLEAN, BULK)
    host, peer = at(world)
    conversing(world, host, examiner, 2)
    states = set(examiner.states)
    peer._receivers[EAP] = deaf
    world.run(1)
    (subscriber,) = world.server.concentrator.subscribers
    for frame in peer.open(world.clock.now):
        host.client._send_frame(frame, world.clock.now)
    host._send(host.client._sent())
    peer._receivers[EAP] = peer._receive_eap
    assert settle(world, host) == "up", world.story(host)
    assert states & set(examiner.states)  # the first conversation was left where it was
    assert subscriber.connected


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (1400, "the RADIUS server's EAP packet of 1405 octets is too long for a link of "),
        (1500, "the RADIUS server's Access-Challenge is no EAP: length field 1505"),
    ],
)
def test_packets_too_long_for_the_link_are_named(octets: int, words: str) -> None:
    world, examiner = world_of(CLEAN, BULK)
    examiner.bulk_octets = octets
    host, _peer = at(world)
    settle(world, host, 100)
    assert words in world.server.log


def test_a_conversation_without_end_is_ended() -> None:
    world, examiner = world_of(CLEAN, BULK)
    examiner.bulk_rounds = 1_000
    host, _peer = at(world)
    assert settle(world, host) == "closed"
    assert "EAP came to no end in 100 rounds" in world.server.log
    assert len(examiner.seen) == 100


def test_who_has_all_the_sessions_that_may_be_is_told_in_eap() -> None:
    world, _ = world_of()
    world.radius.grants["alice"] = [("Port-Limit", 1)]
    first, _peer = at(world)
    assert settle(world, first) == "up"
    second, peer = at(world)
    assert settle(world, second) == "closed", world.story(second)
    assert peer.failure == b"EAP"
    assert world.up(first)
