from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from l2tpsec.protocols.dhcp.agent import QUESTIONS_AT_ONCE, QUESTIONS_PER_SECOND
from l2tpsec.protocols.dhcp.effects import Answered, Leased, Report, Transmit
from l2tpsec.protocols.dhcp.packet import encode
from tests.peers.dhcp_server import Site, SiteServer
from tests.unit.l2tpsec.protocols.dhcp.test_relay import ALICE, INFORM, TERMS


def test_relay_and_client_share_a_port() -> None:
    site = Site(SiteServer(), lose={2})
    site.run(site.agent.acquire(1, ALICE, site.now))
    found = site.run(site.agent.request(2, encode(INFORM), TERMS, ALICE, site.now))
    assert [effect.token for effect in found if isinstance(effect, Answered)] == [2]
    found = site.until(site.now + 2)
    assert [effect.token for effect in found if isinstance(effect, Leased)] == [1]


@given(st.binary(max_size=300), st.binary(min_size=44, max_size=44), st.booleans())
def test_any_question_of_a_client(options: bytes, head: bytes, served: bool) -> None:
    site = Site(SiteServer()) if served else Site()
    fixed = b"\x01" + head[:2] + head[2:] + bytes(236 - 45) + b"\x63\x82\x53\x63"
    for data in (fixed + options, fixed + b"\x35\x01\x08" + options):
        effects = site.run(site.agent.request(1, data, TERMS, ALICE, site.now))
        effects += site.until(site.now + 5)
        assert all(isinstance(effect, Answered | Report) for effect in effects)
        for effect in effects:
            if isinstance(effect, Answered):
                assert len(encode(effect.message)) < 2000
    assert not any(isinstance(effect, Transmit) for effect in site.log)


def test_who_asks_without_end_is_answered_for_a_while_and_others_still_are() -> None:
    site = Site()
    asked = [
        effect
        for xid in range(3 * int(QUESTIONS_AT_ONCE))
        for effect in site.agent.request(
            1, encode(replace(INFORM, xid=xid)), TERMS, ALICE, site.now
        )
    ]
    answered = [effect for effect in asked if isinstance(effect, Answered)]
    assert len(answered) == QUESTIONS_AT_ONCE
    for token, later in ((2, 0.0), (1, 1 / QUESTIONS_PER_SECOND)):
        more = site.agent.request(token, encode(INFORM), TERMS, ALICE, site.now + later)
        assert any(isinstance(effect, Answered) for effect in more)


def test_it_knows_its_own_questions_from_those_of_others() -> None:
    """Several agents may share a port: each takes what it has asked for."""
    site, other = Site(SiteServer(), lose={1}), Site(SiteServer())
    leasing = [e for e in site.agent.acquire(1, ALICE, site.now) if isinstance(e, Transmit)]
    asked = site.agent.request(2, encode(INFORM), TERMS, ALICE, site.now)
    forwarded = [e for e in asked if isinstance(e, Transmit)]
    assert leasing
    assert forwarded
    for effect in (*leasing, *forwarded):
        assert site.agent.expects(effect.data)
        assert not other.agent.expects(effect.data)
    assert not site.agent.expects(b"noise")
