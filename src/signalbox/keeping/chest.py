"""What is kept, read back: opened, and held against what the log says was stored.

Whether somebody may read it, and that they did, is for the caller to settle before.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Set
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from signalbox.domain.errors import NotFound
from signalbox.domain.records import PayloadBody
from signalbox.histories import StoreThread
from signalbox.keeping.data_keys import DataKeys
from signalbox.keeping.envelope import Altered, Binding, Part, digest, unseal
from signalbox.ports.clock import Clock
from signalbox.ports.log import StoredRecord
from signalbox.ports.payloads import Address, Payload, PayloadStore
from signalbox.record.leaf import read_leaf

_PAGE: Final = 100
_ON_ITS_WAY_US: Final = 120_000_000
"""For how long the log may have no record yet of what is kept."""
_record: Final = msgspec.json.Decoder(PayloadBody)

About = Callable[[str, int], Iterator[StoredRecord]]
"""Records of the log that mention an id, from shortly before a time on; opens a reader of its own. Blocks."""
AllOf = Callable[[str], Iterator[StoredRecord]]
"""All records of a tenant, in order; the same."""


class Content(Struct, frozen=True):
    """`prompt` and `reply` are JSON as `keeper.Prompt` and `keeper.Answered` write it; the reply is null
    where there was none. `until_us`: when it is to be deleted."""

    decision: str
    time_us: int
    until_us: int
    sensitivity: int
    prompt: msgspec.Raw
    reply: msgspec.Raw


class Flaw(Struct, frozen=True):
    decision: str
    words: str


class Verified(Struct, frozen=True):
    """`kept` payloads were held against `logged` records; `gone` of those were deleted: erased, or over their
    time."""

    kept: int
    logged: int
    gone: int
    flaws: tuple[Flaw, ...]


class Chest:
    def __init__(
        self,
        store: PayloadStore,
        thread: StoreThread,
        keys: DataKeys,
        clock: Clock,
        *,
        about: About,
        all_of: AllOf,
    ) -> None:
        self._store = store
        self._thread = thread
        self._keys = keys
        self._clock = clock
        self._about = about
        self._all_of = all_of

    async def has(self, tenant: str, decision: str) -> Payload:
        """Raises `NotFound` where nothing is kept of it (any more)."""
        found = await self._thread.run(partial(self._store.get, Address(tenant, decision)))
        if found is None:
            raise NotFound(
                f"nothing is kept of `{decision[:64]}`: it never was, its time was over, or it was erased"
            )
        return found

    async def open(self, tenant: str, decision: str) -> Content:
        """Raises `NotFound`, `Altered` for what is not as it was stored, and `PayloadsUnavailable`,
        `TenantKeyUnavailable`, `TenantKeyRefused`, `LogUnavailable`."""
        payload = await self.has(tenant, decision)
        logged = await asyncio.to_thread(self._logged, payload)
        words = _difference(payload, logged)
        if words:
            raise Altered(f"what is kept of `{decision}` is not shown: {words}")
        key = await self._keys.of(tenant, payload.subject, payload.key)
        return Content(
            decision,
            payload.time_us,
            payload.until_us,
            payload.sensitivity,
            msgspec.Raw(_opened(payload, "prompt", payload.prompt, key.secret)),
            msgspec.Raw(_opened(payload, "reply", payload.reply, key.secret) if payload.reply else b"null"),
        )

    async def verify(self, tenant: str, destroyed: Set[str]) -> Verified:
        """Hold all that is kept of a tenant against the log. It opens nothing, and takes no key.

        What the log knows and the store has not any more is a flaw before its time, unless its key is one of
        those that erasures have `destroyed`.
        """
        logged = await asyncio.to_thread(self._all_logged, tenant)
        kept, flaws = set[str](), []
        now_us, after = self._clock.now_us(), ""
        while page := await self._thread.run(partial(self._store.scan, tenant, after, _PAGE)):
            for payload in page:
                after = payload.address.decision
                kept.add(after)
                known = logged.get(after)
                words = _difference(payload, known)
                if words and (known is not None or payload.time_us < now_us - _ON_ITS_WAY_US):
                    flaws.append(Flaw(after, words))
        gone = [body for decision, body in logged.items() if decision not in kept]
        flaws += [
            Flaw(body.decision, "it is gone before its time, and its subject was not erased")
            for body in gone
            if body.until_us > now_us and body.key not in destroyed
        ]
        return Verified(len(kept), len(logged), len(gone), tuple(flaws))

    def _logged(self, payload: Payload) -> PayloadBody | None:
        address = payload.address
        for stored in self._about(address.decision, payload.time_us):
            leaf = read_leaf(stored.leaf)
            if (leaf.tenant, leaf.kind, leaf.ref) == (address.tenant, "payload", address.decision):
                return _record.decode(stored.body)
        return None

    def _all_logged(self, tenant: str) -> Mapping[str, PayloadBody]:
        found = {}
        for stored in self._all_of(tenant):
            if b'"kind":"payload"' in stored.leaf:
                body = _record.decode(stored.body)
                found[body.decision] = body
        return found


def _difference(payload: Payload, logged: PayloadBody | None) -> str:
    """How it differs from what was written down; empty if it does not."""
    if logged is None:
        return "the log has no record of it"
    for part, sealed, known in (
        ("prompt", payload.prompt, logged.prompt),
        ("reply", payload.reply, logged.reply),
    ):
        if digest(sealed) != known:
            return f"its {part} was changed since it was stored"
    if payload.key != logged.key:
        return "it names another key than the one that it was stored under"
    return ""


def _opened(payload: Payload, part: Part, sealed: bytes, secret: bytes) -> bytes:
    address = payload.address
    binding = Binding(decision=address.decision, part=part, subject=payload.subject, tenant=address.tenant)
    return unseal(secret, sealed, binding)
