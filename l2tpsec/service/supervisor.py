"""Several workers as one server: opens what they share, starts them, speaks for them.

It carries no packet. What it opens outlives a worker: sockets keep their order in the kernel's
group and what arrives meanwhile, the embedded RADIUS server its sessions, the control socket its
place.
"""

import asyncio
import contextlib
import logging
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from typing import assert_never, cast

from l2tpsec.config import share
from l2tpsec.config.schema import Settings
from l2tpsec.dataplane.host import Host
from l2tpsec.observe.metrics import Snapshot, render
from l2tpsec.runtime import steering
from l2tpsec.runtime.bus import ANSWER_SECONDS, Bus
from l2tpsec.runtime.control import Command, ControlError, Request
from l2tpsec.runtime.portions import portions
from l2tpsec.runtime.ports import Trio
from l2tpsec.service import engines, reload, whole
from l2tpsec.service.arbiter import Arbiter
from l2tpsec.service.assignment import Assignment, packed
from l2tpsec.service.box import dhcp_port
from l2tpsec.service.order_desk import OrderDesk
from l2tpsec.service.supervision import (
    HUNG_SECONDS,
    Announce,
    Ask,
    Effect,
    GiveUp,
    Kill,
    Launch,
    Supervision,
    Warn,
)
from l2tpsec.service.views import ROWS_AT_ONCE, status
from radius.client.settings import Server

STOP_SECONDS = 12.0
"""Longer than a worker's own patience; who is not gone then is killed."""

COMMAND = (sys.executable, "-m", "l2tpsec.service")
"""A worker's, before its number and its end of the bus."""

_log = logging.getLogger("l2tpsec")


