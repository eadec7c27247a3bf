"""The commands of `python -m radius user totp`: one-time codes behind the password."""

import argparse
import io
from importlib import import_module

from radius.cli import password
from radius.cli.action import Action, Tools, Topic, say
from radius.server import one_time
from radius.server.users.sqlite import unknown


def _name_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the user's name")


def _enroll(options: argparse.Namespace, tools: Tools) -> None:
    user = tools.users.find(options.name)
    if user is None:
        raise unknown(options.name)
    known = tools.users.password_of(user) or password.known(user.name)
    secret = tools.entropy(one_time.SECRET_OCTETS)
    tools.users.enroll(user.name, known, secret)
    say(_instructions(user.name, secret))


def _instructions(name: str, secret: bytes) -> str:
    link = one_time.uri(name, secret)
    text = one_time.base32(secret)
    groups = " ".join(text[start : start + 4] for start in range(0, len(text), 4))
    picture = _picture(link) or "(the Python package segno would show a QR code here)\n"
    return (
        f"{picture}\n{link}\n\n"
        f"secret for an authenticator app: {groups}\n"
        f"{name} types the password and the app's six digits in one, as in secret123456;\n"
        "each code works once, so a saved password does not"
    )


def _picture(link: str) -> str:
    """Return a QR code for a terminal, nothing without the package that draws it."""
    try:
        segno = import_module("segno")
    except ImportError:
        return ""
    out = io.StringIO()
    segno.make(link, micro=False).terminal(out=out, compact=True)
    return out.getvalue()


def _disable(options: argparse.Namespace, tools: Tools) -> None:
    tools.users.disable_one_time(options.name)
    say(
        f"user {options.name} logs in by the password alone; it stays stored, encrypted, until "
        f"`python -m radius user passwd --no-chap {options.name}`"
    )


TOPIC = Topic(
    "totp",
    "one-time codes (RFC 6238) behind a user's password",
    (
        Action("enroll", "want codes, and print the secret once", _name_option, _enroll),
        Action("disable", "want the password alone", _name_option, _disable),
    ),
)
