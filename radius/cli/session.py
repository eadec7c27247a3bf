"""The sessions that access servers have told of, which count against a user's `--sessions`."""

import argparse
import json
from dataclasses import asdict

from radius.cli.action import Action, Problem, Tools, Topic, json_option, moment, say
from radius.server.accounting import bare
from radius.server.users.usage import Session


def _list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="of this user only")
    json_option(parser)


def _forget_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the user's name")
    parser.add_argument("--id", metavar="ID", help="this session only, by its Acct-Session-Id")


def _list(options: argparse.Namespace, tools: Tools) -> None:
    found = tools.users.usage.open_sessions(bare(options.name) if options.name else None)
    if options.json:
        say(json.dumps([_described(session) for session in found], indent=2))
        return
    for session in found:
        where = f"{session.nas} {session.identifier}".rstrip()
        told = f"{session.octets} octets by {moment(session.told_at)}"
        cells = (session.user, session.session_id, where, session.station, session.address, told)
        say("\t".join(_plain(cell) for cell in cells))


def _described(session: Session) -> dict[str, object]:
    row = asdict(session)
    del row["standing"]
    return {**row, "told_at": int(session.told_at)}


def _plain(cell: str) -> str:
    """Return a text that an access server sent so that it cannot move the cursor."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in cell) or "-"


def _forget(options: argparse.Namespace, tools: Tools) -> None:
    known = tools.users.usage.open_sessions(bare(options.name))
    found = [session for session in known if options.id in (None, session.session_id)]
    if not found:
        raise Problem(f"no such session of {options.name}; `python -m radius session list`")
    for session in found:
        tools.users.usage.end(session, tools.wall())
    say(f"{len(found)} sessions of {options.name} do not count any more; they were not ended")


TOPIC = Topic(
    "session",
    "see the sessions that count against a user's limit, as access servers told of them",
    (
        Action("list", "list open sessions, those told of longest ago first", _list_options, _list),
        Action(
            "forget",
            "count a user's sessions no more, where an access server died without a word",
            _forget_options,
            _forget,
        ),
    ),
)
