"""How many sessions a user has, and which of them live (Port-Limit, RFC 2865 section 5.42).

Who dials in once too often may be the owner of a session whose client died unnoticed. So before
anything is refused or replaced the sessions there are asked for a sign of life, and the new one
waits that long between its Access-Accept and the client's hearing of it.

Where there are several workers somebody above them counts. Each is asked for its members of a user,
perhaps to prove that they live, and which of them to displace.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from l2tpsec.concentrator.effects import Admit, Apply, Decline, Displace, Probe, Proven
from l2tpsec.foundation.groups import Groups
from l2tpsec.model.cause import Cause

PATIENCE_SECONDS = 3.0
PROBE_SECONDS = 1.0
"""Between two questions: one may be lost."""
MOST_PROBED = 16

Output = Admit | Decline | Displace | Probe | Proven

NONE_AT_ALL = "the user may have no session (Port-Limit)"


def judged(living: Sequence[int], most: int, *, replace: bool) -> tuple[Sequence[int], str]:
    """Tell which of a user's sessions, the oldest first, make room for one more, or why none do."""
    many = len(living) - most + 1
    if many <= 0:
        return (), ""
    if replace:
        return living[:many], ""
    return (), f"all {len(living)} sessions that the user may have are alive (Port-Limit)"


@dataclass(slots=True)
class _Applicant:
    """A session that waits; `doubted` has those asked, with the packets they had sent by then.

    One that only `asks` who lives is none: its number is a token.
    """

    number: int
    user: str
    most: int
    replace: bool
    until: float
    asked_at: float
    doubted: dict[int, int] = field(default_factory=dict)
    asks: bool = False


class Occupancy:
    """Counts sessions by user, letters' case aside; `packets` reads what a client has sent."""

    def __init__(self, packets: Callable[[int], int]) -> None:
        self._packets = packets
        self._members: Groups[str] = Groups()  # by user, the oldest session first
        self._applicants: dict[int, _Applicant] = {}

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        waiting = self._applicants.values()
        moments = (min(row.until, row.asked_at + PROBE_SECONDS) for row in waiting)
        return min(moments, default=None)

    def count(self, user: str) -> int:
        """Return how many sessions a user has."""
        return self._members.count(user.casefold())

    def members(self, user: str) -> list[int]:
        """Return a user's sessions, the oldest first."""
        return self._members.of(user.casefold())

    def apply(self, wish: Apply, now: float) -> list[Output]:
        """Take in a session, or let it wait for what those of its user say."""
        key, number, most = wish.user.casefold(), wish.number, wish.most
        if most is None or self.count(key) < most:
            return self.admit(number, key)
        if most == 0:
            return [Decline(number, NONE_AT_ALL)]
        until = now + PATIENCE_SECONDS
        return self._doubt(_Applicant(number, key, most, wish.replace, until, now))

    def prove(self, token: int, user: str, now: float) -> list[Output]:
        """Find out who of a user's sessions lives, and end the others; Proven follows."""
        key, until = user.casefold(), now + PATIENCE_SECONDS
        applicant = _Applicant(-token, key, 0, replace=False, until=until, asked_at=now, asks=True)
        outputs = self._doubt(applicant)
        return outputs or self._decide(applicant)

    def displace(self, numbers: Sequence[int]) -> list[Output]:
        """Let sessions make room for another worker's."""
        known = [number for number in numbers if number in self._members]
        return [self._displace(number, Cause.PREEMPTED) for number in known]

    def _doubt(self, applicant: _Applicant) -> list[Output]:
        for member in self.members(applicant.user)[:MOST_PROBED]:
            applicant.doubted[member] = self._packets(member)
        self._applicants[applicant.number] = applicant
        return [Probe(member) for member in applicant.doubted]

    def heard(self, number: int) -> list[Output]:
        """Note that a session's client has sent a frame."""
        outputs: list[Output] = []
        for applicant in list(self._applicants.values()):
            if applicant.doubted.pop(number, None) is not None and not applicant.doubted:
                outputs += self._decide(applicant)
        return outputs

    def gone(self, number: int) -> list[Output]:
        """Note that a session, or one that waited, is over."""
        self._applicants.pop(number, None)
        self._members.remove(number)
        outputs: list[Output] = []
        for applicant in list(self._applicants.values()):
            applicant.doubted.pop(number, None)
            if self.count(applicant.user) < applicant.most:
                del self._applicants[applicant.number]
                outputs += self.admit(applicant.number, applicant.user)
            elif applicant.asks and not applicant.doubted:
                outputs += self._decide(applicant)
        return outputs

    def expire(self, now: float) -> list[Output]:
        """Ask again, and decide where patience is over."""
        outputs: list[Output] = []
        for applicant in list(self._applicants.values()):
            if now >= applicant.until:
                outputs += self._decide(applicant)
            elif now >= applicant.asked_at + PROBE_SECONDS:
                applicant.asked_at = now
                outputs += [Probe(number) for number in self._silent(applicant)]
        return outputs

    def _silent(self, applicant: _Applicant) -> list[int]:
        return [n for n, before in applicant.doubted.items() if self._packets(n) == before]

    def _decide(self, applicant: _Applicant) -> list[Output]:
        self._applicants.pop(applicant.number, None)
        outputs = [self._displace(n, Cause.LOST_CARRIER) for n in self._silent(applicant)]
        living = self.members(applicant.user)
        if applicant.asks:
            return [*outputs, Proven(-applicant.number, tuple(living))]
        leaving, refusal = judged(living, applicant.most, replace=applicant.replace)
        outputs += [self._displace(number, Cause.PREEMPTED) for number in leaving]
        if refusal:
            return [*outputs, Decline(applicant.number, refusal)]
        return outputs + self.admit(applicant.number, applicant.user)

    def _displace(self, number: int, cause: Cause) -> Output:
        self._members.remove(number)
        return Displace(number, cause)

    def admit(self, number: int, user: str) -> list[Output]:
        """Take in a session: it has been decided."""
        self._members.add(user.casefold(), number)
        return [Admit(number)]
