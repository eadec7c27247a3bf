"""The file read again while the server runs: what it may change, and what stays as it was."""

import logging
import os
from dataclasses import replace
from pathlib import Path

from l2tpsec.config.loader import ConfigError, load
from l2tpsec.config.schema import Settings
from l2tpsec.config.state import StateError, complete
from l2tpsec.service import kernel

_FIXED = ("pool", "gateway", "source", "dhcp_servers", "masquerade", "ipv6_pool")

_log = logging.getLogger("l2tpsec")


def read(source: str) -> Settings | None:
    """Return what the file says now; None, and a line for the log, when there is nothing to take.

    `source` is "" where no file was given.
    """
    if not source:
        _log.info("nothing to reload: no configuration file was given")
        return None
    try:
        settings, _ = kernel.fitted(complete(load(Path(source)).settings, os.urandom))
    except (ConfigError, StateError) as error:
        _log.error("reload refused, the old settings stay: %s", error)
        return None
    return settings


def unchangeable(old: Settings, new: Settings) -> str:
    """Name what a running server cannot change."""
    parts = {
        "[server]": old.server != new.server,
        "[address] pool, gateway, source, dhcp_servers, ipv6_pool or masquerade": _fixed(old)
        != _fixed(new),
        "[pools]": old.pools != new.pools,
        "[radius]": _fixed_radius(old) != _fixed_radius(new),
        "[log]": old.log != new.log,
    }
    names = [name for name, differs in parts.items() if differs]
    return f"; for {', '.join(names)} restart the server" if names else ""


def settled(old: Settings, new: Settings) -> Settings:
    """Return new settings, with the old ones where a running server cannot change.

    A worker that starts later than the others is told what they go by.
    """
    radius = replace(
        new.radius,
        dynamic_authorization=old.radius.dynamic_authorization,
        embedded=old.radius.embedded,
    )
    if bool(new.radius.servers) != bool(old.radius.servers):
        radius = old.radius
    address = replace(new.address, **{name: getattr(old.address, name) for name in _FIXED})
    return replace(
        new, server=old.server, address=address, pools=old.pools, radius=radius, log=old.log
    )


def _fixed_radius(settings: Settings) -> tuple[object, ...]:
    # the embedded server is started, or not, with the box
    radius = settings.radius
    embedded = not radius.servers
    return (embedded, radius.dynamic_authorization, radius.embedded if embedded else None)


def _fixed(settings: Settings) -> tuple[object, ...]:
    return tuple(getattr(settings.address, name) for name in _FIXED)
