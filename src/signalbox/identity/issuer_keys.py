"""One issuer's keys, kept fresh beside the requests.

A request never waits for the issuer while its token's key is known. For a key that is not known, one
refresh is asked for (shared by all who wait, and rarely: `PAUSE_US`), and waited for shortly.
While the issuer's server is down, the keys that are known go on until they are `max_age_us` old: then a
key that was withdrawn could not have been noticed for too long, and nothing is accepted any more.
"""

import asyncio
import logging
from typing import Final

from signalbox.identity.key_set import KeySetInvalid, SigningKey, parse_key_set
from signalbox.ports.clock import Clock
from signalbox.ports.key_sets import KeySetSource, KeySetUnavailable

PAUSE_US: Final = 10_000_000
"""Between two refreshes that requests ask for."""
WAIT_S: Final = 2.0
"""As long as a request waits for one."""
_RETRY_S: Final = 30.0
_log: Final = logging.getLogger("signalbox.identity")


class IssuerKeys:
    """`good_until_us` is wall clock, 0 before the first set came. `generation` goes up when keys change."""

    def __init__(
        self, name: str, source: KeySetSource, clock: Clock, *, refresh_us: int, max_age_us: int
    ) -> None:
        self._name = name
        self._source = source
        self._clock = clock
        self._refresh_s = refresh_us / 1_000_000
        self._max_age_us = max_age_us
        self._keys: dict[str, SigningKey] = {}
        self._asked_us: int | None = None
        self._running: asyncio.Task[bool] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self.good_until_us = 0
        self.generation = 0

    def key(self, kid: str, now_us: int) -> SigningKey | None:
        return self._keys.get(kid) if now_us < self.good_until_us else None

    def start(self) -> None:
        """Fetch now and then at intervals, until `aclose`."""
        self._keeper = asyncio.create_task(self._keep())

    async def aclose(self) -> None:
        tasks = [task for task in (self._keeper, self._running) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def learn(self) -> None:
        """Ask for a refresh, unless one was asked for just now, and wait for it, at most `WAIT_S`."""
        if self._running is None:
            now_us = self._clock.monotonic_us()
            if self._asked_us is not None and now_us - self._asked_us < PAUSE_US:
                return
            self._asked_us = now_us
        await asyncio.wait([self._begin()], timeout=WAIT_S)

    async def refresh(self) -> bool:
        """Whether a set came. One at a time: who comes while one runs is told how that one ended."""
        return await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Task[bool]:
        if self._running is None:
            self._running = asyncio.create_task(self._refresh_once())
            self._running.add_done_callback(self._ended)
        return self._running

    def _ended(self, task: asyncio.Task[bool]) -> None:
        self._running = None

    async def _refresh_once(self) -> bool:
        try:
            keys = parse_key_set(await self._source.fetch())
        except (KeySetUnavailable, KeySetInvalid) as error:
            _log.warning("the keys of issuer `%s` could not be refreshed: %s", self._name, error)
            return False
        self.good_until_us = self._clock.now_us() + self._max_age_us
        if {kid: key.thumb for kid, key in keys.items()} != {
            kid: key.thumb for kid, key in self._keys.items()
        }:
            self._keys = keys
            self.generation += 1  # what was verified with a key that has gone is verified again, and fails
        return True

    async def _keep(self) -> None:
        while True:
            came = await self.refresh()
            await asyncio.sleep(self._refresh_s if came else min(self._refresh_s, _RETRY_S))
