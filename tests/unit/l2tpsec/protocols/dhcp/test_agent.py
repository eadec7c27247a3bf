from l2tpsec.protocols.dhcp.effects import Answered, Leased
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
