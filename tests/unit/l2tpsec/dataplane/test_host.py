from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Any

import pytest

from l2tpsec.dataplane import nftables, sysctl
from l2tpsec.dataplane.contract import DataPlaneError, PlaneSettings
from l2tpsec.dataplane.host import Host
from l2tpsec.dataplane.nftables import Tables

GATEWAY = IPv4Address("10.99.0.1")
POOL = (IPv4Network("10.99.0.0/24"),)
PRIVATE = IPv6Network("fd00:1:2::/56")
TWO = ["l2tp0", "l2tp1"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stand in for nft and sysctl; the list is what nft was told."""
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(sysctl, "read", lambda name: "0" if "disable" in name else "1")
    monkeypatch.setattr(nftables, "forward_droppers", list)
    monkeypatch.setattr(nftables, "remove", lambda: told.append(("remove",)))
    for verb in ("masquerade", "isolate"):
        monkeypatch.setattr(Tables, verb, lambda _, *words, v=verb: told.append((v, *words)))
    return told


def test_one_interface_needs_no_rules_of_its_own(calls: list[tuple[Any, ...]]) -> None:
    host = Host(PlaneSettings(GATEWAY, POOL), ["l2tp0"])
    assert calls == [("remove",)]
    host.close()
    assert calls == [("remove",)]
    assert host.notes == ()


def test_clients_of_two_interfaces_are_kept_apart(calls: list[tuple[Any, ...]]) -> None:
    host = Host(PlaneSettings(GATEWAY, POOL), TWO)
    assert calls == [("remove",), ("isolate", *TWO)]
    host.close()
    host.close()
    assert calls[2:] == [("remove",)]


def test_unless_they_may_reach_one_another(calls: list[tuple[Any, ...]]) -> None:
    Host(PlaneSettings(GATEWAY, POOL, client_to_client=True), TWO)
    assert calls == [("remove",)]


def test_one_rule_masquerades_all(calls: list[tuple[Any, ...]]) -> None:
    Host(PlaneSettings(GATEWAY, POOL, masquerade=True, ipv6_pool=PRIVATE), TWO)
    assert ("masquerade", POOL, *TWO) in calls
    assert ("masquerade", (PRIVATE,), *TWO) in calls


def test_a_firewall_that_drops_is_told_of_every_interface(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nftables, "forward_droppers", lambda: ["ip filter FORWARD"])
    monkeypatch.setattr(sysctl, "read", lambda _: "0")
    dropper, forward = sorted(Host(PlaneSettings(GATEWAY, POOL), TWO).notes, reverse=True)
    assert "ip filter FORWARD" in dropper
    assert "interface l2tp0, l2tp1 pass" in dropper
    assert forward.startswith("net.ipv4.ip_forward is 0")
    assert calls


def test_without_nft_interfaces_cannot_be_kept_apart(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DataPlaneError("no nft")

    monkeypatch.setattr(Tables, "isolate", fail)
    with pytest.raises(DataPlaneError, match="no nft"):
        Host(PlaneSettings(GATEWAY, POOL), TWO)
    assert calls == [("remove",), ("remove",)]


def test_named_pools_are_masqueraded_where_they_are_private(calls: list[tuple[Any, ...]]) -> None:
    public, private = IPv6Network("2001:db8:5::/56"), IPv6Network("fd00:1:3::/56")
    settings = PlaneSettings(
        GATEWAY, POOL, masquerade=True, ipv6_pool=PRIVATE, ipv6_pools=(public, private)
    )
    Host(settings, ["l2tp0"])
    assert ("masquerade", (PRIVATE, private), "l2tp0") in calls
