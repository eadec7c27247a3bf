"""Messages under an established ISAKMP SA: believed only when their HASH is verified."""

from collections.abc import Callable

from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Endpoint, Path
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.ike import informational
from l2tpsec.protocols.ike.codes import Exchange, Protocol
from l2tpsec.protocols.ike.duplicates import remember, repeat
from l2tpsec.protocols.ike.effects import (
    Effect,
    IkeSaClaimed,
    IkeSaEnded,
    IkeSaMoved,
    Transmit,
)
from l2tpsec.protocols.ike.envelope import Opened
from l2tpsec.protocols.ike.message import Message
from l2tpsec.protocols.ike.nat_traversal import FLOATED_PORT
from l2tpsec.protocols.ike.payloads import Notification, Payload
from l2tpsec.protocols.ike.protection import (
    Exchanged,
    alive,
    authentic,
    first_iv,
    open_message,
    seal_message,
)
from l2tpsec.protocols.ike.quick_mode import QUICK_MODE
from l2tpsec.protocols.ike.registry import Registry
from l2tpsec.protocols.ike.sa import IkeSa, QuickMode, QuickState, SaDue, State
from l2tpsec.protocols.ike.step import Box, Duplicate, QuickTurn, Refusal, Turn

# Every message id that was believed is kept, so that no captured message is believed twice.
MESSAGE_IDS_LIMIT = 8192
STEPS = {step.source: step for step in QUICK_MODE}


