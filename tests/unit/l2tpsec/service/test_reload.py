import logging
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from l2tpsec.config.schema import Radius, RadiusServer, Settings
from l2tpsec.dataplane import sysctl
from l2tpsec.service import reload
from l2tpsec.service.reload import settled, unchangeable


def test_a_reload_names_what_only_a_restart_can_change() -> None:
    old = Settings()
    assert unchangeable(old, old) == ""
    new = replace(old, server=replace(old.server, outer_mtu=1400))
    assert unchangeable(old, new) == "; for [server] restart the server"


def test_radius_servers_come_and_go_without_a_restart_but_not_the_embedded_one() -> None:
    def served(*hosts: str) -> Settings:
        servers = tuple(RadiusServer(IPv4Address(host), secret="s") for host in hosts)
        return replace(Settings(), radius=Radius(servers))

    assert unchangeable(served("10.0.0.1"), served("10.0.0.2", "10.0.0.3")) == ""
    restart = "; for [radius] restart the server"
    assert unchangeable(served("10.0.0.1"), Settings()) == restart
    assert unchangeable(Settings(), served("10.0.0.1")) == restart


def test_what_cannot_change_is_settled_as_it_was() -> None:
    old = Settings()
    pool = (IPv4Network("10.1.0.0/24"),)
    new = replace(
        old,
        server=replace(old.server, outer_mtu=1400, workers=3),
        address=replace(old.address, pool=pool, dns=(IPv4Address("10.0.0.1"),)),
        ppp=replace(old.ppp, echo_failures=9),
        radius=Radius((RadiusServer(IPv4Address("10.0.0.1"), secret="s"),)),
    )
    kept = settled(old, new)
    assert unchangeable(old, new).count("[") == 3
    assert unchangeable(old, kept) == ""
    assert (kept.server, kept.address.pool) == (old.server, old.address.pool)
    assert (kept.address.dns, kept.ppp) == (new.address.dns, new.ppp)
    assert kept.radius == old.radius


def test_a_file_that_is_wrong_or_missing_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "l2tpsec")
    wrong = tmp_path / "l2tpsec.toml"
    wrong.write_text("[server]\nlissten = 1\n")
    assert reload.read("") is None
    assert reload.read(str(wrong)) is None
    first, second = [record.message for record in caplog.records]
    assert first == "nothing to reload: no configuration file was given"
    assert second.startswith("reload refused, the old settings stay: ")
    wrong.write_text(f"[server]\nstate_dir = '{tmp_path}'\n[ppp]\necho_failures = 9\n")
    settings = reload.read(str(wrong))
    assert settings is not None
    assert settings.ppp.echo_failures == 9
    assert settings.ipsec.psk


def test_what_this_kernel_has_not_is_left_out_of_the_new_settings_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "l2tpsec.toml"
    file.write_text(f"[server]\nstate_dir = '{tmp_path}'\n[address]\nipv6_pool = '2001:db8::/56'\n")
    monkeypatch.setattr(sysctl, "read", lambda _: None)
    settings = reload.read(str(file))
    assert settings is not None
    assert settings.address.ipv6_pool is None
