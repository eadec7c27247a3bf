"""How many sessions a user has, and which of them live (Port-Limit, RFC 2865 section 5.42).

Who dials in once too often may be the owner of a session whose client died unnoticed. So before
anything is refused or replaced the sessions there are asked for a sign of life, and the new one
waits that long between its Access-Accept and the client's hearing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from l2tpsec.concentrator.effects import Admit, Apply, Decline, Displace, Probe
from l2tpsec.model.cause import Cause

PATIENCE_SECONDS = 3.0
PROBE_SECONDS = 1.0
"""Between two questions: one may be lost."""
MOST_PROBED = 16

Output = Admit | Decline | Displace | Probe


@dataclass(slots=True)
class _Applicant:
    """A session that waits; `doubted` has those asked, with the packets they had sent by then."""

    number: int
    user: str
    most: int
    replace: bool
    until: float
    asked_at: float
    doubted: dict[int, int] = field(default_factory=dict)


class Occupancy:
    """Counts sessions by user, letters' case aside; `packets` reads what a client has sent."""

    def __init__(self, packets: Callable[[int], int]) -> None:
        self._packets = packets
        self._members: dict[str, dict[int, None]] = {}  # by user, the oldest session first
        self._users: dict[int, str] = {}
        self._applicants: dict[int, _Applicant] = {}

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        waiting = self._applicants.values()
        moments = (min(row.until, row.asked_at + PROBE_SECONDS) for row in waiting)
        return min(moments, default=None)

    def count(self, user: str) -> int:
        """Return how many sessions a user has."""
        return len(self._members.get(user.casefold(), ()))

    def apply(self, wish: Apply, now: float) -> list[Output]:
        """Take in a session, or let it wait for what those of its user say."""
        key, number, most = wish.user.casefold(), wish.number, wish.most
        if most is None or self.count(key) < most:
            return self._admit(number, key)
        if most == 0:
            return [Decline(number, "the user may have no session (Port-Limit)")]
        until = now + PATIENCE_SECONDS
        applicant = _Applicant(number, key, most, wish.replace, until, now)
        for member in list(self._members[key])[:MOST_PROBED]:
            applicant.doubted[member] = self._packets(member)
        self._applicants[number] = applicant
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
        self._forget(number)
        outputs: list[Output] = []
        for applicant in list(self._applicants.values()):
            applicant.doubted.pop(number, None)
            if self.count(applicant.user) < applicant.most:
                del self._applicants[applicant.number]
                outputs += self._admit(applicant.number, applicant.user)
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
        user, most = applicant.user, applicant.most
        outputs = [self._displace(n, Cause.LOST_CARRIER) for n in self._silent(applicant)]
        while applicant.replace and self.count(user) >= most:
            oldest = next(iter(self._members[user]))
            outputs.append(self._displace(oldest, Cause.PREEMPTED))
        if self.count(user) < most:
            return outputs + self._admit(applicant.number, user)
        text = f"all {self.count(user)} sessions that the user may have are alive (Port-Limit)"
        return [*outputs, Decline(applicant.number, text)]

    def _displace(self, number: int, cause: Cause) -> Output:
        self._forget(number)
        return Displace(number, cause)

    def _admit(self, number: int, key: str) -> list[Output]:
        self._members.setdefault(key, {})[number] = None
        self._users[number] = key
        return [Admit(number)]

    def _forget(self, number: int) -> None:
        key = self._users.pop(number, None)
        if key is not None:
            del self._members[key][number]
            if not self._members[key]:
                del self._members[key]
