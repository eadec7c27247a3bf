"""The command line: what goes wrong is one line on standard error and an exit status."""

import argparse
from collections.abc import Callable
from pathlib import Path

from radius.cli import group, serve, session, user
from radius.cli.action import Action, Problem, Tools, Topic, complain, default_database
from radius.packet import Entropy
from radius.server.users.sqlite import SqliteUsers
from radius.server.users.store import Refused, StoreFailure

_OK, _FAILED = 0, 1

_DESCRIPTION = "A RADIUS server with users of its own, and their commands."
_EPILOG = """\
The database is --database FILE of each command, else users.db in
$L2TPSEC_STATE_DIR, else /var/lib/l2tpsec/users.db. A running server sees every
change at once. Passwords are asked for, or read from standard input: they are
never arguments. `python -m radius user --help` tells how they are stored.

exit status: 0 done; 1 not done, the reason is on standard error; 2 wrong usage

examples:
  python -m radius user add alice
  python -m radius user add bob --generate --address 10.99.0.50
  printf '%s\\n' "$PASSWORD" | python -m radius user passwd alice
  python -m radius user expire alice --date 2027-01-31
  python -m radius user list --json
  python -m radius group add staff --hours "mon-fri 08:00-18:00" --rate 5M/20M
  python -m radius user set alice --group staff --sessions 2
  python -m radius user history alice
  python -m radius user totp enroll alice
  python -m radius user export > users.csv
  python -m radius session list alice
  python -m radius serve --listen 192.0.2.1 --clients clients
"""
_FOOT = "`python -m radius --help` tells about the database and exit status, with examples."
_ROOT = (user.TOPIC, group.TOPIC, session.TOPIC, serve.ACTION)


def _at_once(_seconds: float) -> None:
    """Go on without a rest."""


def main(
    arguments: list[str],
    entropy: Entropy,
    wall: Callable[[], float],
    rest: Callable[[float], None] = _at_once,
) -> int:
    """Run one command; returns the exit status. `wall` tells Unix time, `rest` sleeps."""
    options = _parser().parse_args(arguments)
    users = SqliteUsers(options.database or default_database(), entropy)
    tools = Tools(users, entropy, wall, rest)
    try:
        options.run(options, tools)
    except (Refused, StoreFailure, Problem) as error:
        complain(f"radius: {error}")
        return _FAILED
    except KeyboardInterrupt:
        return _FAILED
    return _OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m radius",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add(parser, _ROOT)
    return parser


def _add(parser: argparse.ArgumentParser, rows: tuple[Action | Topic, ...]) -> None:
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for row in rows:
        command = commands.add_parser(
            row.name,
            help=row.text,
            description=f"{row.text[0].upper()}{row.text[1:]}.",
            epilog="\n\n".join(filter(None, (row.more.strip(), _FOOT))),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        match row:
            case Topic():
                _add(command, row.actions)
            case Action():
                command.add_argument(
                    "--database", type=Path, metavar="FILE", help="the user database"
                )
                row.options(command)
                command.set_defaults(run=row.run)
