"""Serves a settings file like `signalbox serve`, and stops dead at a named place when told to.

    python runner.py SETTINGS [PLACE HIT]

At the HIT-th time (from 1) that PLACE is passed, the process sends itself SIGKILL: no handler runs, no
buffer is flushed, as when the machine's operator or its kernel ends it.
"""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import uvloop

from signalbox.app import Signalbox
from signalbox.service import run


class KillAt:
    def __init__(self, place: str, hit: int) -> None:
        self._place, self._left = place, hit
        self._lock = threading.Lock()  # the log's places are passed in its writer thread

    def __call__(self, place: str) -> None:
        if place != self._place:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.write(2, f"killed at {place}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    settings, place, hit = sys.argv[1], *(sys.argv[2:] or ["", "0"])
    box = Signalbox.from_config(Path(settings), failpoint=KillAt(place, int(hit)))

    def announce(address: str) -> None:
        os.write(1, f"{address}\n".encode())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(box, announce))


if __name__ == "__main__":
    main()
