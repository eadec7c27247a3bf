"""The ledger of one server, out of the file that its predecessor left."""

import contextlib
import os
import time
from pathlib import Path

from l2tpsec.concentrator.aaa.ledger import Ledger
from l2tpsec.config.schema import Settings
from l2tpsec.runtime import ledger_file
from radius.message import Attribute


def path(settings: Settings) -> Path:
    """Return where accounting records wait that no server has acknowledged."""
    return settings.server.state_dir / "accounting.ledger"


def ledger(settings: Settings) -> Ledger:
    """Make the ledger; ValueError when there is a file that cannot be read."""
    with contextlib.suppress(OSError):  # whoever writes there first tells why it cannot be used
        settings.server.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        past = ledger_file.read(path(settings))
    except OSError as error:
        text = f"accounting records in {path(settings)} cannot be read: {error.strerror}"
        raise ValueError(f"{text}; see to the file, or move it away") from None
    return Ledger(time.time, os.urandom, _nas(settings), past)


def _nas(settings: Settings) -> list[Attribute]:
    listen = settings.server.listen
    address: list[Attribute] = [] if listen.is_unspecified else [("NAS-IP-Address", str(listen))]
    return [("NAS-Identifier", settings.radius.nas_identifier), *address]
