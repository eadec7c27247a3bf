"""The IKEv1 responder: one ISAKMP message in, effects out (RFC 2408, 2409).

It never sends first but for Delete and the keepalive of a NAT before us: a duplicate gets its
stored answer, who missed a Delete gets it again, and lifetimes are the client's to renew.
"""

from collections.abc import Iterable
from typing import assert_never

from l2tpsec.foundation.entropy import Entropy
from l2tpsec.foundation.grid import on_grid
from l2tpsec.foundation.soonest import soonest
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.path import Path
from l2tpsec.model.records import Dropped, Phase
from l2tpsec.protocols.ike import informational
from l2tpsec.protocols.ike.codes import Exchange, Kind, name
from l2tpsec.protocols.ike.effects import Effect, IkeSaId, Keepalive, SaPairConfirmed
from l2tpsec.protocols.ike.farewells import Farewells
from l2tpsec.protocols.ike.fragmentation import Assemblies
from l2tpsec.protocols.ike.header import decode_header
from l2tpsec.protocols.ike.message import Message
from l2tpsec.protocols.ike.phase_one import PhaseOne
from l2tpsec.protocols.ike.phase_two import PhaseTwo
from l2tpsec.protocols.ike.quick_mode import confirm_pair, end_pair
from l2tpsec.protocols.ike.registry import Registry
from l2tpsec.protocols.ike.sa import Due, IkeSa, PairDue, SaDue, State
from l2tpsec.protocols.ike.settings import IkeSettings
from l2tpsec.protocols.ike.step import Box

PHASES: dict[int, Phase] = {
    Exchange.QUICK_MODE: Phase.QUICK_MODE,
    Exchange.INFORMATIONAL: Phase.INFORMATIONAL,
}
CLOSED_BY_US = "closed by the server"
SHUTDOWN = "the server is shutting down"


