"""One running server: brought up in order, ready, asked to stop, and gone without a trace."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.concentrator.orders import Orders
from l2tpsec.config.loader import ConfigError, load
from l2tpsec.config.schema import Settings
from l2tpsec.config.state import StateError, complete
from l2tpsec.dataplane.contract import DataPlaneError, Offload
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.observe.logging import Journal
from l2tpsec.runtime.control import Command, ControlError, ControlServer, Request
from l2tpsec.runtime.driver import DHCP_PORT, Driver
from l2tpsec.runtime.ledger_file import LedgerFile
from l2tpsec.runtime.order_port import OrderPort
from l2tpsec.runtime.ports import Port, PortError, Ports, open_udp
from l2tpsec.service import books, engines
from l2tpsec.service.views import Views
from radius.client.client import Client
from radius.client.settings import Server as RadiusServer
from radius.dynamic import DynamicAuthorization
from radius.notice import Level as RadiusLevel
from radius.notice import Noted as RadiusNoted
from radius.runtime import EmbeddedServer, open_users
from radius.server.users.store import StoreFailure

HANG_UP_SECONDS = 3.0
BOOKS_SECONDS = 5.0
FULL_ROUND = 1000
"""Every how many rounds of the middle generation the collector may look at everything."""

_log = logging.getLogger("l2tpsec")


class ServiceError(Exception):
    """The server cannot run: one line that says what, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the engines and the clock of people."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)


def run(settings: Settings, source: str) -> int:
    """Serve in the foreground until SIGTERM or SIGINT; `source` is the file, "" without one."""
    try:
        asyncio.run(_serve(settings, source))
    except (PortError, DataPlaneError, ControlError, StoreFailure, ValueError) as error:
        raise ServiceError(str(error)) from None
    return 0


