"""Writes to sockets, held until the turn of the event loop is over and then made one after the other.

A write that wakes a sleeping peer costs several times one to a peer that is awake already. Where many
requests are under way, those of one turn wake each peer once instead of once each: at 64 connections a
request took a seventh less CPU (`docs/decisions/0016-abreast.md`). A lone write waits for no other: it is
made as soon as the callbacks that are ready have run.

It knows no protocol and closes nothing. Who closes a transport flushes first.
"""

import asyncio
from collections.abc import Callable
from typing import Final

BYTES_MAX: Final = 262_144
"""More than this is never held: a writer that does not wait is written for at once, so that its transport
can tell it to pause."""


class Outbox:
    """Of one event loop; order is kept."""

    __slots__ = ("_bytes", "_held", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held: list[tuple[Callable[[bytes], None], bytes]] = []
        self._bytes = 0

    def put(self, write: Callable[[bytes], None], data: bytes) -> None:
        """Call `write(data)` when this turn is over."""
        held = self._held
        if not held:
            self._loop.call_soon(self.flush)
        held.append((write, data))
        self._bytes += len(data)
        if self._bytes > BYTES_MAX:
            self.flush()

    def flush(self) -> None:
        """Make all writes now. One that raises is told to the loop, and keeps none of the others."""
        held, self._held, self._bytes = self._held, [], 0
        for write, data in held:
            try:
                write(data)
            except Exception as error:  # noqa: BLE001 - whatever a transport raises: the others are owed theirs
                self._loop.call_exception_handler({"message": "a write failed", "exception": error})
