"""What has to be done from time to time: finish erasures, delete what is over its time, log what a dead
process did not.

Each round does a bounded amount of work, and the rest is the next round's. Nothing here may end the task:
what goes wrong is told, and tried again. Only the process that writes the log sweeps.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from signalbox.domain.acts import Proposal
from signalbox.domain.errors import SignalboxError
from signalbox.governance.holds import Holds
from signalbox.histories import StoreThread, WasLogged
from signalbox.keeping.eraser import SWEEP, Acting, Eraser
from signalbox.keeping.keeper import Keeper
from signalbox.ports.clock import Clock
from signalbox.ports.payloads import Due, PayloadStore

PAGE: Final = 200
PAGES_MAX: Final = 20
CADENCE_S: Final = 30.0
LEFT_BEHIND_US: Final = 60_000_000
"""What was stored longer ago than that and is not in the log was left behind by a process that died."""
_log: Final = logging.getLogger("signalbox.keeping")


class Sweeper:
    """Use `open` and `aclose`; `soon` has a round begin at once. `deleted` counts what was over its time."""

    def __init__(
        self,
        board: Acting,
        holds: Holds,
        store: PayloadStore,
        thread: StoreThread,
        eraser: Eraser,
        keeper: Keeper,
        clock: Clock,
        was_logged: WasLogged,
        *,
        one_of_many: bool = False,
        cadence_s: float = CADENCE_S,
    ) -> None:
        self.deleted = 0
        self._board = board
        self._holds = holds
        self._store = store
        self._thread = thread
        self._eraser = eraser
        self._keeper = keeper
        self._clock = clock
        self._was_logged = was_logged
        self._cadence_s = cadence_s
        self._one_of_many = one_of_many
        self._caught_up = -1  # erasures of which this log has nothing left
        self._after: Due | None = None
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._wanted.set()
        self._task = asyncio.create_task(self._run())

    def soon(self) -> None:
        self._wanted.set()

    async def aclose(self) -> None:
        """What is under way is left, and gone on with at the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            # Not `wait_for`: in Python 3.11 it forgets that it was cancelled where the event is set already.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._cadence_s):
                    await self._wanted.wait()
            self._wanted.clear()
            await self.sweep()

    async def sweep(self) -> None:
        """One round. Raises nothing but cancellation."""
        for what, work in (
            ("an erasure is not finished yet", self._eraser.resume),
            ("what other nodes have erased is not emptied here yet", self._catch_up),
            ("what is over its time is not deleted yet", self._delete_due),
            ("kept content is not in the log yet", self._record_left),
        ):
            await _told(what, work)

    async def _catch_up(self) -> None:
        """At the first round, because nobody knows what was erased meanwhile, and after every erasure."""
        erasures = self._holds.erasures
        if self._one_of_many and self._caught_up != erasures:
            await self._eraser.catch_up()
            self._caught_up = erasures

    async def _record_left(self) -> None:
        before_us = self._clock.now_us() - LEFT_BEHIND_US
        await self._keeper.recorded(self._was_logged, before_us, PAGE)

    async def _delete_due(self) -> None:
        """What a hold covers stays, and is passed by until it is lifted."""
        for _ in range(PAGES_MAX):
            due = await self._thread.run(partial(self._store.due, self._clock.now_us(), self._after, PAGE))
            # Heard right before: a hold that was placed elsewhere a moment ago counts.
            await self._board.act(SWEEP, _nothing)
            free = [each for each in due if not self._holds.over(each.address.tenant, each.subject)]
            if free:
                addresses = [each.address for each in free]
                self.deleted += await self._thread.run(partial(self._store.delete, addresses))
            if len(due) < PAGE:
                self._after = None
                return
            self._after = due[-1]


async def _told(what: str, work: Callable[[], Awaitable[object]]) -> None:
    try:
        await work()
    except SignalboxError as error:
        _log.error("%s: %s", what, error.operator)


def _nothing() -> Sequence[Proposal]:
    return ()
