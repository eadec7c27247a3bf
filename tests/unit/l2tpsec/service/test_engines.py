from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path

from l2tpsec.config.schema import (
    Address,
    DynamicAuthorization,
    DynamicClient,
    Ipsec,
    Radius,
    RadiusServer,
    Settings,
)
from l2tpsec.service import engines
from radius.client.settings import Settings as ClientSettings
from radius.tls import Credentials


def test_defaults_reach_every_engine() -> None:
    settings = Settings()
    box = engines.concentrator(settings)
    assert box.ppp.authentication == settings.ppp.authentication
    assert box.l2tp.secret is None
    assert box.ike.policy == settings.ipsec.policy
    assert box.address.pool == settings.address.pool
    assert box.outer_mtu == settings.server.outer_mtu
    plane = engines.plane(settings)
    assert (plane.pool, plane.gateway) == (settings.address.pool, settings.address.gateway)


def test_ipv6_reaches_box_and_plane() -> None:
    pool, dns = IPv6Network("2001:db8:99::/56"), (IPv6Address("2001:db8::1"),)
    settings = Settings(address=Address(ipv6_pool=pool, ipv6_dns=dns))
    box = engines.concentrator(settings)
    assert (box.address.ipv6_pool, box.address.ipv6_dns) == (pool, dns)
    assert engines.plane(settings).ipv6_pool == pool
    assert engines.plane(Settings()).ipv6_pool is None


def test_radius_servers_over_tls_have_their_certificates() -> None:
    here, there = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    ca, ours, key = Path("ca.pem"), Path("nas.pem"), Path("nas.key")
    radsec = RadiusServer(
        here,
        transport="tls",
        priority=3,
        weight=2,
        tls_port=2084,
        ca_file=ca,
        certificate_file=ours,
        key_file=key,
        server_name="radius",
    )
    servers = (radsec, RadiusServer(there, secret="two"))
    settings = Settings(radius=Radius(servers, dead_seconds=9.0, probe_seconds=2.0))
    first, second = engines.radius_servers(settings)
    assert (first.transport, first.tls_port, first.secret) == ("tls", 2084, b"radsec")
    assert (first.priority, first.weight) == (3, 2)
    assert (second.transport, second.priority, second.weight) == ("udp", None, 1)
    assert engines.radius_credentials(settings) == {
        ("192.0.2.1", 2084): Credentials(ca, ours, key, "radius")
    }
    client = engines.radius_client(settings, (first, second))
    assert (client.dead_seconds, client.probe_seconds, client.nas_identifier) == (9, 2, "l2tpsec")


def test_a_patient_administrator_is_obeyed() -> None:
    def client(**more: float) -> ClientSettings:
        radius = replace(Radius(), **more)  # type: ignore[arg-type] # numbers of both kinds
        return engines.radius_client(Settings(radius=radius), ())

    usual, patient = client(), client(timeout_seconds=20.0, attempts=4)
    assert (usual.longest_wait_seconds, usual.patience_seconds) == (4.0, 30.0)
    assert (patient.longest_wait_seconds, patient.patience_seconds) == (20.0, 80.0)


def test_radius_servers_keep_their_order_and_ports() -> None:
    servers = (
        RadiusServer(IPv4Address("192.0.2.1"), secret="one"),
        RadiusServer(IPv4Address("192.0.2.2"), secret="two", auth_port=1645, acct_port=1646),
    )
    settings = Settings(radius=Radius(servers=servers))
    found = engines.radius_servers(settings)
    assert [(s.address, s.auth_port, s.acct_port) for s in found] == [
        ("192.0.2.1", 1812, 1813),
        ("192.0.2.2", 1645, 1646),
    ]
    assert found[0].secret == b"one"
    client = engines.radius_client(settings, found)
    assert client.servers == found
    assert client.tries == settings.radius.attempts


def test_a_server_that_cannot_sign_is_believed_where_the_file_says_so() -> None:
    lax = RadiusServer(IPv4Address("192.0.2.1"), secret="one", require_message_authenticator=False)
    strict = RadiusServer(IPv4Address("192.0.2.2"), secret="two")
    found = engines.radius_servers(Settings(radius=Radius(servers=(lax, strict))))
    assert [server.require_message_authenticator for server in found] == [False, True]


def test_vendor_ids_reach_ike() -> None:
    assert engines.concentrator(Settings()).ike.vendor_ids == "minimal"
    settings = Settings(ipsec=Ipsec(vendor_ids="all"))
    assert engines.concentrator(settings).ike.vendor_ids == "all"


def test_who_may_give_orders() -> None:
    client = DynamicClient(IPv4Address("10.0.0.1"), "a secret")
    radius = Radius(dynamic_authorization=DynamicAuthorization(clients=(client,)))
    (found,) = engines.dynamic(Settings(radius=radius)).clients
    assert (found.network, found.secret) == ("10.0.0.1/32", b"a secret")
