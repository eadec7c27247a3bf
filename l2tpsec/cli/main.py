"""The command line: a row is a command; what goes wrong is one line on stderr and an exit code."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from l2tpsec import __version__
from l2tpsec.cli import bench, check, live, serve, sessions, why
from l2tpsec.cli.explain import command as explain
from l2tpsec.cli.outcome import FAILED, OK, REFUSED, UNANSWERED, Failure
from l2tpsec.cli.provision import command as provision
from l2tpsec.config.loader import ConfigError
from l2tpsec.config.state import StateError
from l2tpsec.runtime.control import ControlError
from radius.server.users.store import StoreFailure

DESCRIPTION = """\
An L2TP-over-IPsec VPN server for the clients that operating systems bring along.

  python -m l2tpsec serve                    serve at once; the first start prints what clients need
  python -m l2tpsec serve --config FILE      serve as a TOML file says
  python -m l2tpsec check --config FILE      read that file, tell every mistake, start nothing
  python -m radius user add NAME             let another user in
"""
EPILOG = (
    f"exit codes: {OK} done, {FAILED} failed, {REFUSED} the configuration or the command is wrong, "
    f"{UNANSWERED} nobody answers"
)


@dataclass(frozen=True, slots=True)
class Command:
    """A row: what it is called, what it does, its arguments, and what runs it."""

    name: str
    text: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    pass


def _version(_arguments: argparse.Namespace) -> int:
    sys.stdout.write(f"l2tpsec {__version__}\n")
    return OK


COMMANDS = (
    Command("serve", "run the server in the foreground", serve.arguments, serve.run),
    Command("check", "read a configuration and say what it means", check.arguments, check.run),
    Command("provision", "print what a client's system needs", provision.arguments, provision.run),
    Command("sessions", "show who is connected", sessions.arguments, sessions.run),
    Command("disconnect", "end a user's sessions", live.disconnect_arguments, live.disconnect),
    Command("why", "show why dial-ins failed, and what to do", why.arguments, why.run),
    Command("status", "show how the server is", live.status_arguments, live.status),
    Command("metrics", "print figures for Prometheus", live.arguments, live.metrics),
    Command("radius", "ask RADIUS as a dial-in would", explain.arguments, explain.run),
    Command("bench", "measure what this machine's l2tpsec carries", bench.arguments, bench.run),
    Command("version", "print the version", _no_arguments, _version),
)


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    raw = argparse.RawDescriptionHelpFormatter
    root = argparse.ArgumentParser(
        "python -m l2tpsec", description=DESCRIPTION, epilog=EPILOG, formatter_class=raw
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for row in COMMANDS:
        sub = commands.add_parser(row.name, help=row.text, description=row.text, epilog=EPILOG)
        row.arguments(sub)
        sub.set_defaults(run=row.run)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except ConfigError as error:
        return _told(REFUSED, *error.lines)
    except (ControlError, StateError, StoreFailure, Failure) as error:
        return _told(FAILED, str(error))
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:
        # The reader of a pipe has enough; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _told(code: int, *lines: str) -> int:
    for line in lines:
        sys.stderr.write(f"l2tpsec: {line}\n")
    return code
