"""A worker's process: a box that its supervisor starts, tells, asks, and ends."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from l2tpsec.concentrator.aaa.ledger import Voice
from l2tpsec.concentrator.effects import Claim, Ruling
from l2tpsec.config import share
from l2tpsec.config.schema import Settings
from l2tpsec.dataplane.contract import DataPlaneError
from l2tpsec.observe.logging import configure, process_name
from l2tpsec.runtime.bus import Bus
from l2tpsec.runtime.control import Command, ControlError, Request
from l2tpsec.runtime.ports import Port, PortError, inherited
from l2tpsec.service import arbiter, lifeline, order_desk, process, whole
from l2tpsec.service.assignment import Assignment, unpacked
from l2tpsec.service.box import Box, Seat

OTHERS_SECONDS = 12.0
"""How long the worker that says Accounting-Off waits for the others' last records."""

CLAIM_SECONDS = 30.0
"""How long a client waits for a ruling at most: its user's others may be ruled on first."""

_log = logging.getLogger("l2tpsec")


def main(number: int, descriptor: int) -> int:
    """Serve until told to stop over the socket `descriptor`; return the exit status."""
    configure("info", as_json=False, process=process_name(number))
    # A terminal's Ctrl-C and a service manager's SIGTERM reach every process: the supervisor says
    # when and in which order to end.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    lifeline.tie(descriptor)
    worker = Worker(socket.socket(fileno=descriptor))
    try:
        asyncio.run(worker.serve())
    except (PortError, DataPlaneError, ControlError, ValueError) as error:
        _log.error("%s", error)
        return 1
    return 1 if worker.orphaned else 0


class Worker:
    """One box and its end of the bus."""

    def __init__(self, sock: socket.socket) -> None:
        self.orphaned = False
        self._socket = sock
        self._box: Box | None = None
        self._stopping = asyncio.Event()
        self._last = asyncio.Event()
        self._claims: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Ask what to do, and do it until told to stop."""
        async with contextlib.AsyncExitStack() as stack:
            bus = Bus(self._socket, self._commands(), self._abandoned)
            await bus.start()
            stack.push_async_callback(bus.close)
            assignment = unpacked(await bus.ask("assignment"))
            assert isinstance(assignment, Assignment)
            log = assignment.settings.log
            configure(log.level, as_json=log.json, process=process_name(assignment.number))
            self._box = box = _box(assignment, stack, lambda claim: self._claim(bus, claim))
            opening = asyncio.create_task(_tell_of_books(box, bus, assignment))
            stack.callback(opening.cancel)
            for note in box.notes:
                _log.warning("%s", note)
            with process.seldom_collected():
                bus.tell("ready")
                await self._stopping.wait()
                if not self.orphaned:
                    await box.stop(self._others() if assignment.number == 0 else None)

    def _abandoned(self) -> None:
        """Without a supervisor nobody starts what dies: end at once, as the whole server did."""
        self.orphaned = True
        self._stopping.set()
        self._last.set()

    async def _others(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OTHERS_SECONDS):
                await self._last.wait()

    def _commands(self) -> dict[str, Command]:
        return {
            "alive": lambda _: None,
            "numbers": lambda _: self._own.views.numbers,
            "sessions": lambda request: self._own.views.rows(cast("list[int]", request["numbers"])),
            "snapshot": lambda _: self._snapshot(),
            "disconnect": lambda request: self._own.commands()["disconnect"](request),
            "order": self._order,
            "why": lambda request: self._own.views.why(str(request["who"])),
            "concede": self._concede,
            "members": lambda request: self._own.members(str(request["user"])),
            "prove": lambda request: self._own.proven(str(request["user"])),
            "displace": self._displace,
            "dhcp": self._dhcp,
            "reload": self._reload,
            "release": lambda _: self._own.release_books(),
            "stop": lambda _: self._stopping.set(),
            "last": lambda _: self._last.set(),
        }

    @property
    def _own(self) -> Box:
        if self._box is None:
            raise ControlError("this worker is starting")
        return self._box

    async def _snapshot(self) -> object:
        return whole.packed(await self._own.views.snapshot())

    def _order(self, request: Request) -> list[object]:
        message = order_desk.unpacked(request["message"])
        refusal = self._own.obey(message, str(request["sender"]))
        return [int(refusal.cause), refusal.text] if refusal else [None, ""]

    def _claim(self, bus: Bus, claim: Claim) -> None:
        task = asyncio.get_running_loop().create_task(self._ask_others(bus, claim))
        self._claims.add(task)
        task.add_done_callback(self._claims.discard)

    async def _ask_others(self, bus: Bus, claim: Claim) -> None:
        fields: dict[str, object] = asdict(claim)
        fields["address"], fields["prefix"] = str(claim.address or ""), str(claim.prefix or "")
        ruling = None
        try:
            answer = await bus.ask("claim", fields, CLAIM_SECONDS)
            ruling = Ruling(**cast("dict[str, str]", answer))
        except ControlError as error:
            _log.warning("what other workers have of %r is not known: %s", claim.user, error)
        self._own.claimed(claim.number, ruling)

    def _concede(self, request: Request) -> str:
        return self._own.concede(str(request["user"]), arbiter.place(str(request["place"])))

    def _displace(self, request: Request) -> None:
        self._own.displace(cast("list[int]", request["numbers"]))

    def _dhcp(self, request: Request) -> None:
        self._own.dhcp_datagram(bytes.fromhex(str(request["data"])), str(request["source"]))

    def _reload(self, request: Request) -> None:
        settings = unpacked(request["settings"])
        assert isinstance(settings, Settings)
        self._own.reload(settings)


def _box(
    assignment: Assignment, stack: contextlib.AsyncExitStack, claim: Callable[[Claim], None]
) -> Box:
    settings, number = assignment.settings, assignment.number
    voice = Voice(on=assignment.says_on, off=number == 0, held=assignment.held, alone=False)
    trio = inherited(str(settings.server.listen), assignment.descriptors)
    dhcp_ports: tuple[Port, ...] = ()
    if assignment.dhcp_descriptor is not None:
        sock = socket.socket(fileno=assignment.dhcp_descriptor)
        dhcp_ports = (Port(sock, *sock.getsockname()),)
        stack.callback(dhcp_ports[0].close)
    seat = Seat(number, voice, trio, dhcp_ports, claim, assignment.withheld)
    return Box(share.of(settings, number), assignment.servers, stack, seat)


async def _tell_of_books(box: Box, bus: Bus, assignment: Assignment) -> None:
    if assignment.says_on:
        await box.books_opened()
        bus.tell("books-opened")
