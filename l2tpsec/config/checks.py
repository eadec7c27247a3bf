"""What no single key shows: checks over all settings. A row names the tables it reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network
from itertools import combinations

from l2tpsec.config.schema import Settings
from l2tpsec.config.secrets import ENOUGH_BITS, estimated_bits
from l2tpsec.config.share import pool_share
from l2tpsec.config.table import Keys, Problem
from l2tpsec.protocols.ike.policy import PRESETS
from l2tpsec.protocols.inet.ipv6 import LEAST_MTU

MOST_NETWORKS = 256
LONGEST_IPV6_POOL = 63
MOST_IPV6_DNS = 3
SAFE_RADIUS_OCTETS = 16


@dataclass(frozen=True, slots=True)
class Check:
    """`find` runs when none of `tables` has a problem of its own."""

    tables: tuple[str, ...]
    find: Callable[[Settings], Iterator[Problem]]


def _ranges(settings: Settings) -> Iterator[tuple[Keys, tuple[IPv4Network, ...]]]:
    """Return every pool of addresses, with where it is written."""
    yield ("address", "pool"), settings.address.pool
    for name, pool in settings.pools.items():
        yield ("pools", name, "networks"), pool.networks


def listen_outside_pool(settings: Settings) -> Iterator[Problem]:
    """Hold a client's address apart from the server's own."""
    for keys, networks in _ranges(settings):
        for network in networks:
            if settings.server.listen in network:
                yield Problem(keys, f"{network} contains the address that [server] listens on")


def pool_apart(settings: Settings) -> Iterator[Problem]:
    """Hold ranges apart, or one address would be leased twice."""
    rows = [(keys, one) for keys, found in _ranges(settings) for one in found[:MOST_NETWORKS]]
    for (_, left), (keys, right) in combinations(rows[: 4 * MOST_NETWORKS], 2):
        if left.overlaps(right):
            yield Problem(keys, f"{left} and {right} overlap")


def pool_fit(settings: Settings) -> Iterator[Problem]:
    """Want a pool with an address for a client, and one whose bookkeeping fits in memory."""
    gateway = settings.address.gateway
    for keys, pool in _ranges(settings):
        for network in pool:
            if network.is_multicast or network.is_loopback or network.network_address.is_reserved:
                yield Problem(keys, f"{network} holds no addresses of hosts")
        if sum(network.num_addresses for network in pool) > 1 << 20:
            yield Problem(keys, "more than 1048576 addresses; use a smaller network")
        elif len(pool) > MOST_NETWORKS:
            yield Problem(keys, f"more than {MOST_NETWORKS} networks; use larger ones")
        elif pool and not any(_leasable(a) and a != gateway for n in pool for a in n):
            yield Problem(keys, f"no address is left for a client beside the gateway {gateway}")


def named_pools_fit(settings: Settings) -> Iterator[Problem]:
    """Want named pools that hold something, and prefixes only where IPv6 is carried at all."""
    for (_, left), (keys, right) in combinations(_prefixes(settings), 2):
        if left.overlaps(right):
            yield Problem(keys, f"{left} and {right} overlap")
    for name, pool in settings.pools.items():
        if not pool.networks and pool.ipv6 is None:
            yield Problem(("pools", name), "networks or ipv6 is missing")
        if pool.ipv6 is not None and settings.address.ipv6_pool is None:
            text = "without [address] ipv6_pool no IPv6 is carried"
            yield Problem(("pools", name, "ipv6"), text)
        if pool.ipv6 is not None and pool.ipv6.prefixlen > LONGEST_IPV6_POOL:
            text = f"{pool.ipv6} has no /64 for a client; a /56 serves 255"
            yield Problem(("pools", name, "ipv6"), text)


def _leasable(address: IPv4Address) -> bool:
    # Windows cannot use L2TP with .0 or .255 at the end.
    return address.packed[3] not in {0, 255}


def gateway_fit(settings: Settings) -> Iterator[Problem]:
    """Want a gateway that a client takes as its peer's address."""
    gateway = settings.address.gateway
    if not _leasable(gateway) or gateway.is_multicast or gateway.is_loopback:
        yield Problem(("address", "gateway"), f"{gateway} cannot be a host's address")
    elif gateway == settings.server.listen:
        # The packets that carry the tunnel would be routed into the tunnel.
        yield Problem(("address", "gateway"), f"{gateway} is the address that [server] listens on")


