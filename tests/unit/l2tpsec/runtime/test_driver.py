import asyncio
import contextlib
import select
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Network
from typing import TYPE_CHECKING, Any, cast

import pytest

from l2tpsec.concentrator import effects as box
from l2tpsec.crypto.ciphers import AES256_CBC
from l2tpsec.crypto.integrity import HMAC_SHA1_96
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.dataplane.userspace.segments import Segments, accept_trains
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.model.security import SaKeys, SaPair
from l2tpsec.observe.logging import Journal
from l2tpsec.runtime import driver
from l2tpsec.runtime.driver import BATCH_PACKETS, FEW_EFFECTS, Driver
from l2tpsec.runtime.ports import Port, Ports, open_udp
from tests.planes.recording import RecordingPlane

if TYPE_CHECKING:
    from l2tpsec.concentrator.concentrator import Concentrator
    from l2tpsec.dataplane.userspace.plane import UserspacePlane
    from l2tpsec.runtime.ledger_file import LedgerFile
    from radius.radsec import Connections

PEER = PeerId(7)
IDS = SessionIds(1, 2, 3, 4, 1701)
PATH = Path(Endpoint("127.0.0.1", 4500), Endpoint("127.0.0.1", 9))
KEYS = SaKeys(bytes(32), bytes(20))
PAIR = SaPair(EspTransform(AES256_CBC, HMAC_SHA1_96), 256, 512, KEYS, KEYS, PATH, True)


