from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

import pytest

from l2tpsec.config import checks
from l2tpsec.config.schema import (
    Address,
    Ipsec,
    L2tp,
    Pool,
    Ppp,
    Radius,
    RadiusServer,
    Server,
    Settings,
)
from l2tpsec.protocols.ike.policy import PRESETS

SETTINGS = Settings()
HOST = IPv4Address("10.0.0.1")
FILE = Path("f")
GATEWAY = SETTINGS.address.gateway


def errors(settings: Settings) -> list[str]:
    return [problem.text for problem in checks.run(checks.ERRORS, settings, set())]


def warnings(settings: Settings) -> list[str]:
    return [problem.text for problem in checks.run(checks.WARNINGS, settings, set())]


def radius(*servers: RadiusServer) -> Settings:
    return replace(SETTINGS, radius=Radius(servers))


def address(*pool: str, gateway: str = "10.99.0.1") -> Settings:
    networks = tuple(map(IPv4Network, pool))
    return replace(SETTINGS, address=Address(pool=networks, gateway=IPv4Address(gateway)))


def ipv6(pool: str = "2001:db8:99::/56", mru: int = 1400, dns: int = 0) -> Settings:
    servers = (IPv6Address("2001:db8::1"),) * dns
    both = Address(ipv6_pool=IPv6Network(pool), ipv6_dns=servers)
    return replace(SETTINGS, address=both, ppp=Ppp(mru=mru))


def named(networks: str = "", prefix: str = "", usual: str = "") -> Settings:
    ranges = (IPv4Network(networks),) if networks else ()
    pool = Pool(ranges, IPv6Network(prefix) if prefix else None)
    return replace(ipv6(usual) if usual else SETTINGS, pools={"office": pool})


def listening(at: str, settings: Settings = SETTINGS) -> Settings:
    return replace(settings, server=Server(listen=IPv4Address(at)))


def test_defaults_are_sound() -> None:
    assert errors(SETTINGS) == []
    assert warnings(SETTINGS) == []
    assert errors(ipv6(mru=1280, dns=3)) == []
    assert errors(ipv6("fd00::/63")) == []
    assert errors(named("10.98.0.0/24")) == []
    assert errors(named("", "fd00:2::/56", usual="fd00:1::/56")) == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (listening("10.99.0.7"), "contains the address"),
        (address("10.0.0.0/24", "10.0.0.128/25"), "overlap"),
        (address("10.0.0.0/8"), "more than 1048576"),
        (address(*(f"10.{n // 256}.{n % 256}.8/31" for n in range(257))), "more than 256 networks"),
        (address("10.99.0.0/31"), "no address is left"),
        (replace(SETTINGS, address=Address(source=("dhcp",))), "needs dhcp_servers"),
        (replace(SETTINGS, address=Address(dhcp_servers=(GATEWAY,))), "cannot be a DHCP server"),
        (ipv6("2001:db8:99::/64"), "no /64 for a client"),
        (ipv6("ff02::/56"), "no addresses of hosts"),
        (ipv6("fe80::/56"), "no addresses of hosts"),
        (ipv6(mru=1279), "less than the 1280"),
        (ipv6(dns=4), "more than 3 name servers"),
        (listening("10.98.0.7", named("10.98.0.0/24")), "contains the address"),
        (named("10.99.0.0/25"), "10.99.0.0/24 and 10.99.0.0/25 overlap"),
        (named("10.0.0.0/11"), "more than 1048576"),
        (named("10.98.0.0/32"), "no address is left"),
        (named(), "networks or ipv6 is missing"),
        (named("", "fd00:2::/56"), "no IPv6 is carried"),
        (named("", "fd00:1::/60", usual="fd00:1::/56"), "overlap"),
        (named("", "fd00:2::/64", usual="fd00:1::/56"), "has no /64"),
        (address("10.99.0.255/32"), "no address is left"),
        (address("10.0.0.0/24", gateway="10.0.0.255"), "cannot be a host"),
        (address("10.0.0.0/24", gateway="224.0.0.1"), "cannot be a host"),
        (address("10.0.0.0/24", gateway="127.0.0.1"), "cannot be a host"),
        (listening("192.0.2.1", address("10.0.0.0/24", gateway="192.0.2.1")), "listens on"),
        (replace(SETTINGS, radius=Radius((RadiusServer(HOST),))), "is missing"),
        (replace(SETTINGS, radius=Radius((RadiusServer(HOST, "s", Path("f")),))), "keep one"),
        (replace(SETTINGS, l2tp=L2tp("s", Path("f"))), "keep one"),
        (radius(RadiusServer(HOST, transport="tls")), "needs ca_file"),
        (radius(RadiusServer(HOST, "s", ca_file=FILE)), 'are for transport = "tls"'),
        (
            radius(RadiusServer(HOST, transport="tls", ca_file=FILE, key_file=FILE)),
            "certificate_file is missing",
        ),
        (radius(RadiusServer(HOST, "s"), RadiusServer(HOST, "t")), "10.0.0.1 is listed twice"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings: Settings, why: str) -> None:
    found = errors(settings)
    assert len(found) == 1
    assert why in found[0]


