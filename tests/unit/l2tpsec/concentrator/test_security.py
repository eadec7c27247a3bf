from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from l2tpsec.concentrator import security
from l2tpsec.concentrator.effects import (
    ConfirmPair,
    InstallPair,
    MergePeer,
    MovePeer,
    PeerGone,
    PeerRestarted,
    RemovePair,
    Report,
    SecurityEffect,
    TransmitIke,
    TransmitKeepalive,
)
from l2tpsec.concentrator.peer import Peer
from l2tpsec.concentrator.security import IDLE_SECONDS, Security
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Noted, Phase
from tests.peers.ike_initiator import Client, Initiator
from tests.peers.ike_wire import PSK, SETTINGS, seeded

Kind = TypeVar("Kind")
SERVER = "198.51.100.1"
ELSEWHERE = Path(Endpoint(SERVER, 4500), Endpoint("203.0.113.200", 6000))


@dataclass
class Bench:
    """Security and one client behind a NAT."""

    client: Client = field(default_factory=lambda: Client(PSK))
    security: Security = field(default_factory=lambda: Security(SETTINGS, seeded(1)))
    seed: int = 2
    now: float = 100.0
    server: str = SERVER
    natted: bool = True

    def __post_init__(self) -> None:
        self.initiator = Initiator(self.client, seeded(self.seed))

    @property
    def path(self) -> Path:
        port = 4500 if self.initiator.floated else 500
        outside = 40_000 + port if self.natted else port
        return Path(Endpoint(self.server, port), Endpoint("203.0.113.9", outside))

    def send(self, *messages: bytes) -> list[SecurityEffect]:
        """Carry messages to and fro until all is quiet."""
        waiting, effects = list(messages), list[SecurityEffect]()
        while waiting:
            caused = self.security.receive(waiting.pop(0), self.path, self.now)
            effects += caused
            for answer in of(caused, TransmitIke):
                if answer.data[:8] == self.initiator.cookies[:8]:
                    waiting += self.initiator.receive(answer.data)
        return effects

    def connect(self) -> list[SecurityEffect]:
        return self.send(self.initiator.start()) + self.send(self.initiator.quick_mode())

    @property
    def peer(self) -> Peer:
        peer = self.security.peers.get(PeerId(1))
        assert peer is not None
        return peer

    def wait(self, seconds: float) -> list[SecurityEffect]:
        end, effects = self.now + seconds, list[SecurityEffect]()
        while (deadline := self.security.deadline) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            effects += self.security.expire(self.now)
        self.now = end
        return effects


def of(effects: list[SecurityEffect], kind: type[Kind]) -> list[Kind]:
    return [effect for effect in effects if isinstance(effect, kind)]


def connected(**more: object) -> Bench:
    bench = Bench(**more)  # type: ignore[arg-type]  # passed on
    bench.connect()
    return bench


def test_a_client_becomes_a_peer_with_a_pair() -> None:
    bench = Bench()
    effects = bench.connect()
    (installed,), (confirmed,) = of(effects, InstallPair), of(effects, ConfirmPair)
    assert installed.peer == confirmed.peer == 1
    assert installed.pair.inbound_spi == confirmed.inbound_spi
    assert bench.peer.suite == "aes256-cbc/sha1/modp2048"
    assert bench.peer.transform == "aes256-cbc/hmac-sha1-96"
    assert "203.0.113.9:44500" in {report.peer for report in of(effects, Report)}


def reauthenticated(bench: Bench) -> list[SecurityEffect]:
    """Let a client come from the same place with a new ISAKMP SA."""
    bench.initiator = Initiator(bench.client, seeded(3))
    return bench.connect()


def test_of_a_crowd_that_has_but_the_key_the_oldest_gives_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(security, "MOST_STRANGERS", 1)
    bench = connected()
    effects = reauthenticated(bench)
    assert of(effects, PeerRestarted) == [PeerRestarted(PeerId(1))], "tunnels and calls too"
    assert of(effects, PeerGone) == [PeerGone(PeerId(1))]
    assert of(effects, RemovePair)
    bench.security.peers.welcome(PeerId(2))
    assert not of(reauthenticated(bench), PeerGone), "whoever is a user's counts no more"


def test_a_new_isakmp_sa_from_the_same_place_may_be_another_client() -> None:
    bench = connected()
    effects = reauthenticated(bench)
    assert [installed.peer for installed in of(effects, InstallPair)] == [2]
    assert len(bench.security.peers) == 2