class Box:
    """A concentrator that answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.asked: list[tuple[Any, ...]] = []
        self.answers: list[box.Effect] = []
        self.when_asked: Callable[[], object] = list

    def __getattr__(self, name: str) -> Callable[..., list[box.Effect]]:
        def verb(*words: Any) -> list[box.Effect]:
            self.asked.append((name, *words[:-1]))
            self.when_asked()
            return self.answers

        return verb


class Sockets:
    """Stands in for Ports: three loopback sockets, and a list of what was sent."""

    def __init__(self) -> None:
        self.ike, self.nat, self.esp = (open_udp("127.0.0.1", 0) for _ in range(3))
        self.sent: list[tuple[str, Path, bytes]] = []

    def __iter__(self) -> Any:
        return iter((self.ike, self.nat, self.esp))

    def send_ike(self, path: Path, data: bytes) -> None:
        self.sent.append(("ike", path, data))

    def send_keepalive(self, path: Path) -> None:
        self.sent.append(("keepalive", path, b"\xff"))


class Device(RecordingPlane):
    """The recording plane with what a driver reads from."""

    def __init__(self, driver: Driver) -> None:
        super().__init__(driver)
        # unlike datagrams of the network, what is written here can be read at once
        self.tun, self.kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.tun.setblocking(False)
        self.received: list[tuple[Any, ...]] = []
        self.flushed = 0
        self.answer: Callable[[], object] = lambda: None
        self.arrived = asyncio.Event()

    def fileno(self) -> int:
        return self.tun.fileno()

    def tun_readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._took("tun", self.tun.recv(100))

    def receive_encapsulated(self, packet: bytes, remote: tuple[str, int]) -> None:
        self._took("esp", packet)

    def receive_train(self, data: bytes, size: int, remote: tuple[str, int]) -> int:
        whole = len(data) - len(data) % size
        if data[:size] != data[whole - size : whole]:
            return 0
        self._took("train", data[:whole], size)
        return whole

    def receive_raw(self, packet: bytes) -> None:
        self._took("raw", packet)

    def flush(self) -> None:
        self.flushed = len(self.received)
        self.answer()

    def _took(self, *what: Any) -> None:
        self.received.append(what)
        self.arrived.set()


class Rig:
    def __init__(self) -> None:
        self.box = Box()
        self.sockets = Sockets()
        self.radius = open_udp("127.0.0.1", 0)
        self.journal = Journal(time.monotonic)
        self.lines: list[bytes] = []
        self.driver = Driver(
            cast("Concentrator", self.box),
            cast("Ports", self.sockets),
            (self.radius,),
            self.journal,
            cast("LedgerFile", self),
        )
        self.device = Device(self.driver)
        self.driver.start(cast("UserspacePlane", self.device))

    def append(self, line: bytes) -> None:
        self.lines.append(line)

    def close(self) -> None:
        self.driver.stop()
        for port in (*self.sockets, self.radius, self.device.tun, self.device.kernel):
            port.close()

    def perform(self, *effects: box.Effect) -> None:
        self.box.answers = list(effects)
        self.driver.turn(lambda _: self.box.answers)


def run(test: Callable[[Rig], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        rig = Rig()
        try:
            async with asyncio.timeout(30):
                await test(rig)
        finally:
            rig.close()

    asyncio.run(whole())


def send(port: Port, data: bytes) -> None:
    sender = open_udp("127.0.0.1", 0)
    sender.sender()(data, port.socket.getsockname())
    sender.close()


def test_orders_reach_the_plane() -> None:
    async def test(rig: Rig) -> None:
        plane = rig.device
        rig.perform(
            box.InstallPair(PEER, PAIR),
            box.ConfirmPair(PEER, 256),
            box.OpenSession(PEER, IDS),
            box.StartForwarding(PEER, IDS, IPv4Address("10.99.0.2"), 1400, True, False),
            box.StartForwardingIpv6(PEER, IDS, IPv6Network("2001:db8::/64"), 1300),
            box.SendControl(PEER, 1701, b"control"),
            box.SendFrame(PEER, IDS, b"\xc0\x21frame"),
        )
        assert plane.pairs[256].confirmed
        session = plane.sessions[PEER, 1, 2]
        assert (session.mtu, session.compression) == (1400, (True, False))
        assert (session.prefix, session.ipv6_mtu) == (IPv6Network("2001:db8::/64"), 1300)
        assert [sent.body for sent in plane.sent] == [b"control", b"\xc0\x21frame"]
        elsewhere = Path(PATH.local, Endpoint("127.0.0.1", 10))
        rig.perform(box.MovePeer(PEER, elsewhere))
        assert plane.pairs[256].path == elsewhere
        other = PeerId(8)
        rig.perform(box.InstallPair(other, replace(PAIR, inbound_spi=300)))
        rig.perform(box.MergePeer(other, PEER))
        assert plane.pairs[300].peer == PEER
        rig.perform(box.RemovePair(PEER, 300))
        rig.perform(box.CloseSession(PEER, IDS), box.RemovePair(PEER, 256), box.RemovePeer(PEER))
        assert (plane.sessions, plane.pairs) == ({}, {})

    run(test)


def test_who_cannot_be_routed_to_is_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "l2tpsec.dial-in")

    async def test(rig: Rig) -> None:
        def refuse(*_: object) -> None:
            rig.box.answers = []
            raise DataPlaneError("no route to 192.0.2.7 here: the host has its own")

        monkeypatch.setattr(rig.device, "start_forwarding", refuse)
        rig.perform(
            box.InstallPair(PEER, PAIR),
            box.OpenSession(PEER, IDS),
            box.StartForwarding(PEER, IDS, IPv4Address("192.0.2.7"), 1400, True, False),
        )
        assert rig.box.asked == [("abandon", PEER)]

    run(test)
    assert "no route to 192.0.2.7" in caplog.text
    assert "a bug" not in caplog.text


def test_messages_reach_their_sockets() -> None:
    async def test(rig: Rig) -> None:
        server = open_udp("127.0.0.1", 0)
        here: tuple[str, int] = server.socket.getsockname()
        rig.perform(
            box.TransmitIke(PATH, b"main mode"),
            box.TransmitKeepalive(PATH),
            box.TransmitRadius(0, here, b"access-request"),
        )
        assert [kind for kind, _, _ in rig.sockets.sent] == ["ike", "keepalive"]
        assert select.select([server], [], [], 30)[0]
        arrived = server.receive()
        server.close()
        assert arrived is not None
        assert arrived[0] == b"access-request"

    run(test)


class Streams:
    """Stands in for the TLS connections to RADIUS servers."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def verb(*words: Any) -> list[tuple[str, int]]:
            self.asked.append((name, *words))
            return [words[0]] if name == "replace" else []

        return verb


def test_radius_over_tls_has_its_connections() -> None:
    async def test(rig: Rig) -> None:
        server, streams = ("192.0.2.1", 2083), Streams()
        rig.driver._radsec = cast("Connections", streams)
        rig.perform(
            box.ConnectRadius(server),
            box.TransmitRadius(-1, server, b"access-request"),
            box.DisconnectRadius(server),
        )
        assert streams.asked == [
            ("open", server),
            ("send", server, b"access-request"),
            ("close", server),
        ]
        rig.box.answers = []
        rig.driver.radsec_connected(server)
        rig.driver.radsec_received(server, b"access-accept")
        rig.driver.radsec_disconnected(server, "refused")
        assert rig.box.asked == [
            ("radius_connected", server),
            ("radius_datagram", b"access-accept", server, -1),
            ("radius_disconnected", server, "refused"),
        ]
        rig.driver.reload_credentials(cast("Any", server))
        assert streams.asked[-1] == ("close", server)
        assert rig.box.asked[-1][0] == "radius_disconnected"

    run(test)


def test_the_first_datagram_is_answered_before_more_is_asked_for() -> None:
    async def test(rig: Rig) -> None:
        batches: list[int] = []
        rig.device.answer = lambda: batches.append(len(rig.device.received))
        for number in range(3):
            send(rig.sockets.nat, b"\0\0\1\1esp%d" % number)
        while len(rig.device.received) < 3:
            rig.device.arrived.clear()
            await rig.device.arrived.wait()
        assert batches == [1, 3]

    run(test)


