"""A worker's certain end once its supervisor has died, in whatever state the worker is."""

import ctypes
import os
import select
import signal
import threading
import time

PATIENCE_SECONDS = 5.0
"""For a worker to end in order, which takes a moment unless it hangs."""

_SET_PARENT_DEATH_SIGNAL = 1


def tie(descriptor: int) -> None:
    """End this process when the other end of the socket `descriptor` has been gone for long.

    What reads the socket hears of it at once. One that hangs does not, and would keep the ports
    from the next server; one that was stopped is told by the kernel to go on.
    """
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGCONT)
    watch = threading.Thread(target=_watch, args=(os.dup(descriptor),), daemon=True)
    watch.start()


def _watch(descriptor: int) -> None:
    ended = select.poll()
    ended.register(descriptor, 0)  # the end is told unasked
    ended.poll()
    time.sleep(PATIENCE_SECONDS)
    os._exit(1)
