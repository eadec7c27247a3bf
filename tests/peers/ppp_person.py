"""A PPP client with a person before it, who reads what a Failure says and types something else."""

import re
from collections.abc import Callable

from radius import mschap
from tests.peers import rfc2759
from tests.peers.ppp_peer import CHAP, PppPeer, Profile, packet

SAID = re.compile(rb"E=(\d+) R=(\d) C=([0-9A-F]{32}) V=3 M=(.+)")
REPEAT_SECONDS = 3.0


class Person(PppPeer):
    """`passwords` are typed in turn: another try after E=691 R=1, a new password after E=648.

    `read` is what the failures said; `thinks_seconds` pass before each answer to one.
    """

    def __init__(
        self,
        profile: Profile,
        name: bytes,
        passwords: tuple[str, ...],
        entropy: Callable[[int], bytes],
        thinks_seconds: float = 20,
    ) -> None:
        super().__init__(profile, name, passwords[0], entropy)
        self.read: list[tuple[int, int]] = []
        self._left = list(passwords[1:])
        self._thinks_seconds = thinks_seconds
        self._typed: bytes | None = None
        self._type_at: float | None = None
        self._failed = -1

    @property
    def deadline(self) -> float | None:
        """When `expire` wants to be called."""
        moments = [m for m in (super().deadline, self._type_at) if m is not None]
        return None if self.ended or not moments else min(moments)

    def expire(self, now: float) -> list[bytes]:
        """Repeat what went unanswered; send what was typed."""
        frames = super().expire(now)
        if not self.ended and self._type_at is not None and self._type_at <= now:
            assert self._typed
            self._type_at = now + REPEAT_SECONDS
            frames.append(self._frame(CHAP, self._typed))
        return frames

    def _receive_chap(self, code: int, identifier: int, data: bytes, now: float) -> list[bytes]:
        said = SAID.fullmatch(data)
        if code == 1 or (code == 4 and identifier == self._failed):
            return super()._receive_chap(code, identifier, data, now) if code == 1 else []
        self._type_at = None
        if code != 4 or not said or self.ended:
            return super()._receive_chap(code, identifier, data, now)
        error, retry, challenge = int(said[1]), int(said[2]), bytes.fromhex(said[3].decode())
        self.read.append((error, retry))
        self._failed = identifier
        if not self._left or (error, retry) not in ((691, 1), (648, 0)):
            return super()._receive_chap(code, identifier, data, now)
        self._type(error, (identifier + 1) % 256, challenge)
        self._type_at = now + self._thinks_seconds
        return []

    def _type(self, error: int, identifier: int, challenge: bytes) -> None:
        old, self._password = self._password, self._left.pop(0)
        if error == 648:
            self._typed = packet(7, identifier, self._changed(old, challenge))
        else:
            value = self._respond(identifier, challenge)
            self._typed = packet(2, identifier, bytes((len(value),)) + value + self._name)

    def _changed(self, old: str, challenge: bytes) -> bytes:
        passwords = (self._password, old)
        data = rfc2759.change_password(passwords, self._name, challenge, self._entropy)
        own, response = data[532:548], data[556:580]
        new_hash = mschap.nt_hash(self._password)
        proof = (response, challenge, own, self._name, new_hash)
        self._expected = mschap.authenticator_response(*proof)
        return data