def test_port_4500_tells_esp_from_ike_and_keepalives() -> None:
    async def test(rig: Rig) -> None:
        nat = rig.sockets.nat
        for data in (b"\xff", b"abc", bytes(4) + b"isakmp", b"\x00\x00\x01\x00esp"):
            send(nat, data)
        await rig.device.arrived.wait()
        assert rig.device.received == [("esp", b"\x00\x00\x01\x00esp")]
        assert rig.device.flushed == 1
        verb, data, where = rig.box.asked[0]
        assert (verb, data, where.local.port) == ("ike_datagram", b"isakmp", 4500)

    run(test)


def test_a_flood_of_esp_lets_others_have_their_turn() -> None:
    async def test(rig: Rig) -> None:
        esp = b"\x00\x00\x01\x00esp"
        for _ in range(BATCH_PACKETS + 5):
            send(rig.sockets.nat, esp)
        await rig.device.arrived.wait()
        assert 0 < rig.device.flushed <= BATCH_PACKETS
        while len(rig.device.received) < BATCH_PACKETS + 5:
            rig.device.arrived.clear()
            await rig.device.arrived.wait()

    run(test)


def test_what_the_kernel_answers_at_once_is_taken_at_the_same_wake_up() -> None:
    async def test(rig: Rig) -> None:
        rig.device.answer = lambda: rig.device.kernel.send(b"pong")
        send(rig.sockets.nat, b"\x00\x00\x01\x00esp")
        await rig.device.arrived.wait()
        assert rig.device.received[:2] == [("esp", b"\x00\x00\x01\x00esp"), ("tun", b"pong")]

    run(test)


@pytest.mark.parametrize("last", [b"\x00\x00\x01\x00esp", bytes(4) + b"ike"])
def test_what_came_together_is_offered_to_the_plane_first(last: bytes) -> None:
    async def test(rig: Rig) -> None:
        nat, sender = rig.sockets.nat, open_udp("127.0.0.1", 0)
        accept_trains(nat.socket)
        segments = Segments(sender.socket)
        for data in (b"\x00\x00\x01\x00esp", last):
            segments.sender()(data, nat.socket.getsockname())
        segments.flush()
        await rig.device.arrived.wait()
        sender.close()
        esp = b"\x00\x00\x01\x00esp"
        together = last == esp
        assert rig.device.received == ([("train", esp + esp, 7)] if together else [("esp", esp)])
        assert [words[0] for words in rig.box.asked] == ([] if together else ["ike_datagram"])

    run(test)


def test_port_500_raw_esp_and_radius_are_heard() -> None:
    async def test(rig: Rig) -> None:
        send(rig.sockets.ike, b"main mode")
        send(rig.radius, b"access-accept")
        send(rig.sockets.esp, b"ip header and esp")
        await rig.device.arrived.wait()
        while len(rig.box.asked) < 2:
            rig.driver.changed.clear()
            await rig.driver.changed.wait()
        asked = {words[0]: words[1] for words in rig.box.asked}
        assert asked == {"ike_datagram": b"main mode", "radius_datagram": b"access-accept"}
        assert rig.device.received == [("raw", b"ip header and esp")]

    run(test)


def test_upcalls_become_verbs() -> None:
    async def test(rig: Rig) -> None:
        driver = rig.driver
        driver.control_datagram(PEER, 1701, b"sccrq")
        driver.ppp_frame(PEER, 1, 2, b"\xc0\x21")
        driver.peer_moved(PEER, 256, PATH)
        driver.pair_used(PEER, 256)
        driver.pair_worn(PEER, 256, "worn")
        driver.unknown_session(PEER, 1701, 1, 2)
        assert [words[0] for words in rig.box.asked] == [
            "control_datagram",
            "ppp_frame",
            "peer_moved",
            "pair_used",
            "pair_worn",
            "unknown_session",
        ]

    run(test)


def test_esp_of_no_pair_is_a_turn_only_where_a_farewell_was_said() -> None:
    async def test(rig: Rig) -> None:
        for known in (False, True):
            rig.box.answers = [box.Report(Noted(Phase.ESP, Level.INFO, ""), "-")] if known else []
            rig.driver.unknown_pair(256, 100, ("203.0.113.9", 4500))
        asked = [words[0] for words in rig.box.asked]
        assert asked == ["missed", "missed", "unknown_pair"]
        assert rig.box.asked[-1][1:] == (256, 100, Endpoint("203.0.113.9", 4500))

    run(test)


