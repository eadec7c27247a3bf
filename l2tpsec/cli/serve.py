"""`serve`: from a file, or nothing, to a running server in the foreground."""

import argparse
import os
import sys
from pathlib import Path

from l2tpsec.cli import first_run, probe
from l2tpsec.cli.outcome import Failure
from l2tpsec.config import state
from l2tpsec.config.loader import load
from l2tpsec.config.schema import Settings
from l2tpsec.observe import logging
from l2tpsec.runtime import control
from radius.server.users.sqlite import SqliteUsers


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add where settings come from."""
    found = parser.add_mutually_exclusive_group()
    found.add_argument("--config", type=Path, metavar="FILE", help="a TOML file; see examples/")
    found.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="without a file: where keys and users are kept (/var/lib/l2tpsec)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop; return the exit code."""
    if arguments.config is not None:
        return _configured(arguments.config)
    return _unconfigured(arguments.state_dir)


def _configured(file: Path) -> int:
    loaded = load(file)
    for warning in loaded.warnings:
        _say(f"l2tpsec: warning: {warning}\n")
    settings = _ready(loaded.settings)
    if not loaded.settings.ipsec.psk:
        _say(f"l2tpsec: no psk is configured; the generated one is in {settings.psk_file}\n")
    if not settings.radius.servers and not _users(settings).all():
        add = first_run.users_command(settings, "add NAME")
        _say(f"l2tpsec: there is no user yet; add one with: {add}\n")
    return _serve(settings, str(file.absolute()))


def _unconfigured(state_dir: Path | None) -> int:
    chosen = first_run.unconfigured(state_dir)
    settings = _ready(chosen.settings)
    complete = first_run.Unconfigured(settings, chosen.remarks)
    users = _users(settings)
    told = first_run.greeting(complete, users, os.urandom, tuple(probe.own_addresses()))
    # The one place where secrets reach the screen, at the very first start: a newcomer has nowhere
    # else to learn them. It is not a log line, and no later start repeats it.
    _say(told)
    return _serve(settings, "")


def _users(settings: Settings) -> SqliteUsers:
    users = SqliteUsers(settings.users_file, os.urandom)
    users.create()
    return users


def _ready(settings: Settings) -> Settings:
    """Return complete settings once nothing stands in the way; before that nothing is written."""
    if pid := control.running(settings.control_socket):
        raise Failure(f"a server is already running in {settings.server.state_dir} (pid {pid})")
    if obstacles := probe.obstacles(settings):
        raise Failure("; ".join(obstacles))
    for caution in probe.cautions(settings):
        _say(f"l2tpsec: warning: {caution}\n")
    state.prepare(settings.server.state_dir)
    return state.complete(settings, os.urandom)


def _serve(settings: Settings, source: str) -> int:
    # Only `serve` pays for loading the whole server.
    from l2tpsec import service

    process = logging.process_name(None) if settings.server.workers > 1 else ""
    logging.configure(settings.log.level, as_json=settings.log.json, process=process)
    try:
        return service.run(settings, source)
    except service.ServiceError as error:
        raise Failure(str(error)) from None


def _say(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
