"""Main Mode's messages on their way to a row: admission, order, duplicates, refusals, the end."""

from l2tpsec.foundation.bucket import Bucket
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.ike.codes import Exchange, Flag, Kind, Notify, name
from l2tpsec.protocols.ike.duplicates import remember, repeat
from l2tpsec.protocols.ike.effects import Effect, IkeSaEnded, Transmit
from l2tpsec.protocols.ike.envelope import seal
from l2tpsec.protocols.ike.header import NO_COOKIE, Header, encode_message
from l2tpsec.protocols.ike.informational import plain_notify
from l2tpsec.protocols.ike.main_mode import MAIN_MODE, open_message_five
from l2tpsec.protocols.ike.message import Message
from l2tpsec.protocols.ike.payloads import Payload, decode_notification, encode_chain
from l2tpsec.protocols.ike.registry import Registry
from l2tpsec.protocols.ike.sa import IkeSa, SaDue, State
from l2tpsec.protocols.ike.step import Box, Duplicate, Refusal, Step, Turn

# A day at most: the Life Duration is the peer's number.
MAX_LIFE_SECONDS = 86400
# What strangers may cost in log lines, and a peer in exchanges.
NOTES_PER_SECOND, NOTES_AT_ONCE = 5, 50
EXCHANGES_PER_SECOND, EXCHANGES_AT_ONCE = 20, 200

PROOF_SECONDS = 1.0
"""For message 3 to come, before others from a crowded address may take the place."""

MainStep = Step[Turn, State]


