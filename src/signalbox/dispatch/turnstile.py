"""Requests in flight per endpoint, with a queue in front of those that take few at a time."""

import asyncio
from collections import deque

from signalbox.domain.endpoint import Endpoint


class Turnstile:
    """First come, first served per endpoint and credential. Nothing is shared between endpoints."""

    def __init__(self) -> None:
        self._inside: dict[tuple[str, str], int] = {}
        self._waiting: dict[tuple[str, str], deque[asyncio.Future[None]]] = {}

    def inside(self, endpoint: Endpoint) -> int:
        return self._inside.get((endpoint.id, endpoint.transport.credential), 0)

    async def enter(self, endpoint: Endpoint, within_us: int) -> bool:
        """Take a place, waiting for one at most `within_us`. True: `leave` is owed."""
        key = (endpoint.id, endpoint.transport.credential)
        inside = self._inside.get(key, 0)
        if inside < endpoint.limits.concurrency:
            self._inside[key] = inside + 1
            return True
        if within_us <= 0:
            return False
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting.setdefault(key, deque())
        queue.append(place)
        try:
            async with asyncio.timeout(within_us / 1_000_000):
                await place
        except TimeoutError:
            # The place may have been handed over in the very moment that time ran out.
            return place.done() and not place.cancelled()
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(endpoint)
            raise
        finally:
            if place in queue:
                queue.remove(place)
        return True

    def leave(self, endpoint: Endpoint) -> None:
        """Give the place to whoever waits longest, or free it."""
        key = (endpoint.id, endpoint.transport.credential)
        queue = self._waiting.get(key)
        while queue:
            place = queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._inside[key] -= 1
