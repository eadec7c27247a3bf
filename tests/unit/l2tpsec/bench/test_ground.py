import socket
from pathlib import Path

import pytest

from l2tpsec.bench.ground import SERVER_ADDRESS, Ground, inside
from l2tpsec.bench.network import Namespace, Network

pytestmark = pytest.mark.root


def test_clients_have_addresses_of_their_own_and_reach_the_server() -> None:
    with Network(Namespace) as network:
        ground = Ground(network)
        with inside(ground.server):
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind((SERVER_ADDRESS, 4500))
        server.settimeout(30)
        clients = [ground.client_socket() for _ in range(3)]
        for client in clients:
            client.sendto(b"hello", (SERVER_ADDRESS, 4500))
        sources = {server.recvfrom(100)[1] for _ in clients}
        assert sources == {client.getsockname() for client in clients}
        assert len({address for address, _ in sources}) == 3
        for sock in (*clients, server):
            sock.close()
        ground.close()


def test_this_thread_comes_back_even_after_an_error() -> None:
    def name() -> int:
        return Path("/proc/thread-self/ns/net").stat().st_ino

    before = name()
    with Network(Namespace) as network:
        host = network.namespace("host")
        with pytest.raises(ZeroDivisionError), inside(host):
            assert name() != before
            raise ZeroDivisionError
    assert name() == before
