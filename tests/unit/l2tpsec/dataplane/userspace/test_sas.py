import os
from collections import Counter
from dataclasses import replace

from l2tpsec.crypto.ciphers import AES128_GCM
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.userspace import sas
from l2tpsec.dataplane.userspace.sas import Address, Associations, Pair, Sender
from l2tpsec.model.identifiers import PeerId
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.security import SaKeys, SaPair
from l2tpsec.protocols.esp.outbound import LAST_SEQUENCE

PEER = PeerId(1)
PATH = Path(Endpoint("192.0.2.1", 4500), Endpoint("203.0.113.5", 61000))
KEYS = SaKeys(bytes(20), b"")


def agreed(spi: int, *, encapsulated: bool = True) -> SaPair:
    return SaPair(EspTransform(AES128_GCM), spi, spi + 1, KEYS, KEYS, PATH, encapsulated)


class Rig:
    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []
        self.worn: list[tuple[int, str]] = []
        self.drops: Counter[str] = Counter()
        self.failing = False
        self.all = Associations(self.senders, os.urandom, self.drops, self.wear)

    def senders(self, _path: Path, _encapsulated: bool) -> Sender:
        return self.send

    def send(self, packet: bytes, address: Address) -> None:
        if self.failing:
            raise OSError
        self.sent.append((packet, address))

    def wear(self, pair: Pair, reason: str) -> None:
        self.worn.append((pair.inbound_spi, reason))

    def transmit(self) -> int:
        """Send something; return the SPI that carried it."""
        self.all.peer(PEER).transmit(b"payload")
        return int.from_bytes(self.sent[-1][0][:4])


def test_the_newest_confirmed_pair_carries_what_is_sent() -> None:
    rig = Rig()
    rig.all.install(PEER, agreed(256))
    rig.all.confirm(PEER, 256)
    rig.all.install(PEER, agreed(512))
    assert rig.transmit() == 257
    rig.all.confirm(PEER, 512)
    assert rig.transmit() == 513
    rig.all.remove(PEER, 512)
    assert rig.transmit() == 257


def test_without_a_confirmed_pair_nothing_is_sent() -> None:
    rig = Rig()
    rig.all.install(PEER, agreed(256))
    rig.all.peer(PEER).transmit(b"payload")
    assert rig.drops == {sas.NO_SA: 1}


def test_a_loss_in_the_socket_is_counted() -> None:
    rig = Rig()
    rig.all.install(PEER, agreed(256))
    rig.all.confirm(PEER, 256)
    rig.failing = True
    rig.all.peer(PEER).transmit(b"payload")
    assert rig.drops == {sas.SEND_FAILED: 1}


def test_raw_esp_follows_the_address_only() -> None:
    rig = Rig()
    rig.all.install(PEER, agreed(256, encapsulated=False))
    rig.all.confirm(PEER, 256)
    rig.transmit()
    assert rig.sent[0][1] == ("203.0.113.5", 0)
    rig.all.move(rig.all.peer(PEER), Path(PATH.local, Endpoint("203.0.113.9", 7)))
    rig.transmit()
    assert rig.sent[1][1] == ("203.0.113.9", 0)


def test_a_merged_peer_sends_by_the_newest_pair_of_both() -> None:
    rig = Rig()
    other = PeerId(99)
    rig.all.install(PEER, agreed(256))
    rig.all.install(other, agreed(300))
    for peer, spi in ((PEER, 256), (other, 300)):
        rig.all.confirm(peer, spi)
    rig.all.merge(rig.all.peer(other), rig.all.peer(PEER))
    assert list(rig.all.peers) == [PEER]
    assert {pair.peer for pair in rig.all.by_spi.values()} == {rig.all.peer(PEER)}
    assert rig.all.peer(PEER).current is rig.all.by_spi[(300).to_bytes(4)]


def test_the_last_pair_takes_its_peer_with_it() -> None:
    rig = Rig()
    rig.all.install(PEER, agreed(256))
    rig.all.install(PEER, agreed(256))
    rig.all.remove(PEER, 999)
    assert (len(rig.all.peers), len(rig.all.by_spi)) == (1, 1)
    rig.all.remove(PEER, 256)
    assert (len(rig.all.peers), len(rig.all.by_spi)) == (0, 0)


def test_what_is_held_departs_in_its_order_by_the_pair_of_then() -> None:
    rig = Rig()
    rig.all.install(PEER, agreed(256))
    rig.all.confirm(PEER, 256)
    peer = rig.all.peer(PEER)
    for size in (1, 2, 3):
        peer.hold(bytes(size))
    assert rig.sent == []
    rig.all.install(PEER, agreed(512))
    rig.all.confirm(PEER, 512)
    rig.all.depart()
    rig.all.depart()
    assert [int.from_bytes(packet[:8]) for packet, _ in rig.sent] == [
        513 << 32 | number for number in (1, 2, 3)
    ]
    assert [len(packet) for packet, _ in rig.sent] == sorted(len(packet) for packet, _ in rig.sent)


def test_a_train_goes_behind_what_is_held() -> None:
    rig = Rig()
    rig.all.install(PEER, agreed(256))
    rig.all.confirm(PEER, 256)
    peer = rig.all.peer(PEER)
    peer.hold(bytes(1))
    peer.hold_train(bytes(100), [bytes(100), bytes(200)])
    rig.all.depart()
    sizes = [len(packet) for packet, _ in rig.sent]
    assert [int.from_bytes(packet[4:8]) for packet, _ in rig.sent] == [1, 2, 3]
    assert sizes[0] < 100
    assert 200 < sizes[1] < 300 < sizes[2]


def test_losses_of_a_train_are_counted_one_by_one() -> None:
    rig = Rig()
    peer = rig.all.peer(PEER)
    peer.transmit_train([b"one", b"two"])
    assert rig.drops == {sas.NO_SA: 2}
    rig.drops.clear()
    rig.all.install(PEER, agreed(256))
    rig.all.confirm(PEER, 256)
    rig.failing = True
    peer.transmit_train([b"one", b"two"])
    assert rig.drops == {sas.SEND_FAILED: 2}
    rig.drops.clear()
    rig.failing = False
    rig.all.by_spi[(256).to_bytes(4)].outbound.sequence = LAST_SEQUENCE - 1
    peer.transmit_train([b"one", b"two", b"three"])
    assert rig.drops == {sas.EXHAUSTED: 2}
    assert rig.worn == [(256, sas.WORN_SEQUENCE)]
    assert len(rig.sent) == 1


def test_a_train_wears_its_pair() -> None:
    rig = Rig()
    rig.all.install(PEER, replace(agreed(256), life_kilobytes=1))
    rig.all.confirm(PEER, 256)
    rig.all.peer(PEER).transmit_train([bytes(900)] * 2)
    assert rig.worn == []
    rig.all.peer(PEER).transmit_train([bytes(900)] * 2)
    assert rig.worn == [(256, sas.WORN_KILOBYTES)]
