"""Answers kept in a Valkey (or a Redis) that several workers and nodes of one region share.

What bounds it is the server's own `maxmemory`, with a policy that evicts; here a single answer is bounded.
It stands in no other region, and content lies in it as it is: who can read that server can read answers.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from signalbox.ports.cache import CacheUnavailable, Found, Kept, Place
from signalbox.ports.clock import Clock

_SCAN_COUNT: Final = 500
_PURGE_TIMEOUTS: Final = 200  # a purge reads everything that is kept
_FIELDS: Final = ("tenant", "subject", "release")


class ValkeyCache:
    """Implements `ports.cache.Cache`. `get` and `put` end within `timeout_ms`.

    After one failure nothing is asked for `rest_ms`, so that a server which hangs costs one request its
    timeout and not each. A purge is not left out for that, and takes at most 200 timeouts.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        region: str,
        timeout_ms: int,
        entry_bytes_max: int,
        password: str | None = None,
        rest_ms: int = 1_000,
    ) -> None:
        self._clock = clock
        self._prefix = f"signalbox:{region}:answer:"
        self._timeout_s = timeout_ms / 1_000
        self._rest_us = rest_ms * 1_000
        self._rests_until_us = 0
        self._entry_bytes_max = entry_bytes_max
        self._client: Any = Valkey.from_url(
            url,
            password=password,
            socket_timeout=self._timeout_s,
            socket_connect_timeout=self._timeout_s,
            retry_on_timeout=False,
        )

    @property
    def bytes_held(self) -> int:
        return 0

    async def get(self, place: Place) -> Found | None:
        name = self._name(place)
        async with self._asking(self._timeout_s):
            pipe = self._client.pipeline(transaction=True)
            pipe.hmget(name, "at", "content")
            pipe.pttl(name)
            (at, content), left_ms = await pipe.execute()
        # INVARIANT: the answer to another question is never served, whatever a connection that was given up
        # half-way may still hold: each answer says where it stands.
        if content is None or at != name.encode() or left_ms <= 0:
            return None
        return Found(content, left_ms)

    async def put(self, place: Place, kept: Kept, ttl_ms: int) -> bool:
        if len(kept.content) > self._entry_bytes_max:
            return False
        name = self._name(place)
        fields = {
            "at": name,
            "tenant": kept.tenant,
            "subject": kept.subject,
            "release": kept.release,
            "content": kept.content,
        }
        async with self._asking(self._timeout_s):
            pipe = self._client.pipeline(transaction=True)
            pipe.delete(name)
            pipe.hset(name, mapping=fields)
            pipe.pexpire(name, ttl_ms)
            await pipe.execute()
        return True

    async def purge(self, *, tenant: str = "", subject: str = "", release: str = "") -> int:
        wanted = [value.encode() for value in (tenant, subject, release)]
        self._rests_until_us = 0
        gone, cursor = 0, 0
        async with self._asking(self._timeout_s * _PURGE_TIMEOUTS):
            while True:
                cursor, names = await self._client.scan(cursor, match=self._prefix + "*", count=_SCAN_COUNT)
                if names:
                    gone += await self._unlink(names, wanted)
                if not cursor:
                    return gone

    async def aclose(self) -> None:
        await self._client.aclose()

    def _name(self, place: Place) -> str:
        return f"{self._prefix}{place.partition}:{place.key}"

    async def _unlink(self, names: list[bytes], wanted: list[bytes]) -> int:
        pipe = self._client.pipeline(transaction=False)
        for name in names:
            pipe.hmget(name, *_FIELDS)
        told = await pipe.execute()
        gone = [
            name
            for name, tags in zip(names, told, strict=True)
            if all(not want or want == tag for want, tag in zip(wanted, tags, strict=True))
        ]
        return await self._client.unlink(*gone) if gone else 0

    @asynccontextmanager
    async def _asking(self, timeout_s: float) -> AsyncIterator[None]:
        """Within the time, or `CacheUnavailable`. The client drops a connection that was given up."""
        if self._clock.monotonic_us() < self._rests_until_us:
            raise CacheUnavailable("the cache did not answer a moment ago")
        try:
            async with asyncio.timeout(timeout_s):
                yield
        except (TimeoutError, OSError, ValkeyError) as error:
            self._rests_until_us = self._clock.monotonic_us() + self._rest_us
            raise CacheUnavailable(f"the cache did not answer: {type(error).__name__}") from error
