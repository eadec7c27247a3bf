"""Options that give a user or a group the settings of `radius.server.users.profile`."""

import argparse
from collections.abc import Callable

from radius.server.users.profile import ROWS

Give = Callable[[str, str, str | None], None]


def options(parser: argparse.ArgumentParser) -> None:
    """Add one option for each setting."""
    given = parser.add_argument_group("settings", "an empty value, as --rate '', takes one away")
    for row in ROWS:
        option = f"--{row.name.replace('_', '-')}"
        given.add_argument(option, dest=row.name, metavar=row.metavar, help=row.text)


def apply(chosen: argparse.Namespace, give: Give) -> None:
    """Give what was chosen; raises Refused."""
    for row in ROWS:
        value = getattr(chosen, row.name)
        if value is not None:
            give(chosen.name, row.name, value or None)


def lines(settings: dict[str, str]) -> list[str]:
    """Return settings as lines of a table, in the order of the rows."""
    return [f"{row.name:<16} {settings[row.name]}" for row in ROWS if row.name in settings]
