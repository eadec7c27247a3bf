"""Deletes that are said again to a client that has missed them (RFC 2408 section 5.15).

It shows so by what it goes on to send, and by then there are no keys: the very message that was
lost goes out once more. Whoever forges what asks for it gets no more octets than he sends, seldom.
"""

from dataclasses import replace

from l2tpsec.foundation.reminders import Reminders
from l2tpsec.model.path import Endpoint
from l2tpsec.protocols.ike.effects import Transmit
from l2tpsec.protocols.ike.message import Message

UDP_OCTETS = 8
"""What a Delete may have around it and ESP has not: a UDP header, or the non-ESP marker."""


class Farewells:
    """By our SPI of the pair that ended, or by the cookies of the ISAKMP SA."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: Reminders[int | bytes, Transmit] = Reminders()

    def __contains__(self, name: int | bytes) -> bool:
        return name in self._said

    def say(self, name: int | bytes, told: Transmit, now: float) -> Transmit:
        """Return a Delete that goes out for the first time."""
        self._said.keep(name, told, now)
        return told

    def pair(self, inbound_spi: int, octets: int, remote: Endpoint, now: float) -> list[Transmit]:
        """Answer an ESP packet of so many octets on a pair that ended; raw ones have port 0."""
        return self._again(inbound_spi, octets - UDP_OCTETS, remote, now)

    def sa(self, message: Message) -> list[Transmit]:
        """Answer a message in an ISAKMP SA that ended."""
        return self._again(message.cookies, len(message.data), message.path.remote, message.now)

    def _again(
        self, name: int | bytes, octets: int, remote: Endpoint, now: float
    ) -> list[Transmit]:
        told = self._said.get(name)
        if told is None or len(told.data) > octets:
            return []
        known = told.path.remote
        to = remote if remote.port else known
        if to.address != remote.address or self._said.due(name, now) is None:
            return []
        return [replace(told, path=replace(told.path, remote=to))]
