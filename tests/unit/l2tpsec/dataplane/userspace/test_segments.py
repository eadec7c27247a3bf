import errno
import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from l2tpsec.dataplane.userspace.segments import SEGMENTS, Segments, accept_trains, cut, size_of

HERE, THERE = ("192.0.2.1", 4500), ("192.0.2.2", 4500)
SIZE = (socket.SOL_UDP, 103)


class Call(NamedTuple):
    data: bytes
    ancillary: tuple[object, ...]
    address: tuple[str, int]


class Wire:
    """A socket that writes down, or fails with the errors it is given."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.errors: list[int] = []

    def sendmsg(
        self,
        parts: tuple[bytes, ...],
        ancillary: tuple[object, ...],
        _flags: int,
        address: tuple[str, int],
    ) -> None:
        if self.errors and (error := self.errors.pop(0)):
            raise OSError(error, "refused")
        self.calls.append(Call(b"".join(parts), ancillary, address))


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def segments(wire: Wire) -> Segments:
    return Segments(wire)  # type: ignore[arg-type] # all of a socket that it needs


def test_one_packet_is_sent_plainly(wire: Wire, segments: Segments) -> None:
    segments.sender()(b"alone", HERE)
    assert wire.calls == []
    segments.flush()
    segments.flush()
    assert wire.calls == [Call(b"alone", (), HERE)]


def test_equal_packets_go_together(wire: Wire, segments: Segments) -> None:
    send = segments.sender()
    for packet in (b"aaaa", b"bbbb", b"cccc"):
        send(packet, HERE)
    segments.flush()
    assert wire.calls == [Call(b"aaaabbbbcccc", ((*SIZE, b"\x04\x00"),), HERE)]


def test_a_shorter_one_ends_the_train(wire: Wire, segments: Segments) -> None:
    send = segments.sender()
    for packet in (b"aaaa", b"bb", b"cccc"):
        send(packet, HERE)
    assert [call.data for call in wire.calls] == [b"aaaabb"]
    segments.flush()
    assert [call.data for call in wire.calls] == [b"aaaabb", b"cccc"]


def test_a_longer_one_starts_another(wire: Wire, segments: Segments) -> None:
    send = segments.sender()
    for packet in (b"aa", b"bbbb", b"cccc"):
        send(packet, HERE)
    segments.flush()
    assert [call.data for call in wire.calls] == [b"aa", b"bbbbcccc"]


def test_two_clients_at_once(wire: Wire, segments: Segments) -> None:
    near, far = segments.sender([(0, 8, b"near")]), segments.sender([(0, 8, b"far")])
    for _ in range(2):
        near(b"aaaa", HERE)
        far(b"bbbb", THERE)
    segments.flush()
    size = (*SIZE, b"\x04\x00")
    assert wire.calls == [
        Call(b"aaaaaaaa", ((0, 8, b"near"), size), HERE),
        Call(b"bbbbbbbb", ((0, 8, b"far"), size), THERE),
    ]


@pytest.mark.parametrize("octets", [1, 100, 1400, 60000])
def test_a_train_is_never_too_long(wire: Wire, segments: Segments, octets: int) -> None:
    send = segments.sender()
    for _ in range(200):
        send(bytes(octets), HERE)
    segments.flush()
    assert sum(len(call.data) for call in wire.calls) == 200 * octets
    assert all(len(call.data) <= min(65000, SEGMENTS * octets) for call in wire.calls)


@pytest.mark.parametrize("error", [errno.EINVAL, errno.EMSGSIZE, errno.EIO])
def test_what_cannot_go_together_goes_alone(wire: Wire, segments: Segments, error: int) -> None:
    send = segments.sender()
    wire.errors = [error]
    for _ in range(3):
        send(b"aaaa", HERE)
    segments.flush()
    assert wire.calls == [Call(b"aaaa", (), HERE)] * 3
    assert segments.lost == 0


def test_losses_are_counted(wire: Wire, segments: Segments) -> None:
    send = segments.sender()
    wire.errors = [errno.EAGAIN]
    for _ in range(3):
        send(b"aaaa", HERE)
    segments.flush()
    assert segments.lost == 3
    wire.errors = [errno.EINVAL, 0, errno.ENETUNREACH]
    for _ in range(3):
        send(b"aaaa", HERE)
    segments.flush()
    assert segments.lost == 4
    assert len(wire.calls) == 2


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
    ):
        sink.bind(("127.0.0.1", 0))
        sink.settimeout(30)
        yield source, sink


def test_the_kernel_cuts_them_apart(pair: tuple[socket.socket, socket.socket]) -> None:
    source, sink = pair
    segments = Segments(source)
    packets = [bytes([n]) * 1400 for n in range(20)] + [b"last"]
    for packet in packets:
        segments.sender()(packet, sink.getsockname())
    segments.flush()
    assert [sink.recv(65535) for _ in packets] == packets
    assert segments.lost == 0


def test_trains_are_received_and_cut(pair: tuple[socket.socket, socket.socket]) -> None:
    source, sink = pair
    accept_trains(sink)
    segments = Segments(source)
    packets = [bytes([n]) * 1400 for n in range(20)] + [b"last"]
    for packet in packets:
        segments.sender()(packet, sink.getsockname())
    segments.flush()
    received: list[bytes] = []
    calls = 0
    while len(received) < len(packets):
        data, ancillary, _, _ = sink.recvmsg(65535, 64)
        received += cut(data, size_of(data, ancillary))
        calls += 1
    assert received == packets
    assert calls < len(packets)


def test_a_datagram_of_its_own_is_not_cut() -> None:
    assert size_of(b"alone", []) == 5
    assert size_of(b"alone", [(0, 8, bytes(12))]) == 5
    assert size_of(b"alone", [(socket.SOL_UDP, 104, bytes(4))]) == 5
    assert size_of(b"", [(socket.SOL_UDP, 104, bytes(4))]) == 0
    assert cut(b"alone", 5) == [b"alone"]
    assert cut(b"", 0) == [b""]


def test_a_socket_without_trains() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        accept_trains(other)