class PhaseTwo:
    """Quick Mode and Informational of all peers."""

    def __init__(self, box: Box, sas: Registry) -> None:
        self._box = box
        self._sas = sas

    def quick_mode(self, message: Message) -> list[Effect]:
        """Take a message of Quick Mode."""
        return self._judge(message, Phase.QUICK_MODE, self._quick_mode)

    def informational(self, message: Message) -> list[Effect]:
        """Take an encrypted Informational."""
        return self._judge(message, Phase.INFORMATIONAL, self._informational)

    def _judge(
        self, message: Message, phase: Phase, act: Callable[[IkeSa, Message], list[Effect]]
    ) -> list[Effect]:
        sa = self._sas.by_cookies(message.cookies)
        if sa is None:
            return [*self._box.farewells.sa(message), Dropped(phase, "unknown cookies")]
        if sa.state is not State.ESTABLISHED:
            return [Dropped(phase, "not established yet")]
        if not message.header.encrypted:
            return [Dropped(phase, "unprotected")]
        if message.header.message_id == 0:
            raise Malformed("message id 0 in phase 2", 20)
        answered = repeat(sa, message, phase)
        return act(sa, message) if answered is None else answered

    def _quick_mode(self, sa: IkeSa, message: Message) -> list[Effect]:
        number = message.header.message_id
        quick = sa.quick_modes.get(number)
        if quick is None:
            if number in sa.used_message_ids:
                return [Dropped(Phase.QUICK_MODE, "message id used before")]
            quick = QuickMode(number, first_iv(sa, number))
        opened = open_message(sa, message.header, message.body, quick.iv)
        started = quick.state is QuickState.STARTED
        if not (authentic(sa, number, opened) if started else alive(sa, quick, opened)):
            return [Dropped(Phase.QUICK_MODE, "HASH is wrong")]
        effects = self._believe(sa, message)
        if not sa.tokens.take(message.now):
            return [*effects, Dropped(Phase.QUICK_MODE, "too many exchanges")]
        return effects + self._take(sa, quick, message, opened)

    def _take(self, sa: IkeSa, quick: QuickMode, message: Message, opened: Opened) -> list[Effect]:
        step = STEPS[quick.state]
        turn = QuickTurn(self._box, sa, opened.chain, sa.path, message.now, quick=quick)
        quick.iv = opened.last_block
        try:
            step.check(opened.chain)
            payloads = step.handler(turn)
        except Refusal as refusal:
            return self._refuse(sa, message, refusal)
        except Malformed as malformed:
            return [Dropped(Phase.QUICK_MODE, "malformed", malformed.reason)]
        quick.state = step.to
        sa.keep_quick_mode(quick)
        answer = self._seal_answer(sa, quick, payloads) if payloads else b""
        stored = answer if step.on_duplicate is Duplicate.ANSWER else b""
        remember(self._box, sa, message, stored)
        return [*turn.effects, Transmit(sa.path, answer)] if answer else turn.effects

    def _seal_answer(self, sa: IkeSa, quick: QuickMode, payloads: list[Payload]) -> bytes:
        exchanged = Exchanged(
            Exchange.QUICK_MODE, quick.message_id, quick.iv, quick.initiator_nonce
        )
        answer = seal_message(sa, exchanged, payloads)
        quick.iv = answer[-len(quick.iv) :]
        return answer

    def _refuse(self, sa: IkeSa, message: Message, refusal: Refusal) -> list[Effect]:
        notification = Notification(Protocol.ESP, refusal.notify)
        sent = informational.send_notify(self._box, sa, notification)
        remember(self._box, sa, message, sent.data)
        return [Noted(Phase.QUICK_MODE, Level.WARNING, refusal.words), sent]

    def _informational(self, sa: IkeSa, message: Message) -> list[Effect]:
        number = message.header.message_id
        if number in sa.used_message_ids:
            return [Dropped(Phase.INFORMATIONAL, "message id used before")]
        opened = open_message(sa, message.header, message.body, first_iv(sa, number))
        if not authentic(sa, number, opened):
            return [Dropped(Phase.INFORMATIONAL, "HASH is wrong")]
        effects = self._believe(sa, message)
        if not sa.tokens.take(message.now):
            return [*effects, Dropped(Phase.INFORMATIONAL, "too many exchanges")]
        turn = Turn(self._box, sa, opened.chain, sa.path, message.now)
        remember(self._box, sa, message, b"")
        try:
            deleted = informational.receive(turn)
        except Malformed as malformed:
            return [*effects, Dropped(Phase.INFORMATIONAL, "malformed", malformed.reason)]
        return [*effects, *turn.effects, *self._deleted(sa, deleted)]

    def _believe(self, sa: IkeSa, message: Message) -> list[Effect]:
        """Note a verified message's id, and where the peer is now."""
        sa.used_message_ids.add(message.header.message_id)
        effects: list[Effect] = []
        if message.path != sa.path and message.path.local.port in (
            sa.path.local.port,
            FLOATED_PORT,
        ):
            self.move(sa, message.path)
            effects.append(IkeSaMoved(sa.id, message.path))
        if len(sa.used_message_ids) == MESSAGE_IDS_LIMIT:
            effects += self.end(sa, "its message ids are used up", message.now)
        return effects

    def _deleted(self, sa: IkeSa, deleted: list[bytes]) -> list[Effect]:
        effects: list[Effect] = []
        for cookies in deleted:
            named = self._sas.by_cookies(cookies)
            # After a reauthentication the new SA carries the Delete of the old one.
            if named is None or _owner(named) != _owner(sa):
                effects.append(Dropped(Phase.INFORMATIONAL, "Delete of an unknown ISAKMP SA"))
            elif named.state is State.ESTABLISHED:
                self._forget(named)
                if named is not sa:
                    effects.append(IkeSaClaimed(sa.id, named.id))
                effects.append(IkeSaEnded(named.id, "the client deleted it"))
        return effects

    def move(self, sa: IkeSa, path: Path) -> None:
        """Send to a new place from now on, on the pairs that it made as well."""
        self._box.pairs.move(self._box.pairs.made_by(sa.id), path.remote)
        self._sas.move(sa, path)

    def end(self, sa: IkeSa, reason: str, now: float) -> list[Effect]:
        """End an established SA and tell the peer."""
        self._forget(sa)
        told = informational.delete_sa(self._box, sa)
        return [self._box.farewells.say(sa.cookies, told, now), IkeSaEnded(sa.id, reason)]

    def _forget(self, sa: IkeSa) -> None:
        self._sas.remove(sa)
        for kind in SaDue:
            self._box.agenda.put((kind, sa.id), None)


def _owner(sa: IkeSa) -> tuple[Endpoint, str]:
    """Return whose an SA is: cookies are read on the wire, and a place can be forged."""
    return sa.path.remote, sa.identity