def test_a_recognized_newcomer_becomes_the_peer_that_it_is() -> None:
    bench = connected()
    bench.security.busy(PeerId(1))
    reauthenticated(bench)
    bench.security.moved(PeerId(2), ELSEWHERE)
    effects = bench.security.recognized(PeerId(2), bench.peer)
    assert of(effects, MergePeer) == [MergePeer(PeerId(2), PeerId(1))]
    assert of(effects, MovePeer) == [MovePeer(PeerId(1), ELSEWHERE)]
    assert of(effects, PeerGone) == [PeerGone(PeerId(2))]
    assert len(bench.security.peers) == 1
    assert len(bench.peer.ike_sas) == len(bench.peer.pairs) == 2
    assert bench.security.recognized(PeerId(2), bench.peer) == []
    assert bench.security.recognized(PeerId(1), bench.peer) == []
    assert {answer.path for answer in of(bench.security.shutdown(0), TransmitIke)} == {ELSEWHERE}


def test_who_has_a_tunnel_is_nobody_else() -> None:
    bench = connected()
    reauthenticated(bench)
    bench.security.busy(PeerId(2))
    assert bench.security.recognized(PeerId(2), bench.peer) == []


def test_a_delete_of_what_another_isakmp_sa_made_shows_whose_the_new_one_is() -> None:
    bench = connected()
    old = bench.initiator
    reauthenticated(bench)
    (first,) = bench.peer.pairs
    effects = bench.send(bench.initiator.delete_pair(old.pairs[0]))
    assert of(effects, MergePeer) == [MergePeer(PeerId(2), PeerId(1))]
    assert of(effects, RemovePair) == [RemovePair(PeerId(1), first)]
    assert len(bench.peer.pairs) == 1


def test_an_isakmp_sa_beside_a_client_with_a_tunnel_stays() -> None:
    bench = connected()
    bench.security.busy(PeerId(1))
    bench.initiator = Initiator(bench.client, seeded(3))
    bench.send(bench.initiator.start())
    assert of(bench.wait(IDLE_SECONDS * 3), PeerGone) == []
    bench.security.moved(PeerId(1), ELSEWHERE)
    assert of(bench.wait(IDLE_SECONDS), PeerGone) == [PeerGone(PeerId(2))]


def test_pairs_outlive_their_isakmp_sa_and_the_peer_them_both() -> None:
    bench = connected()
    assert of(bench.send(bench.initiator.delete()[-1]), PeerGone) == []
    assert bench.peer.ike_sas == ()
    spi = next(iter(bench.peer.pairs))
    effects = bench.security.worn(spi, "worn out", bench.now)
    assert of(effects, RemovePair) == [RemovePair(PeerId(1), spi)]
    assert of(effects, PeerGone) == [PeerGone(PeerId(1))]
    assert len(bench.security.peers) == bench.security.peers.pairs == 0


def test_a_peer_without_a_tunnel_is_dismissed_after_a_while() -> None:
    bench = connected()
    assert of(bench.wait(IDLE_SECONDS - 1), PeerGone) == []
    effects = bench.wait(2)
    assert of(effects, PeerGone) == [PeerGone(PeerId(1))]
    assert len(of(effects, TransmitIke)) == 2, "a Delete for the pair and one for the ISAKMP SA"


def test_who_was_dismissed_unheard_is_told_again() -> None:
    bench = connected()
    (spi,) = bench.peer.pairs
    assert not bench.security.missed(spi)
    told, _ = of(bench.wait(IDLE_SECONDS + 10), TransmitIke)
    assert bench.security.missed(spi)
    (again,) = bench.security.remind(spi, 500, ELSEWHERE.remote, bench.now)
    assert again == replace(told, path=replace(told.path, remote=ELSEWHERE.remote))


def test_a_dial_in_that_never_came_to_l2tp_is_told() -> None:
    (told,) = of(connected().wait(IDLE_SECONDS + 1), Report)
    assert told.record.phase is Phase.L2TP
    assert isinstance(told.record, Noted)
    assert told.record.text == "gone before any L2TP tunnel"
    assert told.peer == "203.0.113.9:44500"
    bench = Bench()
    bench.send(bench.initiator.start())
    (told,) = of(bench.wait(IDLE_SECONDS + 1), Report)
    assert isinstance(told.record, Noted)
    assert told.record.text == "gone before any Quick Mode"


def test_who_had_a_tunnel_leaves_without_a_word() -> None:
    bench = connected()
    bench.security.busy(PeerId(1))
    bench.security.idle(PeerId(1), bench.now)
    effects = bench.wait(IDLE_SECONDS + 1)
    assert of(effects, PeerGone)
    assert of(effects, Report) == []


def test_a_half_open_isakmp_sa_is_told_with_its_place() -> None:
    bench = Bench()
    bench.security.receive(bench.initiator.start(), bench.path, bench.now)
    (told,) = of(bench.wait(60), Report)
    assert told.peer == "203.0.113.9:40500"


