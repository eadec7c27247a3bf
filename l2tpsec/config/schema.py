"""All settings: one dataclass a table of the file, one row a key, by the file's own names."""

import difflib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from l2tpsec.config.kinds import (
    Refused,
    Unfit,
    address,
    addresses,
    choice,
    choices,
    flag,
    ipv6_addresses,
    ipv6_network,
    matching,
    networks,
    number,
    only,
    path,
    paths,
    quoted,
    ranges,
    rules,
    seconds,
    strings,
    text,
)
from l2tpsec.config.secrets import pre_shared_keys
from l2tpsec.config.table import named, option, required, section, sections
from l2tpsec.crypto.transforms import EspTransform
from l2tpsec.model.policy import Rule
from l2tpsec.protocols.ike.policy import PRESETS, SUITES, TRANSFORMS, Policy, Suite
from l2tpsec.protocols.ike.vendor_ids import ANSWERS

# A row is `option(kind, default)`, evaluated once on purpose: settings are frozen.
# ruff: noqa: RUF009

AUTHENTICATIONS = ("eap", "mschapv2", "mschap", "chap", "pap")
MOST_WORKERS = 64
_LABEL = "[A-Za-z0-9_-]{1,63}"


def processes(value: object) -> int:
    """Take how many workers there are to be; "auto" is one a processor that we may use."""
    if value == "auto":
        return min(MOST_WORKERS, len(os.sched_getaffinity(0)))
    try:
        return number(1, MOST_WORKERS)(value)
    except Unfit as error:
        raise Unfit(f'{error.expected}, or "auto"') from None


@dataclass(frozen=True, slots=True)
class Server:
    """[server]: where it listens, where it keeps its state, what carries the packets."""

    listen: IPv4Address = option(address, IPv4Address("0.0.0.0"))  # noqa: S104 - it serves all
    state_dir: Path = option(path, Path("/var/lib/l2tpsec"))
    workers: int = option(processes, 1)
    dataplane: str = option(
        only(
            choice(("userspace", "kernel", "auto")),
            lambda name: name != "kernel",
            'dataplane = "kernel" is not available yet; use "userspace"',
        ),
        "userspace",
    )
    outer_mtu: int = option(number(576, 9000), 1500)
    offload: str = option(choice(("off", "auto", "full")), "auto")
    tun: str = option(
        matching(
            r"[A-Za-z][\w.-]{0,10}%d|[A-Za-z][\w.-]{0,14}", 'an interface name such as "l2tp%d"'
        ),
        "l2tp%d",
    )


def policy(value: object) -> Policy:
    """Take a preset's name, or a table with the names of all phase-1 suites and ESP transforms."""
    if isinstance(value, str) and value in PRESETS:
        return PRESETS[value]
    if not isinstance(value, dict) or set(value) != {"ike", "esp"}:
        raise Unfit(f"expected one of {quoted(PRESETS)} or {{ ike = [...], esp = [...] }}")
    return Policy.of(_names(value["ike"], SUITES), _names(value["esp"], TRANSFORMS))


def _names(value: object, rows: Collection[Suite] | Collection[EspTransform]) -> list[str]:
    known = [row.name for row in rows]
    for name in (chosen := strings(value)):
        if name not in known:
            close = quoted(difflib.get_close_matches(name, known, 3, 0))
            raise Refused(f'"{name}" is unknown; closest are {close}')
    return list(chosen)


@dataclass(frozen=True, slots=True)
class Ipsec:
    """[ipsec]: once loaded, `psk` holds the keys of `psk_file` too; several allow a rotation."""

    psk: tuple[str, ...] = option(pre_shared_keys, (), secret=True)
    psk_file: tuple[Path, ...] = option(paths, ())
    policy: Policy = option(policy, PRESETS["windows"])
    force_encapsulation: bool = option(flag, default=False)
    echo_nat_d: bool = option(flag, default=False)
    vendor_ids: str = option(choice(tuple(ANSWERS)), "minimal")


@dataclass(frozen=True, slots=True)
class L2tp:
    """[l2tp]: `secret` turns on tunnel authentication (RFC 2661 5.1.1), rare in clients."""

    secret: str = option(text, "", secret=True)
    secret_file: Path | None = option(path, None)
    hello_seconds: float = option(seconds(5, 3600), 60.0)


@dataclass(frozen=True, slots=True)
class Ppp:
    """[ppp]: authentication by preference.

    After `echo_seconds` of silence a client is asked by LCP echoes, and again and again; its link
    is dead after `echo_failures` times as long without an answer.
    """

    authentication: tuple[str, ...] = option(choices(AUTHENTICATIONS), ("mschapv2", "chap", "pap"))
    mru: int = option(number(576, 1500), 1400)
    echo_seconds: float = option(seconds(1, 3600), 30.0)
    echo_failures: int = option(number(1, 100), 4)


