import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping

import pytest

from l2tpsec.runtime import bus as module
from l2tpsec.runtime.bus import Bus
from l2tpsec.runtime.control import Command, ControlError, Request


@contextlib.asynccontextmanager
async def joined(
    ours: Mapping[str, Command], theirs: Mapping[str, Command]
) -> AsyncIterator[tuple[Bus, Bus, asyncio.Event]]:
    """Yield both ends, and what is set when ours hears that theirs has gone."""
    ended = asyncio.Event()
    left, right = socket.socketpair()
    near, far = Bus(left, ours, ended.set), Bus(right, theirs, lambda: None)
    await near.start()
    await far.start()
    try:
        yield near, far, ended
    finally:
        await near.close()
        await far.close()


def test_both_ends_ask_and_answer_at_once() -> None:
    async def slow(_: Request) -> object:
        return [await far_asks()]

    async def far_asks() -> object:
        return await ends[1].ask("double", {"number": 21})

    def double(request: Request) -> object:
        number = request["number"]
        assert isinstance(number, int)
        return 2 * number

    ends: list[Bus] = []

    async def main() -> None:
        async with joined({"double": double}, {"slow": slow}) as (near, far, _):
            ends[:] = [near, far]
            assert await near.ask("slow") == [42]

    asyncio.run(main())


def test_what_is_told_arrives_in_order_and_unanswered() -> None:
    async def main() -> None:
        heard: list[object] = []
        third = asyncio.Event()

        def hear(request: Request) -> None:
            heard.append(request["n"])
            if len(heard) == 3:
                third.set()

        async with joined({}, {"hear": hear}) as (near, _, _ended):
            for n in range(3):
                near.tell("hear", n=n)
            await third.wait()
        assert heard == [0, 1, 2]
        near.tell("hear", n=3)

    asyncio.run(main())


def test_a_refusal_and_an_unknown_command_are_errors() -> None:
    def refuse(_: Request) -> object:
        raise ControlError("not now")

    async def main() -> None:
        async with joined({}, {"refuse": refuse}) as (near, _, _ended):
            with pytest.raises(ControlError, match="not now"):
                await near.ask("refuse")
            with pytest.raises(ControlError, match="unknown command"):
                await near.ask("dance")

    asyncio.run(main())


def test_what_is_read_when_nobody_waits_for_it_any_more_is_not_done() -> None:
    async def main() -> None:
        done: list[object] = []

        def act(request: Request) -> None:
            done.append(request["which"])

        left, right = socket.socketpair()
        near, far = Bus(left, {}, lambda: None), Bus(right, {"act": act}, lambda: None)
        await near.start()
        with pytest.raises(ControlError, match="no answer"):
            await near.ask("act", {"which": "late"}, seconds=0.01)
        await far.start()
        await near.ask("act", {"which": "in time"})
        assert done == ["in time"]
        await near.close()
        await far.close()

    asyncio.run(main())


def test_who_does_not_answer_is_not_waited_for() -> None:
    async def never(_: Request) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with joined({}, {"never": never}) as (near, _, _ended):
            with pytest.raises(ControlError, match=r"no answer to never in 0\.01 s"):
                await near.ask("never", seconds=0.01)

    asyncio.run(main())


def test_who_waits_for_a_dead_process_is_told() -> None:
    async def main() -> None:
        closing: list[asyncio.Task[None]] = []

        async def die(_: Request) -> None:
            closing.append(asyncio.get_running_loop().create_task(far.close()))
            await asyncio.Event().wait()

        async with joined({}, {"die": die}) as (near, far, ended):
            with pytest.raises(ControlError, match="has ended"):
                await near.ask("die")
            await ended.wait()
            await closing[0]

    asyncio.run(main())


def test_a_torn_line_is_an_end() -> None:
    async def main() -> None:
        ended = asyncio.Event()
        left, right = socket.socketpair()
        near = Bus(left, {}, ended.set)
        await near.start()
        right.sendall(b'{"command": "to\n')
        await ended.wait()
        await near.close()
        right.close()

    asyncio.run(main())


def test_who_does_not_read_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        left, right = socket.socketpair()
        near = Bus(left, {}, lambda: None)
        await near.start()
        monkeypatch.setattr(module, "MOST_UNREAD_OCTETS", 1000)
        for _ in range(8):
            near.tell("hear", text="x" * 200_000)
        with pytest.raises(ControlError, match="does not listen"):
            await near.ask("hear")
        right.close()
        await near.close()

    asyncio.run(main())