def test_a_busy_peer_stays() -> None:
    bench = connected()
    bench.security.busy(PeerId(1))
    assert of(bench.wait(IDLE_SECONDS * 3), PeerGone) == []
    bench.security.idle(PeerId(1), bench.now)
    assert of(bench.wait(IDLE_SECONDS + 1), PeerGone) == [PeerGone(PeerId(1))]


def test_who_is_gone_cannot_idle() -> None:
    bench = Bench()
    bench.security.idle(PeerId(77), bench.now)
    assert bench.security.deadline is None


def test_without_a_nat_initial_contact_ends_what_was_before() -> None:
    bench = Bench(replace(Client(PSK), address="203.0.113.9"), natted=False)
    bench.connect()
    (old,) = bench.peer.pairs
    bench.initiator = Initiator(replace(bench.client, initial_contact=True), seeded(3))
    effects = bench.connect()
    assert of(effects, PeerRestarted) == [PeerRestarted(PeerId(1))]
    assert of(effects, RemovePair) == [RemovePair(PeerId(1), old)]
    assert of(effects, PeerGone) == []
    assert len(bench.peer.pairs) == 1


def test_behind_a_nat_initial_contact_ends_nobody_else() -> None:
    bench = connected()
    bench.initiator = Initiator(replace(bench.client, initial_contact=True), seeded(3))
    effects = bench.connect()
    assert not of(effects, PeerRestarted)
    assert not of(effects, RemovePair)
    assert len(bench.peer.pairs) == 1


def test_a_late_initial_contact_ends_nothing_that_is_newer() -> None:
    bench = Bench(replace(Client(PSK), address="203.0.113.9"), natted=False)
    bench.connect()
    notice = bench.initiator.notification(24578, bench.initiator.cookies)
    effects = bench.send(bench.initiator.informational([notice]))
    assert not of(effects, PeerRestarted)
    assert len(bench.peer.pairs) == 1


def test_initial_contact_of_a_newcomer_ends_nothing() -> None:
    bench = Bench(replace(Client(PSK), initial_contact=True))
    effects = bench.connect()
    assert not of(effects, RemovePair)
    assert not of(effects, PeerGone)
    assert len(bench.peer.pairs) == 1


def test_an_esp_packet_from_elsewhere_moves_the_peer() -> None:
    bench = connected()
    effects = bench.security.moved(PeerId(1), ELSEWHERE)
    assert of(effects, MovePeer) == [MovePeer(PeerId(1), ELSEWHERE)]
    (report,) = of(effects, Report)
    assert "changed to 203.0.113.200:6000" in str(report.record)
    assert bench.security.moved(PeerId(1), ELSEWHERE) == []
    assert bench.security.moved(PeerId(2), ELSEWHERE) == []


def test_a_message_from_elsewhere_moves_the_peer() -> None:
    bench = connected()
    data = bench.initiator.are_you_there(1)
    effects = bench.security.receive(data, ELSEWHERE, bench.now)
    assert of(effects, MovePeer) == [MovePeer(PeerId(1), ELSEWHERE)]
    assert {answer.path for answer in of(effects, TransmitIke)} == {ELSEWHERE}


def test_a_packet_stands_in_for_a_lost_message_3() -> None:
    bench = Bench()
    bench.send(bench.initiator.start())
    message = bench.initiator.quick_mode()
    (installed,) = of(bench.security.receive(message, bench.path, bench.now), InstallPair)
    spi = installed.pair.inbound_spi
    assert bench.security.used(spi, bench.now) == [ConfirmPair(PeerId(1), spi)]
    assert bench.security.used(spi, bench.now) == []
    assert bench.security.used(99, bench.now) == []


def test_shutdown_says_delete() -> None:
    bench = connected()
    effects = bench.security.shutdown(bench.now)
    assert len(of(effects, TransmitIke)) == 2
    assert of(effects, PeerGone) == [PeerGone(PeerId(1))]
    assert bench.security.worn(1, "", bench.now) == []


def test_a_server_behind_a_nat_keeps_the_mapping() -> None:
    bench = Bench(server="10.20.0.5")
    bench.connect()
    assert len(of(bench.wait(61), TransmitKeepalive)) == 3


def test_new_settings_are_for_exchanges_to_come() -> None:
    bench = connected()
    bench.security.reload(replace(SETTINGS, psks=(b"another key",)))
    assert of(bench.send(bench.initiator.quick_mode()), InstallPair)
    bench.initiator = Initiator(bench.client, seeded(4))
    effects = bench.send(bench.initiator.start())
    texts = [str(report.record) for report in of(effects, Report)]
    assert any("the pre-shared keys differ" in text for text in texts)
