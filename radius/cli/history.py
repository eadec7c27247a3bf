"""Log-ins as they were, and the end of a lock."""

import argparse
import json
from dataclasses import asdict

from radius.cli.action import Action, Tools, json_option, moment, say
from radius.server.lockout import STRANGERS, Lockout
from radius.server.settings import LOCK_AFTER
from radius.server.users.sqlite import unknown


def _name_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the user's name")


def _history_options(parser: argparse.ArgumentParser) -> None:
    _name_option(parser)
    json_option(parser)


def _history(options: argparse.Namespace, tools: Tools) -> None:
    found = tools.users.logins.history(_existing(options, tools))
    if options.json:
        say(json.dumps([asdict(login) for login in found], indent=2))
        return
    for login in found:
        say("\t".join((moment(login.at), login.station or "-", login.method, login.result)))


def _unlock(options: argparse.Namespace, tools: Tools) -> None:
    name = _existing(options, tools)
    locks = Lockout(tools.users.logins, LOCK_AFTER).locks(name, tools.wall())
    tools.users.logins.unlock(name)
    say(f"user {name} may try again at once")
    for place, seconds in sorted(locks.items()):
        where = "addresses never used before" if place == STRANGERS else place or "no address"
        say(f"  no password would have counted from {where} for another {seconds:.0f} s")


def _existing(options: argparse.Namespace, tools: Tools) -> str:
    user = tools.users.find(options.name)
    if user is None:
        raise unknown(options.name)
    return user.name


ACTIONS = (
    Action("history", "list a user's log-ins: when, from where, how", _history_options, _history),
    Action("unlock", "forget a user's wrong passwords", _name_option, _unlock),
)
