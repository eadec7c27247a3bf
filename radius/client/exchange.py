"""One request of the caller: the datagrams it became, and when it is repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from radius.client.settings import Settings
from radius.client.upstream import Attempt, Upstream
from radius.message import Code, Message

LEGAL_REPLIES = {
    Code.ACCESS_REQUEST: frozenset((Code.ACCESS_ACCEPT, Code.ACCESS_REJECT, Code.ACCESS_CHALLENGE)),
    Code.ACCOUNTING_REQUEST: frozenset((Code.ACCOUNTING_RESPONSE,)),
}
_DELAY = "Acct-Delay-Time"


@dataclass(slots=True, eq=False)
class Exchange:
    """A request in progress. `deadline` is None once it is over; `tied`: to the one server."""

    token: int
    message: Message
    started: float
    untried: list[Upstream]
    troubles: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    tries: int = 0
    asked_at: float = 0.0
    refused: str = ""
    delay_seconds: int = 0
    deadline: float | None = None
    tied: bool = False

    @property
    def upstream(self) -> Upstream:
        """The server that is asked now."""
        return self.attempts[-1].upstream

    @property
    def unlucky(self) -> bool:
        """Tell whether the last server there is has answered others meanwhile: the wire loses."""
        return not self.untried and self.upstream.heard_at > self.asked_at

    def reconsider(self, order: Sequence[Upstream]) -> None:
        """Take new servers; those that were asked already are not asked again."""
        if self.tied:
            return
        asked = {attempt.upstream for attempt in self.attempts}
        self.untried = [row for row in order if row not in asked]

    def next_upstream(self, now: float) -> Upstream | None:
        """Take the first untried server that answers, or else the first that is thought dead."""
        if not self.untried:
            return None
        chosen = next((row for row in self.untried if row.alive(now)), self.untried[0])
        self.untried.remove(chosen)
        self.tries, self.asked_at, self.refused = 0, now, ""
        return chosen

    def hopeless(self, upstream: Upstream, now: float) -> bool:
        """Tell whether others found this server dead meanwhile and a living one is left."""
        return not upstream.alive(now) and any(row.alive(now) for row in self.untried)

    def stamped(self, now: float) -> Message:
        """Return the message with the time it has waited (RFC 2866 section 5.2)."""
        if self.message.code is not Code.ACCOUNTING_REQUEST:
            return self.message
        self.delay_seconds = self._delay(now)
        kept = [row for row in self.message.attributes if row[0] != _DELAY]
        return replace(self.message, attributes=(*kept, (_DELAY, self.delay_seconds)))

    def outdated(self, now: float) -> bool:
        """Tell whether the last datagram's Acct-Delay-Time is wrong by now."""
        accounting = self.message.code is Code.ACCOUNTING_REQUEST
        return accounting and self._delay(now) != self.delay_seconds

    def _delay(self, now: float) -> int:
        return (self.message.number(_DELAY) or 0) + max(0, int(now - self.started))

    def wait_seconds(self, settings: Settings, dice: int) -> float:
        """Return the wait after the try just made; `dice` is a random octet."""
        doubled = settings.first_wait_seconds * 2 ** min(self.tries - 1, 16)
        return float(min(doubled, settings.longest_wait_seconds) * (0.9 + 0.2 * dice / 255))

    def trouble(self) -> str:
        """Say why the server that is asked now is of no use."""
        stream = self.upstream.stream
        if stream is not None and stream.trouble:
            return stream.trouble
        tries = f"{self.tries} tries" if self.tries > 1 else "a request"
        return self.refused or f"no answer to {tries}"

    def give_up_on(self, upstream: Upstream, trouble: str) -> None:
        """Remember why this server was of no use."""
        self.troubles.append(f"{upstream}: {trouble}")

    def close(self) -> Sequence[Attempt]:
        """End it; return the attempts whose identifiers are free again."""
        self.deadline = None
        # they know this exchange: without the cycle it is gone at once, and no collector needed
        over, self.attempts = self.attempts, []
        return over
