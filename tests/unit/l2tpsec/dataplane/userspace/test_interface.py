from ipaddress import IPv4Address, IPv4Network, IPv6Network
from typing import Any

import pytest

from l2tpsec.dataplane import nftables, sysctl
from l2tpsec.dataplane.contract import DataPlaneError, Offload, PlaneSettings
from l2tpsec.dataplane.nftables import Tables
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

    def opened(self: Any, name: str, _flags: int = 0) -> None:
        self.name = name.replace("%d", "0")
        self._fd = -1

    monkeypatch.setattr(tun.Tun, "__init__", opened)
    monkeypatch.setattr(interface, "Link", Link)
    monkeypatch.setattr(sysctl, "read", lambda _: "0")
    monkeypatch.setattr(sysctl, "write", lambda *_: None)
    monkeypatch.setattr(nftables, "forward_droppers", list)
    monkeypatch.setattr(nftables, "remove", lambda: told.append(("unmask",)))
    monkeypatch.setattr(Tables, "masquerade", lambda _, *words: told.append(("mask", *words)))
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


POOL_IPV6 = IPv6Network("2001:db8:99::/56")
PRIVATE = IPv6Network("fd00:1:2::/56")


def test_ipv6_is_off_unless_there_is_a_pool(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = list[tuple[str, str]]()
    monkeypatch.setattr(sysctl, "write", lambda *words: written.append(words))
    interface.Interface(PlaneSettings(GATEWAY, POOL))
    assert ("ipv6/conf/l2tp0/disable_ipv6", "1") in written
    assert not any(call[0] == "add_address" for call in calls)


def test_ipv6_is_routed_here(calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    written = list[tuple[str, str]]()
    monkeypatch.setattr(sysctl, "write", lambda *words: written.append(words))
    settings = PlaneSettings(GATEWAY, POOL, masquerade=True, ipv6_pool=POOL_IPV6)
    device = interface.Interface(settings)
    gateway = POOL_IPV6[1]
    assert ("add_address", gateway) in calls
    assert ("add_route", POOL_IPV6, gateway) in calls
    assert ("ipv6/conf/l2tp0/disable_ipv6", "0") in written
    assert [call[1] for call in calls if call[0] == "mask"] == [POOL]
    assert any(note.startswith("net.ipv6.conf.all.forwarding is 0") for note in device.notes)
    other = IPv6Network("2001:db8:5::/64")
    device.add_route(other)
    device.remove_route(other)
    assert calls[-2:] == [("replace_route", other, gateway), ("remove_route", other, gateway)]


def test_a_private_prefix_is_masqueraded(
    calls: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forwarding would cost the host its own default route, which it has from a router."""
    written = list[tuple[str, str]]()
    monkeypatch.setattr(sysctl, "write", lambda *words: written.append(words))
    monkeypatch.setattr(sysctl, "interfaces", lambda *_: ["all", "default", "eth0", "lo"])
    settings = PlaneSettings(GATEWAY, POOL, masquerade=True, ipv6_pool=PRIVATE)
    device = interface.Interface(settings)
    assert ("mask", (PRIVATE,), "l2tp0") in calls
    assert written[-2:] == [
        ("ipv6/conf/eth0/accept_ra", "2"),
        ("ipv6/conf/all/forwarding", "1"),
    ]
    assert any("net.ipv6.conf.all.forwarding was 0" in note for note in device.notes)
    monkeypatch.setattr(sysctl, "read", lambda name: "0" if "disable" in name else "1")
    again = interface.Interface(settings)
    assert not any("ipv6" in note for note in again.notes)


def test_a_private_prefix_without_masquerade(calls: list[tuple[Any, ...]]) -> None:
    device = interface.Interface(PlaneSettings(GATEWAY, POOL, ipv6_pool=PRIVATE))
    assert not any(call[0] == "mask" for call in calls)
    assert any(note.startswith("net.ipv6.conf.all.forwarding is 0") for note in device.notes)


@pytest.mark.usefixtures("calls")
def test_a_host_whose_ipv6_is_switched_off_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = PlaneSettings(GATEWAY, POOL, ipv6_pool=POOL_IPV6)
    for off, told in (("1", 1), ("0", 0)):
        monkeypatch.setattr(
            sysctl, "read", lambda name, off=off: off if "all/disable_ipv6" in name else "1"
        )
        notes = interface.Interface(settings).notes
        assert sum("net.ipv6.conf.all.disable_ipv6 is 1" in note for note in notes) == told


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

    monkeypatch.setattr(Tables, "masquerade", fail)
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


def test_every_pool_of_prefixes_is_routed_here(calls: list[tuple[Any, ...]]) -> None:
    more = IPv6Network("fd00:1:3::/56")
    settings = PlaneSettings(GATEWAY, POOL, ipv6_pool=PRIVATE, ipv6_pools=(more,))
    interface.Interface(settings)
    routed = [call[1] for call in calls if call[0] == "add_route"]
    assert routed == [*POOL, PRIVATE, more]


@pytest.mark.parametrize("offload", list(Offload))
def test_each_way_of_offloading_has_its_tun(
    calls: list[tuple[Any, ...]], offload: Offload, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def ioctl(_fd: int, _request: int, flags: int) -> None:
        asked.append(flags)
        if flags & 0x60:
            raise OSError(22, "this kernel knows no UDP segments")

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    device = interface.Interface(PlaneSettings(GATEWAY, POOL, offload=offload))
    assert asked == ([0x6F, 0x0F] if offload is Offload.FULL else [])
    assert (device.flush(), device.pending) == (0, False)
    device.close()
    assert calls[-1] == ("close",)
