"""One running server: brought up in order, ready, asked to stop, and gone without a trace."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from l2tpsec.config.schema import Settings
from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.runtime.control import ControlError, ControlServer
from l2tpsec.runtime.ports import PortError
from l2tpsec.service import kernel, process, reload
from l2tpsec.service.box import Box
from l2tpsec.service.embedded import radius_servers
from l2tpsec.service.supervisor import Supervisor
from radius.server.users.store import StoreFailure

_log = logging.getLogger("l2tpsec")


class ServiceError(Exception):
    """The server cannot run: one line that says what, where, and what to do."""


def run(settings: Settings, source: str) -> int:
    """Serve in the foreground until SIGTERM or SIGINT; `source` is the file, "" without one."""
    settings, lack = kernel.fitted(settings)
    if lack:
        _log.warning("%s", lack)
    serve = _serve if settings.server.workers == 1 else _supervise
    try:
        asyncio.run(serve(settings, source))
    except (PortError, DataPlaneError, ControlError, StoreFailure, ValueError) as error:
        raise ServiceError(str(error)) from None
    return 0


async def _serve(settings: Settings, source: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        servers = await radius_servers(settings, stack)
        box = Box(settings, servers, stack)
        control = ControlServer(settings.control_socket, box.commands())
        await control.start()
        stack.push_async_callback(control.stop)
        with process.seldom_collected():
            with process.signals(box.stopping.set, lambda: _reload(box, settings, source)):
                announce(settings, box.notes)
                await box.stopping.wait()
            _log.info("stopping")
            await box.stop()
        _log.info("stopped")


async def _supervise(settings: Settings, source: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        servers = await radius_servers(settings, stack)
        supervisor = Supervisor(settings, source, servers, stack, announce)
        control = ControlServer(settings.control_socket, supervisor.commands(), supervisor.absent)
        await control.start()
        stack.push_async_callback(control.stop)
        with process.signals(supervisor.stopping.set, supervisor.reload):
            supervisor.start()
            await supervisor.stopping.wait()
        _log.info("stopping")
        await supervisor.stop()
        _log.info("stopped")
    if supervisor.failure:
        raise ServiceError(supervisor.failure)


def announce(settings: Settings, notes: Iterable[str]) -> None:
    """Say that clients may come; the contract promises the word `ready`."""
    for note in notes:
        _log.warning("%s", note)
    server, pool = settings.server, ", ".join(map(str, settings.address.pool))
    shared = f", {server.workers} workers" if server.workers > 1 else ""
    _log.info("ready: UDP 500 and 4500 on %s, addresses from %s%s", server.listen, pool, shared)


def _reload(box: Box, old: Settings, source: str) -> None:
    """Read the file again (SIGHUP)."""
    if (settings := reload.read(source)) is not None:
        box.reload(settings)
        _log.info("reloaded %s%s", source, reload.unchangeable(old, settings))
