"""Requests in flight at one endpoint, with a queue in front of those that take few at a time."""

import asyncio
from collections import deque


class Turnstile:
    """First come, first served. The limit may change from one call to the next."""

    __slots__ = ("inside", "queue")

    def __init__(self) -> None:
        self.inside = 0
        self.queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        return len(self.queue)

    def try_enter(self, limit: int) -> bool:
        """Take a place if one of `limit` is free. True: `leave` is owed."""
        if self.inside >= limit:
            return False
        self.inside += 1
        return True

    async def enter(self, within_us: int) -> bool:
        """Wait for a place, at most `within_us`. True: `leave` is owed."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append(place)
        try:
            async with asyncio.timeout(within_us / 1_000_000):
                await place
        except TimeoutError:
            # The place may have been handed over in the very moment that time ran out.
            return place.done() and not place.cancelled()
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(self.inside)  # to whoever is next: the place was there to be taken
            raise
        finally:
            if place in self.queue:
                self.queue.remove(place)
        return True

    def leave(self, limit: int) -> None:
        """Free the place, and let those in who wait longest while fewer than `limit` (from 1) are inside."""
        self.inside -= 1
        while self.queue and self.inside < limit:
            place = self.queue.popleft()
            if not place.done():
                self.inside += 1
                place.set_result(None)
