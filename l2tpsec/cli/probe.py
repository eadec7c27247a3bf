"""Whether this machine can serve: rights, the TUN device, free ports; and its own addresses."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import struct
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from l2tpsec.config.schema import Settings

SIOCGIFADDR = 0x8915
SIOCGIFNETMASK = 0x891B
HOST_MASK = 0xFFFFFFFF
NET_ADMIN = 12
STATUS = Path("/proc/self/status")
TUN = Path("/dev/net/tun")
PORTS = (500, 4500)
UDP_TABLES = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
RESOLVERS = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))


def obstacles(settings: Settings, *, serving: bool = False) -> list[str]:
    """Return what stands in the way, each with what to do; nothing when all is well.

    A server that is `serving` already has its ports.
    """
    ports = () if serving else PORTS
    found = [_rights(), _device(), *(_port(settings.server.listen, port) for port in ports)]
    found += [
        f"{address} of this machine lies in {key} {network}; choose another pool"
        for address in own_addresses()
        for key, network in _pools(settings)
        if address in network and address != settings.address.gateway
    ]
    if settings.address.masquerade and not has_nftables():
        found.append("masquerade needs the program nft: install nftables or set masquerade = false")
    apart = settings.server.workers > 1 and not settings.address.client_to_client
    if apart and not has_nftables():
        text = "to keep the clients of several workers apart the program nft is needed"
        found.append(f"{text}: install nftables or set client_to_client = true")
    return [text for text in dict.fromkeys(found) if text]


def cautions(settings: Settings) -> list[str]:
    """Return what will not work as expected, though nothing stands in the way."""
    return [
        f"{key} {pool} overlaps {network}, where {name} is: hosts there and clients will not reach "
        "one another; choose another pool"
        for name, network in own_networks()
        for key, pool in _pools(settings)
        if network.overlaps(pool)
    ]


def _pools(settings: Settings) -> list[tuple[str, IPv4Network]]:
    usual = [("[address] pool", network) for network in settings.address.pool]
    return usual + [
        (f"[pools.{name}]", network)
        for name, pool in settings.pools.items()
        for network in pool.networks
    ]


def has_nftables() -> bool:
    """Tell whether masquerading can be set up."""
    return shutil.which("nft", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def resolvers(files: tuple[Path, ...] = RESOLVERS) -> tuple[IPv4Address, ...]:
    """Return the name servers of this machine that its clients can reach too, at most two.

    A resolver on loopback, as systemd's, is of no use to them; the second file tells what it asks.
    """
    for file in files:
        found = [address for line in _lines(file) if (address := _name_server(line)) is not None]
        if found:
            return tuple(dict.fromkeys(found))[:2]
    return ()


def own_addresses() -> list[IPv4Address]:
    """Return this machine's IPv4 addresses, that of the default route first; loopback left out."""
    found = [_routed(), *(_of_interface(name) for _, name in socket.if_nameindex())]
    return list(dict.fromkeys(a for a in found if a is not None and not a.is_loopback))


def own_networks() -> list[tuple[str, IPv4Network]]:
    """Return the networks that this machine is in, each with its interface."""
    found = []
    for _, name in socket.if_nameindex():
        address, mask = _of_interface(name), _of_interface(name, SIOCGIFNETMASK)
        if address is None or mask is None or address.is_loopback or int(mask) == HOST_MASK:
            continue
        found.append((name, IPv4Network(f"{address}/{mask}", strict=False)))
    return found


def _rights() -> str:
    effective = next(line for line in STATUS.read_text().splitlines() if line.startswith("CapEff:"))
    if int(effective.split()[1], 16) >> NET_ADMIN & 1:
        return ""
    return "it needs the right to set up networks: run it as root or with CAP_NET_ADMIN"


def _device() -> str:
    try:
        os.close(os.open(TUN, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return f"{TUN} is missing: modprobe tun, or give the container that device"
    except OSError as error:
        return f"{TUN} cannot be opened ({error.strerror}): run it as root"
    return ""


def _port(listen: IPv4Address, port: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(listen), port))
        except OSError as error:
            return _taken(listen, port, error)
    return ""


def _taken(listen: IPv4Address, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        shows = f"another program; stop it (`ss -ulpn sport = :{port}` shows which)"
        who = f"{holder}; stop it" if (holder := _holder(port)) else shows
        return f"UDP port {port} is taken by {who}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"[server] listen = {listen} is no address of this machine"
    return f"UDP port {port} cannot be opened ({error.strerror}): run it as root"


def _holder(port: int) -> str:
    """Return the program that has a UDP port open, as far as we may see that."""
    rows = [line.split() for file in UDP_TABLES for line in _lines(file)[1:]]
    wanted = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(opened.readlink()) in wanted:
                process = opened.parents[1]
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(errors="replace").splitlines()
    except OSError:
        return []


def _name_server(line: str) -> IPv4Address | None:
    words = line.split()
    if len(words) < 2 or words[0] != "nameserver":
        return None
    try:
        address = IPv4Address(words[1])
    except ValueError:
        return None
    return None if address.is_loopback or address.is_unspecified else address


def _routed() -> IPv4Address | None:
    # Connecting a datagram socket chooses a route and sends nothing.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 500))
        except OSError:
            return None
        return IPv4Address(probe.getsockname()[0])


def _of_interface(name: str, wanted: int = SIOCGIFADDR) -> IPv4Address | None:
    request = struct.pack("256s", name.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe, wanted, request)
        except OSError:
            return None
    return IPv4Address(answer[20:24])