async def _serve(settings: Settings, source: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        servers = await _radius_servers(settings, stack)
        box = Box(settings, servers, stack)
        control = ControlServer(settings.control_socket, box.commands())
        await control.start()
        stack.push_async_callback(control.stop)
        with _signals(box, source), _seldom_collected():
            box.announce()
            await box.stopping.wait()
        await box.stop()


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """Make full rounds of the cycle collector rare: 0.1 s without traffic for 1000 sessions.

    What ends leaves no cycles behind, so they find nothing; the quick rounds go on.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(before[0], before[1], FULL_ROUND)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _radius_servers(
    settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[RadiusServer, ...]:
    if settings.radius.servers:
        return engines.radius_servers(settings)
    embedded = EmbeddedServer(open_users(settings.users_file), _report_radius)
    await stack.enter_async_context(embedded)
    (host, auth_port), (_, acct_port) = embedded.auth_address, embedded.acct_address
    return (RadiusServer(host, embedded.secret, auth_port, acct_port),)


def _report_radius(notice: RadiusNoted) -> None:
    # what the embedded server accepts the dial-in's own lines tell already
    level = logging.DEBUG if notice.level is RadiusLevel.INFO else logging.WARNING
    _log.log(level, "embedded RADIUS server: %s", notice.text)


@contextlib.contextmanager
def _signals(box: "Box", source: str) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, box.stopping.set)
    loop.add_signal_handler(signal.SIGHUP, box.reload, source)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


class Box:
    """Engines, plane, sockets and observers of one server; `stack` closes what it opens."""

    def __init__(
        self,
        settings: Settings,
        servers: tuple[RadiusServer, ...],
        stack: contextlib.AsyncExitStack,
    ) -> None:
        self.stopping = asyncio.Event()
        self._settings = settings
        self._servers = servers
        self._journal = Journal(time.monotonic)
        client_settings = engines.radius_client(settings, servers)
        client = Client(client_settings, os.urandom)
        ledger = books.ledger(settings)
        self._concentrator = Concentrator(
            engines.concentrator(settings), client, self._meter, os.urandom, ledger
        )
        ledger_file = LedgerFile(books.path(settings), ledger.snapshot)
        stack.callback(ledger_file.close)
        trains = settings.server.offload != Offload.OFF
        ports = Ports(str(settings.server.listen), trains=trains)
        stack.callback(ports.close)
        radius_ports = tuple(_radius_port(stack) for _ in range(client_settings.slots))
        credentials = engines.radius_credentials(settings)
        self._driver = Driver(
            self._concentrator, ports, radius_ports, self._journal, ledger_file, credentials
        )
        self._plane = UserspacePlane.open(
            engines.plane(settings), self._driver, ports.senders, os.urandom, ports.segments.flush
        )
        stack.callback(self._plane.close)
        self._driver.start(self._plane, *_dhcp_ports(settings, stack))
        stack.callback(self._driver.stop)
        # connections to RADIUS servers are open before the first user needs them
        self._driver.turn(self._concentrator.expire)
        self._driver.turn(self._concentrator.start)
        if settings.radius.dynamic_authorization.clients:
            self._take_orders(settings, stack)
        self._views = Views(
            self._concentrator, self._plane, self._journal, Clock(), lambda: ports.refused
        )

    def _take_orders(self, settings: Settings, stack: contextlib.AsyncExitStack) -> None:
        engine = DynamicAuthorization(engines.dynamic(settings), time.time, os.urandom)
        orders = Orders(self._concentrator, engine, settings.radius.nas_identifier)
        number = settings.radius.dynamic_authorization.port
        place = "another [radius] dynamic_authorization port"
        port = open_udp(str(settings.server.listen), number, place)
        stack.callback(OrderPort(port, orders, self._driver).close)

    def _meter(self, peer: PeerId, ids: SessionIds) -> Counters:
        return self._plane.counters(peer, ids)

    def announce(self) -> None:
        """Say that clients may come; the contract promises the word `ready`."""
        for note in self._plane.notes:
            _log.warning("%s", note)
        server, address = self._settings.server, self._settings.address
        pool = ", ".join(map(str, address.pool))
        _log.info("ready: UDP 500 and 4500 on %s, addresses from %s", server.listen, pool)

    def commands(self) -> Mapping[str, Command]:
        """Return what the control socket offers."""
        return {
            "sessions": lambda _: self._views.sessions(),
            "status": lambda _: self._views.status(),
            "metrics": lambda _: self._views.metrics(),
            "disconnect": self._disconnect,
        }

    def _disconnect(self, request: Request) -> dict[str, object]:
        who = request.get("who")
        if not isinstance(who, str):
            raise ControlError("disconnect wants whom: a user's name or a session's id")
        numbers = [s.number for s in self._concentrator.subscribers.named(who)]
        self._driver.turn(lambda now: self._concentrator.disconnect(who, now)[1])
        return {"disconnected": numbers}

    def reload(self, source: str) -> None:
        """Read the file again (SIGHUP); sessions go on, new dial-ins find the new settings."""
        if not source:
            _log.info("nothing to reload: no configuration file was given")
            return
        try:
            settings = complete(load(Path(source)).settings, os.urandom)
            self._concentrator.reload(engines.concentrator(settings))
        except (ConfigError, StateError) as error:
            _log.error("reload refused, the old settings stay: %s", error)
            return
        if bool(settings.radius.servers) == bool(self._settings.radius.servers):
            self._reload_radius(settings)
        _log.info("reloaded %s%s", source, _unchangeable(self._settings, settings))

    def _reload_radius(self, settings: Settings) -> None:
        servers = engines.radius_servers(settings) or self._servers
        client = engines.radius_client(settings, servers)
        self._driver.reload_credentials(engines.radius_credentials(settings))
        self._driver.turn(lambda now: self._concentrator.reload_radius(client, now))

    async def stop(self) -> None:
        """Tell every client and RADIUS, waiting no longer than patience lasts."""
        _log.info("stopping")
        turn, concentrator = self._driver.turn, self._concentrator
        turn(concentrator.begin_shutdown)
        await self._quiet(HANG_UP_SECONDS)
        turn(concentrator.finish_shutdown)
        await self._quiet(BOOKS_SECONDS)
        _log.info("stopped")

    async def _quiet(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._concentrator.quiet:
                    self._driver.changed.clear()
                    await self._driver.changed.wait()


def _radius_port(stack: contextlib.AsyncExitStack) -> Port:
    port = open_udp("0.0.0.0", 0)  # noqa: S104 - replies are matched by address, port and secret
    stack.callback(port.close)
    return port


def _dhcp_ports(settings: Settings, stack: contextlib.AsyncExitStack) -> Iterator[Port]:
    """Open the relay's port where the site's servers are asked; the plane made its address."""
    if settings.address.dhcp_servers:
        gateway = str(settings.address.gateway)
        port = open_udp(gateway, DHCP_PORT, "another [address] gateway")
        stack.callback(port.close)
        yield port


def _unchangeable(old: Settings, new: Settings) -> str:
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


def _fixed_radius(settings: Settings) -> tuple[object, ...]:
    # the embedded server is started, or not, with the box
    radius = settings.radius
    embedded = not radius.servers
    return (embedded, radius.dynamic_authorization, radius.embedded if embedded else None)


def _fixed(settings: Settings) -> tuple[object, ...]:
    address = settings.address
    return (
        *(address.pool, address.gateway, address.source),
        *(address.dhcp_servers, address.masquerade, address.ipv6_pool),
    )
