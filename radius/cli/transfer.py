"""Users as CSV, in and out; never a password, and hashes only when asked for."""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from radius.cli import password
from radius.cli.action import Action, Problem, Tools, complain, say
from radius.server.users.profile import ROWS
from radius.server.users.sqlite import SqliteUsers
from radius.server.users.store import Refused, User

_PLAIN = ("name", "enabled", "address", "group")
_SETTINGS = tuple(row.name for row in ROWS)
_HASH = "nt_hash"
_HASH_OCTETS = 16


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--with-hashes",
        action="store_true",
        help="the NT hashes too: for MS-CHAPv2 as good as the passwords",
    )


def _export(options: argparse.Namespace, tools: Tools) -> None:
    columns = (*_PLAIN, *_SETTINGS, *([_HASH] if options.with_hashes else []))
    table = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for user in tools.users.all():
        table.writerow(_row(user, tools.users.own_settings(user.name)))


def _row(user: User, settings: dict[str, str]) -> dict[str, str]:
    return {
        "name": user.name,
        "enabled": "yes" if user.enabled else "no",
        "address": user.framed_address or "",
        "group": user.group or "",
        _HASH: user.nt_hash.hex(),
        **settings,
    }


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="as `user export` writes it")


def _import(options: argparse.Namespace, tools: Tools) -> None:
    rows = list(_rows(options.file))
    tools.users.create()
    done = 0
    for number, row in rows:
        try:
            _take(row, tools)
        except Refused as refused:
            complain(f"radius: {options.file}, line {number}: {refused}")
        else:
            done += 1
    if done < len(rows):
        raise Problem(f"{len(rows) - done} of {len(rows)} users were not or not wholly imported")
    say(f"{done} users imported")


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines, restkey="", restval="", strict=True)
            _check_columns(file, table.fieldnames or ())
            for row in table:
                yield table.line_num, row
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(f"{file} is no CSV in UTF-8: {error}") from None


def _check_columns(file: Path, columns: Sequence[str]) -> None:
    known = (*_PLAIN, *_SETTINGS, _HASH)
    if "name" not in columns:
        raise Problem(f"{file}: the first line names the columns, and there is no column name")
    for column in columns:
        if column not in known:
            raise Problem(f"{file}: column {column} is none of {', '.join(known)}")


def _take(row: dict[str, str], tools: Tools) -> None:
    """Add a user or change one; raises Refused. A new one without a hash gets a password."""
    if "" in row:
        raise Refused("there are more values than columns")
    users, name = tools.users, row["name"]
    nt_hash = _nt_hash(row.get(_HASH, ""))
    if users.find(name) is None:
        made = password.generated(tools.entropy)
        users.add(name, made)
        if nt_hash is None:
            say(f"user {name} added: {made}")
    if nt_hash is not None:
        users.set_hash(name, nt_hash)
    _give(row, users)


def _give(row: dict[str, str], users: SqliteUsers) -> None:
    name = row["name"]
    if "enabled" in row:
        users.enable(name, enabled=row["enabled"].strip().lower() not in ("no", "false", "0"))
    if "address" in row:
        users.set_address(name, row["address"] or None)
    if row.get("group"):
        users.ensure_group(row["group"])
    if "group" in row:
        users.set_group(name, row["group"] or None)
    for setting in _SETTINGS:
        if setting in row:
            users.give(name, setting, row[setting] or None)


def _nt_hash(text: str) -> bytes | None:
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b"?"
    if octets and len(octets) != _HASH_OCTETS:
        raise Refused(f"{_HASH} is {_HASH_OCTETS} octets in hexadecimal")
    return octets or None


ACTIONS = (
    Action("export", "write all users as CSV", _export_options, _export),
    Action("import", "add or change the users of a CSV file", _import_options, _import),
)
