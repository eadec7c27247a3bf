"""The commands of `python -m radius user`."""

import argparse
import json
from argparse import ArgumentTypeError
from datetime import datetime

from radius.cli import history, password, setting, totp, transfer
from radius.cli.action import Action, Tools, Topic, json_option, say
from radius.server.users.sqlite import AT_ONCE, SqliteUsers, taken, unknown
from radius.server.users.store import User


def name_option(parser: argparse.ArgumentParser) -> None:
    """Add the user's name."""
    parser.add_argument("name", metavar="NAME", help="the user's name")


def _show_options(parser: argparse.ArgumentParser) -> None:
    name_option(parser)
    json_option(parser)


def _password_options(parser: argparse.ArgumentParser) -> None:
    name_option(parser)
    parser.add_argument(
        "--generate", action="store_true", help="make a strong password and print it once"
    )
    parser.add_argument(
        "--chap",
        action=argparse.BooleanOptionalAction,
        help="store the password itself too, encrypted, for clients that can only do CHAP",
    )
    parser.add_argument(
        "--must-change", action="store_true", help="let the user choose another one at once"
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    _password_options(parser)
    _given_options(parser)


def _set_options(parser: argparse.ArgumentParser) -> None:
    name_option(parser)
    _given_options(parser)


def _given_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--address", metavar="IP", help="the user's fixed inner IPv4 address")
    parser.add_argument("--group", metavar="GROUP", help="the group whose settings the user has")
    setting.options(parser)


def _expire_options(parser: argparse.ArgumentParser) -> None:
    name_option(parser)
    moments = parser.add_mutually_exclusive_group()
    for option, moment, text in (
        ("--now", AT_ONCE, "at the next dial-in (the default)"),
        ("--never", None, "not any more"),
    ):
        moments.add_argument(option, dest="moment", action="store_const", const=moment, help=text)
    moments.add_argument(
        "--date", dest="moment", type=_midnight, metavar="YYYY-MM-DD", help="when that day begins"
    )
    parser.set_defaults(moment=AT_ONCE)


def _midnight(text: str) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp())
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"{text} is no date such as 2027-01-31") from None


def _add(options: argparse.Namespace, tools: Tools) -> None:
    users = tools.users
    users.create()
    if users.find(options.name):
        raise taken(options.name)
    secret = _new_password(options, tools)
    with users.together():
        users.add(options.name, secret, chap=bool(options.chap))
        _give(options, users)
        _must_change(options, tools)
    _report_password(options, secret, "added")


def _passwd(options: argparse.Namespace, tools: Tools) -> None:
    user = existing(options, tools)
    secret = _new_password(options, tools)
    tools.users.change_password(user.name, secret, chap=options.chap)
    _must_change(options, tools)
    _report_password(options, secret, "has a new password")


def _new_password(options: argparse.Namespace, tools: Tools) -> str:
    return password.generated(tools.entropy) if options.generate else password.new(options.name)


def _must_change(options: argparse.Namespace, tools: Tools) -> None:
    if options.must_change:
        tools.users.expire(options.name, AT_ONCE)


def _report_password(options: argparse.Namespace, secret: str, what: str) -> None:
    shown = f": {secret}" if options.generate else ""
    say(f"user {options.name} {what}{shown}")


def _set(options: argparse.Namespace, tools: Tools) -> None:
    user = existing(options, tools)
    with tools.users.together():
        _give(options, tools.users)
    say(f"user {user.name} is set; it holds from the next dial-in on")


def _give(options: argparse.Namespace, users: SqliteUsers) -> None:
    setting.apply(options, users.give)
    if options.address is not None:
        users.set_address(options.name, options.address or None)
    if options.group is not None:
        users.set_group(options.name, options.group or None)


def _list(options: argparse.Namespace, tools: Tools) -> None:
    found = tools.users.all()
    if options.json:
        say(json.dumps([_described(user) for user in found], indent=2))
        return
    for user in found:
        say("\t".join((user.name, _state(user), user.framed_address or "-")))


def _show(options: argparse.Namespace, tools: Tools) -> None:
    user = existing(options, tools)
    described = _described(user)
    if options.json:
        say(json.dumps(described, indent=2))
        return
    del described["settings"]
    for key, value in described.items():
        say(f"{key:<16} {_plain(value)}")
    for line in setting.lines(dict(user.settings)):
        say(line)


def _enable(options: argparse.Namespace, tools: Tools) -> None:
    tools.users.enable(options.name, enabled=True)
    say(f"user {options.name} is enabled")


def _disable(options: argparse.Namespace, tools: Tools) -> None:
    tools.users.enable(options.name, enabled=False)
    say(f"user {options.name} is disabled; a session that is up stays up")


def _expire(options: argparse.Namespace, tools: Tools) -> None:
    tools.users.expire(options.name, options.moment)
    say(f"the password of {options.name} expires: {_expiry(existing(options, tools))}")


def _remove(options: argparse.Namespace, tools: Tools) -> None:
    tools.users.remove(options.name)
    say(f"user {options.name} is removed; a session that is up stays up")


def existing(options: argparse.Namespace, tools: Tools) -> User:
    """Return the user that was named; raises Refused."""
    if user := tools.users.find(options.name):
        return user
    raise unknown(options.name)


def _expiry(user: User) -> str:
    if user.expires_at is None:
        return "never"
    if user.expired:
        return "now"
    return datetime.fromtimestamp(user.expires_at).astimezone().isoformat(" ", "minutes")


def _described(user: User) -> dict[str, object]:
    methods = ["MS-CHAPv2", "MS-CHAP", "PAP", *(["CHAP"] if user.chap else [])]
    methods += ["one-time code"] if user.one_time else []
    return {
        "name": user.name,
        "enabled": user.enabled,
        "address": user.framed_address,
        "methods": methods,
        "password_expires": _expiry(user),
        "group": user.group,
        "settings": dict(user.settings),
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


_MORE = """\
Only the NT hash of a password is stored, enough for MS-CHAPv2, MS-CHAP and PAP;
with --chap the password itself is stored as well, encrypted with the key file
beside the database (users.key), as CHAP and one-time codes need it.

Whose password has expired is asked for a new one while dialling in, by Windows
and over MS-CHAPv2 alone; others are refused until `passwd` sets one.
"""

TOPIC = Topic(
    "user",
    "manage the users of the embedded RADIUS server",
    (
        Action("add", "add a user", _add_options, _add),
        Action("list", "list all users", json_option, _list),
        Action("show", "show one user", _show_options, _show),
        Action("passwd", "change a user's password", _password_options, _passwd),
        Action("set", "set or take away what a user is given", _set_options, _set),
        Action(
            "expire",
            "say from when on a user must choose another password",
            _expire_options,
            _expire,
        ),
        Action("disable", "keep a user from logging in", name_option, _disable),
        Action("enable", "let a disabled user log in again", name_option, _enable),
        Action("remove", "remove a user", name_option, _remove),
        *history.ACTIONS,
        totp.TOPIC,
        *transfer.ACTIONS,
    ),
    _MORE,
)
