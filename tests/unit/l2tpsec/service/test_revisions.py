import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from l2tpsec.service.revisions import AT_ONCE, Revisions

if TYPE_CHECKING:
    from l2tpsec.concentrator.concentrator import Concentrator
    from l2tpsec.concentrator.revision import Revision
    from l2tpsec.runtime.driver import Driver

MANY = AT_ONCE + 1


class Box:
    """Writes down which revision reached which sessions."""

    subscribers = SimpleNamespace(numbers=list(range(MANY)))

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def revise(self, revision: Any, numbers: list[int], _now: float) -> list[object]:
        self.told.append((revision.name, len(numbers)))
        return []

    def turn(self, call: Callable[[float], list[object]]) -> None:
        for report in call(0.0):
            self.told.append((str(report), 0))


def revision(name: str, *, needed: bool = True) -> "Revision":
    made = SimpleNamespace(name=name, needed=needed, reports=lambda: [f"{name} is done"])
    return cast("Revision", made)


def test_one_after_the_other_in_portions_and_only_what_changes_anything() -> None:
    box = Box()

    async def main() -> None:
        revisions = Revisions(cast("Concentrator", box), cast("Driver", box))
        for each in (revision("a"), revision("b", needed=False), revision("c")):
            revisions.begin(each)
        await asyncio.gather(*revisions._tasks)

    asyncio.run(main())
    assert box.told == [
        *(("a", AT_ONCE), ("a", 1), ("a is done", 0)),
        *(("c", AT_ONCE), ("c", 1), ("c is done", 0)),
    ]


def test_when_the_box_ends_the_rest_is_left() -> None:
    box = Box()

    async def main() -> None:
        revisions = Revisions(cast("Concentrator", box), cast("Driver", box))
        revisions.begin(revision("a"))
        await asyncio.sleep(0)
        revisions.close()
        await asyncio.gather(*revisions._tasks, return_exceptions=True)

    asyncio.run(main())
    assert box.told == [("a", AT_ONCE)]