@dataclass(frozen=True, slots=True)
class Address:
    """[address]: what a client gets."""

    source: tuple[str, ...] = option(choices(("radius", "pool", "dhcp")), ("radius", "pool"))
    pool: tuple[IPv4Network, ...] = option(ranges, ranges("10.99.0.0/24"))
    gateway: IPv4Address = option(address, IPv4Address("10.99.0.1"))
    dns: tuple[IPv4Address, ...] = option(addresses, ())
    wins: tuple[IPv4Address, ...] = option(addresses, ())
    domain: str = option(
        matching(rf"|(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*", 'a domain such as "corp.example"'), ""
    )
    routes: tuple[IPv4Network, ...] = option(networks, ())
    dhcp_servers: tuple[IPv4Address, ...] = option(addresses, ())
    ipv6_pool: IPv6Network | None = option(ipv6_network, None)
    ipv6_dns: tuple[IPv6Address, ...] = option(ipv6_addresses, ())
    masquerade: bool = option(flag, default=False)
    client_to_client: bool = option(flag, default=False)


@dataclass(frozen=True, slots=True)
class Pool:
    """[pools.NAME]: for whom RADIUS names it (Framed-Pool, Framed-IPv6-Pool)."""

    networks: tuple[IPv4Network, ...] = option(ranges, ())
    ipv6: IPv6Network | None = option(ipv6_network, None)


@dataclass(frozen=True, slots=True)
class Group:
    """[groups.NAME]: for whom RADIUS names it (Tunnel-Private-Group-Id): a table of routes."""

    table: int = required(number(1, (1 << 31) - 1))


@dataclass(frozen=True, slots=True)
class NamedFilter:
    """[filters.NAME]: for whom RADIUS names it (Filter-Id)."""

    rules: tuple[Rule, ...] = required(rules)


@dataclass(frozen=True, slots=True)
class RadiusServer:
    """One of [[radius.servers]]; once loaded, `secret` is set, or meant to be RadSec's own.

    Lower priorities are asked first, equal ones by weight; without any it is their order.
    """

    host: IPv4Address = required(address)
    secret: str = option(text, "", secret=True)
    secret_file: Path | None = option(path, None)
    auth_port: int = option(number(1, 65535), 1812)
    acct_port: int = option(number(1, 65535), 1813)
    priority: int | None = option(number(0, 1000), None)
    weight: int = option(number(1, 1000), 1)
    transport: str = option(choice(("udp", "tls")), "udp")
    tls_port: int = option(number(1, 65535), 2083)
    ca_file: Path | None = option(path, None)
    certificate_file: Path | None = option(path, None)
    key_file: Path | None = option(path, None)
    server_name: str = option(text, "")
    require_message_authenticator: bool = option(flag, default=True)

    @property
    def over_tls(self) -> bool:
        """Whether it is RadSec."""
        return self.transport == "tls"


@dataclass(frozen=True, slots=True)
class DynamicClient:
    """One of the hosts that may give orders; once loaded, `secret` is always set."""

    address: IPv4Address = required(address)
    secret: str = option(text, "", secret=True)
    secret_file: Path | None = option(path, None)


@dataclass(frozen=True, slots=True)
class DynamicAuthorization:
    """[radius.dynamic_authorization]: who may change or end sessions (RFC 5176)."""

    port: int = option(number(1, 65535), 3799)
    clients: tuple[DynamicClient, ...] = sections(DynamicClient)
    require_event_timestamp: bool = option(flag, default=False)


@dataclass(frozen=True, slots=True)
class Embedded:
    """[radius.embedded]: the server used without others; `users` lies below state_dir."""

    users: Path = option(path, Path("users.db"))


@dataclass(frozen=True, slots=True)
class Radius:
    """[radius]: who judges users. Without servers it is the embedded one."""

    servers: tuple[RadiusServer, ...] = sections(RadiusServer)
    nas_identifier: str = option(text, "l2tpsec")
    timeout_seconds: float = option(seconds(0.5, 30), 3.0)
    attempts: int = option(number(1, 10), 3)
    dead_seconds: float = option(seconds(1, 3600), 60.0)
    probe_seconds: float = option(seconds(1, 600), 10.0)
    interim_interval_seconds: int = option(number(60, 86400), 300)
    chargeable_user_identity: bool = option(flag, default=False)
    dictionaries: Path | None = option(path, None)
    dynamic_authorization: DynamicAuthorization = section(DynamicAuthorization)
    embedded: Embedded = section(Embedded)


@dataclass(frozen=True, slots=True)
class Log:
    """[log]: lines on stderr."""

    level: str = option(choice(("debug", "info", "warning")), "info")
    json: bool = option(flag, default=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file."""

    server: Server = section(Server)
    ipsec: Ipsec = section(Ipsec)
    l2tp: L2tp = section(L2tp)
    ppp: Ppp = section(Ppp)
    address: Address = section(Address)
    pools: Mapping[str, Pool] = named(Pool)
    groups: Mapping[str, Group] = named(Group)
    filters: Mapping[str, NamedFilter] = named(NamedFilter)
    radius: Radius = section(Radius)
    log: Log = section(Log)

    @property
    def users_file(self) -> Path:
        """Where the embedded server's users are."""
        return self.server.state_dir / self.radius.embedded.users

    @property
    def psk_file(self) -> Path:
        """Where a generated pre-shared key is kept."""
        return self.server.state_dir / "psk"

    @property
    def control_socket(self) -> Path:
        """Where the running server takes commands."""
        return self.server.state_dir / "control.sock"
