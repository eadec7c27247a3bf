from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from l2tpsec.model.records import Level, Noted
from l2tpsec.protocols.dhcp import packet
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.effects import Answered, Effect, Report
from l2tpsec.protocols.dhcp.identity import Applicant
from l2tpsec.protocols.dhcp.inform import Terms
from l2tpsec.protocols.dhcp.packet import Message
from tests.peers.dhcp_server import FIRST, GATEWAY, SECOND, Site, SiteServer

ALICE = Applicant("alice", "vpn1", "192.0.2.9")
CLIENT = IPv4Address("10.99.0.2")
TERMS = Terms(GATEWAY, domain="corp.example", routes=(IPv4Network("10.0.0.0/8"),))
INFORM = Message(
    packet.REQUEST, 7, {Code.TYPE: bytes([Type.INFORM])}, 8, b"RAS \1\2", secs=3, ciaddr=CLIENT
)


def ask(site: Site, token: int = 1, message: Message = INFORM) -> list[Effect]:
    data = packet.encode(message)
    return site.run(site.agent.request(token, data, TERMS, ALICE, site.now))


def answers(effects: list[Effect]) -> list[Message]:
    return [effect.message for effect in effects if isinstance(effect, Answered)]


def notes(effects: list[Effect]) -> list[Noted]:
    records = [effect.record for effect in effects if isinstance(effect, Report)]
    return [record for record in records if isinstance(record, Noted)]


def test_without_servers_the_answer_is_our_own_and_at_once() -> None:
    site = Site()
    [answer] = answers(ask(site))
    assert answer.options[Code.DOMAIN] == b"corp.example"
    assert site.agent.deadline is None
    assert [note.level for note in notes(site.log)] == [Level.INFO]


def test_the_sites_server_is_asked_as_by_a_relay() -> None:
    server = SiteServer(extra={Code.DNS: b"\x0a\0\0\x35", Code.DOMAIN: b"site.example"})
    site = Site(server)
    [answer] = answers(ask(site))
    [heard] = server.heard
    assert (heard.xid, heard.hops, heard.giaddr, heard.secs) == (7, 1, GATEWAY, 3)
    assert heard.options[Code.RELAY_AGENT] == b"\x01\x04vpn1\x02\x09192.0.2.9\x06\x05alice"
    assert answer.options[Code.DOMAIN] == b"site.example"
    assert answer.options[Code.DNS] == b"\x0a\0\0\x35"
    assert Code.CLASSLESS_ROUTES in answer.options
    assert (answer.ciaddr, answer.giaddr, answer.hops) == (CLIENT, packet.NOWHERE, 0)
    assert (answer.options[Code.SERVER_ID], answer.hardware) == (GATEWAY.packed, b"RAS \1\2")


def test_first_without_and_then_with_an_address() -> None:
    server = SiteServer(silent=True)
    site = Site(server)
    began = site.now
    assert ask(site) == []
    assert site.until(began + 1) == []
    assert [message.ciaddr for message in server.heard] == [packet.NOWHERE, CLIENT]


def test_without_a_reply_the_answer_is_our_own_after_two_seconds() -> None:
    site = Site(SiteServer(silent=True))
    began = site.now
    ask(site)
    assert answers(site.until(began + 1.9)) == []
    found = site.until(began + 2)
    assert answers(found)[0].options[Code.DOMAIN] == b"corp.example"
    assert notes(found)[0].level is Level.WARNING
    assert site.agent.deadline is None


def test_the_first_reply_wins() -> None:
    site = Site(SiteServer(extra={Code.DOMAIN: b"one"}), SiteServer(SECOND))
    assert [answer.options[Code.DOMAIN] for answer in answers(ask(site))] == [b"one"]
    assert site.agent.deadline is None


def test_a_repeated_question_is_not_forwarded_again() -> None:
    server = SiteServer(silent=True)
    site = Site(server)
    ask(site)
    ask(site)
    assert len(server.heard) == 1
    ask(site, message=replace(INFORM, xid=8))
    assert [message.xid for message in server.heard] == [7, 8]
    assert len(answers(site.until(site.now + 5))) == 1


def test_equal_numbers_of_two_clients_do_not_meet() -> None:
    site = Site(SiteServer(silent=True))
    ask(site, 1)
    [effect] = [e for e in ask(site, 2) if isinstance(e, Answered)]
    assert effect.token == 2
    [later] = [e for e in site.until(site.now + 3) if isinstance(e, Answered)]
    assert later.token == 1


def test_a_refusal_is_never_passed_on() -> None:
    server = SiteServer(silent=True)
    site = Site(server)
    ask(site)
    nak = replace(server.heard[0], op=packet.REPLY, options={Code.TYPE: bytes([Type.NAK])})
    other = replace(nak, options={Code.TYPE: bytes([Type.ACK])}, hardware=b"another")
    routes = replace(nak, options={Code.TYPE: bytes([Type.ACK]), Code.CLASSLESS_ROUTES: b"\x99"})
    for reply in (nak, other, routes):
        effects = site.agent.receive(packet.encode(reply), FIRST, site.now)
        assert answers(effects) == []
        assert len(effects) == 1
    assert len(answers(site.until(site.now + 2))) == 1


def test_a_session_that_ends_is_not_answered() -> None:
    site = Site(SiteServer(silent=True))
    ask(site)
    assert site.agent.release(1, site.now) == []
    assert site.until(site.now + 5) == []


@pytest.mark.parametrize(
    "data",
    [
        b"junk",
        packet.encode(replace(INFORM, op=packet.REPLY)),
        packet.encode(replace(INFORM, options={})),
        packet.encode(replace(INFORM, hops=255)),
        packet.encode(replace(INFORM, options={Code.TYPE: bytes([Type.REQUEST])})),
    ],
)
def test_other_messages_of_clients_are_dropped(data: bytes) -> None:
    site = Site(SiteServer())
    [effect] = site.agent.request(1, data, TERMS, ALICE, site.now)
    assert isinstance(effect, Report)
    assert effect.token == 1


def test_clients_cannot_flood_the_sites_servers() -> None:
    server = SiteServer(silent=True)
    site = Site(server)
    for xid in range(1000):
        ask(site, 1 + xid // 5, replace(INFORM, xid=xid))
    assert len(server.heard) == 400
