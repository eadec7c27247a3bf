"""One question to RADIUS servers, from sockets of its own: for a command, beside any server."""

import asyncio
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from radius.client.client import Client
from radius.client.effects import (
    STREAM,
    Address,
    Answered,
    Connect,
    Disconnect,
    Effect,
    Transmit,
    Unanswered,
)
from radius.client.settings import Settings
from radius.message import Message
from radius.notice import Noted
from radius.radsec import Connections
from radius.tls import Credentials

_TOKEN = 1
_IP_RECVERR = 11
_LONGEST_DATAGRAM_OCTETS = 65535


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it; `notices` are what the log of a server would say meanwhile."""

    end: Answered | Unanswered
    notices: tuple[str, ...]


async def ask(
    settings: Settings, credentials: Mapping[Address, Credentials], message: Message
) -> Answer:
    """Ask the servers as a dial-in would: by priority, again and again, until one answers."""
    inquiry = _Inquiry(settings, credentials)
    try:
        end = await inquiry.run(message)
    finally:
        inquiry.close()
    return Answer(end, tuple(inquiry.notices))


class _Inquiry:
    """A client with a socket, a timer and connections; it owns the connections."""

    def __init__(self, settings: Settings, credentials: Mapping[Address, Credentials]) -> None:
        self.notices: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._client = Client(replace(settings, slots=1), os.urandom)
        self._only = len(settings.servers) == 1
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._radsec = Connections(self, credentials)
        self._timer: asyncio.TimerHandle | None = None
        self._end: asyncio.Future[Answered | Unanswered] = self._loop.create_future()

    async def run(self, message: Message) -> Answered | Unanswered:
        self._socket.settimeout(0)
        # what ICMP tells of a datagram sent is an error of the socket then
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        self._loop.add_reader(self._socket, self._readable)
        now = self._loop.time()
        self._apply(self._client.expire(now))
        self._apply(self._client.request(_TOKEN, message, now))
        return await self._end

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        if self._timer is not None:
            self._timer.cancel()
        self._radsec.stop()

    def _readable(self) -> None:
        try:
            data, source = self._socket.recvfrom(_LONGEST_DATAGRAM_OCTETS)
        except BlockingIOError:
            pass
        except ConnectionRefusedError:
            self._unreachable("a RADIUS server's host says that nothing listens there")
        except OSError as error:
            self._unreachable(f"a RADIUS server cannot be reached: {error.strerror}")
        else:
            self._apply(self._client.receive(data, source, 0, self._loop.time()))

    def radsec_connected(self, server: Address) -> None:
        self._apply(self._client.connected(server, self._loop.time()))

    def radsec_received(self, server: Address, data: bytes) -> None:
        self._apply(self._client.receive(data, server, STREAM, self._loop.time()))

    def radsec_disconnected(self, server: Address, reason: str) -> None:
        self._apply(self._client.disconnected(server, reason, self._loop.time()))

    def _expire(self) -> None:
        self._apply(self._client.expire(self._loop.time()))

    def _apply(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self._one(effect)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (deadline := self._client.deadline) is not None and not self._end.done():
            self._timer = self._loop.call_at(deadline, self._expire)

    def _one(self, effect: Effect) -> None:
        match effect:
            case Transmit():
                self._send(effect)
            case Connect(server):
                self._radsec.open(server)
            case Disconnect(server):
                self._radsec.close(server)
            case Answered() | Unanswered():
                if not self._end.done():
                    self._end.set_result(effect)
            case Noted(text=text):
                self.notices.append(text)
            case _ as unreachable:
                assert_never(unreachable)

    def _send(self, order: Transmit) -> None:
        if order.slot == STREAM:
            self._radsec.send(order.destination, order.data)
            return
        try:
            self._socket.sendto(order.data, order.destination)
        except OSError as error:
            self._unreachable(f"{order.destination[0]} cannot be reached: {error.strerror}")

    def _unreachable(self, why: str) -> None:
        """Wait no longer, unless there is another server to ask."""
        if self._only and not self._end.done():
            self._end.set_result(Unanswered(_TOKEN, why))
        elif why not in self.notices:
            self.notices.append(why)
