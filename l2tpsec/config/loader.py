"""A file to Settings: every mistake in it is told at once, with its line."""

import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from l2tpsec.config import checks, secrets
from l2tpsec.config.locations import Locations
from l2tpsec.config.schema import (
    Address,
    DynamicAuthorization,
    DynamicClient,
    RadiusServer,
    Settings,
)
from l2tpsec.config.table import Keys, Problem, build, placed
from radius.dictionary import site
from radius.tls import Credentials, CredentialsError

_UNQUOTED = ("Expected newline or end of document", "Invalid value")
_CLIENTS = ("radius", "dynamic_authorization", "clients")


class ConfigError(Exception):
    """The file cannot be used; `lines` tell every problem as `file:line: key: text`."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and what is allowed but unwise, as `file:line: key: text`."""

    settings: Settings
    warnings: tuple[str, ...] = ()


def load(path: Path) -> Loaded:
    """Read `path` and the secrets' files it names; raise ConfigError with all that is wrong.

    Relative names of secrets' files start at the directory of `path`. A missing pre-shared key is
    no error: `l2tpsec.config.state.complete` generates one.
    """
    text = _text(path)
    table = _parsed(path, text)
    found: list[Problem] = []
    settings = build(Settings, table, (), found) or Settings()
    found = placed(found, Settings)
    settings = _with_gateway(settings, table)
    broken = {problem.keys[0] for problem in found}
    found += checks.run(checks.ERRORS, settings, broken)
    settings = _with_secrets(settings, path.parent, found)
    if found:
        raise ConfigError(_lines(path, text, found))
    warnings = [*_exposed(path, settings), *checks.run(checks.WARNINGS, settings, set())]
    return Loaded(settings, tuple(_lines(path, text, warnings)))


def _text(path: Path) -> str:
    try:
        # Editors of Windows begin a file with a mark that TOML does not know.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError([f"{path}:{line}: not UTF-8: save it as UTF-8"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None


def _parsed(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        line = where.removeprefix("line ").partition(",")[0]
        number = int(line) if line.isdigit() else len(text.splitlines())
        advice = "; text stands in quotes" if what.startswith(_UNQUOTED) else ""
        raise ConfigError([f"{path}:{max(number, 1)}: not TOML: {what}{advice}"]) from None


def _lines(path: Path, text: str, problems: Iterable[Problem]) -> list[str]:
    locations = Locations(text)
    numbered = [(locations.line(problem.keys), problem) for problem in problems]
    numbered.sort(key=lambda row: row[0])
    return [f"{path}:{line}: {problem.name}: {problem.text}" for line, problem in numbered]


def _with_gateway(settings: Settings, table: Mapping[str, object]) -> Settings:
    # A pool of one's own without a gateway: its first host is the gateway, as in the default pool.
    given = table.get("address")
    if not isinstance(given, dict) or "pool" not in given or "gateway" in given:
        return settings
    first = settings.address.pool[0][0]
    gateway = first + 1 if first.packed[3] == 0 else first
    address: Address = replace(settings.address, gateway=gateway)
    return replace(settings, address=address)


def _with_secrets(settings: Settings, base: Path, found: list[Problem]) -> Settings:
    ipsec, l2tp, radius = settings.ipsec, settings.l2tp, settings.radius
    keys = tuple(_secret(base / name, ("ipsec", "psk_file"), found) for name in ipsec.psk_file)
    for key in filter(None, keys):
        if why := secrets.refusal(key):
            found.append(Problem(("ipsec", "psk_file"), why))
    if l2tp.secret_file is not None:
        secret = _secret(base / l2tp.secret_file, ("l2tp", "secret_file"), found)
        l2tp = replace(l2tp, secret=secret)
    servers = tuple(
        _with_secret(server, base, ("radius", "servers", index), found)
        for index, server in enumerate(radius.servers)
    )
    dynamic = _with_dynamic_secrets(radius.dynamic_authorization, base, found)
    return replace(
        settings,
        ipsec=replace(ipsec, psk=(*ipsec.psk, *keys)),
        l2tp=l2tp,
        radius=replace(
            radius,
            servers=servers,
            dynamic_authorization=dynamic,
            dictionaries=_dictionaries(radius.dictionaries, base, found),
        ),
    )


def _dictionaries(named: Path | None, base: Path, found: list[Problem]) -> Path | None:
    if named is None:
        return None
    place = base / named
    try:
        site(place)
    except ValueError as error:
        found.append(Problem(("radius", "dictionaries"), str(error)))
    return place


def _with_dynamic_secrets(
    dynamic: DynamicAuthorization, base: Path, found: list[Problem]
) -> DynamicAuthorization:
    clients = tuple(
        replace(row, secret=_secret(base / row.secret_file, (*_CLIENTS, index), found))
        if row.secret_file is not None
        else row
        for index, row in enumerate(dynamic.clients)
    )
    return replace(dynamic, clients=clients)


def _with_secret(
    server: RadiusServer, base: Path, keys: Keys, found: list[Problem]
) -> RadiusServer:
    server = _with_certificates(server, base, keys, found)
    if server.secret_file is None:
        return server
    secret = _secret(base / server.secret_file, (*keys, "secret_file"), found)
    return replace(server, secret=secret)


def _with_certificates(
    server: RadiusServer, base: Path, keys: Keys, found: list[Problem]
) -> RadiusServer:
    named = {name: getattr(server, name) for name in ("ca_file", "certificate_file", "key_file")}
    files = {name: base / file for name, file in named.items() if file is not None}
    server = replace(server, **files)
    if server.over_tls and server.ca_file is not None:
        credentials = Credentials(server.ca_file, server.certificate_file, server.key_file)
        try:
            credentials.context()
        except CredentialsError as error:
            found.append(Problem(keys, str(error)))
    if (key := server.key_file) is not None and key.exists() and key.stat().st_mode & stat.S_IROTH:
        text = f"{key} can be read by everybody: chmod 600 {key}"
        found.append(Problem((*keys, "key_file"), text))
    return server


def _secret(path: Path, keys: Keys, found: list[Problem]) -> str:
    try:
        return secrets.read(path)
    except secrets.SecretUnreadable as error:
        found.append(Problem(keys, str(error)))
        return ""


def _orderers(settings: Settings) -> tuple[DynamicClient, ...]:
    return settings.radius.dynamic_authorization.clients


def _exposed(path: Path, settings: Settings) -> list[Problem]:
    inline = [("ipsec", "psk")] if len(settings.ipsec.psk) > len(settings.ipsec.psk_file) else []
    if settings.l2tp.secret and settings.l2tp.secret_file is None:
        inline.append(("l2tp", "secret"))
    if any(row.secret and row.secret_file is None for row in settings.radius.servers):
        inline.append(("radius", "servers"))
    if any(row.secret and row.secret_file is None for row in _orderers(settings)):
        inline.append(("radius", "dynamic_authorization"))
    if not path.stat().st_mode & 0o004:
        return []
    return [
        Problem(keys, f"{path} holds a secret and everybody may read it: chmod 600")
        for keys in inline
    ]
