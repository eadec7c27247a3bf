"""A worker's end of the bus; the box itself is tested where it may open a TUN."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, replace
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from l2tpsec.concentrator.aaa.dynamic import Refusal
from l2tpsec.concentrator.claims import Place
from l2tpsec.concentrator.effects import Claim, Ruling
from l2tpsec.config.schema import Settings
from l2tpsec.observe.metrics import Snapshot
from l2tpsec.runtime.bus import Bus
from l2tpsec.runtime.control import ControlError, Request
from l2tpsec.service import order_desk, whole, worker
from l2tpsec.service.assignment import Assignment, packed
from l2tpsec.service.worker import Worker
from radius.dynamic import ErrorCause
from radius.message import Code, Message

if TYPE_CHECKING:
    from l2tpsec.service.box import Box as RealBox

ORDER = Message(Code.DISCONNECT_REQUEST, (("User-Name", "alice"),))


class Box:
    """Stands in for a whole concentrator; `told` is what it heard."""

    notes = ("a note",)
    views = SimpleNamespace(
        numbers=[1],
        rows=lambda numbers: [{"id": number} for number in numbers],
        why=lambda who: [{"user": who}],
        snapshot=lambda: asyncio.sleep(0, Snapshot(sessions=1, workers=1)),
    )

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.opened = asyncio.Event()

    async def books_opened(self) -> None:
        await self.opened.wait()

    def commands(self) -> dict[str, Callable[[Any], object]]:
        return {"disconnect": lambda request: {"disconnected": [request["who"]]}}

    def obey(self, message: Message, sender: str) -> Refusal | None:
        self.told.append(("obey", message, sender))
        return None if sender == "10.0.0.1" else Refusal(ErrorCause.INVALID_REQUEST, "no")

    def members(self, user: str) -> list[tuple[float, int]]:
        assert user == "alice"
        return [(5.0, 1)]

    async def proven(self, user: str) -> list[tuple[float, int]]:
        assert user == "alice"
        return []

    def concede(self, user: str, address: Place) -> str:
        return f"{address} is not {user}'s"

    async def stop(self, others: Any) -> None:
        self.told.append(("stop", others is not None))
        if others is not None:
            await others

    def __getattr__(self, verb: str) -> Callable[..., None]:
        return lambda *words: self.told.append((verb, *words))


@contextlib.asynccontextmanager
async def served(
    monkeypatch: pytest.MonkeyPatch, number: int = 0
) -> AsyncIterator[tuple[Bus, Box, asyncio.Queue[str], asyncio.Task[None], Worker]]:
    box, heard = Box(), asyncio.Queue[str]()
    assignment = Assignment(
        *(number, Settings(), (), (0, 0, 0), None), says_on=number == 0, held=number != 0
    )
    monkeypatch.setattr(worker, "_box", lambda *_: box)
    monkeypatch.setattr(worker, "configure", lambda *_, **__: None)
    ours, theirs = socket.socketpair()
    commands: dict[str, Callable[[Any], object]] = {
        "assignment": lambda _: packed(assignment),
        "ready": lambda _: heard.put_nowait("ready"),
        "books-opened": lambda _: heard.put_nowait("books-opened"),
    }
    bus, process = Bus(ours, commands, lambda: None), Worker(theirs)
    await bus.start()
    life = asyncio.get_running_loop().create_task(process.serve())
    assert await heard.get() == "ready"
    try:
        yield bus, box, heard, life, process
    finally:
        await bus.close()
        await life


def test_it_does_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with served(monkeypatch) as (bus, box, heard, life, _):
            assert await bus.ask("numbers") == [1]
            assert await bus.ask("sessions", {"numbers": [1]}) == [{"id": 1}]
            assert whole.unpacked(await bus.ask("snapshot")) == Snapshot(sessions=1, workers=1)
            assert await bus.ask("disconnect", {"who": "alice"}) == {"disconnected": ["alice"]}
            assert await bus.ask("why", {"who": "alice"}) == [{"user": "alice"}]
            order = {"message": order_desk.packed(ORDER), "sender": "10.0.0.1"}
            assert await bus.ask("order", order) == [None, ""]
            assert await bus.ask("order", order | {"sender": "10.0.0.9"}) == [404, "no"]
            box.opened.set()
            assert await heard.get() == "books-opened"
            await bus.ask("dhcp", {"data": "0102", "source": "10.0.0.2"})
            await bus.ask("reload", {"settings": packed(Settings())})
            await bus.ask("release")
            assert box.told[2:] == [
                ("dhcp_datagram", b"\1\2", "10.0.0.2"),
                ("reload", Settings()),
                ("release_books",),
            ]
            bus.tell("stop")
            bus.tell("last")
            await life
            assert box.told[-1] == ("stop", True)

    asyncio.run(main())


def test_only_the_first_waits_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with served(monkeypatch, number=1) as (bus, box, heard, life, process):
            bus.tell("stop")
            await life
            assert box.told == [("stop", False)]
            assert heard.empty()
            assert not process.orphaned

    asyncio.run(main())


def test_without_a_supervisor_it_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with served(monkeypatch) as (bus, box, _, life, process):
            await bus.close()
            await life
            assert process.orphaned
            assert box.told == []

    asyncio.run(main())


def test_before_it_serves_it_says_so() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(ControlError, match="is starting"):
        Worker(theirs)._commands()["sessions"]({})


def test_what_it_cannot_have_is_a_line_and_a_status(tmp_path: Path) -> None:
    """A process of its own, whose supervisor hands it something that is no socket."""

    async def main() -> tuple[int, str]:
        plain = Settings()
        server = replace(plain.server, state_dir=tmp_path, workers=2, listen=IPv4Address("0.0.0.0"))
        (tmp_path / "accounting.ledger-1").mkdir()
        descriptors = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
        ike, nat, esp = (sock.fileno() for sock in descriptors)
        settings = replace(plain, server=server)
        assignment = Assignment(*(1, settings, (), (ike, nat, esp), None), says_on=False, held=True)
        ours, theirs = socket.socketpair()
        bus = Bus(ours, {"assignment": lambda _: packed(assignment)}, lambda: None)
        await bus.start()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "l2tpsec.service", "1", str(theirs.fileno())),
            pass_fds=(theirs.fileno(), ike, nat, esp),
            stderr=subprocess.PIPE,
        )
        theirs.close()
        _, told = await process.communicate()
        for sock in descriptors:
            sock.close()
        await bus.close()
        assert process.returncode is not None
        return process.returncode, told.decode()

    status, told = asyncio.run(main())
    assert status == 1
    assert "ERROR worker-1 accounting records in" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("ruling", [Ruling("too many"), Ruling(), None])
def test_a_claim_is_ruled_on_by_the_supervisor(
    monkeypatch: pytest.MonkeyPatch, ruling: Ruling | None
) -> None:
    def claim(request: Request) -> object:
        limits = (request["most"], request["replace"])
        assert (request["user"], request["address"], *limits) == ("alice", "10.99.0.5", 2, True)
        if ruling is None:
            raise ControlError("the supervisor is busy")
        return asdict(ruling)

    async def main() -> None:
        heard = asyncio.Queue[tuple[Any, ...]]()
        ours, theirs = socket.socketpair()
        near, far = Bus(ours, {"claim": claim}, lambda: None), Bus(theirs, {}, lambda: None)
        await near.start()
        await far.start()
        process = Worker(theirs)
        process._box = cast("RealBox", SimpleNamespace(claimed=lambda *w: heard.put_nowait(w)))
        address = IPv4Address("10.99.0.5")
        process._claim(far, Claim(7, "alice", 2, replace=True, address=address))
        assert await heard.get() == (7, ruling)
        await near.close()
        await far.close()

    asyncio.run(main())


def test_a_users_sessions_are_told_proven_and_displaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with served(monkeypatch) as (bus, box, *_):
            assert await bus.ask("members", {"user": "alice"}) == [[5.0, 1]]
            assert await bus.ask("prove", {"user": "alice"}) == []
            await bus.ask("displace", {"numbers": [1, 3]})
            assert box.told[-1] == ("displace", [1, 3])

    asyncio.run(main())


def test_an_address_is_conceded_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with served(monkeypatch) as (bus, *_):
            for place in ("10.99.0.5", "2001:db8:5::/64"):
                asked = {"user": "bob", "place": place}
                assert await bus.ask("concede", asked) == f"{place} is not bob's"

    asyncio.run(main())
