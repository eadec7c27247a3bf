"""One worker, which may be the whole server: engines, plane, sockets and observers, joined."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from l2tpsec.concentrator.aaa.dynamic import Refusal
from l2tpsec.concentrator.aaa.ledger import Voice
from l2tpsec.concentrator.claims import Place
from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.concentrator.effects import Claim, Effect, Ruling
from l2tpsec.concentrator.orders import Obedience, Orders
from l2tpsec.config.schema import Settings
from l2tpsec.dataplane.contract import Offload
from l2tpsec.dataplane.userspace.plane import UserspacePlane
from l2tpsec.model.counters import Counters
from l2tpsec.model.identifiers import PeerId, SessionIds
from l2tpsec.observe.logging import Journal
from l2tpsec.observe.stories import Stories
from l2tpsec.runtime.control import Command, ControlError, Request
from l2tpsec.runtime.driver import DHCP_PORT, Driver
from l2tpsec.runtime.ledger_file import LedgerFile
from l2tpsec.runtime.order_port import OrderPort
from l2tpsec.runtime.ports import Port, Ports, Trio, open_udp
from l2tpsec.service import books, engines
from l2tpsec.service.revisions import Revisions
from l2tpsec.service.views import Views
from radius import dictionary
from radius.client.client import Client
from radius.client.settings import Server as RadiusServer
from radius.dynamic import DynamicAuthorization
from radius.message import Message

HANG_UP_SECONDS = 3.0
BOOKS_SECONDS = 5.0
_IP_FREEBIND = 15

_Stack = contextlib.AsyncExitStack | contextlib.ExitStack

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of the engines and the clock of people."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of one worker among several: what others opened for it, and its part of the books.

    Its DHCP ports are to send from; what comes there is read elsewhere. `claim` asks the others,
    and `claimed` is to have their answer. Places that are `withheld` may be in use elsewhere.
    """

    number: int
    voice: Voice
    trio: Trio
    dhcp_ports: tuple[Port, ...] = ()
    claim: Callable[[Claim], None] | None = None
    withheld: Iterable[Place] = ()


