from l2tpsec.concentrator.peer import Peer
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.protocols.ike.effects import IkeSaId


def test_a_peer_is_forgotten_when_neither_sa_nor_session_is_left() -> None:
    path = Path(Endpoint("192.0.2.1", 4500), Endpoint("203.0.113.5", 61000))
    peer = Peer(PeerId(1), path, "192.168.1.10", "Windows", behind_nat=True, proven="203.0.113.5")
    assert peer.forgotten
    assert peer.label == "203.0.113.5:61000"
    assert peer.outer == ("203.0.113.5", "192.0.2.1")
    peer.sessions = (3,)
    held_by_session = peer.forgotten
    peer.sessions = ()
    peer.ike_sas = (IkeSaId(1),)
    held_by_sa = peer.forgotten
    assert (held_by_session, held_by_sa) == (False, False)
