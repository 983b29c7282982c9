"""The stage behind policy: was this asked before, by somebody who had the same rights, and is its answer
still one that this caller may have?

A hit is a hop like any other: the interlock is asked about the endpoint that answered then, for this caller,
now. What is kept was given whole and had passed every check that was asked for.

Likeness of questions is judged within a partition only, and where a tenant wants it. The cache is not what
makes an answer permissible: without it every request is decided as before. Where it fails, a request goes on
as one that was not found.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from signalbox.dispatch.attempt import Settlement
from signalbox.dispatch.delivery import Delivery, Recalled
from signalbox.dispatch.interlock import Interlock
from signalbox.domain.endpoint import Catalogue
from signalbox.domain.principal import Principal
from signalbox.domain.reply import Event, Reply, TextDelta
from signalbox.domain.request import Request
from signalbox.domain.traits import Facts, Traits
from signalbox.normalise.collect import Collector, IncompleteStream
from signalbox.ports.cache import Cache, CacheUnavailable, Found, Kept, Place
from signalbox.ports.clock import Clock
from signalbox.recall.likeness import Like, Likenesses, direction
from signalbox.recall.rules import (
    Circumstances,
    RecallRules,
    likened,
    may_keep,
    may_recall,
    place_of,
    release_digest,
    subject_digest,
)

_log: Final = logging.getLogger("signalbox.recall")
# RFC 9211, sections 2.1 to 2.8
_BYPASS: Final = b"signalbox; fwd=bypass"
_MISS: Final = b"signalbox; fwd=miss"
_STORED: Final = b"signalbox; fwd=miss; stored"
_UNAVAILABLE: Final = b"signalbox; fwd=miss; detail=unavailable"
_HIT: Final = b"signalbox; hit; ttl=%d"
_ALIKE: Final = b"; detail=alike"
_LIKENESSES_MAX: Final = 10_000
_NEAREST_MAX: Final = 4
"""How many of the nearest are asked of the cache, where it has forgotten those that are nearer."""


class _Answer(Struct, frozen=True):
    """What stands at a place. `attempt` is the one that it came of."""

    endpoint: str
    attempt: str
    notes: tuple[str, ...]
    reply: Reply


class Asked(Struct, frozen=True):
    """A request as far as policy has judged it. `subject` is the user that it is made for."""

    request: Request
    principal: Principal
    subject: str
    traits: Traits
    facts: Facts
    catalogue: Catalogue
    policy: str
    ranking: str


Embed = Callable[[Asked, str, str], Awaitable[bytes | None]]
"""What words of a request mean to a model, as `domain.reply.Reply.vectors` has it; None where that cannot be
known. A hop of its own: it asks policy, and raises nothing."""


class RecallCounts(Struct):
    """Of look-ups, since the start: `hits` were given again; `misses` not found; `refused` found, and not
    permitted any more; `bypassed` no question for a cache; `unavailable` not answered in time. `stored`
    answers were kept, of `stored_bytes` in all."""

    hits: int = 0
    misses: int = 0
    refused: int = 0
    bypassed: int = 0
    unavailable: int = 0
    stored: int = 0
    stored_bytes: int = 0


class Looked(Struct, frozen=True):
    """What the stage says of a request: `status` in the words of `Cache-Status`. With `recalled` there is an
    answer already, which the interlock let go at `kill_epoch`; else, if it `keeps`, the answer that is to
    come is kept at `place`, unless a release follows or a kill after `kill_epoch`. `alike_e4`: how like the
    question was whose answer it is (1e-4); 0: the very same. `like`: what this question means."""

    asked: Asked
    status: bytes
    place: Place = Place("", "")
    keeps: bool = False
    kill_epoch: int = 0
    recalled: Recalled | None = None
    like: Like | None = None
    alike_e4: int = 0


class Recall:
    """`rules` are by tenant; one without has no part in it. `region` and `site` say where the cache stands:
    in which cell, and in which of the catalogue's places (empty: in this process, where the request is
    anyway). `wait_max_ms`: how long the cache may keep a request waiting; 0: it never does."""

    def __init__(
        self,
        cache: Cache,
        interlock: Interlock,
        clock: Clock,
        rules: Mapping[str, RecallRules],
        *,
        region: str = "",
        site: str = "",
        wait_max_ms: int = 0,
        entry_bytes_max: int = 1 << 20,
    ) -> None:
        self._cache = cache
        self._interlock = interlock
        self._clock = clock
        self._rules = rules
        self._region = region
        self._site = site
        self._wait_max_ms = wait_max_ms
        self._entry_bytes_max = entry_bytes_max
        self._change = interlock.change
        self._moment = (interlock.kill_epoch, self._current())
        self.embed: Embed | None = None
        self._likenesses = Likenesses(_LIKENESSES_MAX)
        self.counts = RecallCounts()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._decoder = msgspec.msgpack.Decoder(_Answer)

    async def look(self, asked: Asked) -> Looked | None:
        """None where the tenant has no cache. Never raises what the cache does."""
        rules = self._rules.get(asked.facts.tenant)
        if rules is None:
            return None
        await self._follow()
        traits = asked.traits
        if (
            asked.facts.grant  # what an emergency opened is given to nobody twice
            or not may_recall(asked.request, traits, rules)
            or traits.deadline_ms <= self._wait_max_ms
            or (self._site and self._site not in asked.catalogue.release.boundaries[traits.boundary])
            or self._stopped(asked)
        ):
            self.counts.bypassed += 1
            return Looked(asked, _BYPASS)
        circumstances = Circumstances(
            policy=asked.policy, catalogue=asked.catalogue.hash, ranking=asked.ranking, region=self._region
        )
        place = place_of(asked.request, asked.principal, asked.subject, traits, rules, circumstances)
        missed = Looked(asked, _MISS, place, True, self._interlock.kill_epoch)
        try:
            found = await self._cache.get(place)
        except CacheUnavailable:
            self.counts.unavailable += 1
            return replace(missed, status=_UNAVAILABLE, keeps=False)
        if found is not None:
            return self._permitted(missed, found)
        if rules.alike_model and self.embed is not None:
            return await self._alike(missed, rules, self.embed)
        self.counts.misses += 1
        return missed

    async def _alike(self, missed: Looked, rules: RecallRules, embed: "Embed") -> Looked:
        """The answer to a question that is like this one, in the same partition; else what this one means."""
        compared = likened(missed.asked.request, missed.place)
        vector = await embed(missed.asked, rules.alike_model, compared[0]) if compared else None
        unit = direction(vector) if vector is not None else None
        if compared is None or unit is None:
            self.counts.misses += 1
            return missed
        like = Like(compared[1], unit)
        missed = replace(missed, like=like)
        for _ in range(_NEAREST_MAX):
            nearest = self._likenesses.nearest(like, rules.alike_min_e4, self._clock.monotonic_us())
            if nearest is None:
                break
            key, alike_e4 = nearest
            place = Place(missed.place.partition, key)
            try:
                found = await self._cache.get(place)
            except CacheUnavailable:
                self.counts.unavailable += 1
                return replace(missed, status=_UNAVAILABLE, keeps=False)
            if found is not None:
                looked = self._permitted(missed, found)
                if looked.recalled is None:
                    return looked
                looked.recalled.cache_status += _ALIKE
                return replace(looked, place=place, alike_e4=alike_e4, status=looked.recalled.cache_status)
            # It would hide the next nearest for as long as it lived.
            self._likenesses.forget(like.bucket, key)
        self.counts.misses += 1
        return missed

    def _permitted(self, missed: Looked, found: Found) -> Looked:
        """INVARIANT: no answer leaves whose endpoint policy, catalogue and kill switch do not permit now."""
        asked, clock = missed.asked, self._clock
        answer = self._decoder.decode(found.content)
        permission = self._interlock.permission_now(
            asked.facts, answer.endpoint, clock.now_us(), clock.monotonic_us()
        )
        endpoint = permission.endpoint
        # The place binds the releases that the request was judged by; others may have come in between.
        same = (permission.policy, permission.catalogue) == (asked.policy, asked.catalogue.hash)
        if endpoint is None or not same:
            self.counts.refused += 1
            return missed
        self.counts.hits += 1
        reply = answer.reply
        nothing = Settlement(
            reply.usage, endpoint.price.nothing(), reply.served_model, reply.choices[0].finish
        )
        status = _HIT % (found.ttl_ms // 1_000)
        recalled = Recalled.of(endpoint, answer.attempt, reply, nothing, answer.notes, status)
        return replace(missed, status=status, recalled=recalled, kill_epoch=permission.kill_epoch)

    async def keep(self, looked: Looked, delivery: Delivery) -> None:
        """Keep the answer, if it is one to keep; a stream's at its end."""
        delivery.cache_status = looked.status
        if not looked.keeps:
            return
        if delivery.events is not None:
            delivery.events.listener = _Listener(self, looked, delivery, self._entry_bytes_max)
        elif delivery.reply is None:
            return
        elif self._wait_max_ms:
            self.keep_soon(looked, delivery, delivery.reply)
        elif await self._store(looked, delivery, delivery.reply):
            delivery.cache_status = _STORED

    def keep_soon(self, looked: Looked, delivery: Delivery, reply: Reply) -> None:
        """As `keep`, without anybody waiting for it."""
        self._spawn(self._store(looked, delivery, reply))

    async def _store(self, looked: Looked, delivery: Delivery, reply: Reply) -> bool:
        """Whether it is kept."""
        asked = looked.asked
        rules = self._rules.get(asked.facts.tenant)
        # What was asked before a kill or a release is not kept after it.
        release = release_digest(asked.policy, asked.catalogue.hash)
        if rules is None or (self._interlock.kill_epoch, self._current()) != (looked.kill_epoch, release):
            return False
        if delivery.misrouted or not may_keep(reply) or self._stopped(asked):
            return False
        answer = _Answer(delivery.endpoint.id, delivery.attempt, delivery.notes, reply)
        content = msgspec.msgpack.encode(answer)
        if len(content) > self._entry_bytes_max:
            return False
        tenant = asked.facts.tenant
        subject = subject_digest(tenant, asked.subject)
        try:
            kept = await self._cache.put(looked.place, Kept(tenant, subject, release, content), rules.ttl_ms)
        except CacheUnavailable:
            return False  # the next look-up says so to its caller
        if kept and looked.like is not None:
            until_us = self._clock.monotonic_us() + rules.ttl_ms * 1_000
            self._likenesses.add(looked.like, looked.place.key, tenant, subject, until_us)
        self.counts.stored += kept
        self.counts.stored_bytes += len(content) if kept else 0
        return kept

    def _stopped(self, asked: Asked) -> bool:
        """INVARIANT: nothing of a request leaves for a shared cache that the kill switch stops, or while the
        switch is not heard."""
        if not self._site:
            return False
        return bool(self._interlock.stopped_at(self._site, asked.facts.tenant, self._clock.monotonic_us()))

    async def _follow(self) -> None:
        """Have forgotten what was kept before the last release or kill. It could not be had any more."""
        if self._change != self._interlock.change:
            self._change = self._interlock.change
            past, self._moment = self._moment, (self._interlock.kill_epoch, self._current())
            if past != self._moment:
                self._likenesses.purge()
                await self._purge(release=past[1])

    async def furnish(self, rules: Mapping[str, RecallRules]) -> None:
        """Other rules from here on; what a tenant kept by others is forgotten."""
        for tenant, before in self._rules.items():
            if rules.get(tenant) != before:
                self._likenesses.purge(tenant=tenant)
                await self._purge(tenant=tenant)
        self._rules = rules
        await self._follow()

    async def erase(self, tenant: str, subject: str = "") -> int:
        """Forget the answers to a user's requests, or to all of a tenant's; how many there were.

        Raises `CacheUnavailable`: then it is not done, and has to be asked for again.
        """
        await self.settle()
        whose = subject_digest(tenant, subject) if subject else ""
        self._likenesses.purge(tenant=tenant, subject=whose)
        return await self._cache.purge(tenant=tenant, subject=whose)

    @property
    def bytes_held(self) -> int:
        """What is kept in this process."""
        return self._cache.bytes_held

    async def settle(self) -> None:
        """Return once everything that was to be kept or forgotten is."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def aclose(self) -> None:
        await self.settle()
        await self._cache.aclose()

    async def _purge(self, **which: str) -> None:
        """Nobody waits for it where it takes long: what is purged here could not be had any more."""
        if self._wait_max_ms:
            self._spawn(self._purge_all(**which))
        else:
            await self._purge_all(**which)

    async def _purge_all(self, **which: str) -> None:
        try:
            await self._cache.purge(**which)
        except CacheUnavailable as error:
            _log.warning("what is out of date stays in the cache until its time is over: %s", error)

    def _current(self) -> str:
        release = self._interlock.release
        return release_digest(release.policy.hash, release.catalogue.hash)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Listener:
    """Has what a stream comes to kept. Implements `dispatch.delivery.Listener`."""

    __slots__ = ("_collector", "_delivery", "_looked", "_recall", "_room")

    def __init__(self, recall: Recall, looked: Looked, delivery: Delivery, characters_max: int) -> None:
        self._recall = recall
        self._looked = looked
        self._delivery = delivery
        self._room = characters_max
        self._collector: Collector | None = Collector()

    def heard(self, event: Event) -> None:
        collector = self._collector
        if collector is None:
            return
        if type(event) is TextDelta:
            self._room -= len(event.text)
        try:
            collector.add(event)
        except IncompleteStream:
            self._collector = None
        if self._room < 0:
            self._collector = None

    def broke_off(self) -> None:
        """What is not whole is not kept."""

    def ended(self) -> None:
        collector, settlement = self._collector, self._delivery.settlement
        if collector is None or settlement is None:
            return
        try:
            reply = collector.reply()
        except IncompleteStream:
            return
        self._recall.keep_soon(self._looked, self._delivery, replace(reply, usage=settlement.usage))
