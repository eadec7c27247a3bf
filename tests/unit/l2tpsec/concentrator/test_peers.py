from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.peers import Peers
from l2tpsec.crypto.ciphers import AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaKeys, SaPair
from l2tpsec.protocols.ike.effects import IkeSaEstablished, IkeSaId

LOCAL = Endpoint("192.0.2.1", 4500)
INNER, ADDRESS = "192.168.1.10", "203.0.113.5"


def path(port: int, address: str = ADDRESS) -> Path:
    return Path(LOCAL, Endpoint(address, port))


def pair(spi: int, *, encapsulated: bool = True) -> SaPair:
    keys = SaKeys(bytes(32), bytes(20))
    transform = EspTransform(AES256_CBC, HMAC_SHA1_96)
    return SaPair(transform, spi, spi + 1, keys, keys, path(4500), encapsulated)


def join(peers: Peers, sa: int, port: int, *, behind_nat: bool = True) -> Peer:
    return peers.authenticated(
        IkeSaEstablished(
            *(IkeSaId(sa), path(port), ADDRESS, INNER, 0, f"client {sa}", f"suite {sa}"),
            behind_nat,
        )
    )


def test_behind_a_nat_not_even_the_same_place_and_identity_are_one_peer() -> None:
    peers = Peers()
    first, second, third = join(peers, 1, 4500), join(peers, 2, 61000), join(peers, 3, 4500)
    assert len({first.id, second.id, third.id}) == len(peers) == 3
    assert peers.neighbours(first) == (third,)
    assert peers.neighbours(third) == (first,)
    assert peers.neighbours(second) == ()


def test_what_a_peer_has_proven_stays_when_packets_come_from_elsewhere() -> None:
    peers = Peers()
    peer = join(peers, 1, 4500)
    peers.move(peer, path(4500, "192.0.2.66"))
    assert peer.proven == ADDRESS
    assert peer.outer[0] == "192.0.2.66"


def test_who_is_no_user_s_is_one_of_a_crowd_until_welcomed_or_gone() -> None:
    peers = Peers()
    first, second, third = (join(peers, sa, 4500 + sa) for sa in (1, 2, 3))
    assert peers.oldest_stranger(ADDRESS, 3) is None
    assert peers.oldest_stranger("192.0.2.66", 0) is None
    assert peers.oldest_stranger(ADDRESS, 2) is first
    peers.welcome(first.id)
    assert peers.oldest_stranger(ADDRESS, 1) is second
    peers.forget(second)
    assert peers.oldest_stranger(ADDRESS, 0) is third


def test_without_a_nat_reauthentication_from_the_same_place_is_the_same_peer() -> None:
    peers = Peers()
    behind = join(peers, 9, 4500)
    first = join(peers, 1, 4500, behind_nat=False)
    assert first is not behind
    assert join(peers, 2, 4500, behind_nat=False) is first
    assert peers.of_ike_sa(IkeSaId(2)) is first
    assert (first.ike_sas, first.client, first.suite) == ((1, 2), "client 2", "suite 2")


def test_a_recognized_newcomer_brings_what_it_has() -> None:
    peers = Peers()
    known, newcomer = join(peers, 1, 4500), join(peers, 2, 61000)
    peers.add_pair(known, pair(7))
    peers.add_pair(newcomer, pair(9))
    peers.merge(newcomer, known)
    assert newcomer.forgotten
    assert (known.ike_sas, list(known.pairs)) == ((1, 2), [7, 9])
    assert peers.of_ike_sa(IkeSaId(2)) is peers.of_spi(9) is known
    assert (known.client, known.suite) == ("client 2", "suite 2")
    peers.forget(newcomer)
    peers.forget(newcomer)
    assert len(peers) == 1


def test_pairs_outlive_their_isakmp_sa() -> None:
    peers = Peers()
    peer = join(peers, 1, 4500)
    peers.add_pair(peer, pair(7))
    assert peers.end_ike_sa(IkeSaId(1)) is peer
    assert peers.of_spi(7) is peer
    assert peers.end_pair(7) is peer
    assert (peer.ike_sas, peer.pairs) == ((), {})
    assert (peers.pairs, peers.ike_sas) == (0, 0)


def test_a_moved_peer_is_found_at_its_new_place_only() -> None:
    peers = Peers()
    peer = join(peers, 1, 4500)
    peers.move(peer, path(5000))
    assert peer.label == "203.0.113.5:5000"
    assert peers.neighbours(join(peers, 2, 5000)) == (peer,)
    assert peers.neighbours(join(peers, 3, 4500)) == ()


def test_what_is_unknown_is_none() -> None:
    peers = Peers()
    assert peers.of_ike_sa(IkeSaId(1)) is None
    assert peers.of_spi(1) is None
    assert peers.end_ike_sa(IkeSaId(1)) is None
    assert peers.end_pair(1) is None


def test_a_forgotten_peer_leaves_nothing() -> None:
    peers = Peers()
    peer = join(peers, 1, 4500)
    peers.end_ike_sa(IkeSaId(1))
    peers.forget(peer)
    assert len(peers) == 0
    assert peers.get(peer.id) is None
    assert peers.neighbours(join(peers, 2, 4500)) == ()


def test_the_newest_pair_describes_the_peer() -> None:
    peers = Peers()
    peer = join(peers, 1, 4500)
    assert (peer.transform, peer.encapsulated, peer.link_mtu(1500)) == ("", False, 1500)
    peers.add_pair(peer, pair(7, encapsulated=False))
    peers.add_pair(peer, pair(9))
    assert peer.transform == "aes256-cbc/hmac-sha1-96"
    assert peer.encapsulated
    assert 1300 < peer.link_mtu(1500) < 1440