def workers_fit(settings: Settings) -> Iterator[Problem]:
    """Want for each worker an interface, and addresses and prefixes that no other one gives."""
    workers = settings.server.workers
    if workers == 1:
        return
    if "%d" not in settings.server.tun:
        text = f'each of {workers} workers has its own interface; use a name such as "l2tp%d"'
        yield Problem(("server", "tun"), text)
    for keys, pool in _ranges(settings):
        shares = (pool_share(pool, worker, workers) for worker in range(workers))
        if pool and not all(_serves(settings, share) for share in shares):
            yield Problem(keys, f"too small for {workers} workers: each needs an address to give")
    for keys, prefix in _prefixes(settings):
        if prefix.prefixlen + (workers - 1).bit_length() > LONGEST_IPV6_POOL:
            yield Problem(keys, f"{prefix} is too small for {workers} workers; use a /56")


def _serves(settings: Settings, networks: Iterator[IPv4Network]) -> bool:
    gateway = settings.address.gateway
    return any(_leasable(a) and a != gateway for network in networks for a in network)


def _prefixes(settings: Settings) -> Iterator[tuple[Keys, IPv6Network]]:
    """Return every pool of prefixes, with where it is written."""
    if settings.address.ipv6_pool is not None:
        yield ("address", "ipv6_pool"), settings.address.ipv6_pool
    for name, pool in settings.pools.items():
        if pool.ipv6 is not None:
            yield ("pools", name, "ipv6"), pool.ipv6


def dhcp_fit(settings: Settings) -> Iterator[Problem]:
    """Want servers for the source "dhcp", and none that is ourselves."""
    address = settings.address
    if "dhcp" in address.source and not address.dhcp_servers:
        yield Problem(("address", "source"), '"dhcp" needs dhcp_servers: whom to ask')
    for server in address.dhcp_servers:
        if server == address.gateway or not int(server) or server.is_multicast:
            yield Problem(("address", "dhcp_servers"), f"{server} cannot be a DHCP server's")


def ipv6_pool_fit(settings: Settings) -> Iterator[Problem]:
    """Want a /64 for a client beside the gateway's, and links that may carry IPv6."""
    pool, mru = settings.address.ipv6_pool, settings.ppp.mru
    if pool is None:
        return
    if pool.prefixlen > 63:
        text = f"{pool} has no /64 for a client beside the gateway's; a /56 serves 255"
        yield Problem(("address", "ipv6_pool"), text)
    if pool.is_multicast or pool.is_link_local or pool.is_loopback or pool.is_unspecified:
        yield Problem(("address", "ipv6_pool"), f"{pool} holds no addresses of hosts")
    if mru < LEAST_MTU:
        text = (
            f"{mru} is less than the {LEAST_MTU} that IPv6 needs: raise it, or leave out ipv6_pool"
        )
        yield Problem(("ppp", "mru"), text)
    if len(settings.address.ipv6_dns) > MOST_IPV6_DNS:
        yield Problem(("address", "ipv6_dns"), f"more than {MOST_IPV6_DNS} name servers")


def one_secret_each(settings: Settings) -> Iterator[Problem]:
    """Want exactly one place for a RADIUS secret."""
    for index, server in enumerate(settings.radius.servers):
        keys = ("radius", "servers", index)
        if not server.secret and server.secret_file is None and not server.over_tls:
            yield Problem(keys, "secret or secret_file is missing")
        elif server.secret and server.secret_file is not None:
            yield Problem((*keys, "secret_file"), "secret and secret_file are both set; keep one")


def tls_fit(settings: Settings) -> Iterator[Problem]:
    """Want an authority for TLS, a key only with its certificate, and neither without TLS."""
    for index, server in enumerate(settings.radius.servers):
        keys = ("radius", "servers", index)
        if server.over_tls and server.ca_file is None:
            text = 'transport = "tls" needs ca_file: who signed the server\'s certificate'
            yield Problem(keys, text)
        if server.key_file is not None and server.certificate_file is None:
            yield Problem((*keys, "key_file"), "certificate_file is missing")
        if not server.over_tls and (server.ca_file or server.certificate_file):
            yield Problem(keys, 'certificates are for transport = "tls"')


def servers_once(settings: Settings) -> Iterator[Problem]:
    """Want no two servers at one place."""
    seen: set[tuple[bool, IPv4Address, int]] = set()
    for index, server in enumerate(settings.radius.servers):
        ports = (server.tls_port,) if server.over_tls else (server.auth_port, server.acct_port)
        places = {(server.over_tls, server.host, port) for port in ports}
        if places & seen:
            yield Problem(("radius", "servers", index), f"{server.host} is listed twice")
        seen |= places


def one_secret_each_order(settings: Settings) -> Iterator[Problem]:
    """Want exactly one place for the secret of each host that may give orders."""
    for index, client in enumerate(settings.radius.dynamic_authorization.clients):
        if bool(client.secret) == (client.secret_file is not None):
            keys = ("radius", "dynamic_authorization", "clients", index)
            yield Problem(keys, "exactly one of secret and secret_file is wanted")