class PhaseOne:
    """ISAKMP SAs from message 1 to HASH_I."""

    def __init__(self, box: Box, sas: Registry) -> None:
        self._box = box
        self._sas = sas
        self._notes = Bucket(NOTES_PER_SECOND, NOTES_AT_ONCE)

    def receive(self, message: Message) -> list[Effect]:
        """Take a message of Main Mode."""
        header = message.header
        if header.message_id != 0:
            raise Malformed("Main Mode with a message id", 20)
        if header.responder == NO_COOKIE:
            sa = self._sas.by_first_message(header.initiator, message.path.remote)
            return self._again(sa, message) if sa else self._admit(message)
        sa = self._sas.by_cookies(message.cookies)
        return self._again(sa, message) if sa else [Dropped(Phase.MAIN_MODE, "unknown cookies")]

    def _again(self, sa: IkeSa, message: Message) -> list[Effect]:
        answered = repeat(sa, message, Phase.MAIN_MODE)
        if answered is not None:
            return answered
        if message.cookies != sa.cookies:
            return [Dropped(Phase.MAIN_MODE, "another message 1 with the same cookie")]
        for step in MAIN_MODE:
            if step.source is sa.state and step.encrypted == message.header.encrypted:
                return self._take(step, sa, message)
        return [Dropped(Phase.MAIN_MODE, "out of order", sa.state.name)]

    def _admit(self, message: Message) -> list[Effect]:
        settings, address = self._box.settings, message.path.remote.address
        if message.header.encrypted:
            return [Dropped(Phase.MAIN_MODE, "out of order", "encrypted message 1")]
        crowded = self._sas.half_open_from(address) >= settings.half_open_per_address
        full = crowded or self._sas.half_open >= settings.half_open_limit
        oldest = self._giving_way(address, message.now, crowded=crowded) if full else None
        if full and oldest is None:
            where = " from one address" if crowded else ""
            return [Dropped(Phase.MAIN_MODE, f"too many half-open{where}", address)]
        cookies = message.header.initiator + self._box.entropy(8)
        tokens = Bucket(EXCHANGES_PER_SECOND, EXCHANGES_AT_ONCE)
        sa = IkeSa(self._sas.fresh_id(), cookies, message.path, tokens, address)
        effects = self._take(MAIN_MODE[0], sa, message)
        if oldest and sa.state is not State.STARTED:
            self._forget(oldest)
            effects.append(Dropped(Phase.MAIN_MODE, "half-open gave way to a newer one"))
        return effects

    def _giving_way(self, address: str, now: float, *, crowded: bool) -> IkeSa | None:
        """Return what ends for a newer one, so that forged addresses keep nobody out.

        Whoever forges an address never gets to message 3. Behind one address many may come at the
        same moment, so that each of them is given the time to.
        """
        if crowded:
            return self._sas.overdue_unproven(address, now - PROOF_SECONDS)
        return self._sas.oldest_unproven()

    def _take(self, step: MainStep, sa: IkeSa, message: Message) -> list[Effect]:
        try:
            if step.encrypted:
                opened = open_message_five(sa, message.header, message.body)
                chain, iv = opened.chain, opened.last_block
            else:
                chain, iv = message.chain(), b""
            step.check(chain)
            turn = Turn(self._box, sa, chain, message.path, message.now)
            payloads = step.handler(turn)
        except Refusal as refusal:
            return self._refuse(sa, message, refusal)
        answer = self._encode(step, sa, payloads, iv)
        self._advance(step, sa, message, answer)
        ended = self._settle(sa, message.now) if step.to is State.ESTABLISHED else []
        return [*turn.effects, *ended, Transmit(sa.path, answer)]

    def _encode(self, step: MainStep, sa: IkeSa, payloads: list[Payload], iv: bytes) -> bytes:
        body, flags = encode_chain(payloads), 0
        if step.encrypted:
            flags = Flag.ENCRYPTION
            cipher = sa.agreed().suite.cipher
            body = seal(cipher, sa.established_keys().encryption, iv, body)
            sa.last_block = body[-cipher.block_octets :]
        cookies = sa.cookies[:8], sa.cookies[8:]
        header = Header(*cookies, payloads[0].kind, Exchange.IDENTITY_PROTECTION, flags=flags)
        return encode_message(header, body)

    def _advance(self, step: MainStep, sa: IkeSa, message: Message, answer: bytes) -> None:
        box = self._box
        if sa.state is State.STARTED:
            self._sas.add(sa, message.now)
            box.agenda.put((SaDue.HALF_OPEN, sa.id), message.now + box.settings.half_open_seconds)
        sa.state = step.to
        # The client floats to port 4500 with message 5, and its NAT gives it a new port.
        sa.path = message.path
        stored = answer if step.on_duplicate is Duplicate.ANSWER else b""
        remember(box, sa, message, stored)

    def _settle(self, sa: IkeSa, now: float) -> list[Effect]:
        box = self._box
        oldest = self._sas.settle(sa)
        box.agenda.put((SaDue.HALF_OPEN, sa.id), None)
        life = min(sa.agreed().life.seconds or box.settings.default_life_seconds, MAX_LIFE_SECONDS)
        box.agenda.put((SaDue.LIFE, sa.id), now + life + box.settings.grace_seconds)
        if sa.nat.server:
            box.agenda.put((SaDue.KEEPALIVE, sa.id), now + box.settings.keepalive_seconds)
        sa.drop_secrets()
        sa.keep_last_answer()
        limit = box.settings.established_per_address
        if self._sas.established_from(sa.path.remote.address) <= limit:
            return []
        self._forget(oldest)
        return [IkeSaEnded(oldest.id, "too many ISAKMP SAs from one address")]

    def _refuse(self, sa: IkeSa, message: Message, refusal: Refusal) -> list[Effect]:
        answer = plain_notify(sa.cookies, refusal.notify)
        if sa.state is not State.STARTED:
            # It stays until its time is over: each handshake is good for one guess, and counts.
            sa.state = State.REFUSED
            sa.drop_secrets()
            remember(self._box, sa, message, b"")
        noted = self._note(Level.WARNING, refusal.words, message.now)
        return [*noted, Transmit(message.path, answer)]

    def _note(self, level: Level, words: str, now: float, place: str = "") -> list[Effect]:
        if self._notes.take(now):
            return [Noted(Phase.MAIN_MODE, level, words, place)]
        return [Dropped(Phase.MAIN_MODE, "refused, not logged: too many", words)]

    def unprotected(self, message: Message) -> list[Effect]:
        """Take an Informational in clear: it may explain a failure, and can change nothing."""
        sa = self._sas.by_cookies(message.cookies)
        if sa is None or sa.state is State.ESTABLISHED or sa.path.remote != message.path.remote:
            return [Dropped(Phase.INFORMATIONAL, "unprotected")]
        bodies = message.chain().all(Kind.NOTIFICATION)
        types = [name(Notify, decode_notification(body).notify_type) for body in bodies]
        words = f"the client gave up, unauthenticated: {', '.join(types) or 'no reason'}"
        return self._note(Level.WARNING, words, message.now)

    def give_up(self, sa: IkeSa, now: float) -> list[Effect]:
        """End a half-open SA whose time is over, and say what was missing."""
        self._forget(sa)
        if sa.state is State.REFUSED:
            return []
        return self._note(Level.INFO, sa.state.value, now, str(sa.path.remote))

    def _forget(self, sa: IkeSa) -> None:
        self._sas.remove(sa)
        for kind in SaDue:
            self._box.agenda.put((kind, sa.id), None)
