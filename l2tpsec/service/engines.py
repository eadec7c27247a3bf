"""What each engine is told, from the one file that an administrator writes."""

from l2tpsec.concentrator.settings import AddressSettings, ConcentratorSettings, NamedPool
from l2tpsec.config.schema import Settings
from l2tpsec.dataplane.contract import Offload, PlaneSettings
from l2tpsec.model.policy import Filter
from l2tpsec.protocols.ike.settings import IkeSettings
from l2tpsec.protocols.l2tp.settings import L2tpSettings
from l2tpsec.protocols.ppp.settings import PppSettings
from radius.client import settings as radius
from radius.client.effects import Address
from radius.dynamic import DynamicClient, DynamicSettings
from radius.tls import Credentials


def concentrator(settings: Settings, worker: int = 0) -> ConcentratorSettings:
    """Gather what the box and its engines are told; `worker` is its number among several."""
    return ConcentratorSettings(
        ike=_ike(settings),
        l2tp=_l2tp(settings),
        ppp=_ppp(settings),
        address=_address(settings),
        nas_identifier=settings.radius.nas_identifier,
        interim_interval_seconds=settings.radius.interim_interval_seconds,
        chargeable_user_identity=settings.radius.chargeable_user_identity,
        outer_mtu=settings.server.outer_mtu,
        filters={name: Filter(name, row.rules) for name, row in settings.filters.items()},
        first_number=worker + 1,
        number_step=settings.server.workers,
    )


def _address(settings: Settings) -> AddressSettings:
    address = settings.address
    return AddressSettings(
        sources=address.source,
        pool=address.pool,
        gateway=address.gateway,
        dns=address.dns,
        wins=address.wins,
        domain=address.domain,
        routes=address.routes,
        dhcp_servers=address.dhcp_servers,
        ipv6_pool=address.ipv6_pool,
        ipv6_dns=address.ipv6_dns,
        pools={name: NamedPool(row.networks, row.ipv6) for name, row in settings.pools.items()},
        groups={name: row.table for name, row in settings.groups.items()},
    )


def _ike(settings: Settings) -> IkeSettings:
    ipsec = settings.ipsec
    return IkeSettings(
        psks=tuple(key.encode() for key in ipsec.psk),
        policy=ipsec.policy,
        force_encapsulation=ipsec.force_encapsulation,
        echo_nat_d=ipsec.echo_nat_d,
        vendor_ids=ipsec.vendor_ids,
    )


def _l2tp(settings: Settings) -> L2tpSettings:
    l2tp = settings.l2tp
    return L2tpSettings(
        secret=l2tp.secret.encode() or None,
        hello_seconds=l2tp.hello_seconds,
    )


def _ppp(settings: Settings) -> PppSettings:
    ppp = settings.ppp
    return PppSettings(
        authentication=ppp.authentication,
        mru=ppp.mru,
        echo_seconds=ppp.echo_seconds,
        echo_failures=ppp.echo_failures,
    )


def plane(settings: Settings) -> PlaneSettings:
    """Gather what the data plane is told."""
    address, pools = settings.address, settings.pools.values()
    return PlaneSettings(
        gateway=address.gateway,
        pool=(*address.pool, *(one for pool in pools for one in pool.networks)),
        tun_name=settings.server.tun,
        mtu=settings.ppp.mru,
        client_to_client=address.client_to_client,
        masquerade=address.masquerade,
        ipv6_pool=address.ipv6_pool,
        ipv6_pools=tuple(pool.ipv6 for pool in pools if pool.ipv6 is not None),
        offload=Offload(settings.server.offload),
        alone=settings.server.workers == 1,
    )


def radius_client(settings: Settings, servers: tuple[radius.Server, ...]) -> radius.Settings:
    """Gather what the RADIUS client is told; `servers` is the embedded one where none is named."""
    first, attempts = settings.radius.timeout_seconds, settings.radius.attempts
    usual = radius.Settings()
    return radius.Settings(
        servers=servers,
        tries=attempts,
        first_wait_seconds=first,
        longest_wait_seconds=max(first, usual.longest_wait_seconds),
        patience_seconds=max(first * attempts, usual.patience_seconds),
        dead_seconds=settings.radius.dead_seconds,
        probe_seconds=settings.radius.probe_seconds,
        nas_identifier=settings.radius.nas_identifier,
    )


def dynamic(settings: Settings) -> DynamicSettings:
    """Gather who may end and change sessions."""
    told = settings.radius.dynamic_authorization
    rows = (DynamicClient(str(row.address), row.secret.encode()) for row in told.clients)
    return DynamicSettings(tuple(rows), event_timestamp_required=told.require_event_timestamp)


def radius_servers(settings: Settings) -> tuple[radius.Server, ...]:
    """Return the configured servers, in the order of the file."""
    return tuple(
        radius.Server(
            str(row.host),
            row.secret.encode(),
            row.auth_port,
            row.acct_port,
            require_message_authenticator=row.require_message_authenticator,
            priority=row.priority,
            weight=row.weight,
            transport=radius.Transport(row.transport),
            tls_port=row.tls_port,
        )
        for row in settings.radius.servers
    )


def radius_credentials(settings: Settings) -> dict[Address, Credentials]:
    """Return the certificates for every server over TLS."""
    return {
        (str(row.host), row.tls_port): Credentials(
            row.ca_file, row.certificate_file, row.key_file, row.server_name
        )
        for row in settings.radius.servers
        if row.over_tls and row.ca_file is not None
    }
