"""Between a supervisor and one worker: JSON lines both ways over a socket that only they have.

Both are processes of one host, whose monotonic clock is theirs in common.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import math
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from l2tpsec.runtime.control import ANSWER_OCTETS, Command, ControlError, Request, obey

ANSWER_SECONDS = 5.0
MOST_UNREAD_OCTETS = 64 << 20
"""Not read by the other side, which must be stuck: what comes on top is not sent."""

_log = logging.getLogger("l2tpsec")


class Bus:
    """One end. `commands` are what the other end may ask; `ended` hears that it has gone."""

    def __init__(
        self,
        sock: socket.socket,
        commands: Mapping[str, Command],
        ended: Callable[[], None],
    ) -> None:
        self._socket = sock
        self._commands = commands
        self._ended = ended
        self._tokens = itertools.count(1)
        self._asked: dict[int, asyncio.Future[object]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writer: asyncio.StreamWriter | None = None

    async def start(self) -> None:
        """Begin to listen."""
        reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=ANSWER_OCTETS)
        self._keep(self._listen(reader))

    async def close(self) -> None:
        """End it; whoever waits for an answer gets none."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._silence()

    def tell(self, command: str, **fields: object) -> None:
        """Give a command and want no answer; who has gone needs none."""
        with contextlib.suppress(ControlError):
            self._send({"command": command, **fields})

    async def ask(
        self, command: str, fields: Request | None = None, seconds: float = ANSWER_SECONDS
    ) -> object:
        """Give a command and return its result; ControlError if it is refused or unanswered.

        Who reads it when nobody waits for the result any more does nothing of it.
        """
        token, loop = next(self._tokens), asyncio.get_running_loop()
        future = loop.create_future()
        self._asked[token] = future
        head = {"command": command, "token": token, "until": loop.time() + seconds}
        try:
            self._send({**(fields or {}), **head})
            async with asyncio.timeout(seconds):
                answer: dict[str, object] = await future
        except TimeoutError:
            raise ControlError(f"no answer to {command} in {seconds:g} s") from None
        finally:
            self._asked.pop(token, None)
        if "error" in answer:
            raise ControlError(str(answer["error"]))
        return answer.get("result")

    def _send(self, message: Mapping[str, object]) -> None:
        if self._writer is None:
            raise ControlError("the other process has ended")
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD_OCTETS:
            raise ControlError("the other process does not listen")
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._take(json.loads(line))
        except (OSError, ValueError) as error:  # a line that was torn by its writer's death
            _log.debug("bus: %s", error)
        self._silence()
        self._ended()

    def _take(self, message: dict[str, Any]) -> None:
        if "answer" in message:
            future = self._asked.get(message["answer"])
            if future is not None and not future.done():
                future.set_result(message)
        elif message.get("until", math.inf) > asyncio.get_running_loop().time():
            self._keep(self._obey(message))

    async def _obey(self, message: dict[str, Any]) -> None:
        answer = await obey(self._commands, message)
        if "token" in message:
            with contextlib.suppress(ControlError):
                self._send({"answer": message["token"], **answer})

    def _keep(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _silence(self) -> None:
        for future in self._asked.values():
            if not future.done():
                future.set_result({"error": "the other process has ended"})
