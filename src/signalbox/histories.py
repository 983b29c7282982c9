"""What following a history takes that is kept in a store which processes share: the kill switch's, the acts'.

A thread of its own to ask the store from, and a copy of every entry in the decision log. What an entry means
and when it is in force is not known here.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol, TypeVar

from signalbox.domain.errors import LogUnavailable, SignalboxError
from signalbox.domain.records import Record
from signalbox.ports.log import DecisionLog

_log: Final = logging.getLogger("signalbox.histories")
_T = TypeVar("_T")

WasLogged = Callable[[Record], bool]
"""Whether the log has a record of this kind for this id. Blocks."""


class StoreThread:
    """A store is only ever called from here: one that hangs holds up neither loop nor log."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def end_with(self, work: Callable[[], object]) -> None:
        """`work` comes last, and is not waited for."""
        self._thread.submit(work)
        self._thread.shutdown(wait=False)


class CopiedHistory(Protocol):
    """The store's side of the copy. Every method may block, and raises a member of the error family."""

    def logged(self) -> int:
        """Up to which entry the log has a copy."""

    def set_logged(self, number: int) -> None: ...


class LogCopy:
    """Has the decision log know every entry of a history once, in order.

    `entries` reads those after a number; `record` makes one's record, on the event loop. One event loop; what
    does not succeed is tried again when `up_to` is next called.
    """

    def __init__(
        self,
        what: str,
        store: CopiedHistory,
        thread: StoreThread,
        log: DecisionLog,
        was_logged: WasLogged,
        entries: Callable[[int], Iterable[tuple[int, Callable[[], Record]]]],
    ) -> None:
        self._what = what
        self._store = store
        self._thread = thread
        self._log = log
        self._was_logged = was_logged
        self._entries = entries
        self._logged = -1  # not known yet
        self._wanted = 0
        self._copying: asyncio.Task[None] | None = None

    def up_to(self, number: int) -> None:
        """Begin to copy, unless nothing is missing. Never waits."""
        self._wanted = max(self._wanted, number)
        if self._logged < number and (self._copying is None or self._copying.done()):
            self._copying = asyncio.create_task(self._copy())

    async def aclose(self) -> None:
        """What is being copied ends. What is not in the log yet is copied by who next writes it."""
        if self._copying is not None:
            await self._copying

    async def _copy(self) -> None:
        try:
            if self._logged < 0:
                self._logged = await self._thread.run(self._store.logged)
            while self._logged < self._wanted:
                entries = await self._thread.run(partial(self._read, self._logged))
                if not entries:
                    return  # the store has lost what is known here, which its follower tells
                for number, make in entries:
                    await self._write(number, make())
        except LogUnavailable as error:
            _log.error("%s: not all of it is in the log yet: %s", self._what, error.operator)
        except SignalboxError as error:
            _log.error("%s: its history cannot be copied to the log yet: %s", self._what, error.operator)

    def _read(self, after: int) -> list[tuple[int, Callable[[], Record]]]:
        return list(self._entries(after))

    async def _write(self, number: int, record: Record) -> None:
        if not await self._thread.run(partial(self._was_logged, record)):
            await self._log.commit([record])
        await self._thread.run(partial(self._store.set_logged, number))
        self._logged = number
