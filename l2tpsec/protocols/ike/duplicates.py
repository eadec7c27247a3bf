"""Duplicates get their stored answer (RFC 2408 section 3.1): the one way in which we send again."""

from l2tpsec.model.records import Dropped, Phase
from l2tpsec.protocols.ike.effects import Effect, Transmit
from l2tpsec.protocols.ike.message import Message
from l2tpsec.protocols.ike.sa import IkeSa, SaDue
from l2tpsec.protocols.ike.step import Box


def repeat(sa: IkeSa, message: Message, phase: Phase) -> list[Effect] | None:
    """Answer a duplicate as before, to where the peer is known to be; None if it is none."""
    stored = sa.answers.get(message.digest())
    if stored is None:
        return None
    if not stored[1]:
        return [Dropped(phase, "duplicate")]
    return [Transmit(sa.path, stored[1])]


def remember(box: Box, sa: IkeSa, message: Message, answer: bytes) -> None:
    """Store an answer (empty: none) for as long as duplicates of the message may come."""
    until = message.now + box.settings.answer_seconds
    if not sa.answers:
        box.agenda.put((SaDue.ANSWERS, sa.id), until)
    sa.store_answer(message.digest(), answer, until)
