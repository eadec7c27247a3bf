"""Somebody who carries all packets, in whatever order and shape."""

from collections.abc import Callable

from l2tpsec.model.path import Endpoint
from tests.network.host import Host
from tests.network.internet import Packet
from tests.network.server import FIRST_RADIUS_PORT
from tests.network.world import RADIUS, SERVER, World
from tests.peers.ike_initiator import Initiator, deletion
from tests.peers.lac import (
    CDN,
    HELLO,
    ICCN,
    ICRQ,
    SCCCN,
    SCCRQ,
    STOPCCN,
    avp,
    datagram,
    message,
    u16,
)

Choice = tuple[int, int, int]


def flipped(data: bytes, where: int) -> bytes:
    """Change one bit."""
    if not data:
        return data
    at = where // 8 % len(data)
    return data[:at] + bytes((data[at] ^ 1 << where % 8,)) + data[at + 1 :]


class Adversary:
    """Holds what is sent until `play` decides; what it sends to clients it leaves as it is."""

    def __init__(self, world: World, villain: Host) -> None:
        self.world = world
        self.villain = villain
        self.pending: list[Packet] = []
        self.seen: list[Packet] = []
        world.internet.carry = self._carry  # type: ignore[method-assign]  # in its place
        self._moves: tuple[Callable[[int, int], None], ...] = (
            *(self._oldest,) * 8,
            self._any,
            self._again,
            self._altered,
            self._spliced,
            self._lost,
            self._redirected,
            self._wait,
            self._ike_out_of_turn,
            self._control_out_of_turn,
            self._frame_out_of_turn,
        )

    def _carry(self, packet: Packet) -> None:
        self.pending.append(packet)
        self.seen.append(packet)

    def play(self, choice: Choice) -> None:
        """Make one move."""
        move, which, where = choice
        self._moves[move % len(self._moves)](which, where)
        self.world.clock.run(0.002)

    def _deliver(self, packet: Packet) -> None:
        self.world.internet._deliver(packet)

    def _oldest(self, which: int, _where: int) -> None:
        for _ in range(1 + which % 4):
            if self.pending:
                self._deliver(self.pending.pop(0))
                self.world.clock.run(0.002)

    def _any(self, which: int, _where: int) -> None:
        if self.pending:
            self._deliver(self.pending.pop(which % len(self.pending)))

    def _again(self, which: int, _where: int) -> None:
        if self.seen:
            self._deliver(self.seen[which % len(self.seen)])

    def _lost(self, which: int, _where: int) -> None:
        if self.pending:
            self.pending.pop(which % len(self.pending))

    def _to_server(self) -> list[Packet]:
        return [packet for packet in self.seen if packet.destination.address == SERVER]

    def _altered(self, which: int, where: int) -> None:
        packets = self._to_server()
        if packets:
            packet = packets[which % len(packets)]
            self._send(packet, flipped(packet.payload, where))

    def _spliced(self, which: int, where: int) -> None:
        """Put the end of one packet to the beginning of another."""
        packets = self._to_server()
        if packets:
            first, second = packets[which % len(packets)], packets[where % len(packets)]
            cut = where % (len(first.payload) + 1)
            self._send(first, first.payload[:cut] + second.payload[cut:])

    def _redirected(self, which: int, where: int) -> None:
        """Give RADIUS's words of one request to another, or let a stranger say them."""
        replies = [packet for packet in self.seen if packet.source.address == RADIUS]
        if replies:
            reply = replies[which % len(replies)]
            identifier = bytes((where % 4,))
            port = FIRST_RADIUS_PORT + which % 4
            payload = reply.payload[:1] + identifier + reply.payload[2:]
            self._send(
                reply.sent_to(Endpoint(SERVER, port)), payload if where % 3 else b"\2" + payload[1:]
            )

    def _send(self, like: Packet, payload: bytes) -> None:
        self._deliver(Packet(like.protocol, like.source, like.destination, payload))

    def _wait(self, which: int, _where: int) -> None:
        self.world.clock.run((0.5, 2, 10, 40)[which % 4])

    # what a client could say too early, or without knowing what it should

    def _ike_out_of_turn(self, which: int, _where: int) -> None:
        main = self.villain.client.ipsec.main
        if main is None or main.state < 6:
            return
        if not main.established:
            main.phase_one_iv = main.ivs.get(0, bytes(16))
        iv = dict(main.ivs)
        self._say_ike(self._words(main)[which % 4]())
        main.ivs.update(iv)

    @staticmethod
    def _words(main: Initiator) -> tuple[Callable[[], bytes], ...]:
        def quick() -> bytes:
            data = main.quick_mode()
            del main.quicks[main.message_id]
            return data

        return (
            quick,
            lambda: main.informational([main.notification(24578, main.cookies)]),
            lambda: main.informational([deletion(1, main.cookies)]),
            lambda: main.clear(5, [main.notification(24578, main.cookies)]),
        )

    def _say_ike(self, data: bytes) -> None:
        client = self.villain.client
        client.ipsec._transmit(data)
        self.villain._send(client._sent())

    def _control_out_of_turn(self, which: int, where: int) -> None:
        client = self.villain.client
        if client.ipsec.current is None:
            return
        kind = (SCCRQ, SCCCN, ICRQ, ICCN, CDN, STOPCCN, HELLO)[which % 7]
        avps = [avp(9, u16(1 + where % 3)), avp(14, u16(1 + where % 3))][where % 2 :]
        body = message(kind, avp(2, u16(256)), avp(3, bytes(4)), avp(7, b"x"), *avps)
        tunnel = 0 if kind == SCCRQ else client.lac.peer_tunnel
        data = datagram(
            tunnel, client.lac.peer_session if where % 5 else 0, where % 6, which % 6, body
        )
        client.ipsec.send(client._udp(data), self.world.clock.now)
        self.villain._send(client._sent())

    def _frame_out_of_turn(self, which: int, where: int) -> None:
        client = self.villain.client
        if client.lac.state != "up" or client.ipsec.current is None:
            return
        address = bytes((10, 99, 0, 2 + where % 3))
        frames = (
            b"\x80\x21\x01\x01\x00\x0a\x03\x06" + address,
            b"\x80\x21\x02" + bytes((where % 4,)) + b"\x00\x0a\x03\x06\x0a\x63\x00\x01",
            b"\xc2\x23\x02" + bytes((where % 4,)) + b"\x00\x3b\x31" + bytes(49) + b"bob",
            b"\xc2\x23\x03\x01\x00\x04",
            b"\xc0\x23\x01\x01\x00\x0e\x03bob\x05wrong",
            b"\xc0\x23\x02\x01\x00\x05\x00",
            b"\xc0\x21\x01\x07\x00\x04",
            b"\xc0\x21\x02" + bytes((where % 4,)) + b"\x00\x04",
            b"\xc0\x21\x05\x07\x00\x04",
            b"\x00\x21\x45\x00\x00\x1c"
            + bytes(5)
            + b"\x11\x00\x00"
            + address
            + b"\xc0\x00\x02\xc8"
            + bytes(8),
        )
        client._send_frame(frames[which % len(frames)], self.world.clock.now)
        self.villain._send(client._sent())
