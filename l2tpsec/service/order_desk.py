"""Orders of RADIUS for several workers: taken once, shown to all, answered once (RFC 5176)."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, assert_never

from l2tpsec.concentrator.orders import refused
from l2tpsec.config.schema import Settings
from l2tpsec.service import engines, whole
from l2tpsec.service.box import order_port
from radius.dynamic import DynamicAuthorization, Effect, Ordered
from radius.message import Code, Message, Value
from radius.notice import Noted
from radius.server.effects import Reply

MOST_UNDER_WAY = 256

_log = logging.getLogger("l2tpsec")

Show = Callable[[object, str], Awaitable[list[object]]]
"""Shows a packed order and its sender to all workers; returns their judgements."""


def packed(message: Message) -> list[object]:
    """Write a message as JSON can hold it."""
    rows = [(name, [v.hex()] if isinstance(v, bytes) else v) for name, v in message.attributes]
    return [int(message.code), rows]


def unpacked(value: Any) -> Message:  # noqa: ANN401 - JSON
    """Read a message that another worker has packed."""
    code, rows = value
    attributes = [(str(name), _value(content)) for name, content in rows]
    return Message(Code(code), tuple(attributes))


def _value(content: Any) -> Value:  # noqa: ANN401 - JSON
    value: Value = bytes.fromhex(content[0]) if isinstance(content, list) else content
    return value


class OrderDesk:
    """Reads the port of `settings`, has `show` find what workers make of an order, and answers."""

    def __init__(self, settings: Settings, show: Show) -> None:
        self._engine = DynamicAuthorization(engines.dynamic(settings), time.time, os.urandom)
        self._show = show
        self._port = order_port(settings)
        self._under_way: dict[tuple[tuple[str, int], bytes], asyncio.Task[None]] = {}
        asyncio.get_running_loop().add_reader(self._port.fileno(), self._readable)

    async def close(self) -> None:
        """Read no more."""
        asyncio.get_running_loop().remove_reader(self._port.fileno())
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        self._port.close()

    def _readable(self) -> None:
        self._port.drain(self._receive)

    def _receive(self, data: bytes, source: tuple[str, int], _: str) -> None:
        self._perform(self._engine.receive(data, source, time.monotonic()))

    def _perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Ordered():
                    self._take(effect)
                case Reply(destination, data):
                    self._port.sender()(data, destination)
                case Noted(text=text):
                    _log.warning("%s", text)
                case _ as unreachable:
                    assert_never(unreachable)

    def _take(self, ordered: Ordered) -> None:
        key = ordered.source, ordered.request.octets
        if key in self._under_way or len(self._under_way) >= MOST_UNDER_WAY:
            return  # a copy of what is being obeyed; or who gave it repeats it
        task = asyncio.get_running_loop().create_task(self._obey(ordered))
        self._under_way[key] = task
        task.add_done_callback(lambda _: self._under_way.pop(key, None))

    async def _obey(self, ordered: Ordered) -> None:
        parts = await self._show(packed(ordered.message), ordered.source[0])
        cause, text = whole.verdict(parts)
        if cause is not None:
            _log.warning("%s", refused(ordered, cause, text))
        self._perform(self._engine.answer(ordered, cause, time.monotonic()))
