"""The commands of `python -m radius`: users of the embedded server."""

import argparse
import getpass
import json
import os
import sys
from argparse import ArgumentTypeError
from base64 import b32encode
from datetime import datetime
from pathlib import Path

from radius.packet import Entropy
from radius.server.users.sqlite import AT_ONCE, SqliteUsers, taken, unknown
from radius.server.users.store import Refused, StoreFailure, User

_DEFAULT_STATE_DIR = "/var/lib/l2tpsec"
_OK, _FAILED, _USAGE = 0, 1, 2
_GENERATED_OCTETS = 15

_EPILOG = """\
The database is --database FILE, else users.db in $L2TPSEC_STATE_DIR, else
/var/lib/l2tpsec/users.db. A running server sees every change at once.

A password is asked for twice without echo on a terminal, else it is one line on
standard input; it is never an argument. Only its NT hash is stored, enough for
MS-CHAPv2, MS-CHAP and PAP; with --chap the password itself is stored as well,
encrypted with the key file beside the database (users.key), as CHAP needs it.

Whose password has expired is asked for a new one while dialling in, by Windows
and over MS-CHAPv2 alone; others are refused until `passwd` sets one.

exit status: 0 done; 1 not done, the reason is on standard error; 2 wrong usage

examples:
  python -m radius user add alice
  python -m radius user add bob --generate --address 10.99.0.50
  printf '%%s\\n' "$PASSWORD" | python -m radius user passwd alice
  python -m radius user expire alice --date 2027-01-31
  python -m radius user list --json
"""


class _Problem(Exception):  # noqa: N818 - names what it is
    """Something the command cannot do; one line for the user."""


def main(arguments: list[str], entropy: Entropy) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    users = SqliteUsers(options.database or default_database(), entropy)
    try:
        options.command(options, users, entropy)
    except (Refused, StoreFailure, _Problem) as error:
        print(f"radius: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return _FAILED
    except KeyboardInterrupt:
        return _FAILED
    return _OK


def default_database() -> Path:
    """Return users.db in $L2TPSEC_STATE_DIR, or in /var/lib/l2tpsec."""
    return Path(os.environ.get("L2TPSEC_STATE_DIR") or _DEFAULT_STATE_DIR) / "users.db"


def _say(text: str) -> None:
    print(text)  # noqa: T201 - a command's output


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m radius", description=__doc__)
    topics = parser.add_subparsers(required=True, metavar="TOPIC")
    user = topics.add_parser(
        "user",
        help="users of the embedded RADIUS server",
        description="Manage the users of the embedded RADIUS server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = user.add_subparsers(required=True, metavar="ACTION")
    for name, command, text in _ACTIONS:
        action = actions.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        action.set_defaults(command=command)
        _add_options(action, name)
    return parser


def _add_options(action: argparse.ArgumentParser, name: str) -> None:
    action.add_argument("--database", type=Path, metavar="FILE", help="the user database")
    if name != "list":
        action.add_argument("name", metavar="NAME", help="the user's name")
    if name in ("list", "show"):
        action.add_argument("--json", action="store_true", help="print JSON")
    if name in ("add", "passwd"):
        action.add_argument(
            "--generate", action="store_true", help="make a strong password and print it once"
        )
        action.add_argument(
            "--chap",
            action=argparse.BooleanOptionalAction,
            help="store the password itself too, encrypted, for clients that can only do CHAP",
        )
        action.add_argument(
            "--must-change", action="store_true", help="let the user choose another one at once"
        )
    if name == "expire":
        _add_moments(action)
    if name == "add":
        action.add_argument("--address", metavar="IP", help="the user's fixed inner IPv4 address")


def _add_moments(action: argparse.ArgumentParser) -> None:
    moments = action.add_mutually_exclusive_group()
    for option, moment, text in (
        ("--now", AT_ONCE, "at the next dial-in (the default)"),
        ("--never", None, "not any more"),
    ):
        moments.add_argument(option, dest="moment", action="store_const", const=moment, help=text)
    moments.add_argument(
        "--date", dest="moment", type=_midnight, metavar="YYYY-MM-DD", help="when that day begins"
    )
    action.set_defaults(moment=AT_ONCE)


def _midnight(text: str) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp())
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text} is no date such as 2027-01-31") from None


