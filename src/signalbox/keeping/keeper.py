"""From a request that is answered to the store of kept content, beside the requests and never in their way.

A request hands over references and goes on. A task of its own encodes, seals and stores what waits, a few
milliseconds later and some at a time; then it has the log know the hash of what was stored. While key or
store cannot be had, what waits is tried again; what there is no room for is dropped and counted, so that a
decision whose content should be kept and has no record of kind `payload` shows.

The order is: ciphertext on disk, then its record in the log, then a note in the store that the log has it.
What a dead process left between the steps, `recorded` finishes.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from signalbox.decided import Decided
from signalbox.dispatch.delivery import Delivery, Listener
from signalbox.domain.errors import SignalboxError
from signalbox.domain.records import PayloadBody, Record
from signalbox.domain.reply import Choice, Event, Reply
from signalbox.domain.request import Message, Request, Tool
from signalbox.histories import StoreThread, WasLogged
from signalbox.keeping.data_keys import DataKey, DataKeys
from signalbox.keeping.envelope import NONCE_BYTES, Binding, Part, digest, seal
from signalbox.keeping.rules import KeepRules, may_keep, until_us
from signalbox.normalise.collect import Collector, IncompleteStream
from signalbox.ports.clock import Clock
from signalbox.ports.log import DecisionLog
from signalbox.ports.payloads import Address, Payload, PayloadStore

_log: Final = logging.getLogger("signalbox.keeping")
_encode: Final = msgspec.json.Encoder().encode
_BYTES_PER_TOKEN: Final = 4
_PART_OVERHEAD: Final = 512


class KeeperLimits(Struct, frozen=True, kw_only=True):
    """`window_ms` is how long something may wait for company. `waiting_bytes_max` bounds what is held in
    memory, as estimated from tokens. `retry_ms_*`: between tries while something cannot be had."""

    window_ms: int = 50
    batch_max: int = 256
    waiting_max: int = 10_000
    waiting_bytes_max: int = 64 * 1024 * 1024
    retry_ms_min: int = 200
    retry_ms_max: int = 30_000


DEFAULT_LIMITS: Final = KeeperLimits()


class Prompt(Struct, frozen=True, omit_defaults=True):
    """What is kept of a request: what was said and what tools were offered, in no vendor's dialect."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    v: int = 1


class Answered(Struct, frozen=True, omit_defaults=True):
    """What is kept of a reply. `broken`: its stream ended before it was whole, and this is what came."""

    choices: tuple[Choice, ...]
    vectors: tuple[bytes, ...] = ()
    broken: bool = False
    v: int = 1


class _Waiting(Struct, frozen=True):
    """`size` is an estimate in bytes. `tried`: it may stand in the store already. `again`: its key was
    destroyed under it once."""

    address: Address
    subject: str
    time_us: int
    until_us: int
    sensitivity: int
    request: Request
    answered: Answered | None
    size: int
    tried: bool = False
    again: bool = False


