"""Commands to a running server, and where its control socket is."""

import argparse
import sys
from pathlib import Path

from l2tpsec.cli.outcome import OK, Failure
from l2tpsec.config.loader import load
from l2tpsec.config.schema import Settings
from l2tpsec.runtime.control import Request, ask


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add how to find the server."""
    found = parser.add_mutually_exclusive_group()
    found.add_argument("--config", type=Path, metavar="FILE", help="the server's configuration")
    found.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="its state directory (/var/lib/l2tpsec)"
    )


def answer(arguments: argparse.Namespace, request: Request) -> object:
    """Give a command to the server that the arguments mean."""
    if arguments.state_dir is not None:
        socket = Settings().control_socket.name
        return ask(arguments.state_dir / socket, request, warn=_warn)
    settings = load(arguments.config).settings if arguments.config else Settings()
    return ask(settings.control_socket, request, warn=_warn)


def _warn(absent: str) -> None:
    sys.stderr.write(f"l2tpsec: {absent}; its part is missing here\n")


def disconnect_arguments(parser: argparse.ArgumentParser) -> None:
    """Add whom to disconnect."""
    parser.add_argument("who", metavar="USER|ID", help="a user's name, or an id of `sessions`")
    arguments(parser)


def disconnect(arguments: argparse.Namespace) -> int:
    """End the sessions of a user, or one by its id."""
    result = answer(arguments, {"command": "disconnect", "who": arguments.who})
    ended = result.get("disconnected") if isinstance(result, dict) else None
    if not isinstance(ended, list) or not ended:
        raise Failure(f'no session of "{arguments.who}"; `sessions` lists who is connected')
    noun = "session" if len(ended) == 1 else "sessions"
    sys.stdout.write(f"disconnected {noun} {', '.join(map(str, ended))}\n")
    return OK


def metrics(arguments: argparse.Namespace) -> int:
    """Print the figures as the server gives them."""
    sys.stdout.write(str(answer(arguments, {"command": "metrics"})))
    return OK


def status(arguments: argparse.Namespace) -> int:
    """Print the server's state, a line a fact."""
    result = answer(arguments, {"command": "status"})
    facts = result if isinstance(result, dict) else {}
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        sys.stdout.write(f"{name.replace('_', ' '):{width}}  {value}\n")
    return OK
