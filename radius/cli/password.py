"""Where a command gets a password from: nothing that others can see."""

import getpass
import sys
from base64 import b32encode

from radius.cli.action import Problem
from radius.packet import Entropy

_GENERATED_OCTETS = 15


def generated(entropy: Entropy) -> str:
    """Return 120 bits in letters and digits that nobody mistakes for one another."""
    return b32encode(entropy(_GENERATED_OCTETS)).decode().lower()


def new(name: str) -> str:
    """Ask for a new password twice on a terminal, else read a line; raises Problem."""
    if not sys.stdin.isatty():
        return _line()
    first = getpass.getpass(f"New password for {name}: ")
    if first != getpass.getpass("Once more: "):
        raise Problem("the two passwords differ; nothing was changed")
    return first


def known(name: str) -> str:
    """Ask for the password that the user has; raises Problem."""
    return getpass.getpass(f"Password of {name}: ") if sys.stdin.isatty() else _line()


def _line() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        raise Problem("the password on standard input is not UTF-8") from None
    if not line:
        raise Problem("no password on standard input; write it there as one line, or --generate")
    return line.rstrip("\r\n")
