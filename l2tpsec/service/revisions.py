"""Live sessions brought to filters that were read anew, a few in a turn."""

import asyncio
from functools import partial

from l2tpsec.concentrator.concentrator import Concentrator
from l2tpsec.concentrator.revision import Revision
from l2tpsec.runtime.driver import Driver
from l2tpsec.runtime.portions import portions

AT_ONCE = 64
"""Sessions of one turn."""


class Revisions:
    """Those of one box; a later one waits for those before it."""

    def __init__(self, concentrator: Concentrator, driver: Driver) -> None:
        self._concentrator = concentrator
        self._driver = driver
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, revision: Revision) -> None:
        """Start with it, if it changes anything."""
        if revision.needed:
            task = asyncio.get_running_loop().create_task(self._revise(revision))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Leave the rest as it is: the box ends."""
        for task in self._tasks:
            task.cancel()

    async def _revise(self, revision: Revision) -> None:
        async with self._turn:
            async for few in portions(self._concentrator.subscribers.numbers, AT_ONCE):
                self._driver.turn(partial(self._concentrator.revise, revision, few))
            self._driver.turn(lambda _: [*revision.reports()])
