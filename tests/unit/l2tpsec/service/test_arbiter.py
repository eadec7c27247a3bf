"""Claims of several workers, ruled on by what each of them knows."""

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Network
from typing import Any

import pytest

from l2tpsec.service.arbiter import Arbiter

ALLOWED = {"refusal": "", "address_refusal": "", "prefix_refusal": ""}
FIXED, PREFIX = "10.99.0.50", "2001:db8:5:5::/64"


class Fleet:
    """Two workers with sessions of one user: by number, since when, and whether it lives."""

    def __init__(self, *sessions: dict[int, tuple[float, bool]]) -> None:
        self.sessions = sessions
        self.concede = {0: "", 1: ""}
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.arbiter = Arbiter(self)

    async def __call__(
        self,
        command: str,
        fields: Mapping[str, Any] | None = None,
        but: int | None = None,
        seconds: float = 0.0,
    ) -> Mapping[int, object]:
        self.asked.append(command)
        await self.gate.wait()
        answers = {n: self._answer(command, n, fields or {}) for n in (0, 1) if n != but}
        return {n: answer for n, answer in answers.items() if answer is not None}

    def _answer(self, command: str, worker: int, fields: Mapping[str, Any]) -> object:
        mine = self.sessions[worker]
        if command == "concede":
            return self.concede[worker]
        ending = [n for n, (_, lives) in mine.items() if command == "prove" and not lives]
        for number in [*ending, *fields.get("numbers", ())]:
            mine.pop(number, None)
        return [[since, number] for number, (since, _) in mine.items()]

    async def claim(
        self,
        most: int | None = None,
        *,
        replace: bool = False,
        address: str = "",
        prefix: str = "",
        user: str = "alice",
        worker: int = 0,
    ) -> dict[str, str]:
        fields = {"user": user, "most": most, "replace": replace, "address": address}
        fields["prefix"] = prefix
        return await self.arbiter.rule(worker, fields)

    @property
    def left(self) -> set[int]:
        return {number for mine in self.sessions for number in mine}


def test_sessions_of_all_workers_count_and_while_there_is_room_nobody_need_prove_a_thing() -> None:
    async def main() -> None:
        fleet = Fleet({1: (5.0, True)}, {2: (7.0, True)})
        assert await fleet.claim(3) == ALLOWED
        assert fleet.asked == ["members"]
        refused = await fleet.claim(2)
        assert refused["refusal"] == (
            "all 2 sessions that the user may have are alive (Port-Limit)"
        )
        assert fleet.asked[1:] == ["members", "prove"]

    asyncio.run(main())


def test_a_dead_one_of_any_worker_makes_room() -> None:
    async def main() -> None:
        fleet = Fleet({1: (5.0, True)}, {2: (7.0, False)})
        assert await fleet.claim(2) == ALLOWED
        assert fleet.left == {1}

    asyncio.run(main())


def test_the_oldest_of_all_is_displaced_where_it_is_to_be_replaced() -> None:
    async def main() -> None:
        fleet = Fleet({1: (5.0, True), 3: (9.0, True)}, {2: (3.0, True)})
        assert await fleet.claim(3, replace=True) == ALLOWED
        assert fleet.left == {1, 3}
        assert await fleet.claim(1, replace=True) == ALLOWED
        assert fleet.left == set()

    asyncio.run(main())


def test_no_session_at_all() -> None:
    async def main() -> None:
        fleet = Fleet({}, {})
        assert "may have no session" in (await fleet.claim(0))["refusal"]

    asyncio.run(main())


def test_an_address_is_asked_of_the_others_and_then_leased_by_none_of_them() -> None:
    async def main() -> None:
        fleet = Fleet({}, {})
        fleet.concede[1] = "worker 1 has it"
        refused = await fleet.claim(address=FIXED)
        assert refused == ALLOWED | {"address_refusal": "worker 1 has it"}
        assert fleet.arbiter.withheld == set()
        assert await fleet.claim(address=FIXED, worker=1) == ALLOWED
        assert fleet.arbiter.withheld == {IPv4Address(FIXED)}
        assert fleet.asked == ["concede", "concede"]

    asyncio.run(main())


def test_a_prefix_is_asked_for_as_an_address_is() -> None:
    async def main() -> None:
        fleet = Fleet({}, {})
        fleet.concede[1] = "is held by 'bob'"
        refused = await fleet.claim(prefix=PREFIX)
        assert refused == ALLOWED | {"prefix_refusal": "is held by 'bob'"}
        assert (await fleet.claim(address=FIXED, prefix=PREFIX))["prefix_refusal"] == ""
        assert fleet.asked == ["concede", "concede"], "without its address it is no session"
        assert await fleet.claim(address=FIXED, prefix=PREFIX, worker=1) == ALLOWED
        assert fleet.arbiter.withheld == {IPv4Address(FIXED), IPv6Network(PREFIX)}

    asyncio.run(main())


@pytest.mark.parametrize(
    ("user", "address", "together"),
    [("Alice", "10.99.0.51", False), ("bob", FIXED, False), ("bob", "10.99.0.51", True)],
)
def test_of_one_user_and_of_one_address_the_second_waits_for_the_first(
    user: str, address: str, *, together: bool
) -> None:
    async def main() -> None:
        fleet = Fleet({}, {})
        fleet.gate.clear()
        claims = [
            asyncio.create_task(fleet.claim(address=FIXED)),
            asyncio.create_task(fleet.claim(address=address, user=user, worker=1)),
        ]
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(fleet.asked) == (2 if together else 1)
        fleet.gate.set()
        assert await asyncio.gather(*claims) == [ALLOWED, ALLOWED]
        assert not fleet.arbiter._locks
        assert not fleet.arbiter._wanted

    asyncio.run(main())
