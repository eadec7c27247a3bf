"""A real server on a host whose kernel has no IPv6, in a guest: it serves by IPv4, and says so."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from l2tpsec.bench.ground import CLIENTS, GENERATOR_ADDRESS, SERVER_ADDRESS
from l2tpsec.bench.toml import toml
from l2tpsec.service.kernel import NO_IPV6
from tests.interop.lab.guest import SHARED, Guest
from tests.interop.lab.network import Namespace, Network
from tests.interop.lab.server import GATEWAY, POOL, Settings
from tests.interop.lab.topology import Socket
from tests.interop.lab.waiting import text, until
from tests.service.dialler import PSK, Client, word

pytestmark = [pytest.mark.root, pytest.mark.interop, pytest.mark.timeout(900)]

HERE = Path(__file__).parents[2]


@dataclass
class Internet:
    """Many clients, and the bridge that the server's host is plugged into."""

    clients: Namespace


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with Network() as network:
        clients = network.namespace("clients")
        clients.bridge("wan", f"{GENERATOR_ADDRESS}/24")
        clients.ip(f"route add local {CLIENTS} dev lo")
        yield Internet(clients)


@pytest.fixture(scope="module")
def host(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    directory = tmp_path_factory.mktemp("host")
    place = Socket(internet.clients, "wan", SERVER_ADDRESS, GENERATOR_ADDRESS)
    guest = Guest(place, directory, "ipv6.disable=1")
    guest.run("modprobe -d /run/root -a tun nf_tables")
    yield guest
    guest.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_it_serves_by_ipv4_and_says_so_once(internet: Internet, host: Guest, workers: int) -> None:
    assert host.attempt("ls /proc/sys/net/ipv6").status
    state, shared = f"/run/temporary/{workers}", host.directory
    sections: Settings = {
        "server": {"listen": SERVER_ADDRESS, "state_dir": state, "workers": workers},
        "ipsec": {"psk": PSK},
        "address": {
            "pool": POOL,
            "gateway": GATEWAY,
            "ipv6_pool": "fd00:1:2::/48",
            "client_to_client": True,  # the guest's kernel has no nftables to keep them apart
        },
    }
    configuration, log = shared / f"{workers}.toml", shared / f"{workers}.log"
    configuration.touch(mode=0o600)
    configuration.write_text(toml(sections))
    python = f"cd {HERE}; umask 77; mkdir -p {state}; {sys.executable} -B -m"
    database = f"--database {state}/users.db"
    add = f"{python} radius user add alice --chap {database}"
    host.run(f'echo "{word("alice")}" | ({add})', 300)
    serve = f"{python} l2tpsec serve --config {SHARED}/{configuration.name}"
    serving = host.start(f"{serve} >{SHARED}/{log.name} 2>&1", 600)
    until(lambda: " ready: " in text(log) or serving.done(), "the server", lambda: text(log))
    assert not serving.done(), text(log)
    client = Client(internet, "198.18.0.1", "alice")
    client.dial()
    client.reach(1)
    client.close()
    host.run(f"kill -TERM $(head -1 {state}/*.lock)")
    assert serving.result(300).status == 0, text(log)
    assert text(log).count(NO_IPV6) == 1
    assert not re.search(r"Traceback|ERROR| error ", text(log)), text(log)
