from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

import pytest

from l2tpsec.config.schema import Pool, Settings
from l2tpsec.dataplane import sysctl
from l2tpsec.service import kernel

PLAIN = Settings()
OFFICE = Pool((IPv4Network("10.98.0.0/24"),), IPv6Network("2001:db8:1::/56"))
DUAL = replace(
    PLAIN,
    address=replace(PLAIN.address, ipv6_pool=IPv6Network("2001:db8::/56")),
    pools={"office": OFFICE},
)


@pytest.mark.parametrize(("forwarding", "settings"), [("0", DUAL), ("1", PLAIN), (None, PLAIN)])
def test_what_the_kernel_has_or_nobody_wants_stays(
    monkeypatch: pytest.MonkeyPatch, forwarding: str | None, settings: Settings
) -> None:
    monkeypatch.setattr(sysctl, "read", lambda _: forwarding)
    assert kernel.fitted(settings) == (settings, "")


def test_a_kernel_without_ipv6_serves_by_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysctl, "read", lambda _: None)
    settings, lack = kernel.fitted(DUAL)
    assert settings.address == PLAIN.address
    assert settings.pools == {"office": Pool(OFFICE.networks)}
    assert lack == kernel.NO_IPV6
    assert "\n" not in lack
