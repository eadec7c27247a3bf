import select
import socket

import pytest

from l2tpsec.dataplane.userspace.segments import Segments
from l2tpsec.model.path import Endpoint
from l2tpsec.runtime.ports import (
    BATCH_DATAGRAMS,
    Arrived,
    Port,
    PortError,
    Ports,
    Trio,
    open_udp,
    path,
)

LOOPBACK = "127.0.0.1"


def waited(port: Port) -> Arrived:
    select.select([port], [], [], 30)
    arrived = port.receive()
    assert arrived is not None
    return arrived


def number(port: Port) -> int:
    found: int = port.socket.getsockname()[1]
    return found


def test_a_datagram_comes_with_its_source_and_our_address() -> None:
    server, client = open_udp("0.0.0.0", 0), open_udp(LOOPBACK, 0)
    try:
        client.sender()(b"hello", ("127.0.0.5", number(server)))
        assert waited(server) == (b"hello", 5, (LOOPBACK, number(client)), "127.0.0.5")
        assert server.receive() is None
    finally:
        server.close()
        client.close()


def test_the_answer_leaves_from_the_address_that_was_asked() -> None:
    server, client = open_udp("0.0.0.0", 0), open_udp(LOOPBACK, 0)
    try:
        server.sender("127.0.0.9")(b"answer", (LOOPBACK, number(client)))
        assert waited(client)[2] == ("127.0.0.9", number(server))
    finally:
        server.close()
        client.close()


def test_one_batch_at_a_time_is_handed_over() -> None:
    server, client = open_udp(LOOPBACK, 0), open_udp(LOOPBACK, 0)
    taken: list[tuple[bytes, tuple[str, int], str]] = []
    try:
        for n in range(BATCH_DATAGRAMS + 1):
            client.sender()(bytes([n]), (LOOPBACK, number(server)))
        while len(taken) <= BATCH_DATAGRAMS:
            assert select.select([server], [], [], 30)[0]
            before = len(taken)
            server.drain(lambda *arrived: taken.append(arrived))
            assert len(taken) - before <= BATCH_DATAGRAMS
        source = (LOOPBACK, number(client))
        assert taken == [(bytes([n]), source, LOOPBACK) for n in range(BATCH_DATAGRAMS + 1)]
    finally:
        server.close()
        client.close()


def test_a_lost_datagram_is_counted_and_no_error() -> None:
    with_error = open_udp(LOOPBACK, 0)
    try:
        with_error.sender()(bytes(70000), (LOOPBACK, 9))
        assert with_error.send_errors == 1
    finally:
        with_error.close()


def test_a_port_in_use_is_one_line_that_says_what_to_do() -> None:
    holder = open_udp(LOOPBACK, 0)
    try:
        wanted = rf"^UDP port {number(holder)} at 127\.0\.0\.1: in use; stop the other program"
        with pytest.raises(PortError, match=wanted):
            open_udp(LOOPBACK, number(holder))
    finally:
        holder.close()


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(PortError, match=r"192\.0\.2\.77: this host has no such address"):
        open_udp("192.0.2.77", 0)


def test_an_icmp_error_is_no_datagram() -> None:
    port = open_udp(LOOPBACK, 0)
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.bind((LOOPBACK, 0))
    nobody = closed.getsockname()
    closed.close()
    try:
        port.socket.connect(nobody)
        port.socket.send(b"anybody there?")
        select.select([port], [], [], 0.2)
        assert port.receive() is None
    finally:
        port.close()


def test_a_path_joins_both_ends() -> None:
    where = path("192.0.2.1", 4500, ("203.0.113.5", 61000))
    assert where.local == Endpoint("192.0.2.1", 4500)
    assert where.remote == Endpoint("203.0.113.5", 61000)


@pytest.mark.parametrize("trains", [True, False])
def test_trains_are_taken_and_sent_only_where_they_are_wanted(trains: bool) -> None:
    trio = Trio(*(open_udp(LOOPBACK, 0) for _ in range(3)))
    client, far = open_udp(LOOPBACK, 0), path(LOOPBACK, 4500, (LOOPBACK, 0))
    ports = Ports(LOOPBACK, trio, trains=trains)
    try:
        send = ports.senders(far, True)
        for data in (b"one", b"two"):
            send(data, client.socket.getsockname())
        assert bool(select.select([client], [], [], 0.1 if trains else 30)[0]) is not trains
        ports.segments.flush()
        assert [waited(client)[0] for _ in range(2)] == [b"one", b"two"]
        segments = Segments(client.socket)
        for data in (b"one", b"two"):
            segments.sender()(data, (LOOPBACK, number(ports.nat)))
        segments.flush()
        assert waited(ports.nat)[:2] == (b"onetwo" if trains else b"one", 3)
    finally:
        ports.close()
        client.close()
