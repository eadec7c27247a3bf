"""What no worker knows by itself: how many sessions a user has, and who has an address or a prefix.

Claims of one user are heard one after the other, and so are those of one place: of two that come at
once the second is judged by what the first was granted.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from ipaddress import IPv4Address, IPv6Network
from typing import Any, Protocol

from l2tpsec.concentrator.aaa.occupancy import NONE_AT_ALL, PATIENCE_SECONDS, judged
from l2tpsec.concentrator.claims import Place
from l2tpsec.concentrator.effects import Ruling
from l2tpsec.runtime.bus import ANSWER_SECONDS

PROOF_SECONDS = PATIENCE_SECONDS + ANSWER_SECONDS


class Ask(Protocol):
    """Asks all workers that serve, `but` one perhaps; has the answers of those that answer."""

    async def __call__(
        self,
        command: str,
        fields: Mapping[str, object] | None = None,
        but: int | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Mapping[int, object]:
        """Return the answers by worker."""


class Arbiter:
    """Rules on Claims. `withheld` are places that it gave away: no worker leases them freely."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._locks: dict[str, asyncio.Lock] = {}
        self._wanted: Counter[str] = Counter()
        self.withheld: set[Place] = set()

    async def rule(self, worker: int, claim: Mapping[str, Any]) -> dict[str, str]:
        """Rule on a Claim of this worker, both packed as JSON has them."""
        user, most = str(claim["user"]), claim["most"]
        async with self._alone(f"user {user.casefold()}"):
            if most is not None:
                refusal = await self._counted(user, int(most), replace=bool(claim["replace"]))
                if refusal:
                    return asdict(Ruling(refusal))
            refusal = await self._conceded(worker, user, str(claim["address"]))
            if refusal:
                return asdict(Ruling(address_refusal=refusal))
            refusal = await self._conceded(worker, user, str(claim["prefix"]))
            return asdict(Ruling(prefix_refusal=refusal))

    async def _counted(self, user: str, most: int, *, replace: bool) -> str:
        """Make room for one session more, or say why there is none."""
        if most == 0:
            return NONE_AT_ALL
        if len(await self._sessions("members", user)) < most:
            return ""
        living = await self._sessions("prove", user)
        leaving, refusal = judged(living, most, replace=replace)
        if leaving:
            await self._ask("displace", {"numbers": list(leaving)})
        return refusal

    async def _sessions(self, question: str, user: str) -> list[int]:
        """Return the numbers of a user's sessions, the oldest first."""
        answers = await self._ask(question, {"user": user}, seconds=PROOF_SECONDS)
        rows = [row for part in answers.values() if isinstance(part, list) for row in part]
        return [number for _, number in sorted(rows)]

    async def _conceded(self, worker: int, user: str, wanted: str) -> str:
        """Ask the others for a place, if one is wanted, or say who keeps it."""
        if not wanted:
            return ""
        async with self._alone(f"place {wanted}"):
            fields = {"user": user, "place": wanted}
            answers = await self._ask("concede", fields, but=worker)
            refusal = next((str(answer) for answer in answers.values() if answer), "")
            if not refusal:
                self.withheld.add(place(wanted))
            return refusal

    @contextlib.asynccontextmanager
    async def _alone(self, what: str) -> AsyncIterator[None]:
        self._wanted[what] += 1
        try:
            async with self._locks.setdefault(what, asyncio.Lock()):
                yield
        finally:
            self._wanted[what] -= 1
            if not self._wanted[what]:
                del self._wanted[what], self._locks[what]


def place(text: str) -> Place:
    """Read an address or a prefix that another process has written."""
    return IPv6Network(text) if "/" in text else IPv4Address(text)
