"""The command: whom to ask about, how, and with which exit code it ends."""

import argparse
import getpass
import shutil
import sys
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from l2tpsec.cli import first_run
from l2tpsec.cli.explain import report
from l2tpsec.cli.explain.proof import METHODS
from l2tpsec.cli.explain.question import Answer, Question, ask
from l2tpsec.cli.outcome import FAILED, OK, REFUSED, UNANSWERED
from l2tpsec.config.loader import load
from l2tpsec.config.schema import Settings
from l2tpsec.runtime import control
from radius.server.users.store import StoreFailure

_TEXT = """\
asks as a dial-in of USER would, and says attribute by attribute what the answer does here

The servers are those of --config; without it, the embedded server's users are asked, whether it
runs or not. The password is prompted for; a wrong one counts like any other at your own servers,
and not at all at the embedded one, whose history and locks stay as they are.
"""
EXIT = f"exit codes: {OK} let in, {FAILED} refused, {REFUSED} wrong command or configuration, "


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the only topic so far."""
    topics = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    explain = topics.add_parser(
        "explain",
        help="say what RADIUS answers for a user, and what comes of it",
        description=_TEXT,
        epilog=f"{EXIT}{UNANSWERED} no answer",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _options(explain)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("user", metavar="USER", help="the name that the client sends")
    found = parser.add_mutually_exclusive_group()
    found.add_argument("--config", type=Path, metavar="FILE", help="what the server is run with")
    found.add_argument("--state-dir", type=Path, metavar="DIR", help="without a file: of the users")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--method", choices=list(METHODS), help="instead of the first of [ppp] authentication"
    )
    parser.add_argument(
        "--calling-station", type=_address, metavar="ADDRESS", help="from where the user dials"
    )
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    known.add_argument(
        "--no-password",
        action="store_true",
        help="ask without: the embedded server's users tell anyway, others get Authorize-Only",
    )


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise argparse.ArgumentTypeError(f"{text!a} is no IPv4 address") from None


def run(arguments: argparse.Namespace) -> int:
    """Print what came of it; return the exit code."""
    settings = _settings(arguments)
    if (password := _password(arguments)) is None and not arguments.no_password:
        return _told("no password: write it as one line, or say --no-password", REFUSED)
    method = arguments.method or _preferred(settings)
    question = Question(arguments.user, method, password, arguments.calling_station or "")
    try:
        answer = ask(question, settings, _waiting)
    except StoreFailure as failure:
        return _told(str(failure), UNANSWERED)
    remarks = _remarks(answer, settings)
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    text = report.as_text(answer, remarks, columns)
    sys.stdout.write(report.as_json(answer, remarks) if arguments.json else text)
    return _code(answer)


def _settings(arguments: argparse.Namespace) -> Settings:
    if arguments.config is not None:
        return load(arguments.config).settings
    return first_run.unconfigured(arguments.state_dir).settings


def _password(arguments: argparse.Namespace) -> str | None:
    if arguments.no_password:
        return None
    if arguments.password_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n") or None
    return getpass.getpass(f"Password of {arguments.user}: ") or None


def _preferred(settings: Settings) -> str:
    return next((name for name in settings.ppp.authentication if name in METHODS), "mschapv2")


def _code(answer: Answer) -> int:
    if answer.explanation is None:
        return UNANSWERED
    return OK if answer.explanation.accepted else FAILED


def _remarks(answer: Answer, settings: Settings) -> list[str]:
    """Tell what a server that runs here knows of this user and the address."""
    socket = settings.control_socket
    if not control.running(socket):
        return []
    try:
        sessions = control.ask(socket, {"command": "sessions"})
    except control.ControlError as error:
        return [f"who is connected cannot be told: {error}"]
    rows = sessions if isinstance(sessions, list) else []
    results = answer.explanation.results if answer.explanation else ()
    address = next((row.value for row in results if row.title == "address"), "")
    return [
        f"session {row['id']} of {row['user']} is {row['state']}, address {row['address'] or '-'}"
        for row in rows
        if row["user"] == answer.question.user or (row["address"] and row["address"] == address)
    ]


def _waiting(text: str) -> None:
    sys.stderr.write(f"l2tpsec: {text}\n")
    sys.stderr.flush()


def _told(text: str, code: int) -> int:
    sys.stderr.write(f"l2tpsec: {text}\n")
    return code
