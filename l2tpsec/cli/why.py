"""`why`: what the last dial-ins of a user or an address came to, and what to do about it."""

import argparse
import json
import sys
import textwrap
from collections.abc import Mapping

from l2tpsec.cli import live
from l2tpsec.cli.outcome import OK, Failure
from l2tpsec.observe.logging import escaped
from l2tpsec.observe.symptoms import NOTHING, Symptom, named

Row = Mapping[str, object]

WIDTH = 100
_NOBODY = (
    'nothing is known of "{who}": no packet has come since the server started, or long ago; '
    "`why 809` says what to do"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add whom to ask about."""
    parser.add_argument(
        "who",
        nargs="?",
        default="",
        metavar="USER|ADDRESS|NUMBER",
        help="a user's name, a client's public address, or an error's number on Windows; "
        "without it, the last dial-ins that failed",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    live.arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what is known."""
    who = str(arguments.who)
    number = int(who) if who.isascii() and who.isdigit() else 0
    if symptoms := named(number):
        sys.stdout.write(meaning(number, symptoms))
        return OK
    answer = live.answer(arguments, {"command": "why", "who": who})
    rows: list[Row] = answer if isinstance(answer, list) else []
    if arguments.json:
        sys.stdout.write(f"{json.dumps(rows, indent=2)}\n")
    elif who and not rows:
        raise Failure(_NOBODY.format(who=escaped(who, 80)))
    else:
        sys.stdout.write("\n".join(map(story if who else short, rows)) or "no dial-in has failed\n")
    return OK


def meaning(number: int, symptoms: list[Symptom]) -> str:
    """Return what the server's log has where Windows shows that number, and what to do."""
    parts = [f"Where Windows shows {number}, the log has one of these:\n"]
    for row in symptoms:
        line = "nothing of that client" if row.line == NOTHING else f"{row.line}"
        parts.append(f"\n  {line}\n{_wrapped(row.cure.replace('`', ''), '      ')}")
    return "".join(parts)


def short(row: Row) -> str:
    """Return what became of a dial-in."""
    who = escaped(str(row.get("user") or "somebody"), 80)
    parts = [f"{row.get('time')}  {who} from {row.get('client')}{_number(row)}\n"]
    parts.append(_wrapped(escaped(str(row.get("reason"))), "    "))
    if cure := str(row.get("cure", "")).replace("`", ""):
        parts.append(_wrapped(f"do: {cure}", "    "))
    return "".join(parts)


def _number(row: Row) -> str:
    if row.get("connected"):
        return ": connected"
    windows = row.get("windows")
    numbers = " or ".join(map(str, windows)) if isinstance(windows, list) else ""
    return f": Windows shows {numbers}" if numbers else ""


def story(row: Row) -> str:
    """Return the same with all lines of the log."""
    lines = row.get("lines")
    told = lines if isinstance(lines, list) else []
    return short(row) + "".join(f"    | {escaped(str(line))}\n" for line in told)


def _wrapped(text: str, indent: str) -> str:
    filled = textwrap.fill(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )
    return f"{filled}\n"