class Supervisor:
    """The workers of `settings`; `stack` closes what is opened here."""

    def __init__(
        self,
        settings: Settings,
        source: str,
        servers: tuple[Server, ...],
        stack: contextlib.AsyncExitStack,
        announce: Callable[[Settings, Iterable[str]], None],
    ) -> None:
        self.stopping = asyncio.Event()
        self.failure = ""
        self._announce = announce
        self._settings = settings
        self._source = source
        self._servers = servers
        self._started = time.monotonic()
        self._supervision = Supervision(settings.server.workers)
        self._figures = whole.Figures()
        self._arbiter = Arbiter(self._ask)
        self._buses: dict[int, Bus] = {}
        self._lives: dict[int, asyncio.Task[None]] = {}
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._questions: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._books_opened = False
        self._trios = self._open(stack)
        self._dhcp_ports = dhcp_port(settings, stack)
        self._host = Host(engines.plane(settings), share.interfaces(settings))
        stack.callback(self._host.close)
        self._listen(stack)

    def _open(self, stack: contextlib.AsyncExitStack) -> list[Trio]:
        server = self._settings.server
        trios = steering.open_all(str(server.listen), server.workers)
        for trio in trios:
            for port in trio:
                stack.callback(port.close)
        return trios

    def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        for port in self._dhcp_ports:
            loop.add_reader(port.fileno(), partial(port.drain, self._dhcp))
            stack.callback(loop.remove_reader, port.fileno())
        if self._settings.radius.dynamic_authorization.clients:
            stack.push_async_callback(OrderDesk(self._settings, self._show_order).close)

    # lives of workers

    def start(self) -> None:
        """Start all workers."""
        self._perform(self._supervision.start(time.monotonic()))

    def _perform(  # noqa: C901, PLR0912 - one line for each effect
        self, effects: list[Effect]
    ) -> None:
        for effect in effects:
            match effect:
                case Launch(worker):
                    life = self._live(worker)
                    self._lives[worker] = asyncio.get_running_loop().create_task(life)
                case Announce():
                    self._announce(self._settings, self._host.notes)
                case GiveUp(text):
                    self.failure = text
                    self.stopping.set()
                case Warn(text):
                    _log.warning("%s", text)
                case Ask(worker):
                    self._begin(self._question(worker))
                case Kill(worker):
                    if process := self._processes.get(worker):
                        process.kill()
                case _ as unreachable:
                    assert_never(unreachable)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (deadline := self._supervision.deadline) is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self._perform(self._supervision.expire(time.monotonic()))

    def _begin(self, question: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(question)
        self._questions.add(task)
        task.add_done_callback(self._questions.discard)

    async def _question(self, worker: int) -> None:
        """Ask a worker whether it lives, for as long as it is waited for."""
        with contextlib.suppress(ControlError):  # who keeps silent, or dies, has its own timer
            if bus := self._buses.get(worker):
                await bus.ask("alive", seconds=HUNG_SECONDS)
                self._perform(self._supervision.answered(worker, time.monotonic()))

    async def _live(self, worker: int) -> None:
        """Run a worker's process to its end."""
        ours, theirs = socket.socketpair()
        bus = Bus(ours, self._commands_of(worker), lambda: None)
        with theirs:
            inherited = [port.fileno() for port in (*self._trios[worker], *self._dhcp_ports)]
            process = await asyncio.create_subprocess_exec(
                *(*COMMAND, str(worker), str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *inherited),
            )
        self._buses[worker], self._processes[worker] = bus, process
        await bus.start()
        try:
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            del self._buses[worker], self._processes[worker]
            await bus.close()
            self._figures.bury(worker)
        self._perform(self._supervision.died(worker, _ended(code), time.monotonic()))

    def _commands_of(self, worker: int) -> dict[str, Command]:
        return {
            "assignment": lambda _: packed(self._assignment(worker)),
            "ready": lambda _: self._ready(worker),
            "claim": partial(self._arbiter.rule, worker),
            "books-opened": lambda _: self._release_books(),
        }

    def _assignment(self, worker: int) -> Assignment:
        ike, nat, esp = (port.fileno() for port in self._trios[worker])
        dhcp = next((port.fileno() for port in self._dhcp_ports), None)
        return Assignment(
            worker,
            self._settings,
            self._servers,
            (ike, nat, esp),
            dhcp,
            says_on=worker == 0 and not self._books_opened,
            held=worker != 0 and not self._books_opened,
            withheld=tuple(self._arbiter.withheld),
        )

    def _ready(self, worker: int) -> None:
        self._perform(self._supervision.ready(worker, time.monotonic()))

    def _release_books(self) -> None:
        self._books_opened = True
        self._tell("release")

    async def stop(self) -> None:
        """End all workers: the first last, as it tells RADIUS that the server has stopped."""
        self._supervision.stop()
        self._arm()
        self._tell("stop")
        await self._ended({worker: life for worker, life in self._lives.items() if worker})
        self._tell("last")
        await self._ended(self._lives)

    @staticmethod
    async def _ended(lives: Mapping[int, asyncio.Task[None]]) -> None:
        if not lives:
            return
        await asyncio.wait(lives.values(), timeout=STOP_SECONDS)
        for worker, life in lives.items():
            if not life.done():
                _log.warning("worker %d does not end and is killed", worker)
                life.cancel()
        await asyncio.gather(*lives.values(), return_exceptions=True)

    # all together

    def _tell(self, command: str, **fields: object) -> None:
        for bus in self._buses.values():
            bus.tell(command, **fields)

    async def _ask(
        self,
        command: str,
        fields: Request | None = None,
        but: int | None = None,
        seconds: float = ANSWER_SECONDS,
        only: int | None = None,
    ) -> dict[int, object]:
        """Ask all workers that serve, `but` one or `only` one; return what is answered.

        One that is known to keep silent is not waited for again.
        """
        serves = self._supervision.serves
        chosen = [k for k in self._buses if serves(k) and k != but and only in (None, k)]
        buses = {worker: self._buses[worker] for worker in chosen}
        answers = await asyncio.gather(
            *(bus.ask(command, fields, seconds) for bus in buses.values()), return_exceptions=True
        )
        found: dict[int, object] = {}
        for worker, answer in zip(buses, answers, strict=True):
            if isinstance(answer, ControlError):
                _log.warning("worker %d: %s", worker, answer)
            elif isinstance(answer, BaseException):
                raise answer
            elif self._buses.get(worker) is buses[worker]:
                found[worker] = answer
        return found

    async def _show_order(self, message: object, sender: str) -> list[object]:
        """Have all workers judge an order; for one that may have the session, and does not say."""
        asked = filter(self._supervision.may_have_sessions, list(self._buses))
        parts: dict[int, object] = {worker: whole.silence(worker) for worker in asked}
        parts |= await self._ask("order", {"message": message, "sender": sender})
        return list(parts.values())

    def _dhcp(self, data: bytes, source: tuple[str, int], _: str) -> None:
        # Clients reach this port too: what is not a server's would take the time of every worker.
        if IPv4Address(source[0]) in self._settings.address.dhcp_servers:
            self._tell("dhcp", data=data.hex(), source=source[0])

    # the control socket

    def absent(self) -> str:
        """Say which workers' part is missing in what the control socket answers."""
        return self._supervision.absent()

    def commands(self) -> Mapping[str, Command]:
        """Return what the control socket offers."""
        return {
            "sessions": lambda _: self._sessions(),
            "status": self._status,
            "metrics": self._metrics,
            "disconnect": self._disconnect,
            "why": self._why,
        }

    async def _sessions(self) -> AsyncIterator[list[object]]:
        """Yield the rows of all workers' sessions, a few at a time."""
        for worker, numbers in (await self._ask("numbers")).items():
            async for few in portions(cast("list[int]", numbers), ROWS_AT_ONCE):
                rows = (await self._ask("sessions", {"numbers": few}, only=worker)).get(worker)
                if rows is None:
                    break
                yield cast("list[object]", rows)

    async def _disconnect(self, request: Request) -> object:
        who = request.get("who")
        if not isinstance(who, str):
            raise ControlError("disconnect wants whom: a user's name or a session's id")
        return whole.disconnected((await self._ask("disconnect", {"who": who})).values())

    async def _why(self, request: Request) -> object:
        answers = await self._ask("why", {"who": str(request.get("who", ""))})
        return whole.newest(answers.values())

    async def _status(self, _: Request) -> object:
        snapshot = await self._snapshot()
        figures = {"workers": snapshot.workers, "worker_restarts": snapshot.worker_restarts}
        return status(snapshot) | figures

    async def _metrics(self, _: Request) -> object:
        return render(await self._snapshot())

    async def _snapshot(self) -> Snapshot:
        for worker, figures in (await self._ask("snapshot")).items():
            self._figures.take(worker, whole.unpacked(figures))
        return replace(
            self._figures.whole(time.monotonic() - self._started),
            workers=self._supervision.serving,
            worker_restarts=self._supervision.restarts,
        )

    def reload(self) -> None:
        """Read the file again (SIGHUP), and have all workers take it."""
        if (settings := reload.read(self._source)) is None:
            return
        text = reload.unchangeable(self._settings, settings)
        self._settings = reload.settled(self._settings, settings)
        if self._settings.radius.servers:
            self._servers = engines.radius_servers(self._settings)
        self._tell("reload", settings=packed(self._settings))
        _log.info("reloaded %s%s", self._source, text)


def _ended(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with status {code}"
