"""Users as CSV, in and out; never a password, and hashes only when asked for."""

import argparse
import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from radius.cli import password
from radius.cli.action import Action, Problem, Tools, complain, moment, say
from radius.server.users.profile import ROWS
from radius.server.users.sqlite import AT_ONCE, SqliteUsers
from radius.server.users.store import Refused, User

_PLAIN = ("name", "enabled", "address", "group", "password_expires")
_SETTINGS = tuple(row.name for row in ROWS)
_HASH = "nt_hash"
_HASH_OCTETS = 16
_ROWS_AT_ONCE, _TELL_EVERY = 100, 1000
_LONGEST_REST_SECONDS = 1.0
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


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
        "password_expires": _when(user.expires_at),
        _HASH: user.nt_hash.hex(),
        **settings,
    }


def _when(expires_at: int | None) -> str:
    if expires_at == AT_ONCE:
        return "now"
    return "" if expires_at is None else moment(expires_at)


def _import_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="as `user export` writes it")


def _import(options: argparse.Namespace, tools: Tools) -> None:
    rows = list(_rows(options.file))
    tools.users.create()
    done = 0
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        if start and start % _TELL_EVERY == 0:
            complain(f"{start} of {len(rows)} rows taken")
        done += _taken_together(options.file, rows[start : start + _ROWS_AT_ONCE], tools)
    if done < len(rows):
        raise Problem(f"{len(rows) - done} of {len(rows)} users were not imported, {done} were")
    say(f"{done} users imported")


def _taken_together(file: Path, rows: list[tuple[int, dict[str, str]]], tools: Tools) -> int:
    """Take rows in by one transaction; return how many were good."""
    told: list[str] = []
    done, begin = 0, tools.wall()
    with tools.users.together():
        for number, row in rows:
            done += _taken(f"{file}, line {number}", row, tools, told)
    for text in told:
        say(text)
    # a server that wants to write meanwhile gets as much time as was taken
    tools.rest(min(max(0.0, tools.wall() - begin), _LONGEST_REST_SECONDS))
    return done


def _taken(where: str, row: dict[str, str], tools: Tools, told: list[str]) -> bool:
    """Take one row in, whole or not at all; `told` gets the password that it is given."""
    try:
        with tools.users.together():
            made = _take(row, tools)
    except Refused as refused:
        complain(f"radius: {where}: {refused}")
        return False
    if made is not None:
        told.append(f"user {row['name']} added: {made}")
    return True


def _rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    number = 1
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines, restkey="", restval="", strict=True)
            _check_columns(file, table.fieldnames or ())
            for row in table:
                number = table.line_num
                yield number, row
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Problem(f"{file} is no CSV in UTF-8 after line {number}: {error}") from None


def _check_columns(file: Path, columns: Sequence[str]) -> None:
    known = (*_PLAIN, *_SETTINGS, _HASH)
    if "name" not in columns:
        raise Problem(f"{file}: the first line names the columns, and there is no column name")
    for column in columns:
        if column not in known:
            raise Problem(f"{file}: column {column} is none of {', '.join(known)}")


def _take(row: dict[str, str], tools: Tools) -> str | None:
    """Add a user or change one; raises Refused. A new one without a hash gets a password."""
    if "" in row:
        raise Refused("there are more values than columns")
    users, name, made = tools.users, row["name"], None
    nt_hash = _nt_hash(row.get(_HASH, ""))
    if users.find(name) is None:
        made = password.generated(tools.entropy)
        users.add(name, made)
    if nt_hash is not None:
        users.set_hash(name, nt_hash)
    _give(row, users)
    return made if nt_hash is None else None


def _give(row: dict[str, str], users: SqliteUsers) -> None:
    name = row["name"]
    if "enabled" in row:
        users.enable(name, enabled=_yes(row["enabled"]))
    if "password_expires" in row:
        users.expire(name, _expiry(row["password_expires"]))
    if "address" in row:
        users.set_address(name, row["address"] or None)
    if row.get("group"):
        users.ensure_group(row["group"])
    if "group" in row:
        users.set_group(name, row["group"] or None)
    own = users.own_settings(name)
    for setting in _SETTINGS:
        if setting in row and row[setting] != own.get(setting, ""):
            users.give(name, setting, row[setting] or None)


def _yes(text: str) -> bool:
    word = text.strip().lower() or "yes"
    if word not in _WORDS:
        raise Refused(f"enabled is yes or no, not {text}")
    return _WORDS[word]


def _expiry(text: str) -> int | None:
    """Return from when on a password must be changed: Unix time, AT_ONCE, or None for never."""
    if text in ("", "now"):
        return AT_ONCE if text else None
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp())
    except (ValueError, OverflowError):
        raise Refused(
            f"password_expires is now, or a date such as 2027-01-31, not {text}"
        ) from None


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
