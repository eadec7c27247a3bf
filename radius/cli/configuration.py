"""What `python -m radius serve` is told by a file: TOML, or one line a client."""

import stat
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from radius.cli.action import Problem
from radius.server.settings import REQUESTS_PER_SECOND, NasClient

_T = TypeVar("_T")
AUTH_PORT, ACCT_PORT = 1812, 1813
_ALL_BUT_OWNER = 0o077


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where to listen and whom to serve; `database` None is the usual one."""

    listen: str
    clients: tuple[NasClient, ...]
    auth_port: int = AUTH_PORT
    acct_port: int = ACCT_PORT
    database: Path | None = None


def load(file: Path) -> Configuration:
    """Read a TOML file; its relative paths start from its directory. Raises Problem."""
    try:
        table = tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"{file}: {error}") from None
    reader = _Reader(file, "", table)
    database = reader.take("database", str, "")
    return Configuration(
        listen=reader.take("listen", str, "127.0.0.1"),
        auth_port=reader.take("auth_port", int, AUTH_PORT),
        acct_port=reader.take("acct_port", int, ACCT_PORT),
        database=file.parent / database if database else None,
        clients=reader.complete(_clients(reader)),
    )


def _clients(reader: "_Reader") -> tuple[NasClient, ...]:
    rows = reader.take("clients", list, [])
    if not rows:
        raise reader.problem("it names no client: add [[clients]] with network and secret_file")
    return tuple(_client(reader, number, row) for number, row in enumerate(rows, 1))


def _client(reader: "_Reader", number: int, row: object) -> NasClient:
    if not isinstance(row, dict):
        raise reader.problem("clients are written as tables, [[clients]]")
    inner = _Reader(reader.file, f"client {number}: ", row)
    secret = _secret(reader.file.parent / inner.take("secret_file", str, None))
    network = inner.take("network", str, None)
    rate = inner.take("requests_per_second", (int, float), REQUESTS_PER_SECOND)
    counts = inner.flag("counts_sessions")
    try:
        return inner.complete(NasClient(network, secret, rate, counts))
    except ValueError as error:
        raise inner.problem(str(error)) from None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes typed values out of a table; what is left over is a mistake."""

    file: Path
    where: str
    table: dict[str, Any]

    def problem(self, text: str) -> Problem:
        return Problem(f"{self.file}: {self.where}{text}")

    def take(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        value = self.table.pop(key, default)
        if value is None:
            raise self.problem(f"{key} is missing")
        if isinstance(value, bool) or not isinstance(value, kind):
            raise self.problem(f"{key} has a value of the wrong type")
        return value

    def flag(self, key: str) -> bool:
        value = self.table.pop(key, False)
        if not isinstance(value, bool):
            raise self.problem(f"{key} is true or false")
        return value

    def complete(self, result: _T) -> _T:
        for key in self.table:
            raise self.problem(f"{key} is unknown here")
        return result


def clients(file: Path) -> tuple[NasClient, ...]:
    """Read `NETWORK SECRET` lines; `#` begins a comment. Raises Problem."""
    _private(file)
    rows = enumerate(_text(file).splitlines(), 1)
    found = tuple(
        _line(file, number, row) for number, row in rows if row.strip() and row.lstrip()[0] != "#"
    )
    if not found:
        raise Problem(f"{file}: it names no client: write lines such as `192.0.2.0/24 SECRET`")
    return found


def _line(file: Path, number: int, row: str) -> NasClient:
    network, _, secret = row.strip().partition(" ")
    try:
        return NasClient(network, secret.strip().encode())
    except ValueError as error:
        raise Problem(f"{file}, line {number}: {error}") from None


def _secret(file: Path) -> bytes:
    _private(file)
    return _text(file).strip("\r\n").encode()


def _private(file: Path) -> None:
    """Refuse a file whose secrets others may read."""
    mode = _read(file, lambda: file.stat().st_mode)
    if stat.S_ISREG(mode) and mode & _ALL_BUT_OWNER:
        raise Problem(f"{file}: others may read the secret in it; `chmod 600 {file}`")


def _text(file: Path) -> str:
    return _read(file, lambda: file.read_text("utf-8"))


def _read(file: Path, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Problem(f"{file} is not UTF-8") from None