class Keeper:
    """`rules` are by tenant; of one without nothing is kept. `place` is where the store stands, one of the
    catalogue's. `stopped(tenant)` says why nothing may be kept there now, empty if nothing is in the way.
    `randomness(n)` gives n bytes fit for nonces. One event loop; use `open` and `aclose`.

    `dropped` counts what there was no room for, `trouble` is why things wait, `waiting` how many do.
    """

    def __init__(
        self,
        store: PayloadStore,
        thread: StoreThread,
        keys: DataKeys,
        log: DecisionLog,
        clock: Clock,
        rules: Mapping[str, KeepRules],
        *,
        place: str,
        stopped: Callable[[str], str],
        randomness: Callable[[int], bytes],
        limits: KeeperLimits = DEFAULT_LIMITS,
    ) -> None:
        self.rules = rules
        self.place = place
        self.dropped = 0
        self.trouble = ""
        self._store = store
        self._thread = thread
        self._keys = keys
        self._log = log
        self._clock = clock
        self._stopped = stopped
        self._randomness = randomness
        self._limits = limits
        self._queue: list[_Waiting] = []
        self._bytes = 0
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._storing: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Store what waits, once more if it must; what cannot be stored now is dropped and counted."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])
        self._task = None
        if self._storing is not None:
            await self._storing
        while self._queue:
            left = len(self._queue)
            await self._store_some()
            if len(self._queue) >= left:
                self.dropped += left
                _log.error("content of %d requests is not kept: %s", left, self.trouble)
                self._queue.clear()

    async def settle(self) -> None:
        """Return once nothing waits."""
        await self._idle.wait()

    # -- from the requests

    def keep(self, decided: Decided, delivery: Delivery | None) -> None:
        """Keep what was said, if it is to be kept: a stream's reply at its end. Without a delivery no attempt
        succeeded, and the prompt alone is kept. Raises nothing and waits for nothing."""
        rules = self.rules.get(decided.facts.tenant)
        if rules is None:
            return
        boundaries = decided.release.catalogue.release.boundaries
        if not may_keep(decided.traits, rules, self.place, boundaries):
            return
        if delivery is None:
            self._take(decided, rules, None)
        elif delivery.reply is not None:
            self._take(decided, rules, _answered(delivery.reply))
        elif delivery.events is not None:
            heard = _Heard(partial(self._take, decided, rules))
            before = delivery.events.listener
            delivery.events.listener = heard if before is None else _Both(before, heard)

    def _take(self, decided: Decided, rules: KeepRules, answered: Answered | None) -> None:
        traits, tenant = decided.traits, decided.facts.tenant
        size = traits.tokens_in * _BYTES_PER_TOKEN + _size(answered)
        limits = self._limits
        if len(self._queue) >= limits.waiting_max or self._bytes + size > limits.waiting_bytes_max:
            self.dropped += 1
            return
        self._bytes += size
        self._queue.append(
            _Waiting(
                Address(tenant, decided.id),
                self._log.pseudonym(tenant, "user", decided.subject),
                decided.clock_us,
                until_us(traits, rules, decided.clock_us),
                traits.sensitivity,
                decided.request,
                answered,
                size,
            )
        )
        self._idle.clear()
        self._news.set()

    # -- to the store

    async def _run(self) -> None:
        limits = self._limits
        retry_ms = limits.retry_ms_min
        while True:
            await self._news.wait()
            await asyncio.sleep(limits.window_ms / 1_000)
            self._news.clear()
            while self._queue:
                # Never left half done: what is stored is also logged.
                self._storing = asyncio.create_task(self._store_some())
                await asyncio.shield(self._storing)
                if not self.trouble:
                    retry_ms = limits.retry_ms_min
                    continue
                await asyncio.sleep(retry_ms / 1_000)
                retry_ms = min(retry_ms * 2, limits.retry_ms_max)
            self._idle.set()

    async def _store_some(self) -> None:
        """What waited longest; what cannot be stored now waits on, behind the rest."""
        batch = self._queue[: self._limits.batch_max]
        try:
            left, trouble = await self._stored(batch)
        except SignalboxError as error:
            left, trouble = [replace(each, tried=True) for each in batch], error.operator
        del self._queue[: len(batch)]
        self._queue += left
        self._bytes = sum([each.size for each in self._queue])
        if trouble and trouble != self.trouble:
            _log.error("content that is to be kept waits: %s", trouble)
        self.trouble = trouble

    async def _stored(self, batch: Sequence[_Waiting]) -> tuple[list[_Waiting], str]:
        """Those that wait on, and why."""
        keys, trouble = await self._keys_of(batch)
        left = [each for each in batch if _whose(each) not in keys]
        # INVARIANT: asked again right before it is written, since what waited may have waited long.
        able = [each for each in batch if _whose(each) in keys and not self._stopped(each.address.tenant)]
        self.dropped += len(batch) - len(left) - len(able)
        if able:
            kept, refused = await self._thread.run(partial(self._seal_and_put, able, keys))
            left += self._again(refused)
            try:
                await self._log_all(kept)
            except SignalboxError as error:  # it stands in the store, and `recorded` has it logged
                _log.error("kept content is not in the log yet: %s", error.operator)
        return left, trouble

    async def _keys_of(self, batch: Sequence[_Waiting]) -> tuple[dict[tuple[str, str], DataKey], str]:
        """By tenant and subject, those that could be had; and why others could not."""
        wanted = list(dict.fromkeys(map(_whose, batch)))
        asked = [self._keys.current(tenant, subject) for tenant, subject in wanted]
        keys, trouble = {}, ""
        for whose, got in zip(wanted, await asyncio.gather(*asked, return_exceptions=True), strict=True):
            if isinstance(got, DataKey):
                keys[whose] = got
            elif isinstance(got, SignalboxError):
                trouble = got.operator
            else:
                raise got
        return keys, trouble

    def _again(self, refused: Iterable[_Waiting]) -> list[_Waiting]:
        """Those whose key was destroyed under them: with a new one, once. What was decided before its
        subject was erased is refused again, and that is the end of it."""
        left = []
        for each in refused:
            self._keys.forget(*_whose(each))
            if not each.again:
                left.append(replace(each, again=True))
        return left

    def _seal_and_put(
        self, batch: Sequence[_Waiting], keys: Mapping[tuple[str, str], DataKey]
    ) -> tuple[list[Payload], list[_Waiting]]:
        """What stands in the store, and what it refused. In the store's thread."""
        sealed = []
        for each in batch:
            try:
                sealed.append((each, self._sealed(each, keys[_whose(each)])))
            except ValueError:  # text that UTF-8 cannot carry
                self.dropped += 1
        kept, refused = [], []
        taken = self._store.put([payload for _, payload in sealed])
        for (each, payload), stands in zip(sealed, taken, strict=True):
            if not stands:
                refused.append(each)
            elif each.tried:  # what stands there may be what another try has sealed
                kept.append(self._store.get(each.address) or payload)
            else:
                kept.append(payload)
        return kept, refused

    def _sealed(self, waiting: _Waiting, key: DataKey) -> Payload:
        request, address = waiting.request, waiting.address

        def part(name: Part, content: bytes) -> bytes:
            binding = Binding(
                decision=address.decision, part=name, subject=waiting.subject, tenant=address.tenant
            )
            return seal(key.secret, self._randomness(NONCE_BYTES), content, binding)

        answered = waiting.answered
        return Payload(
            address=address,
            subject=waiting.subject,
            key=key.id,
            time_us=waiting.time_us,
            until_us=waiting.until_us,
            sensitivity=waiting.sensitivity,
            prompt=part("prompt", _encode(Prompt(request.messages, request.tools))),
            reply=part("reply", _encode(answered)) if answered is not None else b"",
        )

    # -- to the log

    async def recorded(self, was_logged: WasLogged, before_us: int, limit: int) -> int:
        """Have the log know what a process stored before `before_us` and did not live to log; how many."""
        found = await self._thread.run(partial(self._store.unlogged, limit))
        left = [payload for payload in found if payload.time_us < before_us]
        for payload in left:
            record = self._record(payload)
            if await asyncio.to_thread(was_logged, record):
                await self._thread.run(partial(self._store.set_logged, [payload.address]))
            else:
                await self._log_all([payload])
        return len(left)

    async def _log_all(self, stored: Sequence[Payload]) -> None:
        if not stored:
            return
        await self._log.commit([self._record(payload) for payload in stored])
        await self._thread.run(partial(self._store.set_logged, [payload.address for payload in stored]))

    def _record(self, payload: Payload) -> Record:
        address = payload.address
        body = PayloadBody(
            bytes=len(payload.prompt) + len(payload.reply),
            decision=address.decision,
            key=payload.key,
            place=self.place,
            prompt=digest(payload.prompt),
            reply=digest(payload.reply),
            sensitivity=payload.sensitivity,
            until_us=payload.until_us,
        )
        return Record(address.tenant, "payload", address.decision, self._clock.now_us(), body)


