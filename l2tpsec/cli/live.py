"""Commands to a running server, and where its control socket is."""

import argparse
import json
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
    parser.add_argument(
        "who",
        nargs="+",
        metavar="USER|ID|ADDRESS",
        help="a user's name, an id of `sessions`, or the address that a session has inside",
    )
    arguments(parser)


def disconnect(arguments: argparse.Namespace) -> int:
    """End the sessions of users, or some by their ids; who has none does not stop the rest."""
    missing = []
    for who in dict.fromkeys(arguments.who):
        result = answer(arguments, {"command": "disconnect", "who": who})
        ended = result.get("disconnected") if isinstance(result, dict) else None
        if not isinstance(ended, list) or not ended:
            missing.append(f'"{who}"')
            continue
        noun = "session" if len(ended) == 1 else "sessions"
        sys.stdout.write(f"disconnected {noun} {', '.join(map(str, ended))}\n")
    if missing:
        raise Failure(f"no session of {', '.join(missing)}; `sessions` lists who is connected")
    return OK


def metrics(arguments: argparse.Namespace) -> int:
    """Print the figures as the server gives them."""
    sys.stdout.write(str(answer(arguments, {"command": "metrics"})))
    return OK


def status_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how to show it."""
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    arguments(parser)


def status(arguments: argparse.Namespace) -> int:
    """Print the server's state, a line a fact."""
    result = answer(arguments, {"command": "status"})
    facts = result if isinstance(result, dict) else {}
    if arguments.json:
        sys.stdout.write(f"{json.dumps(facts, indent=2)}\n")
        return OK
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        sys.stdout.write(f"{name.replace('_', ' '):{width}}  {value}\n")
    return OK
