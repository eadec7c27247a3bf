"""`sessions`: who is connected, as a table or as JSON."""

import argparse
import json
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address

from l2tpsec.cli import live
from l2tpsec.cli.outcome import OK
from l2tpsec.observe.logging import escaped

Row = Mapping[str, object]


def _plain(value: object) -> str:
    # A user's name is the peer's text: it may not move the cursor of whoever looks at it.
    return escaped(str(value), 80) or "-"


def _moment(value: object) -> str:
    if not isinstance(value, int | float):
        return "-"
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _octets(value: object) -> str:
    if not isinstance(value, int | float):
        return "-"
    amount, units = float(value), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while amount >= 1000 and unit != "TB":
        amount, unit = amount / 1000, next(units)
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


@dataclass(frozen=True, slots=True)
class Column:
    """`key` of the server's answer, and how it is shown."""

    key: str
    title: str
    shown: Callable[[object], str] = _plain
    right: bool = False
    largest_first: bool = False


COLUMNS = (
    Column("id", "ID", right=True),
    Column("user", "USER"),
    Column("address", "ADDRESS"),
    Column("client", "FROM"),
    Column("state", "STATE"),
    Column("since", "SINCE", _moment),
    Column("input_octets", "RECEIVED", _octets, right=True, largest_first=True),
    Column("output_octets", "SENT", _octets, right=True, largest_first=True),
    Column("filter", "FILTER"),
    Column("rate", "RATE"),
    Column("ike", "IKE"),
    Column("esp", "ESP"),
    Column("authentication", "BY"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add how to show them, and whose they are."""
    parser.add_argument(
        "who",
        nargs="*",
        metavar="USER|ADDRESS|ID",
        help="only those of a user, an id, an address inside or a client's public address",
    )
    keys = [column.title.lower() for column in COLUMNS]
    parser.add_argument(
        "--sort", choices=keys, default="since", metavar="COLUMN", help=f"one of {', '.join(keys)}"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    live.arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the sessions of the running server."""
    result = live.answer(arguments, {"command": "sessions"})
    rows: list[Row] = sorted(result if isinstance(result, list) else [], key=_age)
    if arguments.who:
        rows = [row for row in rows if not _names(row).isdisjoint(arguments.who)]
    column = next(one for one in COLUMNS if one.title.lower() == arguments.sort)
    rows.sort(key=lambda row: _rank(row.get(column.key)), reverse=column.largest_first)
    shown = f"{json.dumps(rows, indent=2)}\n" if arguments.json else table(rows)
    sys.stdout.write(shown)
    return OK


def _names(row: Row) -> set[str]:
    client = str(row.get("client", ""))
    named = {str(row.get(key, "")) for key in ("id", "user", "address")}
    return {*named, client, client.rpartition(":")[0]}


def _rank(value: object) -> tuple[float, int, str]:
    """Order numbers by size, addresses by their octets, and all else by letters."""
    if isinstance(value, int | float):
        return float(value), 0, ""
    text = str(value or "")
    address, _, port = text.partition(":")
    try:
        return float(int(IPv4Address(address))), int(port or 0), ""
    except ValueError:
        return 0.0, 0, text.casefold()


def _age(row: Row) -> tuple[float, float]:
    since, number = row.get("since"), row.get("id")
    return (
        since if isinstance(since, int | float) else 0.0,
        number if isinstance(number, int | float) else 0.0,
    )


def table(rows: list[Row]) -> str:
    """Return the rows under their titles, as wide as they need."""
    if not rows:
        return "nobody is connected\n"
    titles = [column.title for column in COLUMNS]
    cells = [
        titles,
        *([column.shown(row.get(column.key, "")) for column in COLUMNS] for row in rows),
    ]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return "".join(_line(row, widths) for row in cells)


def _width(text: str) -> int:
    """Return the columns that a terminal takes for it: two for Chinese, none for an accent."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _blanks(cell: str, width: int) -> str:
    return " " * (width - _width(cell))


def _line(cells: list[str], widths: list[int]) -> str:
    padded = (
        _blanks(cell, width) + cell if column.right else cell + _blanks(cell, width)
        for cell, width, column in zip(cells, widths, COLUMNS, strict=True)
    )
    return "  ".join(padded).rstrip() + "\n"