def test_the_timer_follows_the_deadline() -> None:
    async def test(rig: Rig) -> None:
        rig.box.deadline = time.monotonic()
        rig.perform()
        rig.box.deadline = None
        while not rig.box.asked:
            rig.driver.changed.clear()
            await rig.driver.changed.wait()
        assert rig.box.asked[0][0] == "expire"

    run(test)


def test_a_bug_in_one_turn_ends_that_peer_only(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: float) -> list[box.Effect]:
        raise ZeroDivisionError

    async def test(rig: Rig) -> None:
        rig.driver.turn(broken, PEER)
        assert rig.box.asked == [("abandon", PEER)]
        rig.driver.turn(broken)
        rig.perform(box.TransmitKeepalive(PATH))
        assert len(rig.sockets.sent) == 1

    run(test)
    assert "a bug in the turn of peer 7" in caplog.text


def test_records_go_to_the_journal(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "l2tpsec.dial-in")

    async def test(rig: Rig) -> None:
        rig.perform(
            box.Report(Noted(Phase.L2TP, Level.INFO, "tunnel up"), "203.0.113.5:4500"),
            box.Report(Dropped(Phase.L2TP, "malformed"), "203.0.113.5:4500"),
        )
        assert rig.journal.drops[Phase.L2TP.value, "malformed"] == 1

    run(test)
    assert "tunnel up" in caplog.text


def test_accounting_records_go_to_their_file() -> None:
    async def test(rig: Rig) -> None:
        rig.perform(box.AppendRecord(b"a line\n"))
        assert rig.lines == [b"a line\n"]

    run(test)


def test_of_a_shared_dhcp_port_only_its_own_answers_are_taken() -> None:
    async def test(rig: Rig) -> None:
        cast("Any", rig.box).expects_dhcp = lambda data: data == b"ours"
        rig.driver.dhcp_datagram(b"theirs", "10.0.0.2")
        rig.driver.dhcp_datagram(b"ours", "10.0.0.2")
        assert rig.box.asked == [("dhcp_datagram", b"ours", "10.0.0.2")]

    run(test)


def test_what_concerns_all_clients_lets_others_speak_in_between() -> None:
    async def test(rig: Rig) -> None:
        orders = [box.SendFrame(PEER, IDS, b"\xc0\x21") for _ in range(3 * FEW_EFFECTS)]
        install = box.InstallPair(PEER, PAIR), box.ConfirmPair(PEER, 256)
        rig.perform(*install, box.OpenSession(PEER, IDS))
        rig.box.answers = []
        send(rig.sockets.nat, bytes(4) + b"isakmp")
        assert select.select([rig.sockets.nat], [], [], 30)[0]
        sent_when_heard = []
        rig.box.when_asked = lambda: sent_when_heard.append(len(rig.device.sent))
        await rig.driver.wide_turn(lambda _: list(orders))
        assert len(rig.device.sent) == 3 * FEW_EFFECTS
        assert [count for count in sent_when_heard if 0 < count < 3 * FEW_EFFECTS]

    run(test)


def test_without_other_workers_nobody_objects_to_a_claim() -> None:
    async def test(rig: Rig) -> None:
        rig.perform(box.Claim(7, "alice", 1, replace=False, address=None))
        rig.box.answers = []
        assert rig.box.asked == []
        await asyncio.sleep(0)
        assert rig.box.asked == [("claimed", 7, None)]

    run(test)


def test_other_workers_are_asked() -> None:
    async def test(rig: Rig) -> None:
        claims: list[box.Claim] = []
        rig.driver.claim = claims.append
        claim = box.Claim(7, "alice", 1, replace=False, address=None)
        rig.perform(claim)
        rig.box.answers = []
        await asyncio.sleep(0)
        assert claims == [claim]
        rig.driver.claimed(7, box.Ruling("held"))
        assert rig.box.asked == [("claimed", 7, box.Ruling("held"))]

    run(test)


def test_who_lives_is_told_to_the_one_that_asked() -> None:
    async def test(rig: Rig) -> None:
        asked = asyncio.create_task(rig.driver.proven("alice"))
        while not rig.box.asked:
            await asyncio.sleep(0)
        rig.box.answers = []
        verb, token, user = rig.box.asked.pop()
        assert (verb, user) == ("prove", "alice")
        rig.perform(box.Proven(token + 1, (9,)), box.Proven(token, (1, 2)), box.Proven(token, ()))
        assert await asked == (1, 2)

    run(test)


def test_a_bug_keeps_nobody_waiting_for_who_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "PROOF_SECONDS", 0.01)

    def broken() -> None:
        raise ZeroDivisionError

    async def test(rig: Rig) -> None:
        rig.box.when_asked = broken
        assert await rig.driver.proven("alice") == ()
        rig.box.when_asked = list
        rig.perform(box.Proven(rig.box.asked[0][1], (1,)))

    run(test)
