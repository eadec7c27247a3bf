from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from l2tpsec.dataplane import nftables, sysctl
from l2tpsec.dataplane.contract import DataPlaneError, PlaneSettings
from l2tpsec.dataplane.userspace import interface, tun

GATEWAY = IPv4Address("10.99.0.1")
POOL = (IPv4Network("10.99.0.0/24"), IPv4Network("10.98.0.0/24"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Stand in for TUN, rtnetlink, nft and sysctl; the list is what they were told."""
    told: list[tuple[Any, ...]] = []

    class Link:
        def __init__(self, name: str) -> None:
            told.append(("link", name))

        def __getattr__(self, verb: str) -> Any:
            return lambda *words: told.append((verb, *words))

    def opened(self: Any, name: str) -> None:
        self.name = name.replace("%d", "0")
        self._fd = -1

    monkeypatch.setattr(tun.Tun, "__init__", opened)
    monkeypatch.setattr(interface, "Link", Link)
    monkeypatch.setattr(sysctl, "read", lambda _: "0")
    monkeypatch.setattr(sysctl, "write", lambda *_: None)
    monkeypatch.setattr(nftables, "forward_droppers", list)
    monkeypatch.setattr(nftables, "remove", lambda: told.append(("unmask",)))
    monkeypatch.setattr(nftables, "masquerade", lambda *words: told.append(("mask", *words)))
    return told


def test_every_network_of_the_pool_is_routed_here(calls: list[tuple[Any, ...]]) -> None:
    device = interface.Interface(PlaneSettings(GATEWAY, POOL, mtu=1380))
    assert ("up", GATEWAY, 1380) in calls
    assert [call[1] for call in calls if call[0] == "add_route"] == list(POOL)
    assert any("ip_forward" in note for note in device.notes)
    device.close()
    assert calls[-1] == ("close",)


def test_masquerade_is_set_up_and_taken_away(calls: list[tuple[Any, ...]]) -> None:
    device = interface.Interface(PlaneSettings(GATEWAY, POOL, masquerade=True))
    assert ("mask", POOL, "l2tp0") in calls
    device.close()
    assert ("unmask",) in calls


def test_an_address_from_elsewhere_has_its_own_route(calls: list[tuple[Any, ...]]) -> None:
    device = interface.Interface(PlaneSettings(GATEWAY, POOL))
    other = IPv4Address("172.16.0.9")
    device.add_route(other)
    device.remove_route(other)
    assert calls[-2:] == [("replace_route", other, GATEWAY), ("remove_route", other, GATEWAY)]


def test_a_failed_start_leaves_nothing(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise DataPlaneError("no nft")

    monkeypatch.setattr(nftables, "masquerade", fail)
    with pytest.raises(DataPlaneError, match="no nft"):
        interface.Interface(PlaneSettings(GATEWAY, POOL, masquerade=True))
    assert calls[-1] == ("close",)


def test_a_firewall_that_drops_is_told(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nftables, "forward_droppers", lambda: ["ip filter FORWARD"])
    device = interface.Interface(PlaneSettings(GATEWAY, POOL))
    assert any("ip filter FORWARD" in note for note in device.notes)
    assert calls