def _add(options: argparse.Namespace, users: SqliteUsers, entropy: Entropy) -> None:
    users.create()
    if users.find(options.name):
        raise taken(options.name)
    password = _new_password(options, entropy)
    users.add(options.name, password, framed_address=options.address, chap=bool(options.chap))
    _must_change(options, users)
    _report_password(options, password, "added")


def _passwd(options: argparse.Namespace, users: SqliteUsers, entropy: Entropy) -> None:
    user = _existing(options, users)
    password = _new_password(options, entropy)
    users.change_password(user.name, password, chap=options.chap)
    _must_change(options, users)
    _report_password(options, password, "has a new password")


def _must_change(options: argparse.Namespace, users: SqliteUsers) -> None:
    if options.must_change:
        users.expire(options.name, AT_ONCE)


def _report_password(options: argparse.Namespace, password: str, what: str) -> None:
    shown = f": {password}" if options.generate else ""
    _say(f"user {options.name} {what}{shown}")


def _list(options: argparse.Namespace, users: SqliteUsers, _entropy: Entropy) -> None:
    found = users.all()
    if options.json:
        _say(json.dumps([_described(user) for user in found], indent=2))
        return
    for user in found:
        _say("\t".join((user.name, _state(user), user.framed_address or "-")))


def _show(options: argparse.Namespace, users: SqliteUsers, _entropy: Entropy) -> None:
    described = _described(_existing(options, users))
    if options.json:
        _say(json.dumps(described, indent=2))
        return
    for key, value in described.items():
        _say(f"{key:<16} {_plain(value)}")


def _enable(options: argparse.Namespace, users: SqliteUsers, _entropy: Entropy) -> None:
    users.enable(options.name, enabled=True)
    _say(f"user {options.name} is enabled")


def _disable(options: argparse.Namespace, users: SqliteUsers, _entropy: Entropy) -> None:
    users.enable(options.name, enabled=False)
    _say(f"user {options.name} is disabled; a session that is up stays up")


def _expire(options: argparse.Namespace, users: SqliteUsers, _entropy: Entropy) -> None:
    users.expire(options.name, options.moment)
    _say(f"the password of {options.name} expires: {_expiry(_existing(options, users))}")


def _remove(options: argparse.Namespace, users: SqliteUsers, _entropy: Entropy) -> None:
    users.remove(options.name)
    _say(f"user {options.name} is removed; a session that is up stays up")


_ACTIONS = (
    ("add", _add, "add a user"),
    ("list", _list, "list all users"),
    ("show", _show, "show one user"),
    ("passwd", _passwd, "change a user's password"),
    ("expire", _expire, "say from when on a user must choose another password"),
    ("disable", _disable, "keep a user from logging in"),
    ("enable", _enable, "let a disabled user log in again"),
    ("remove", _remove, "remove a user"),
)


def _existing(options: argparse.Namespace, users: SqliteUsers) -> User:
    if user := users.find(options.name):
        return user
    raise unknown(options.name)


def _expiry(user: User) -> str:
    if user.expires_at is None:
        return "never"
    if user.expired:
        return "now"
    return datetime.fromtimestamp(user.expires_at).astimezone().isoformat(" ", "minutes")


def _described(user: User) -> dict[str, str | bool | list[str] | None]:
    methods = ["MS-CHAPv2", "MS-CHAP", "PAP", *(["CHAP"] if user.chap else [])]
    return {
        "name": user.name,
        "enabled": user.enabled,
        "address": user.framed_address,
        "methods": methods,
        "password_expires": _expiry(user),
    }


def _state(user: User) -> str:
    if not user.enabled:
        return "disabled"
    return "password expired" if user.expired else "enabled"


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
        case _:
            return str(value or "-")


def _new_password(options: argparse.Namespace, entropy: Entropy) -> str:
    if options.generate:
        # 120 bits in letters and digits that nobody mistakes for one another
        return b32encode(entropy(_GENERATED_OCTETS)).decode().lower()
    if not sys.stdin.isatty():
        return _line()
    first = getpass.getpass(f"New password for {options.name}: ")
    if first != getpass.getpass("Once more: "):
        raise _Problem("the two passwords differ; nothing was changed")
    return first


def _line() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        raise _Problem("the password on standard input is not UTF-8") from None
    if not line:
        raise _Problem("no password on standard input; write it there as one line, or --generate")
    return line.rstrip("\r\n")
