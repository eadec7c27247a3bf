import os
import shutil
import socket
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from l2tpsec.cli import probe
from l2tpsec.config.schema import Address, Pool, Server, Settings
from tests.loopback import own_address

LOOPBACK = IPv4Address("127.0.0.1")
HERE = IPv4Address(own_address())
PORT = 20500
SETTINGS = Settings(server=Server(listen=HERE))


@pytest.fixture
def able(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nCapEff:\t0000000000001000\n")
    (tmp_path / "tun").touch()
    monkeypatch.setattr(probe, "STATUS", status)
    monkeypatch.setattr(probe, "TUN", tmp_path / "tun")
    monkeypatch.setattr(probe, "PORTS", (PORT,))
    monkeypatch.setattr(probe, "own_addresses", list)
    return tmp_path


def test_nothing_stands_in_the_way_of_an_able_machine(able: Path) -> None:
    assert probe.obstacles(SETTINGS) == []


def test_rights_are_needed(able: Path) -> None:
    (able / "status").write_text("CapEff:\t0000000000000000\n")
    assert probe.obstacles(SETTINGS) == [
        "it needs the right to set up networks: run it as root or with CAP_NET_ADMIN"
    ]


def test_the_device_is_needed(able: Path) -> None:
    (able / "tun").unlink()
    assert "is missing: modprobe tun" in probe.obstacles(SETTINGS)[0]
    (able / "tun").mkdir()
    assert "cannot be opened (Is a directory)" in probe.obstacles(SETTINGS)[0]


def test_a_taken_port_is_told_with_who_has_it(able: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((str(HERE), PORT))
        found = probe.obstacles(SETTINGS)
        assert probe.obstacles(SETTINGS, serving=True) == []
        monkeypatch.setattr(probe, "UDP_TABLES", ())
        (unseen,) = probe.obstacles(SETTINGS)
    name = Path("/proc/self/comm").read_text().strip()
    assert found == [f"UDP port {PORT} is taken by {name} (pid {os.getpid()}); stop it"]
    assert f"UDP port {PORT} is taken by another program" in unseen
    assert f"`ss -ulpn sport = :{PORT}`" in unseen


def test_an_address_that_is_not_ours_is_told(able: Path) -> None:
    settings = Settings(server=Server(listen=IPv4Address("198.51.100.77")))
    (told,) = probe.obstacles(settings)
    assert "198.51.100.77 is no address of this machine" in told


def test_a_port_that_may_not_be_opened_is_told() -> None:
    denied = PermissionError(13, "Permission denied")
    assert "run it as root" in probe._taken(LOOPBACK, 500, denied)


def test_masquerading_needs_its_program(able: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(server=SETTINGS.server, address=Address(masquerade=True))
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert "install nftables" in probe.obstacles(settings)[0]
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/usr/sbin/nft")
    assert probe.obstacles(settings) == []


def test_a_pool_apart_from_this_machines_network(
    able: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = (IPv4Network("10.99.0.0/24"),)
    settings = Settings(server=SETTINGS.server, address=Address(pool=pool))
    monkeypatch.setattr(probe, "own_addresses", lambda: [IPv4Address("10.99.0.1")])
    assert probe.obstacles(settings) == []
    monkeypatch.setattr(probe, "own_addresses", lambda: [IPv4Address("10.99.0.9")])
    assert "10.99.0.9 of this machine lies in [address] pool" in probe.obstacles(settings)[0]


def test_a_pool_inside_this_machines_network_is_unwise(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {("eth0", 0x8915): "10.99.7.1", ("eth0", 0x891B): "255.255.0.0"}
    answers |= {("lo", 0x8915): "127.0.0.1", ("lo", 0x891B): "255.0.0.0"}
    answers |= {("l2tp0", 0x8915): "10.99.0.1", ("l2tp0", 0x891B): "255.255.255.255"}
    ask = {key: IPv4Address(value) for key, value in answers.items()}
    monkeypatch.setattr(probe, "_of_interface", lambda name, wanted=0x8915: ask.get((name, wanted)))
    names = ["lo", "eth0", "l2tp0", "down"]
    monkeypatch.setattr(socket, "if_nameindex", lambda: list(enumerate(names)))
    assert probe.own_networks() == [("eth0", IPv4Network("10.99.0.0/16"))]
    (told,) = probe.cautions(Settings())
    assert told.startswith("[address] pool 10.99.0.0/24 overlaps 10.99.0.0/16, where eth0 is: ")
    office = Settings(address=Address(pool=(IPv4Network("192.168.9.0/24"),)))
    assert probe.cautions(office) == []


def resolv(directory: Path, name: str, *lines: str) -> Path:
    path = directory / name
    path.write_bytes("\n".join(lines).encode("latin-1"))
    return path


def test_name_servers_are_those_that_clients_can_ask(tmp_path: Path) -> None:
    first = resolv(
        tmp_path,
        "first",
        "# \xe4",
        "search corp.example",
        "nameserver",
        "nameserver 127.0.0.53",
        "nameserver 0.0.0.0",
        "nameserver fe80::1%eth0",
        "nameserver 10.0.0.1",
        "nameserver 10.0.0.1",
        "nameserver 10.0.0.2",
        "nameserver 10.0.0.3",
    )
    assert probe.resolvers((first,)) == (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"))


def test_a_resolver_on_loopback_is_asked_whom_it_asks(tmp_path: Path) -> None:
    stub = resolv(tmp_path, "stub", "nameserver 127.0.0.53")
    real = resolv(tmp_path, "real", "nameserver 10.0.0.1")
    assert probe.resolvers((stub, real)) == (IPv4Address("10.0.0.1"),)
    assert probe.resolvers((stub, tmp_path / "none")) == ()


def test_own_addresses_start_with_that_of_the_default_route(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = {"lo": LOOPBACK, "eth0": IPv4Address("10.0.0.5"), "eth1": IPv4Address("192.0.2.1")}
    monkeypatch.setattr(socket, "if_nameindex", lambda: list(enumerate([*addresses, "down"])))
    monkeypatch.setattr(probe, "_of_interface", addresses.get)
    monkeypatch.setattr(probe, "_routed", lambda: IPv4Address("192.0.2.1"))
    assert list(map(str, probe.own_addresses())) == ["192.0.2.1", "10.0.0.5"]
    monkeypatch.setattr(probe, "_routed", lambda: None)
    assert list(map(str, probe.own_addresses())) == ["10.0.0.5", "192.0.2.1"]


def test_an_interface_is_asked_for_its_address() -> None:
    assert probe._of_interface("lo") == LOOPBACK
    assert probe._of_interface("no-such-interface") is None


def test_the_default_route_is_found_without_a_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    class Routed(socket.socket):
        def connect(self, address: object, /) -> None:
            assert self.type is socket.SOCK_DGRAM
            super().connect(("127.0.0.1", 9))

    class Unroutable(socket.socket):
        def connect(self, address: object, /) -> None:
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", Routed)
    assert probe._routed() == LOOPBACK
    monkeypatch.setattr(socket, "socket", Unroutable)
    assert probe._routed() is None


def test_this_process_has_its_rights_in_the_usual_file() -> None:
    assert probe._rights().partition(":")[0] in {"", "it needs the right to set up networks"}


def test_several_workers_need_nft_to_keep_clients_apart(
    able: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "has_nftables", lambda: False)
    several = Settings(server=Server(listen=HERE, workers=2))
    assert "set client_to_client = true" in probe.obstacles(several)[0]
    assert probe.obstacles(replace(several, address=Address(client_to_client=True))) == []


def test_a_named_pool_apart_from_this_machines_network(
    able: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = {"office": Pool(networks=(IPv4Network("10.55.0.0/24"),))}
    settings = Settings(server=SETTINGS.server, pools=office)
    monkeypatch.setattr(probe, "own_addresses", lambda: [IPv4Address("10.55.0.9")])
    (told,) = probe.obstacles(settings)
    assert "10.55.0.9 of this machine lies in [pools.office] 10.55.0.0/24" in told
