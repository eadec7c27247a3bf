from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.config.schema import Radius, RadiusServer, Settings
from l2tpsec.service.server import ServiceError, _unchangeable, run


def settings(state_dir: Path, listen: str) -> Settings:
    plain = Settings()
    server = replace(plain.server, state_dir=state_dir, listen=IPv4Address(listen))
    return replace(plain, server=server, ipsec=replace(plain.ipsec, psk=("a long secret of ours",)))


def test_an_address_that_is_not_ours_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"UDP port 500 at 192\.0\.2\.77: this host has no such"):
        run(settings(tmp_path, "192.0.2.77"), "")
    assert (tmp_path / "users.db").exists()


def test_a_reload_names_what_only_a_restart_can_change() -> None:
    old = Settings()
    assert _unchangeable(old, old) == ""
    new = replace(old, server=replace(old.server, outer_mtu=1400))
    assert _unchangeable(old, new) == "; for [server] restart the server"


def test_radius_servers_come_and_go_without_a_restart_but_not_the_embedded_one() -> None:
    def served(*hosts: str) -> Settings:
        servers = tuple(RadiusServer(IPv4Address(host), secret="s") for host in hosts)
        return replace(Settings(), radius=Radius(servers))

    assert _unchangeable(served("10.0.0.1"), served("10.0.0.2", "10.0.0.3")) == ""
    restart = "; for [radius] restart the server"
    assert _unchangeable(served("10.0.0.1"), Settings()) == restart
    assert _unchangeable(Settings(), served("10.0.0.1")) == restart
