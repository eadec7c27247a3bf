import asyncio
import gc
import os
import signal

import pytest

from l2tpsec.service import process


@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGTERM, "stop"), (signal.SIGINT, "stop"), (signal.SIGHUP, "reload")],
)
def test_signals_are_obeyed_while_it_runs(number: signal.Signals, told: str) -> None:
    before = signal.getsignal(number)

    async def main() -> str:
        heard: asyncio.Queue[str] = asyncio.Queue()
        with process.signals(lambda: heard.put_nowait("stop"), lambda: heard.put_nowait("reload")):
            os.kill(os.getpid(), number)
            return await heard.get()

    assert asyncio.run(main()) == told
    assert signal.getsignal(number) == before


def test_full_rounds_are_rare_for_as_long_as_it_serves() -> None:
    before = gc.get_threshold()
    with process.seldom_collected():
        assert gc.get_threshold() == (*before[:2], process.FULL_ROUND)
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