class _Heard:
    """Collects a stream along with its reader. Implements `dispatch.delivery.Listener`."""

    __slots__ = ("_choices", "_collector", "_take")

    def __init__(self, take: Callable[[Answered | None], None]) -> None:
        self._take = take
        self._collector = Collector()

    def heard(self, event: Event) -> None:
        with contextlib.suppress(IncompleteStream):  # of a vendor that breaks the order what fits is kept
            self._collector.add(event)

    def ended(self) -> None:
        try:
            self._take(_answered(self._collector.reply()))
        except IncompleteStream:
            self.broke_off()

    def broke_off(self) -> None:
        self._take(Answered(self._collector.so_far(), broken=True))


class _Both:
    """Two who listen to one stream."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Listener, second: Listener) -> None:
        self._first = first
        self._second = second

    def heard(self, event: Event) -> None:
        self._first.heard(event)
        self._second.heard(event)

    def ended(self) -> None:
        self._first.ended()
        self._second.ended()

    def broke_off(self) -> None:
        self._first.broke_off()
        self._second.broke_off()


def _whose(waiting: _Waiting) -> tuple[str, str]:
    return waiting.address.tenant, waiting.subject


def _answered(reply: Reply) -> Answered:
    return Answered(reply.choices, reply.vectors)


def _size(answered: Answered | None) -> int:
    """About how much it takes in memory; of tool calls and the like, a rule of thumb."""
    if answered is None:
        return _PART_OVERHEAD
    texts = sum([len(choice.text) + _PART_OVERHEAD * len(choice.parts) for choice in answered.choices])
    return texts + sum([len(vector) for vector in answered.vectors])
