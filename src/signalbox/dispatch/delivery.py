"""An answer on its way to the caller: whole, or as it comes."""

import asyncio
import traceback
from asyncio import current_task, get_running_loop
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final, Protocol

from msgspec import Struct

from signalbox.dispatch.attempt import Attempt, Settlement, Status
from signalbox.dispatch.books import Books
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.plan import PlannedAttempt
from signalbox.domain.reply import Event, Reply

RECALLED: Final = "the same was answered before"


class Listener(Protocol):
    """Hears a stream along with its reader. Raises nothing."""

    def heard(self, event: Event) -> None: ...

    def ended(self) -> None:
        """It came to a whole reply, and the settlement is known."""

    def broke_off(self) -> None:
        """It ended without coming to one."""


class Delivery(Struct, eq=False):
    """`reply` when it is whole, `events` while it comes. `settlement` is set at its end. `cache_status` is
    the header's value (RFC 9211), empty where the tenant has no cache."""

    attempt: str
    number: int
    endpoint: Endpoint
    planned: PlannedAttempt
    on_books: "Attempt | Given"
    reply: Reply | None = None
    events: "Relay | None" = None
    settlement: Settlement | None = None
    cache_status: bytes = b""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was mapped or left out on the way, in the words of `domain.notes`."""
        return self.on_books.notes

    @property
    def misrouted(self) -> bool:
        """Another than was authorised has answered."""
        return bool(self.on_books.misrouted)


class Given(Struct, frozen=True):
    """What is told of an attempt that was made for another request."""

    notes: tuple[str, ...]
    misrouted: str = ""


class Recalled(Delivery, eq=False):
    """An answer that was given before: `attempt` is the one that it came of, and nothing was sent for it."""

    @classmethod
    def of(
        cls,
        endpoint: Endpoint,
        attempt: str,
        reply: Reply,
        settlement: Settlement,
        notes: tuple[str, ...],
        cache_status: bytes,
    ) -> "Recalled":
        planned = PlannedAttempt(0, 0, endpoint.price.currency, endpoint.id, 0, 0, RECALLED, 0)
        # There is no attempt of this request, and so none on the books.
        return cls(attempt, 1, endpoint, planned, Given(notes), reply, None, settlement, cache_status)


class Relay:
    """A stream past its first content: hands on events and closes the books whichever way it ends.

    An iterator with `aclose`, and not a generator, because closing a generator that was never started
    runs none of its code, and a client may leave before it reads the first event.
    """

    __slots__ = ("_attempt", "_books", "_delivery", "_loop", "_open", "_opening", "_source", "listener")

    def __init__(
        self,
        books: Books,
        attempt: Attempt,
        delivery: Delivery,
        opening: list[Event],
        source: AsyncGenerator[Event, None],
    ) -> None:
        self._books = books
        self._loop = get_running_loop()  # asked once, as in `dispatcher`
        self._attempt = attempt
        self._delivery = delivery
        self._opening = opening[::-1]
        self._source = source
        self._open = True
        self.listener: Listener | None = None

    def __aiter__(self) -> "Relay":
        return self

    async def __anext__(self) -> Event:
        """The next event. Raises `ProviderFailure` where the vendor's stream broke."""
        attempt = self._attempt
        if attempt.cut:
            raise await self._cut_off()
        if self._opening:
            event = self._opening.pop()
        else:
            attempt.waiter = current_task(self._loop)
            try:
                event = await self._source.__anext__()
            except StopAsyncIteration:
                ended = self._open
                self._delivery.settlement = self._close("ok", None)
                if ended and self.listener is not None:
                    self.listener.ended()
                raise
            except ProviderFailure as failure:
                self._close("failed", failure)
                raise
            except asyncio.CancelledError as cancelled:
                killed = attempt.killed()
                if killed is None:
                    await self.aclose()
                    raise
                raise await self._cut_off(killed) from cancelled
            except Exception as error:
                broken = broken_promise(attempt.endpoint, error)
                self._close("failed", broken)
                raise broken from error
            finally:
                attempt.waiter = None
        attempt.saw(event)
        if self.listener is not None:
            self.listener.heard(event)
        return event

    async def _cut_off(self, killed: ProviderFailure | None = None) -> ProviderFailure:
        """The kill switch ends this stream, whether it waits for the vendor or for its reader."""
        killed = killed or ProviderFailure(FailureKind.WITHDRAWN, self._attempt.cut)
        self._close("cancelled", killed)
        await self.stop()
        return killed

    async def aclose(self) -> None:
        """Stop the vendor's work, if it is still at it. Idempotent."""
        if self._open:
            self.abandon()
            await self.stop()

    async def stop(self) -> None:
        """Stop the vendor's work."""
        await self._source.aclose()

    def abandon(self) -> None:
        """Close the books of a stream that nobody will read, at once; `aclose` also stops the vendor."""
        self._close("cancelled", ProviderFailure(FailureKind.CANCELLED, "the client left"))

    def _close(self, status: Status, failure: ProviderFailure | None) -> Settlement | None:
        if not self._open:
            return self._delivery.settlement
        self._open = False
        if status != "ok" and self.listener is not None:
            self.listener.broke_off()
        return self._books.close(self._attempt, status, failure)


def broken_promise(endpoint: Endpoint, error: Exception) -> ProviderFailure:
    """A provider raised what it may not: a fault in its code. Its message may hold texts, so only its kind
    and place are told."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return ProviderFailure(
        FailureKind.BAD_REPLY, f"`{endpoint.id}`: its provider failed with {type(error).__name__} at {where}"
    )