def test_a_check_rests_while_one_of_its_tables_is_broken() -> None:
    assert checks.run(checks.ERRORS, listening("10.99.0.7"), {"server"}) == []


def test_each_weak_key_has_its_warning() -> None:
    one = replace(SETTINGS, ipsec=Ipsec(psk=("Sommer2024!",)))
    assert warnings(one)[0].startswith("the pre-shared key is worth about 50 bits")
    two = replace(SETTINGS, ipsec=Ipsec(psk=("7lve3-mveu2-ugfcv-6zqah", "Sommer2024!")))
    assert [text.partition(" is")[0] for text in warnings(two)] == ["pre-shared key 2"]


def test_broken_ciphers_and_short_radius_secrets_are_warned_of() -> None:
    legacy = replace(SETTINGS, ipsec=Ipsec(policy=PRESETS["legacy"]))
    assert "3DES" in warnings(legacy)[0]
    short = replace(
        SETTINGS, radius=Radius((RadiusServer(HOST, "short"), RadiusServer(HOST, "s" * 16)))
    )
    assert len(warnings(short)) == 1


def test_one_host_may_serve_over_udp_and_tls_and_radsecs_own_secret_is_no_weak_one() -> None:
    both = radius(RadiusServer(HOST, "s" * 16), RadiusServer(HOST, transport="tls", ca_file=FILE))
    assert errors(both) == []
    assert warnings(both) == []


def test_no_vendor_ids_are_warned_of() -> None:
    (text,) = warnings(replace(SETTINGS, ipsec=Ipsec(vendor_ids="none")))
    assert "clients behind a NAT cannot connect" in text
    assert warnings(replace(SETTINGS, ipsec=Ipsec(vendor_ids="all"))) == []


def test_unsigned_radius_replies_are_warned_of() -> None:
    server = RadiusServer(HOST, "s" * 16, require_message_authenticator=False)
    (text,) = warnings(replace(SETTINGS, radius=Radius((server, RadiusServer(HOST, "s" * 16)))))
    assert "can forge an Access-Accept" in text


@pytest.mark.parametrize(
    ("methods", "who"), [(("eap",), "everybody"), (("mschapv2", "eap"), "whoever uses it")]
)
def test_eap_without_a_server_for_it(methods: tuple[str, ...], who: str) -> None:
    alone = replace(SETTINGS, ppp=Ppp(authentication=methods))
    (text,) = warnings(alone)
    assert text.startswith(f"the embedded RADIUS server does no EAP, and refuses {who}: ")
    served = replace(alone, radius=Radius((RadiusServer(HOST, "s" * 16),)))
    assert warnings(served) == []


def together(workers: int, tun: str = "l2tp%d", **more: object) -> Settings:
    pools = replace(SETTINGS.address, **more)  # type: ignore[arg-type] # of several kinds
    return replace(SETTINGS, server=Server(workers=workers, tun=tun), address=pools)


def test_workers_have_a_part_of_each_pool_and_an_interface() -> None:
    assert errors(together(4, ipv6_pool=IPv6Network("fd00::/56"))) == []
    assert errors(together(1, tun="vpn0", pool=(IPv4Network("10.99.0.0/30"),))) == []
    assert errors(together(2, tun="vpn0")) == [
        'each of 2 workers has its own interface; use a name such as "l2tp%d"'
    ]
    small = together(4, pool=(IPv4Network("10.99.0.0/30"),), ipv6_pool=IPv6Network("fd00::/62"))
    assert errors(small) == [
        "too small for 4 workers: each needs an address to give",
        "fd00::/62 is too small for 4 workers; use a /56",
    ]
