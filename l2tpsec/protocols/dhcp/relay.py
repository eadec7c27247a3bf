"""DHCPINFORM forwarded to the site's servers (RFC 2131 section 4.3.5, RFC 1542, RFC 3046)."""

from dataclasses import dataclass, replace

from l2tpsec.foundation.agenda import Agenda
from l2tpsec.foundation.bucket import Bucket
from l2tpsec.model.records import Dropped, Level, Noted, Phase
from l2tpsec.protocols.dhcp import inform, packet
from l2tpsec.protocols.dhcp.code import Code, Type
from l2tpsec.protocols.dhcp.effects import Answered, Effect, Report, Transmit
from l2tpsec.protocols.dhcp.identity import Applicant, agent_information
from l2tpsec.protocols.dhcp.inform import Terms
from l2tpsec.protocols.dhcp.packet import Message
from l2tpsec.protocols.dhcp.settings import DhcpSettings

_FORWARDED_PER_SECOND = 100


@dataclass(slots=True)
class _Question:
    token: int
    request: Message
    terms: Terms
    agent: bytes
    since: float
    repeated: bool = False


class Relay:
    """Answers every DHCPINFORM, with the site's options where a server replies in time."""

    def __init__(self, settings: DhcpSettings) -> None:
        self._settings = settings
        self._questions: dict[int, _Question] = {}
        self._xids: dict[int, int] = {}
        self._agenda: Agenda[int] = Agenda()
        # What clients can make the box ask of the site's servers, all together.
        self._room = Bucket(_FORWARDED_PER_SECOND, 4 * _FORWARDED_PER_SECOND)

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        return self._agenda.deadline

    def __contains__(self, xid: int) -> bool:
        return xid in self._questions

    def ask(
        self, token: int, request: Message, terms: Terms, applicant: Applicant, now: float
    ) -> list[Effect]:
        """Take a client's DHCPINFORM; one question of each session waits at a time."""
        if self._xids.get(token) == request.xid:
            return []  # the client repeats itself
        self.forget(token)
        if request.xid in self._questions or not self._may_forward(now):
            return _answered(_Question(token, request, terms, b"", now), "")
        question = _Question(token, request, terms, agent_information(applicant), now)
        self._questions[request.xid] = question
        self._xids[token] = request.xid
        self._agenda.put(request.xid, now + self._settings.inform_again_seconds)
        return self._forwarded(question, now)

    def _may_forward(self, now: float) -> bool:
        return bool(self._settings.servers) and self._room.take(now)

    def receive(self, reply: Message, now: float) -> list[Effect]:
        """Take a server's reply to one of the questions; raises Malformed."""
        question = self._questions[reply.xid]
        if reply.type != Type.ACK or reply.hardware != question.request.hardware:
            # The client keeps its address whatever a server says.
            text = packet.type_name(reply.type)
            return [Report(question.token, Dropped(Phase.DHCP, "no answer to a DHCPINFORM", text))]
        found = inform.answer(question.request, question.terms, reply.options)
        self.forget(question.token)
        text = f"DHCPINFORM answered by the site's server in {now - question.since:.1f} s"
        return [_note(question, Level.INFO, text), Answered(question.token, found)]

    def expire(self, now: float) -> list[Effect]:
        """Repeat what is unanswered, then answer it from our own settings."""
        effects: list[Effect] = []
        for xid in self._agenda.due(now):
            question = self._questions[xid]
            patience = question.since + self._settings.inform_patience_seconds
            if question.repeated:
                self.forget(question.token)
                effects += _answered(question, "no DHCP server answered: ")
                continue
            question.repeated = True
            self._agenda.put(xid, max(patience, now))
            effects += self._forwarded(question, now)
        return effects

    def forget(self, token: int) -> None:
        """Answer this session no more."""
        if (xid := self._xids.pop(token, None)) is not None:
            del self._questions[xid]
            self._agenda.put(xid, None)

    def _forwarded(self, question: _Question, now: float) -> list[Effect]:
        # With an address in ciaddr Kea and ISC's server answer the client, past this relay;
        # without one dnsmasq does not answer at all: so first without, then with.
        request = question.request
        message = replace(
            request,
            options=request.options | {Code.RELAY_AGENT: question.agent},
            ciaddr=request.ciaddr if question.repeated else packet.NOWHERE,
            giaddr=self._settings.gateway,
            hops=request.hops + 1,
            secs=min(0xFFFF, request.secs + int(now - question.since)),
        )
        data = packet.encode(message)
        return [Transmit(server, data) for server in self._settings.servers]


def _answered(question: _Question, why: str) -> list[Effect]:
    text = f"{why}DHCPINFORM answered: {inform.summary(question.terms)}"
    notes: list[Effect] = [
        _note(question, level, words) for level, words in inform.remarks(question.terms)
    ]
    level = Level.WARNING if why else Level.INFO
    answer = inform.answer(question.request, question.terms)
    return [_note(question, level, text), *notes, Answered(question.token, answer)]


def _note(question: _Question, level: Level, text: str) -> Report:
    return Report(question.token, Noted(Phase.DHCP, level, text))
