"""What one dial-in asks RADIUS, and what it makes of the answer (RFC 2865 section 4)."""

from dataclasses import dataclass

from l2tpsec.concentrator.aaa import access, eap
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.aaa.restrictions import Filters, Unobeyable
from l2tpsec.concentrator.aaa.unheeded import complaint
from l2tpsec.foundation.wire import Malformed
from l2tpsec.model.cause import Cause
from l2tpsec.model.credentials import Credentials, Eap, MsChapV2ChangePassword
from l2tpsec.model.grant import Challenge, Grant, Verdict
from l2tpsec.model.records import Level, Noted, Phase
from radius.message import Code, Message

_NOBODY = Verdict(accepted=False)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the client is to hear, what the session may have, and what the log says of it.

    `cause`: why a refusal ends the session. `credentials`: what a grant is for.
    """

    answer: Verdict | Challenge
    notes: tuple[Noted, ...] = ()
    grant: Grant | None = None
    cause: Cause = Cause.AUTHENTICATION_FAILED
    credentials: Credentials | None = None


class Authentication:
    """A client's way to its grant.

    `told` are the attributes that the log has named before, `filters` those that RADIUS may name;
    `wants_identity`: RADIUS is asked for the one by which the user is charged (RFC 4372).
    """

    __slots__ = (
        "_credentials",
        "_filters",
        "_mtu",
        "_state",
        "_told",
        "_wants_identity",
        "method",
    )

    def __init__(self, told: set[str], filters: Filters, *, wants_identity: bool = False) -> None:
        self.method = ""
        self._wants_identity = wants_identity
        self._told = told
        self._filters = filters
        self._credentials: Credentials | None = None
        self._state = b""
        self._mtu = 0

    def begin(self, method: str) -> None:
        """Take note of the method; what was asked before is over."""
        self.method = method
        self._credentials, self._state = None, b""

    def ask(self, credentials: Credentials, dialin: Dialin, mtu: int) -> Message:
        """Return the request that lets RADIUS judge what the client sent over a link of `mtu`."""
        self._credentials, self._mtu = credentials, mtu
        wants = self._wants_identity
        request = access.access_request(credentials, dialin, wants_identity=wants)
        if not isinstance(credentials, Eap):
            return request
        return Message(request.code, (*request.attributes, *eap.conversation(self._state, mtu)))

    def judged(self, reply: Message | None, reason: str) -> Judgement | None:
        """Read RADIUS's answer; None with a reason when no server answered.

        Return None while nothing was asked.
        """
        credentials, self._credentials = self._credentials, None
        if credentials is None:
            return None
        if reply is None:
            return self._unavailable(reason)
        if isinstance(credentials, Eap) and reply.code is Code.ACCESS_CHALLENGE:
            return self._challenged(reply)
        return self._decided(credentials, reply)

    def _decided(self, credentials: Credentials, reply: Message) -> Judgement:
        verdict = access.verdict(credentials, reply)
        note = self._note(credentials, verdict, reply)
        if not verdict.accepted:
            return Judgement(verdict, (note,))
        try:
            granted = access.grant(credentials.name, reply, self._filters)
        except Unobeyable as error:
            text = f"refused here, for what RADIUS wants cannot be obeyed: {error}"
            return Judgement(_NOBODY, (note, Noted(Phase.RADIUS, Level.WARNING, text)))
        notes = (note, *complaint(reply, self._told), *_unfit(reply))
        return Judgement(verdict, notes, granted, credentials=credentials)

    def _challenged(self, reply: Message) -> Judgement:
        try:
            challenge = eap.challenge(reply)
        except Malformed as error:
            return self._unavailable(f"the RADIUS server's Access-Challenge is no EAP: {error}")
        # RFC 2865 section 5.24: it goes back as it is, and none goes back where none came
        self._state = reply.octets("State") or b""
        return Judgement(challenge, self._too_long(challenge))

    def _too_long(self, challenge: Challenge) -> tuple[Noted, ...]:
        octets = len(challenge.request)
        if octets <= self._mtu:
            return ()
        text = (
            f"the RADIUS server's EAP packet of {octets} octets is too long for a link of "
            f"{self._mtu}: let it obey Framed-MTU, or lower its fragment size"
        )
        return (Noted(Phase.RADIUS, Level.WARNING, text),)

    @staticmethod
    def _unavailable(reason: str) -> Judgement:
        note = Noted(Phase.RADIUS, Level.WARNING, reason)
        return Judgement(_NOBODY, (note,), cause=Cause.AUTHENTICATION_UNAVAILABLE)

    def _note(self, credentials: Credentials, verdict: Verdict, reply: Message) -> Noted:
        change = isinstance(credentials, MsChapV2ChangePassword)
        method = f"{self.method}, change of password" if change else self.method
        if verdict.accepted:
            return Noted(Phase.AUTHENTICATION, Level.INFO, f"accepted by {method}")
        words = access.refusal(credentials, reply, verdict)
        text = f"refused by the RADIUS server ({method}): {words}"
        return Noted(Phase.AUTHENTICATION, Level.WARNING, text)


def _unfit(accept: Message) -> list[Noted]:
    """Name the values of obeyed attributes that are not obeyed."""
    mtu, least = accept.number("Framed-MTU"), access.LEAST_FRAMED_MTU
    if mtu is None or mtu >= least:
        return []
    text = f"Framed-MTU {mtu} is not obeyed: hosts take {least} octets or more"
    return [Noted(Phase.RADIUS, Level.WARNING, text)]
