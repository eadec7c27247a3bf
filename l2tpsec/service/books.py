"""The ledger of a worker, out of the file that its predecessor left."""

import contextlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from l2tpsec.concentrator.aaa import record as lines
from l2tpsec.concentrator.aaa.ledger import Ledger, Voice
from l2tpsec.config.schema import Settings
from l2tpsec.foundation.wire import Malformed
from l2tpsec.runtime import ledger_file
from radius.message import Attribute

NAME = "accounting.ledger"
_A_LEDGER = re.compile(r"accounting\.ledger(-\d+)?")


def path(settings: Settings, worker: int = 0) -> Path:
    """Return where accounting records wait that no server has acknowledged."""
    name = NAME if settings.server.workers == 1 else f"{NAME}-{worker}"
    return settings.server.state_dir / name


def ledger(settings: Settings, worker: int = 0, voice: Voice | None = None) -> Ledger:
    """Make the ledger; ValueError when there is a file that cannot be read."""
    with contextlib.suppress(OSError):  # whoever writes there first tells why it cannot be used
        settings.server.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    pasts = [_read(path(settings, worker))]
    if worker == 0:
        pasts += [_read(orphan) for orphan in orphans(settings)]
    past = b"".join(renumbered(pasts))
    return Ledger(time.time, os.urandom, _nas(settings), past, voice or Voice())


def orphans(settings: Settings) -> list[Path]:
    """Return what other numbers of workers left; the first worker takes it over.

    Whoever has written a ledger with all that is in them removes them.
    """
    kept = {path(settings, worker) for worker in range(settings.server.workers)}
    found = settings.server.state_dir.glob(f"{NAME}*")
    return sorted(file for file in found if _A_LEDGER.fullmatch(file.name) and file not in kept)


def renumbered(pasts: Iterable[bytes]) -> Iterator[bytes]:
    """Join ledgers whose records have equal numbers: those of the second follow the first's."""
    last = 0
    for past in pasts:
        first = last
        for line in past.splitlines():
            try:
                entry = lines.read(line)
            except Malformed:
                continue
            number = first + entry.number
            last = max(last, number)
            yield lines.moved(line, number)


def _read(file: Path) -> bytes:
    try:
        return ledger_file.read(file)
    except OSError as error:
        text = f"accounting records in {file} cannot be read: {error.strerror}"
        raise ValueError(f"{text}; see to the file, or move it away") from None


def _nas(settings: Settings) -> list[Attribute]:
    listen = settings.server.listen
    address: list[Attribute] = [] if listen.is_unspecified else [("NAS-IP-Address", str(listen))]
    return [("NAS-Identifier", settings.radius.nas_identifier), *address]
