"""`provision`: prints what a person needs on their own system to dial in here."""

import argparse
import os
import re
import shlex
import sys
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from l2tpsec.cli import first_run, probe
from l2tpsec.cli.outcome import OK, Failure
from l2tpsec.cli.provision.connection import Connection, Unservable
from l2tpsec.cli.provision.systems import BY_NAME, SYSTEMS
from l2tpsec.cli.welcome import CONNECTION
from l2tpsec.config import state
from l2tpsec.config.loader import load
from l2tpsec.config.schema import Settings
from radius.server.users.sqlite import SqliteUsers

_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_LONGEST = 253

_EAP_ALONE = (
    "[ppp] authentication allows EAP alone, and this program sets up connections with a password: "
    'add "mschapv2", or set EAP up as README tells for smart cards'
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add for whom and for what."""
    rows = "; ".join(f"{row.name}: {row.what}, {row.use}" for row in SYSTEMS)
    parser.add_argument("system", choices=list(BY_NAME), metavar="SYSTEM", help=rows)
    parser.add_argument("--user", type=_printable, metavar="NAME", help="who dials")
    parser.add_argument(
        "--server", type=_host, metavar="ADDRESS", help="what clients dial; a name is good too"
    )
    parser.add_argument(
        "--name", type=_printable, default=CONNECTION, help=f"the connection's ({CONNECTION})"
    )
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="put the user's password in too, one line on standard input",
    )
    found = parser.add_mutually_exclusive_group()
    found.add_argument("--config", type=Path, metavar="FILE", help="what the server is run with")
    found.add_argument("--state-dir", type=Path, metavar="DIR", help="without a file: of the keys")


def run(arguments: argparse.Namespace) -> int:
    """Print it; what it holds is told on stderr."""
    settings = _settings(arguments)
    if settings.ppp.authentication == ("eap",):
        raise Failure(_EAP_ALONE)
    connection = _connection(arguments, settings)
    try:
        text = BY_NAME[arguments.system].render(connection)
    except Unservable as reason:
        raise Failure(str(reason)) from None
    for remark in _remarks(connection, settings):
        sys.stderr.write(f"l2tpsec: {remark}\n")
    sys.stdout.write(text)
    return OK


def _printable(text: str) -> str:
    if text and text.isprintable() and text == text.strip() and len(text.encode()) <= _LONGEST:
        return text
    raise argparse.ArgumentTypeError(f"printable text of at most {_LONGEST} octets is wanted")


def _host(text: str) -> str:
    if re.fullmatch(_HOST, text):
        return text
    raise argparse.ArgumentTypeError(f"{text!a} is no host name and no IPv4 address")


def _settings(arguments: argparse.Namespace) -> Settings:
    """Return complete settings; a key is read, never made."""
    if arguments.config is not None:
        settings = load(arguments.config).settings
    else:
        settings = first_run.unconfigured(arguments.state_dir).settings
    if not settings.ipsec.psk and not os.access(settings.psk_file, os.R_OK):
        raise Failure(
            f"no psk is configured, and none can be read from {settings.psk_file}: start the "
            "server once, which makes one, and run this as its user"
        )
    return state.complete(settings, os.urandom)


def _connection(arguments: argparse.Namespace, settings: Settings) -> Connection:
    address, own = settings.address, _own(settings)
    server = arguments.server or (str(own[0]) if own else "")
    if not server:
        raise Failure("this machine has no address; say with --server what clients dial")
    return Connection(
        name=arguments.name,
        server=server,
        psk=settings.ipsec.psk[0],
        user=arguments.user or "",
        password=_password() if arguments.password_stdin else None,
        domain=address.domain,
        routes=address.routes,
        behind_nat=_behind_nat(server, own) and not settings.ipsec.echo_nat_d,
        authentication=settings.ppp.authentication,
        policy=settings.ipsec.policy,
    )


def _own(settings: Settings) -> list[IPv4Address]:
    listen = settings.server.listen
    return probe.own_addresses() if listen.is_unspecified else [listen]


def _behind_nat(server: str, own: list[IPv4Address]) -> bool:
    """Tell whether clients dial an address that this machine does not have."""
    try:
        return IPv4Address(server) not in own
    except AddressValueError:
        return not any(address.is_global for address in own)


def _password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password or not password.isprintable():
        raise Failure("no password on standard input; write it there as one line")
    return password


def _remarks(connection: Connection, settings: Settings) -> list[str]:
    more = " and the user's password" if connection.password is not None else ""
    remarks = [f"the output holds the pre-shared key{more}: hand it over as you would a key"]
    if _private(connection.server):
        text = "is a private address; say with --server what clients outside dial"
        remarks.append(f"{connection.server} {text}")
    if not settings.radius.servers and connection.user and not _known(connection.user, settings):
        add = first_run.users_command(settings, f"add {shlex.quote(connection.user)}")
        remarks.append(f"there is no user {connection.user} yet; add one with: {add}")
    return remarks


def _private(server: str) -> bool:
    try:
        return not IPv4Address(server).is_global
    except AddressValueError:
        return False


def _known(user: str, settings: Settings) -> bool:
    return settings.users_file.exists() and bool(
        SqliteUsers(settings.users_file, os.urandom).find(user)
    )
