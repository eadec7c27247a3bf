import os
import re
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from l2tpsec.cli import first_run, probe
from l2tpsec.cli.first_run import Unconfigured, greeting, unconfigured, users_command
from l2tpsec.config.schema import Ipsec, Settings
from radius import mschap
from radius.server.users.sqlite import SqliteUsers

PSK = "7lve3-mveu2-ugfcv-6zqah"
DNS = (IPv4Address("10.0.0.53"),)
HERE = (IPv4Address("192.0.2.1"),)


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Unconfigured:
    monkeypatch.setattr(probe, "has_nftables", lambda: True)
    monkeypatch.setattr(probe, "resolvers", lambda: DNS)
    found = unconfigured(tmp_path)
    return replace(found, settings=replace(found.settings, ipsec=Ipsec(psk=(PSK,))))


@pytest.fixture
def users(tmp_path: Path) -> SqliteUsers:
    users = SqliteUsers(tmp_path / "users.db", os.urandom)
    users.create()
    return users


def test_a_newcomer_gets_the_internet_and_names(chosen: Unconfigured, tmp_path: Path) -> None:
    assert chosen.settings.server.state_dir == tmp_path
    assert chosen.settings.address.masquerade
    assert chosen.settings.address.dns == DNS
    assert chosen.remarks == ()


def test_what_is_missing_is_remarked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "has_nftables", lambda: False)
    monkeypatch.setattr(probe, "resolvers", tuple)
    found = unconfigured(None)
    assert found.settings.address == Settings().address
    assert found.settings.ipsec.echo_nat_d
    assert [remark.partition(" ")[0] for remark in found.remarks] == ["nft", "no"]


def test_the_first_start_makes_a_user_and_tells_all(
    chosen: Unconfigured, users: SqliteUsers
) -> None:
    told = greeting(chosen, users, os.urandom, HERE)
    assert PSK in told
    assert "192.0.2.1" in told
    password = re.search(r"password +(\S+)", told)
    assert password is not None
    user = users.find(first_run.FIRST_USER)
    assert user is not None
    assert user.nt_hash == mschap.nt_hash(password[1])


def test_later_starts_tell_where_to_look_and_no_secret(
    chosen: Unconfigured, users: SqliteUsers, tmp_path: Path
) -> None:
    greeting(chosen, users, os.urandom, HERE)
    told = greeting(chosen, users, os.urandom, HERE)
    assert PSK not in told
    assert str(tmp_path / "psk") in told
    assert f"python -m radius user passwd vpn --database {tmp_path}/users.db" in told
    assert len(users.all()) == 1


def test_the_command_for_users_names_the_database_only_if_need_be(chosen: Unconfigured) -> None:
    assert users_command(Settings(), "list") == "python -m radius user list"
    assert "--database" in users_command(chosen.settings, "list")
