"""The state directory: for its owner alone, with the pre-shared key that was generated once."""

import os
import stat
from dataclasses import replace
from pathlib import Path

from l2tpsec.config import secrets
from l2tpsec.config.schema import Settings
from l2tpsec.foundation.entropy import Entropy


class StateError(Exception):
    """The state directory cannot be used; the text says why and what to do."""


def prepare(directory: Path) -> None:
    """Make `directory` if need be, readable to its owner alone; raise StateError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = directory.stat().st_mode
    except OSError as error:
        raise StateError(f"state_dir {directory} cannot be used: {error.strerror}") from None
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        text = f"state_dir {directory} may be written by others"
        raise StateError(f"{text}: choose a directory of its own or chmod 700 {directory}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StateError(f"state_dir {directory} cannot be written: run as root or choose another")


def complete(settings: Settings, entropy: Entropy) -> Settings:
    """Return settings that have a pre-shared key: the configured one, the kept one or a new one."""
    if settings.ipsec.psk:
        return settings
    prepare(settings.server.state_dir)
    key = _kept(settings.psk_file) or _made(settings.psk_file, entropy)
    return replace(settings, ipsec=replace(settings.ipsec, psk=(key,)))


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _kept(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        key = secrets.read(path)
    except secrets.SecretUnreadable as error:
        raise StateError(f"the generated pre-shared key: {error}") from None
    if why := secrets.refusal(key):
        raise StateError(f"{path}: {why}; remove the file to have a new one generated")
    return key


def _made(path: Path, entropy: Entropy) -> str:
    key = secrets.generate(entropy)
    try:
        write_private(path, f"{key}\n")
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}") from None
    return key
