"""What every command is, and what it works with."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from radius.packet import Entropy
from radius.server.users.sqlite import SqliteUsers

_DEFAULT_STATE_DIR = "/var/lib/l2tpsec"


class Problem(Exception):  # noqa: N818 - names what it is
    """Something the command cannot do; one line for the user."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a command works with: the users, randomness, Unix time; `rest` sleeps some seconds."""

    users: SqliteUsers
    entropy: Entropy
    wall: Callable[[], float]
    rest: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Action:
    """A row: what it is called, what it does, its options, and what runs it.

    `more` is what its help says below the options.
    """

    name: str
    text: str
    options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Tools], None]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """Actions under one word."""

    name: str
    text: str
    actions: "tuple[Action | Topic, ...]"
    more: str = ""


def default_database() -> Path:
    """Return users.db in $L2TPSEC_STATE_DIR, or in /var/lib/l2tpsec."""
    return Path(os.environ.get("L2TPSEC_STATE_DIR") or _DEFAULT_STATE_DIR) / "users.db"


def say(text: str) -> None:
    """Write a line of the command's output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write a line on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def moment(wall: float) -> str:
    """Return a Unix time as people here read it."""
    return datetime.fromtimestamp(wall).astimezone().isoformat(" ", "seconds")


def json_option(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print JSON")