def tunnel_secret_once(settings: Settings) -> Iterator[Problem]:
    """Want at most one place for the tunnel secret."""
    if settings.l2tp.secret and settings.l2tp.secret_file is not None:
        yield Problem(("l2tp", "secret_file"), "secret and secret_file are both set; keep one")


ERRORS = (
    Check(("server", "address", "pools"), listen_outside_pool),
    Check(("address", "pools"), pool_apart),
    Check(("address", "pools"), pool_fit),
    Check(("address", "pools"), named_pools_fit),
    Check(("server", "address"), gateway_fit),
    Check(("server", "address", "pools"), workers_fit),
    Check(("address",), dhcp_fit),
    Check(("address", "ppp"), ipv6_pool_fit),
    Check(("radius",), one_secret_each),
    Check(("radius",), one_secret_each_order),
    Check(("radius",), tls_fit),
    Check(("radius",), servers_once),
    Check(("l2tp",), tunnel_secret_once),
)


def weak_keys(settings: Settings) -> Iterator[Problem]:
    """Warn of keys that whoever answers a Main Mode in our place can guess offline."""
    for number, key in enumerate(settings.ipsec.psk, 1):
        if (bits := estimated_bits(key)) < ENOUGH_BITS:
            which = (
                "the pre-shared key" if len(settings.ipsec.psk) == 1 else f"pre-shared key {number}"
            )
            text = f"{which} is worth about {bits:.0f} bits; {ENOUGH_BITS} resist guessing"
            yield Problem(("ipsec", "psk"), f"{text}. Leave psk out to have one generated")


def legacy_policy(settings: Settings) -> Iterator[Problem]:
    """Warn of ciphers that are kept for old clients only."""
    if settings.ipsec.policy == PRESETS["legacy"]:
        yield Problem(
            ("ipsec", "policy"), '"legacy" allows 3DES, MD5 and MODP-1024, which are broken'
        )


def short_radius_secrets(settings: Settings) -> Iterator[Problem]:
    """Warn of RADIUS secrets that one captured packet gives away (RFC 2865 section 3)."""
    text = f"the secret is shorter than {SAFE_RADIUS_OCTETS} characters"
    for index, server in enumerate(settings.radius.servers):
        if len(server.secret) < SAFE_RADIUS_OCTETS and not server.over_tls:
            yield Problem(("radius", "servers", index), text)
    for index, client in enumerate(settings.radius.dynamic_authorization.clients):
        if len(client.secret) < SAFE_RADIUS_OCTETS:
            yield Problem(("radius", "dynamic_authorization", "clients", index), text)


def no_nat_traversal(settings: Settings) -> Iterator[Problem]:
    """Warn that NAT traversal is agreed on by a Vendor ID (RFC 3947 section 3.1)."""
    if settings.ipsec.vendor_ids == "none":
        text = '"none" turns NAT traversal off: clients behind a NAT cannot connect'
        yield Problem(("ipsec", "vendor_ids"), text)


def unsigned_replies(settings: Settings) -> Iterator[Problem]:
    """Warn of RADIUS replies that whoever is on the way can forge (CVE-2024-3596)."""
    for index, server in enumerate(settings.radius.servers):
        if not server.require_message_authenticator:
            keys = ("radius", "servers", index, "require_message_authenticator")
            text = "without it whoever is on the way can forge an Access-Accept"
            yield Problem(keys, f"{text}; let the server sign its replies instead")


def eap_for_nobody(settings: Settings) -> Iterator[Problem]:
    """Warn of EAP where only the embedded server is asked, which does none."""
    methods = settings.ppp.authentication
    if "eap" in methods and not settings.radius.servers:
        who = "whoever uses it" if len(methods) > 1 else "everybody"
        text = f'the embedded RADIUS server does no EAP, and refuses {who}: put "mschapv2" there'
        yield Problem(("ppp", "authentication"), f"{text}, or name [[radius.servers]]")


WARNINGS = (
    Check(("ipsec",), weak_keys),
    Check(("ipsec",), legacy_policy),
    Check(("ipsec",), no_nat_traversal),
    Check(("radius",), short_radius_secrets),
    Check(("radius",), unsigned_replies),
    Check(("ppp", "radius"), eap_for_nobody),
)


def run(checks: tuple[Check, ...], settings: Settings, broken: set[str | int]) -> list[Problem]:
    """Run the checks whose tables are all sound."""
    sound = (check for check in checks if broken.isdisjoint(check.tables))
    return [problem for check in sound for problem in check.find(settings)]
