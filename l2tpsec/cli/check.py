"""`check`: reads a configuration and says what it means; starts nothing, changes nothing."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from l2tpsec.cli import probe
from l2tpsec.cli.outcome import FAILED, OK
from l2tpsec.config import share
from l2tpsec.config.loader import load
from l2tpsec.config.schema import RadiusServer, Settings
from l2tpsec.protocols.ike.policy import PRESETS
from l2tpsec.runtime import control


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to check."""
    parser.add_argument("--config", type=Path, metavar="FILE", required=True)
    parser.add_argument(
        "--system", action="store_true", help="look also whether this machine can serve it now"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what is chosen; ConfigError when the file is refused."""
    loaded = load(arguments.config)
    for warning in loaded.warnings:
        sys.stderr.write(f"l2tpsec: warning: {warning}\n")
    sys.stdout.write(f"{arguments.config}: good\n{summary(loaded.settings)}")
    return _system(loaded.settings) if arguments.system else OK


def _system(settings: Settings) -> int:
    if pid := control.running(settings.control_socket):
        sys.stdout.write(f"  it is running now, pid {pid}\n")
    for caution in probe.cautions(settings):
        sys.stderr.write(f"l2tpsec: warning: {caution}\n")
    obstacles = probe.obstacles(settings, serving=bool(pid))
    for obstacle in obstacles:
        sys.stderr.write(f"l2tpsec: {obstacle}\n")
    return FAILED if obstacles else OK


def summary(settings: Settings) -> str:
    """Return the choices in words, without any secret."""
    width = max(len(title) for title, _ in CHOICES)
    return "".join(f"  {title:{width}}  {say(settings)}\n" for title, say in CHOICES)


def _keys(settings: Settings) -> str:
    if count := len(settings.ipsec.psk):
        return f"{count} configured"
    return f"generated at the first start, kept in {settings.psk_file}"


def _policy(settings: Settings) -> str:
    policy = settings.ipsec.policy
    preset = next((name for name, row in PRESETS.items() if row == policy), "")
    suites = ", ".join(suite.name for suite in policy.suites)
    transforms = ", ".join(transform.name for transform in policy.transforms)
    return preset or f"IKE {suites}; ESP {transforms}"


def _addresses(settings: Settings) -> str:
    address = settings.address
    pool = ", ".join(map(str, address.pool))
    return f"from {', then '.join(address.source)}; pool {pool}; gateway {address.gateway}"


def _radius(settings: Settings) -> str:
    servers = settings.radius.servers
    if not servers:
        return f"embedded server, users in {settings.users_file}"
    return ", ".join(f"{row.host} ({_ports(row)})" for row in servers)


def _ports(server: RadiusServer) -> str:
    if server.over_tls:
        return f"RadSec, TCP {server.tls_port}"
    return f"UDP {server.auth_port}, {server.acct_port}"


def _names(settings: Settings) -> str:
    dns, wins = settings.address.dns, settings.address.wins
    return f"DNS {_listed(dns)}; WINS {_listed(wins)}"


def _listed(items: tuple[object, ...]) -> str:
    return ", ".join(map(str, items)) or "none"


def _forwarding(settings: Settings) -> str:
    address = settings.address
    hidden = (
        "behind this machine's address (NAT)" if address.masquerade else "with their own addresses"
    )
    between = "may" if address.client_to_client else "may not"
    return f"clients go out {hidden} and {between} reach one another"


def _workers(settings: Settings) -> str:
    workers = settings.server.workers
    if workers == 1:
        return "one process"
    return f"{workers} processes, {', '.join(share.interfaces(settings))}, a part of the pool each"


CHOICES: tuple[tuple[str, Callable[[Settings], str]], ...] = (
    ("listens on", lambda s: f"{s.server.listen}, UDP 500 and 4500"),
    ("workers", _workers),
    ("state", lambda s: str(s.server.state_dir)),
    ("data plane", lambda s: "userspace" if s.server.dataplane == "auto" else s.server.dataplane),
    ("pre-shared keys", _keys),
    ("IPsec policy", _policy),
    ("authentication", lambda s: ", ".join(s.ppp.authentication)),
    ("RADIUS", _radius),
    ("addresses", _addresses),
    ("name servers", _names),
    ("forwarding", _forwarding),
)
