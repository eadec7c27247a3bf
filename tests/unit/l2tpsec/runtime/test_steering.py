"""Who gets which packet is the kernel's doing: these tests let it."""

import select
import socket
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from l2tpsec.runtime import steering
from l2tpsec.runtime.ports import PortError, Ports, Trio, inherited, open_udp
from tests.planes.namespace import network_namespace

HERE = "127.0.0.1"
CLIENTS = [f"127.{n % 5}.{n}.{3 * n % 250 + 1}" for n in range(1, 40)]


def run(program: list[steering.Instruction], address: str) -> int:
    """Run a program on a packet from `address`, as the kernel does."""
    value, at = 0, 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        match code:
            case 0x20:
                assert operand == 0xFFF0000C
                value = int(IPv4Address(address))
            case 0x94:
                value %= operand
            case 0x15:
                at += yes if value == operand else no
            case 0x16:
                return value
            case _:
                assert code == 0x06
                return operand


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_chooser_and_sieves_agree(workers: int) -> None:
    for address in CLIENTS:
        chosen = run(steering.chooser(workers), address)
        passed = [k for k in range(workers) if run(steering.sieve(k, workers), address)]
        assert passed == [chosen]
    assert len({run(steering.chooser(workers), address) for address in CLIENTS}) == workers


@pytest.fixture
def namespace() -> Iterator[None]:
    with network_namespace():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield


@pytest.fixture
def workers(namespace: None) -> Iterator[list[Trio]]:
    trios = steering.open_all(HERE, 3)
    yield trios
    for trio in trios:
        for port in trio:
            port.close()


def send(address: str) -> None:
    for number in (500, 4500):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((address, 0))
            client.sendto(address.encode(), (HERE, number))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 50) as client:
        client.bind((address, 0))
        client.sendto(address.encode(), (HERE, 0))


@pytest.mark.root
def test_a_client_has_one_worker_on_all_ports(workers: list[Trio]) -> None:
    for address in CLIENTS:
        send(address)
        expected = int(IPv4Address(address)) % 3
        for port in workers[expected]:
            assert select.select([port], [], [], 30)[0]
        for worker, trio in enumerate(workers):
            for port in trio:
                arrived = port.receive()
                assert (arrived is not None) is (worker == expected)
                if arrived is not None:
                    assert arrived[2][0] == address
                    assert arrived[0].endswith(address.encode())


@pytest.mark.root
def test_what_nobody_reads_waits_for_the_successor(workers: list[Trio]) -> None:
    address = CLIENTS[0]
    send(address)
    trio = workers[int(IPv4Address(address)) % 3]
    heir = Ports(HERE, inherited(HERE, [port.socket.detach() for port in trio]))
    try:
        for port in heir:
            assert select.select([port], [], [], 30)[0]
            arrived = port.receive()
            assert arrived is not None
            assert arrived[2][0] == address
    finally:
        heir.close()


@pytest.mark.root
def test_a_second_server_is_refused(workers: list[Trio]) -> None:
    with pytest.raises(PortError, match=r"UDP port 500 at 127\.0\.0\.1: in use"):
        steering.open_all(HERE, 3)


@pytest.mark.root
def test_a_failure_leaves_no_port_open(namespace: None) -> None:
    holder = open_udp(HERE, 4500)
    with pytest.raises(PortError, match="UDP port 4500"):
        steering.open_all(HERE, 2)
    holder.close()
    for trio in steering.open_all(HERE, 2):
        for port in trio:
            port.close()
