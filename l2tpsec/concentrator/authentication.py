"""What one dial-in asks RADIUS, and what it makes of the answer (RFC 2865 section 4)."""

from dataclasses import dataclass

from l2tpsec.concentrator.aaa import access
from l2tpsec.concentrator.aaa.identity import Dialin
from l2tpsec.concentrator.aaa.unheeded import unheeded
from l2tpsec.model.credentials import Credentials, MsChap, MsChapV2, MsChapV2ChangePassword
from l2tpsec.model.grant import Grant, Verdict
from l2tpsec.model.records import Level, Noted, Phase
from radius.message import Message

_MOST_TOLD = 1000


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the client is to hear, what the session may have, and what the log says of it."""

    verdict: Verdict
    notes: tuple[Noted, ...]
    grant: Grant | None = None


class Authentication:
    """A client's way to its grant; `told` are the attributes that the log has named before."""

    def __init__(self, told: set[str]) -> None:
        self.method = ""
        self.name = b""
        self._told = told
        self._credentials: Credentials | None = None

    def ask(self, credentials: Credentials, dialin: Dialin) -> Message:
        """Return the request that lets RADIUS judge what the client sent."""
        self._credentials = credentials
        self.name = credentials.name
        return access.access_request(credentials, dialin)

    def judged(self, reply: Message) -> Judgement | None:
        """Read RADIUS's answer; None while nothing was asked."""
        credentials = self._credentials
        if credentials is None:
            return None
        verdict = access.verdict(credentials, reply)
        note = self._note(credentials, verdict, reply)
        if not verdict.accepted:
            return Judgement(verdict, (note,))
        self._credentials = None
        return Judgement(verdict, (note, *self._unheeded(reply)), access.grant(credentials, reply))

    def declined(self, text: str) -> Verdict:
        """Return the refusal of a client that RADIUS accepts, in words that it can show."""
        if isinstance(self._credentials, MsChap | MsChapV2 | MsChapV2ChangePassword):
            return Verdict(accepted=False, message=b"E=649 R=0 V=3 M=" + text.encode())
        return Verdict(accepted=False, message=text.encode())

    def _note(self, credentials: Credentials, verdict: Verdict, reply: Message) -> Noted:
        change = isinstance(credentials, MsChapV2ChangePassword)
        method = f"{self.method}, change of password" if change else self.method
        if verdict.accepted:
            return Noted(Phase.AUTHENTICATION, Level.INFO, f"accepted by {method}")
        words = access.refusal(reply, verdict)
        text = f"refused by the RADIUS server ({method}): {words}"
        return Noted(Phase.AUTHENTICATION, Level.WARNING, text)

    def _unheeded(self, accept: Message) -> list[Noted]:
        """Name what RADIUS asks for in vain, once in the box's life."""
        fresh = [name for name in unheeded(accept) if name not in self._told]
        if not fresh or len(self._told) > _MOST_TOLD:
            return []
        self._told.update(fresh)
        text = f"the RADIUS server sends what is not obeyed here: {', '.join(fresh)}"
        return [Noted(Phase.RADIUS, Level.WARNING, text)]