class Box:
    """Engines, plane, sockets and observers of one server; `stack` closes what it opens."""

    def __init__(
        self,
        settings: Settings,
        servers: tuple[RadiusServer, ...],
        stack: contextlib.AsyncExitStack,
        seat: Seat | None = None,
    ) -> None:
        self.stopping = asyncio.Event()
        self._settings = settings
        self._servers = servers
        self._number = seat.number if seat else 0
        self._journal = Journal(time.monotonic, Stories(time.time))
        dictionary.adopt(settings.radius.dictionaries)
        client_settings = engines.radius_client(settings, servers)
        client = Client(client_settings, os.urandom)
        self.ledger = books.ledger(settings, self._number, seat.voice if seat else Voice())
        self._concentrator = Concentrator(
            engines.concentrator(settings, self._number),
            *(client, self._meter, os.urandom, self.ledger),
        )
        ledger_file = self._ledger_file(stack)
        trains = settings.server.offload != Offload.OFF
        ports = Ports(str(settings.server.listen), seat.trio if seat else None, trains=trains)
        stack.callback(ports.close)
        radius_ports = tuple(_radius_port(stack) for _ in range(client_settings.slots))
        credentials = engines.radius_credentials(settings)
        self._driver = Driver(
            self._concentrator, ports, radius_ports, self._journal, ledger_file, credentials
        )
        self._join(seat)
        self._plane = UserspacePlane.open(
            engines.plane(settings), self._driver, ports.senders, os.urandom, ports.segments.flush
        )
        stack.callback(self._plane.close)
        dhcp_ports = seat.dhcp_ports if seat else dhcp_port(settings, stack)
        self._driver.start(self._plane, *dhcp_ports, hears_dhcp=seat is None)
        stack.callback(self._driver.stop)
        # connections to RADIUS servers are open before the first user needs them
        self._driver.turn(self._concentrator.expire)
        self._driver.turn(self._concentrator.start)
        if seat is None and settings.radius.dynamic_authorization.clients:
            self._take_orders(settings, stack)
        self._revisions = stack.enter_context(
            contextlib.closing(Revisions(self._concentrator, self._driver))
        )
        self._obedience = Obedience(self._concentrator, settings.radius.nas_identifier)
        self.views = Views(
            self._concentrator, self._plane, self._journal, Clock(), lambda: ports.refused
        )

    def _join(self, seat: Seat | None) -> None:
        if seat and seat.claim:
            self._driver.claim = seat.claim
        for place in seat.withheld if seat else ():
            self._concentrator.withhold(place)

    def _ledger_file(self, stack: contextlib.AsyncExitStack) -> LedgerFile:
        file = LedgerFile(books.path(self._settings, self._number), self.ledger.snapshot)
        stack.callback(file.close)
        if self._number == 0 and file.written:
            for orphan in books.orphans(self._settings):
                orphan.unlink(missing_ok=True)
        return file

    def _take_orders(self, settings: Settings, stack: contextlib.AsyncExitStack) -> None:
        engine = DynamicAuthorization(engines.dynamic(settings), time.time, os.urandom)
        orders = Orders(self._concentrator, engine, settings.radius.nas_identifier)
        stack.callback(OrderPort(order_port(settings), orders, self._driver).close)

    def _meter(self, peer: PeerId, ids: SessionIds) -> Counters:
        return self._plane.counters(peer, ids)

    @property
    def notes(self) -> tuple[str, ...]:
        """What an administrator should know of this machine."""
        return self._plane.notes

    def commands(self) -> Mapping[str, Command]:
        """Return what the control socket offers."""
        return {
            "sessions": lambda _: self.views.sessions(),
            "status": lambda _: self.views.status(),
            "metrics": lambda _: self.views.metrics(),
            "disconnect": self._disconnect,
            "why": lambda request: self.views.why(str(request.get("who", ""))),
        }

    def _disconnect(self, request: Request) -> dict[str, object]:
        who = request.get("who")
        if not isinstance(who, str):
            raise ControlError("disconnect wants whom: a user's name or a session's id")
        numbers = [s.number for s in self._concentrator.directory.named(who)]
        self._driver.turn(lambda now: self._concentrator.disconnect(who, now)[1])
        return {"disconnected": numbers}

    def obey(self, message: Message, sender: str) -> Refusal | None:
        """Carry out an order of RADIUS that came to another process, or say why not."""
        return self._asked(lambda now: self._obedience.obey(message, sender, now))

    def claimed(self, number: int, ruling: Ruling | None) -> None:
        """Take the answer to a Claim; None if there is none."""
        self._driver.claimed(number, ruling)

    def members(self, user: str) -> list[tuple[float, int]]:
        """Return since when, by the clock that all workers share, and by which number.

        These are the sessions that count for a user.
        """
        return [(one.since, one.number) for one in self._concentrator.members(user)]

    async def proven(self, user: str) -> list[tuple[float, int]]:
        """Have the dead ones of a user's sessions end; return the others."""
        living = await self._driver.proven(user)
        return [row for row in self.members(user) if row[1] in living]

    def displace(self, numbers: Sequence[int]) -> None:
        """End sessions in whose place another worker has a newer one."""
        self._driver.turn(lambda now: self._concentrator.displace(numbers, now))

    def concede(self, user: str, place: Place) -> str:
        """Let another worker's user have an address or a prefix, or say why not."""
        return self._asked(lambda now: self._concentrator.concede(user, place, now))

    def _asked(self, call: Callable[[float], tuple[_Answer, list[Effect]]]) -> _Answer:
        """Have a turn answer besides what it does."""
        answers: list[_Answer] = []

        def turn(now: float) -> list[Effect]:
            answer, effects = call(now)
            answers.append(answer)
            return effects

        self._driver.turn(turn)
        return answers[0]

    def dhcp_datagram(self, data: bytes, source: str) -> None:
        """Take what came to a DHCP port that all workers share."""
        self._driver.dhcp_datagram(data, source)

    def release_books(self) -> None:
        """Send accounting records: RADIUS knows that the server has started."""
        self._driver.turn(self._concentrator.release_books)

    async def books_opened(self) -> None:
        """Wait until nothing more is to be said to RADIUS of the server's start."""
        while not self.ledger.opened:
            await self._turned()

    def reload(self, settings: Settings) -> None:
        """Take new settings: sessions go on, under the filters of now; new dial-ins find all."""
        told = engines.concentrator(settings, self._number)
        self._revisions.begin(self._concentrator.reload(told))
        if bool(settings.radius.servers) == bool(self._settings.radius.servers):
            self._reload_radius(settings)

    def _reload_radius(self, settings: Settings) -> None:
        dictionary.adopt(settings.radius.dictionaries)
        servers = engines.radius_servers(settings) or self._servers
        client = engines.radius_client(settings, servers)
        self._driver.reload_credentials(engines.radius_credentials(settings))
        self._driver.turn(lambda now: self._concentrator.reload_radius(client, now))

    async def stop(self, others: Awaitable[object] | None = None) -> None:
        """Tell every client and RADIUS, waiting no longer than patience lasts.

        Before the last word, that the server serves no more, `others` are waited for.
        """
        turn, concentrator = self._driver.wide_turn, self._concentrator
        await turn(concentrator.begin_shutdown)
        await self._until(lambda: not len(concentrator.subscribers), HANG_UP_SECONDS)
        if others is not None:
            await others
        await turn(concentrator.finish_shutdown)
        await self._until(lambda: concentrator.quiet, BOOKS_SECONDS)

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done():
                    await self._turned()

    async def _turned(self) -> None:
        self._driver.changed.clear()
        await self._driver.changed.wait()


def _radius_port(stack: contextlib.AsyncExitStack) -> Port:
    port = open_udp("0.0.0.0", 0)  # noqa: S104 - replies are matched by address, port and secret
    stack.callback(port.close)
    return port


def order_port(settings: Settings) -> Port:
    """Open the port for orders of RADIUS."""
    number = settings.radius.dynamic_authorization.port
    place = "another [radius] dynamic_authorization port"
    return open_udp(str(settings.server.listen), number, place)


def dhcp_port(settings: Settings, stack: _Stack) -> tuple[Port, ...]:
    """Open the relay's port where the site's servers are asked.

    Its address need not be there yet: a data plane makes it.
    """
    if not settings.address.dhcp_servers:
        return ()
    gateway = str(settings.address.gateway)
    before = (socket.IPPROTO_IP, _IP_FREEBIND)
    port = open_udp(gateway, DHCP_PORT, "another [address] gateway", before)
    stack.callback(port.close)
    return (port,)
