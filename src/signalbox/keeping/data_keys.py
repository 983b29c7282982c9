"""The data keys of subjects: made here, kept under their tenant's key, and known here for some minutes.

INVARIANT: the store is asked before a known key is used to read; a key that is destroyed there opens nothing
here, and `forget` makes this process have it no more.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from msgspec import Struct

from signalbox.domain.errors import NotFound
from signalbox.histories import StoreThread
from signalbox.keeping.envelope import KEY_BYTES
from signalbox.ports.clock import Clock
from signalbox.ports.payloads import PayloadStore, SubjectKey
from signalbox.ports.tenant_keys import Rotating, TenantKeyRefused, TenantKeys, WrapContext

KNOWN_MAX: Final = 1_000
KNOWN_US: Final = 300_000_000
_ID_BYTES: Final = 16


class DataKey(Struct, frozen=True):
    """In the clear: to be held by nobody for long. Its `repr` does not show it."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.id})"


class DataKeys:
    """`tenant_keys` are by tenant. `randomness(n)` gives n bytes fit for keys. One event loop."""

    def __init__(
        self,
        store: PayloadStore,
        thread: StoreThread,
        tenant_keys: Mapping[str, TenantKeys],
        clock: Clock,
        randomness: Callable[[int], bytes],
    ) -> None:
        self.tenant_keys = tenant_keys
        self._store = store
        self._thread = thread
        self._clock = clock
        self._randomness = randomness
        self._known: dict[tuple[str, str], tuple[int, DataKey]] = {}

    async def current(self, tenant: str, subject: str) -> DataKey:
        """The key to seal with; made where the subject has none.

        Raises `PayloadsUnavailable`, `TenantKeyUnavailable`, `TenantKeyRefused`.
        """
        until_us, known = self._known.get((tenant, subject), (0, None))
        if known is not None and self._clock.monotonic_us() < until_us:
            return known
        kept = await self._thread.run(partial(self._store.key, tenant, subject))
        if kept is not None:
            return await self._opened(tenant, subject, kept)
        fresh = DataKey(self._randomness(_ID_BYTES).hex(), self._randomness(KEY_BYTES))
        wrapped = await self._of(tenant).wrap(fresh.secret, WrapContext(tenant, subject))
        offered = SubjectKey(fresh.id, wrapped)
        add = partial(self._store.add_key, tenant, subject, offered, self._clock.now_us())
        kept = await self._thread.run(add)
        if kept != offered:  # another process was first
            return await self._opened(tenant, subject, kept)
        return self._remember(tenant, subject, fresh)

    async def of(self, tenant: str, subject: str, ident: str) -> DataKey:
        """The key that something was sealed with. Raises `NotFound` where it is destroyed, and as
        `current`."""
        kept = await self._thread.run(partial(self._store.key, tenant, subject))
        if kept is None or kept.id != ident:
            self.forget(tenant, subject)
            raise NotFound("its key has been destroyed: nobody can read it any more")
        _, known = self._known.get((tenant, subject), (0, None))
        return known if known is not None and known.id == ident else await self._opened(tenant, subject, kept)

    def forget(self, tenant: str, subject: str) -> None:
        self._known.pop((tenant, subject), None)

    def forget_all(self) -> None:
        self._known.clear()

    async def rewrap(self, tenant: str, page: int = 100) -> int:
        """Wrap every key of a tenant anew, under its key as it is now; how many. What was kept of them before
        is overwritten. May be repeated. Raises as `current`."""
        count, after = 0, ""
        while keys := await self._thread.run(partial(self._store.keys_after, tenant, after, page)):
            for subject, kept in keys:
                context = WrapContext(tenant, subject)
                secret = await self._of(tenant).unwrap(kept.wrapped, context)
                anew = SubjectKey(kept.id, await self._of(tenant).wrap(secret, context))
                count += await self._thread.run(partial(self._store.rewrap, tenant, subject, anew))
                after = subject
        return count

    async def rotate(self, tenant: str) -> int:
        """Put another key of the tenant in force, where rotating it is ours to do; wrap every data key anew;
        and destroy what they were wrapped under before. How many were wrapped. May be repeated, and is to be
        where it failed. Raises as `current`."""
        keys = self._of(tenant)
        if isinstance(keys, Rotating):
            await asyncio.to_thread(keys.rotate)
        count = await self.rewrap(tenant)
        if isinstance(keys, Rotating):
            await asyncio.to_thread(keys.forget)
        return count

    async def _opened(self, tenant: str, subject: str, kept: SubjectKey) -> DataKey:
        secret = await self._of(tenant).unwrap(kept.wrapped, WrapContext(tenant, subject))
        if len(secret) != KEY_BYTES:
            raise TenantKeyRefused("what was unwrapped is no data key")
        return self._remember(tenant, subject, DataKey(kept.id, secret))

    def _remember(self, tenant: str, subject: str, key: DataKey) -> DataKey:
        if len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[tenant, subject] = (self._clock.monotonic_us() + KNOWN_US, key)
        return key

    def _of(self, tenant: str) -> TenantKeys:
        keys = self.tenant_keys.get(tenant)
        if keys is None:
            raise TenantKeyRefused(f"no key is configured for the content of tenant `{tenant}`")
        return keys