class Responder:
    """All ISAKMP SAs and ESP pairs of the box."""

    def __init__(self, settings: IkeSettings, entropy: Entropy) -> None:
        self._box = Box(settings, entropy)
        self._sas = Registry()
        self._assemblies = Assemblies()
        self._phase_one = PhaseOne(self._box, self._sas)
        self._phase_two = PhaseTwo(self._box, self._sas)

    @property
    def deadline(self) -> float | None:
        """The moment for which `expire` waits, or None."""
        moments = (self._box.agenda.deadline, self._assemblies.deadline)
        return soonest(moments)

    def receive(self, data: bytes, path: Path, now: float) -> list[Effect]:
        """Take one ISAKMP message; the non-ESP marker of port 4500 is removed already."""
        phase = Phase.MAIN_MODE
        try:
            header = decode_header(data)
            phase = PHASES.get(header.exchange, phase)
            message = Message(header, data, path, now)
            if header.next_payload == Kind.FRAGMENT:
                return self._fragment(message)
            return self._message(message)
        except Malformed as malformed:
            return [Dropped(phase, "malformed", malformed.reason)]

    def _fragment(self, part: Message) -> list[Effect]:
        # Clients fragment from message 3 on, so a stranger costs no memory here.
        if self._sas.by_cookies(part.cookies) is None:
            return [Dropped(Phase.MAIN_MODE, "fragment of an unknown SA")]
        whole = self._assemblies.receive(part)
        if whole is None:
            return []
        header = decode_header(whole)
        message = Message(header, whole, part.path, part.now)
        if message.cookies != part.cookies or header.next_payload == Kind.FRAGMENT:
            raise Malformed("fragments of another message")
        return self._message(message)

    def _message(self, message: Message) -> list[Effect]:
        match message.header.exchange:
            case Exchange.IDENTITY_PROTECTION:
                return self._phase_one.receive(message)
            case Exchange.QUICK_MODE:
                return self._phase_two.quick_mode(message)
            case Exchange.INFORMATIONAL if message.header.encrypted:
                return self._phase_two.informational(message)
            case Exchange.INFORMATIONAL:
                return self._phase_one.unprotected(message)
            case exchange:
                words = name(Exchange, exchange)
                return [Dropped(Phase.MAIN_MODE, "exchange type not served", words)]

    def expire(self, now: float) -> list[Effect]:
        """Do what is due."""
        effects: list[Effect] = []
        if given_up := self._assemblies.expire(now):
            effects.append(Dropped(Phase.MAIN_MODE, "fragments never completed", str(given_up)))
        for due in self._box.agenda.due(now):
            effects += self._due(due, now)
        return effects

    def _due(self, due: Due, now: float) -> list[Effect]:
        kind, number = due
        if isinstance(kind, PairDue):
            return self.close_pair(number, kind.value, now)
        sa = self._sas.get(IkeSaId(number))
        return self._sa_due(kind, sa, now) if sa else []

    def _sa_due(self, kind: SaDue, sa: IkeSa, now: float) -> list[Effect]:
        agenda, settings = self._box.agenda, self._box.settings
        match kind:
            case SaDue.HALF_OPEN:
                return self._phase_one.give_up(sa, now)
            case SaDue.LIFE:
                return self._phase_two.end(sa, "its lifetime is over", now)
            case SaDue.ANSWERS:
                agenda.put((kind, sa.id), sa.drop_answers(now))
                return []
            case SaDue.KEEPALIVE:
                agenda.put((kind, sa.id), on_grid(now + settings.keepalive_seconds))
                return [Keepalive(sa.path)]
            case _:
                assert_never(kind)

    def close(self, sa: IkeSaId, now: float) -> list[Effect]:
        """End an ISAKMP SA and the pairs that it made, and tell the peer by Delete."""
        effects: list[Effect] = []
        for spi in self._box.pairs.made_by(sa):
            effects += self.close_pair(spi, CLOSED_BY_US, now)
        known = self._sas.get(sa)
        if known and known.state is State.ESTABLISHED:
            effects += self._phase_two.end(known, CLOSED_BY_US, now)
        return effects

    def reload(self, settings: IkeSettings) -> None:
        """Take new settings for exchanges to come; what is established stays."""
        self._box.settings = settings

    def close_pair(self, inbound_spi: int, reason: str, now: float) -> list[Effect]:
        """End one pair and tell the peer by Delete."""
        held = self._box.pairs.get(inbound_spi)
        if held is None:
            return []
        # The SA that made the pair may be gone while a later one of the same peer lives.
        sa = self._sas.get(held.sa) or self._sas.established_at(held.remote)
        ended = end_pair(self._box, inbound_spi, reason)
        if sa is None:
            return ended
        told = informational.delete_pair(self._box, sa, inbound_spi)
        return [self._box.farewells.say(inbound_spi, told, now), *ended]

    @property
    def farewells(self) -> Farewells:
        """What is said again to those who have missed it."""
        return self._box.farewells

    def shutdown(self, now: float) -> list[Effect]:
        """End everything, and tell every peer."""
        effects: list[Effect] = []
        for spi in self._box.pairs.all():
            effects += self.close_pair(spi, SHUTDOWN, now)
        for sa in self._sas.all():
            if sa.state is State.ESTABLISHED:
                effects += self._phase_two.end(sa, SHUTDOWN, now)
        return effects

    def moved(self, sas: Iterable[IkeSaId], inbound_spis: Iterable[int], path: Path) -> None:
        """Follow a peer with all that it has: who is at its old place besides it stays there."""
        for number in sas:
            sa = self._sas.get(number)
            if sa and sa.state is State.ESTABLISHED and sa.path != path:
                self._phase_two.move(sa, path)
        self._box.pairs.move(inbound_spis, path.remote)

    def made(self, sa: IkeSaId) -> list[int]:
        """Return our SPIs of the live pairs that an ISAKMP SA made."""
        return self._box.pairs.made_by(sa)

    def confirmed(self, inbound_spi: int, _now: float) -> list[Effect]:
        """Take an authenticated ESP packet on a pair for its Quick Mode's lost message 3."""
        held = self._box.pairs.get(inbound_spi)
        if held is None or not confirm_pair(self._box, inbound_spi):
            return []
        return [SaPairConfirmed(held.sa, inbound_spi)]
