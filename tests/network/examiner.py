"""The EAP of a RADIUS server on the simulated network, written apart from the pass-through.

It offers the methods that it is told to, one after the other as the client naks them: MD5, MSCHAPv2
and BULK, whose packets are as long as those of EAP-TLS. Each round has a State of its own.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from radius import mschap
from radius.message import Attribute, Code, Message
from radius.notice import Level, Noted
from radius.server.access import Verdict
from radius.server.users.store import User
from tests.peers.eap_peer import BULK, IDENTITY, MD5, MSCHAPV2, NAK, NOTIFICATION

PART = 253


class People(Protocol):
    """Who there is."""

    def find(self, name: str) -> User | None: ...

    def password_of(self, user: User) -> str | None: ...


@dataclass(frozen=True)
class Talk:
    """How far a conversation has come; `asked` is the Request that waits for its Response."""

    user: str
    identifier: int
    asked: int
    challenge: bytes = b""
    rounds: int = 0


@dataclass
class Examiner:
    """`seen` are the requests of each conversation; `states` those that wait for an answer.

    `extra` goes into every Access-Challenge; with `curt`, none but Access-Challenge bears EAP.
    """

    people: People
    entropy: Callable[[int], bytes]
    methods: tuple[int, ...] = (MSCHAPV2,)
    bulk_rounds: int = 3
    bulk_octets: int = 1200
    greeting: bytes = b""
    curt: bool = False
    extra: tuple[Attribute, ...] = ()
    seen: list[Message] = field(default_factory=list)
    states: dict[bytes, Talk] = field(default_factory=dict)

    def judge(self, message: Message) -> Verdict:
        """Take a Response."""
        self.seen.append(message)
        eap = b"".join(v for v in message.all("EAP-Message") if isinstance(v, bytes))
        state = message.octets("State")
        talk = self.states.pop(state, None) if state is not None else None
        if len(eap) < 5 or eap[0] != 2 or int.from_bytes(eap[2:4]) != len(eap):
            return self._end(eap[1], "broken", good=False)
        if state is None and eap[4] == IDENTITY:
            name = eap[5:].decode()
            talk = Talk(name, eap[1], IDENTITY)
            return self._greet(talk) if self.greeting else self._begin(talk, self.methods)
        if talk is None or eap[1] != talk.identifier:
            return self._end(eap[1], "out of place", good=False)
        return self._go_on(talk, eap[4], eap[5:])

    def _go_on(self, talk: Talk, kind: int, data: bytes) -> Verdict:
        if kind == NAK:
            left = self.methods[self.methods.index(talk.asked) + 1 :]
            return self._begin(talk, tuple(row for row in left if row in data))
        if kind != talk.asked:
            return self._end(talk.identifier, "another type", good=False)
        if kind == NOTIFICATION:
            return self._begin(talk, self.methods)
        steps = {MD5: self._md5, MSCHAPV2: self._mschapv2, BULK: self._bulk}
        return steps[kind](talk, data)

    def _greet(self, talk: Talk) -> Verdict:
        return self._ask(talk, NOTIFICATION, self.greeting)

    def _begin(self, talk: Talk, methods: tuple[int, ...]) -> Verdict:
        if not methods:
            return self._end(talk.identifier, "no method is left", good=False)
        talk = replace(talk, challenge=self.entropy(16))
        if methods[0] == MD5:
            return self._ask(talk, MD5, b"\x10" + talk.challenge + b"radius")
        if methods[0] == MSCHAPV2:
            return self._ask(talk, MSCHAPV2, operation(1, 7, b"\x10" + talk.challenge + b"radius"))
        return self._bulk(talk, b"")

    def _password(self, talk: Talk) -> str:
        user = self.people.find(talk.user)
        return (self.people.password_of(user) if user else None) or self.entropy(8).hex()

    def _md5(self, talk: Talk, data: bytes) -> Verdict:
        secret = bytes((talk.identifier,)) + self._password(talk).encode() + talk.challenge
        good = data[1:17] == hashlib.md5(secret).digest()
        return self._end(talk.identifier, "MD5", good=good)

    def _mschapv2(self, talk: Talk, data: bytes) -> Verdict:
        if len(data) == 1:  # the client has seen our proof, or our refusal
            good = data == b"\x03" and talk.rounds > 0
            return self._end(talk.identifier, "MSCHAPv2", good=good)
        value, name = data[5:54], data[54:]
        own = mschap.nt_hash(self._password(talk))
        response = mschap.nt_response(talk.challenge, value[:16], name, own)
        if data[0] != 2 or value[24:48] != response:
            return self._ask(talk, MSCHAPV2, operation(4, data[1], b"E=691 R=0 M=No"))
        proof = mschap.authenticator_response(response, talk.challenge, value[:16], name, own)
        return self._ask(replace(talk, rounds=1), MSCHAPV2, operation(3, data[1], proof + b" M=OK"))

    def _bulk(self, talk: Talk, data: bytes) -> Verdict:
        if talk.rounds and data != talk.challenge[::-1]:
            return self._end(talk.identifier, "not what was sent", good=False)
        if talk.rounds == self.bulk_rounds:
            return self._end(talk.identifier, "BULK", good=True)
        challenge = self.entropy(self.bulk_octets)
        talk = replace(talk, rounds=talk.rounds + 1, challenge=challenge)
        return self._ask(talk, BULK, challenge)

    def _ask(self, talk: Talk, kind: int, data: bytes) -> Verdict:
        talk = replace(talk, identifier=(talk.identifier + 1) % 256, asked=kind)
        state = self.entropy(16)
        self.states[state] = talk
        body = bytes((kind,)) + data
        packet = bytes((1, talk.identifier)) + (len(body) + 4).to_bytes(2) + body
        attributes = (*split(packet), ("State", state), *self.extra)
        return Verdict(Message(Code.ACCESS_CHALLENGE, attributes), Noted(Level.INFO, "goes on"))

    def _end(self, identifier: int, why: str, *, good: bool) -> Verdict:
        packet = bytes((3 if good else 4, identifier, 0, 4))
        code = Code.ACCESS_ACCEPT if good else Code.ACCESS_REJECT
        attributes = () if self.curt else split(packet)
        return Verdict(Message(code, attributes), Noted(Level.INFO, why))


def operation(code: int, identifier: int, data: bytes) -> bytes:
    """Return the packet inside EAP-MSCHAPv2."""
    return bytes((code, identifier)) + (len(data) + 4).to_bytes(2) + data


def split(packet: bytes) -> tuple[Attribute, ...]:
    """Return the attributes of a packet."""
    starts = range(0, len(packet), PART)
    return tuple(("EAP-Message", packet[start : start + PART]) for start in starts)
