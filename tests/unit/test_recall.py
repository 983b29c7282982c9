"""What is kept, what is given again and to whom, and what the records say of it."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from signalbox.adapters.caches.memory import MemoryCache
from signalbox.dispatch.delivery import Delivery, Recalled
from signalbox.domain.errors import SignalboxError
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.grants import Grant, GrantTerms
from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, Reply
from signalbox.domain.request import Refusal, Request, Sampling, Text, Thinking, Tool, ToolUse
from signalbox.domain.switches import NOTHING_STOPPED
from signalbox.domain.traits import Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.ports.cache import CacheUnavailable, Found, Kept, Place
from signalbox.recall import Recall, RecallCounts, RecallRules
from signalbox.recall.rules import may_keep
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.values import choice, endpoint, principal, ranked, request, tenant

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
PERMIT = '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'
RELEASE = PolicyRelease(texts={"all": PERMIT}, schema=SCHEMA)
CATALOGUE = ranked(endpoint("a", vendor="v"), endpoint("b", vendor="w"))
COLD = Sampling(temperature=0.0)
RULES = RecallRules(ttl_ms=60_000)


class Forgetful(MemoryCache):
    """Purges nothing: what a shared cache may still hold for a moment."""

    async def purge(self, *, tenant: str = "", subject: str = "", release: str = "") -> int:
        return 0


class Failing(MemoryCache):
    """Fails when told to."""

    down = False

    async def get(self, place: Place) -> Found | None:
        if self.down:
            raise CacheUnavailable("down")
        return await super().get(place)

    async def put(self, place: Place, kept: Kept, ttl_ms: int) -> bool:
        if self.down:
            raise CacheUnavailable("down")
        return await super().put(place, kept, ttl_ms)


def house(
    kind: type[MemoryCache] = MemoryCache, rules: RecallRules = RULES, site: str = "", entry: int = 1 << 20
) -> tuple[House, MemoryCache]:
    rooms = House(RELEASE, CATALOGUE, [tenant()])
    cache = kind(rooms.clock, entries_max=100, bytes_max=1 << 20)
    rooms.pipeline.recall = Recall(
        cache, rooms.interlock, rooms.clock, {"acme-corp": rules}, site=site, entry_bytes_max=entry
    )
    return rooms, cache


def asking(text: str = "Rewrite this.", **changes: Any) -> Request:
    return replace(request(text, sampling=COLD), **changes)


async def ask(rooms: House, asked: Request | None = None) -> Delivery:
    _, delivery = await rooms.pipeline.run(asked or asking(), principal())
    return delivery


async def test_the_second_answer_is_the_first_and_leaves_one_record() -> None:
    rooms, _ = house()
    first, second = await ask(rooms), await ask(rooms)
    assert first.cache_status == b"signalbox; fwd=miss; stored"
    assert second.cache_status == b"signalbox; hit; ttl=60"
    assert isinstance(second, Recalled)
    assert second.reply == first.reply
    assert second.settlement is not None
    assert second.settlement.cost.nanos == 0
    assert len(rooms.provider.calls) == 1
    kinds = [record.kind for record in rooms.log.records]
    assert kinds == ["decision", "intent", "outcome", "hit"]
    (hit,) = rooms.log.hits
    assert (hit.hop, hit.endpoint, hit.source) == ("cache", "a", first.attempt)
    assert "Rewrite" not in str(msgspec.to_builtins(hit))


async def test_a_stream_is_kept_at_its_end_and_given_again_whole() -> None:
    rooms, cache = house()
    streamed = await ask(rooms, asking(stream=True))
    assert streamed.cache_status == b"signalbox; fwd=miss"
    assert streamed.events is not None
    async for _ in streamed.events:
        assert len(cache) == 0
    assert rooms.pipeline.recall is not None
    await rooms.pipeline.recall.settle()
    assert len(cache) == 1
    again, whole = await ask(rooms, asking(stream=True)), await ask(rooms)
    assert again.events is None
    assert again.reply == whole.reply
    assert whole.reply is not None
    assert whole.reply.choices[0].text == Script().text


@pytest.mark.parametrize("left", ["closed", "broken"])
async def test_a_stream_that_did_not_come_to_its_end_is_not_kept(left: str) -> None:
    rooms, cache = house()
    rooms.provider.default = Script(
        failure=FailureKind.RESET if left == "broken" else None, words_before_failure=3
    )
    delivery = await ask(rooms, asking(stream=True))
    assert delivery.events is not None
    if left == "broken":
        with pytest.raises(ProviderFailure):
            async for _ in delivery.events:
                pass
    else:
        await anext(delivery.events)
        await delivery.events.aclose()
    assert rooms.pipeline.recall is not None
    await rooms.pipeline.recall.settle()
    assert len(cache) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"sampling": Sampling()},
        {"sampling": Sampling(temperature=0.1)},
        {"sampling": Sampling(temperature=0.0, n=2)},
        {"tools": (Tool("look_up"),)},
        {"declared": replace(asking().declared, label="confidential")},
        {"declared": replace(asking().declared, label="no such label")},
    ],
)
async def test_what_may_not_be_given_twice_goes_past_the_cache(change: dict[str, Any]) -> None:
    rooms, cache = house()
    for _ in range(2):
        delivery = await ask(rooms, asking(**change))
        assert delivery.cache_status == b"signalbox; fwd=bypass"
        assert not isinstance(delivery, Recalled)
    assert len(cache) == 0


async def test_highly_confidential_is_kept_by_no_rule() -> None:
    rooms, cache = house(rules=replace(RULES, sensitivity_max=Sensitivity.HIGHLY_CONFIDENTIAL))
    await ask(rooms, asking(declared=replace(asking().declared, label="highly-confidential")))
    assert len(cache) == 0


async def test_a_cache_outside_the_boundary_gets_nothing() -> None:
    rooms, cache = house(site="us")
    within = await ask(rooms, asking(declared=replace(asking().declared, boundary="eu")))
    assert within.cache_status == b"signalbox; fwd=bypass"
    assert len(cache) == 0
    await ask(rooms)
    assert len(cache) == 1


async def test_an_answer_of_what_is_killed_is_not_given_even_where_nothing_was_purged() -> None:
    rooms, cache = house(Forgetful)
    await ask(rooms)
    assert isinstance(await ask(rooms), Recalled)
    rooms.interlock.kill(["vendor:v"])
    assert len(cache) == 1
    delivery = await ask(rooms)
    assert not isinstance(delivery, Recalled)
    assert delivery.endpoint.id == "b"


async def test_what_is_answered_after_a_kill_is_not_kept_as_if_before() -> None:
    rooms, cache = house()
    rooms.at = lambda place: rooms.interlock.kill(["vendor:w"]) if place == "dispatch.sending" else None
    await ask(rooms)
    assert len(cache) == 0


async def test_a_new_release_and_a_kill_purge() -> None:
    rooms, cache = house()
    await ask(rooms)
    rooms.interlock.publish(rooms.release(ranked(endpoint("a", vendor="v", terms_version="2"))))
    await ask(rooms, asking("Something else."))
    assert len(cache) == 1
    rooms.interlock.kill(["vendor:w"])
    await ask(rooms, asking("Something else again."))
    assert len(cache) == 1


async def test_a_subject_can_be_erased_and_a_tenants_rules_taken_back() -> None:
    rooms, cache = house()
    recall = rooms.pipeline.recall
    assert recall is not None
    await ask(rooms, asking(declared=replace(asking().declared, user="anna")))
    await ask(rooms, asking("Another.", declared=replace(asking().declared, user="ben")))
    assert await recall.erase("acme-corp", "anna") == 1
    assert len(cache) == 1
    await recall.furnish({})
    assert len(cache) == 0
    assert (await ask(rooms)).cache_status == b""


async def test_a_cache_that_fails_is_a_miss_and_says_so() -> None:
    rooms, cache = house(Failing)
    assert isinstance(cache, Failing)
    cache.down = True
    delivery = await ask(rooms)
    assert delivery.cache_status == b"signalbox; fwd=miss; detail=unavailable"
    assert delivery.reply is not None


async def test_an_answer_from_elsewhere_and_one_cut_short_are_not_kept() -> None:
    rooms, cache = house()
    rooms.provider.default = Script(served_model="another-model")
    await ask(rooms)
    assert len(cache) == 0
    rooms, cache = house()
    await ask(rooms, asking(sampling=replace(COLD, max_tokens=2)))
    assert len(cache) == 0
    rooms, cache = house(entry=100)
    await ask(rooms)
    assert len(cache) == 0


def test_what_a_vendor_sealed_or_a_model_declined_is_not_kept() -> None:
    def reply(*parts: Text | Thinking | ToolUse | Refusal) -> Reply:
        return Reply(choices=(Choice(index=0, parts=parts),), usage=Usage())

    assert may_keep(reply(Thinking("so"), Text("yes")))
    assert not may_keep(reply(Thinking("so", signature="s"), Text("yes")))
    assert not may_keep(reply(Refusal("no")))
    assert not may_keep(reply(ToolUse("1", "f", "{}")))
    assert not may_keep(replace(reply(), choices=(choice(), choice(index=1))))
    assert not may_keep(replace(reply(), choices=()))


@pytest.mark.parametrize("selector", ["place:de", "tenant:acme-corp", ""])
async def test_nothing_leaves_for_a_cache_that_is_stopped_or_while_the_switch_is_not_heard(
    selector: str,
) -> None:
    rooms, cache = house(site="de")
    assert (await ask(rooms)).cache_status == b"signalbox; fwd=miss; stored"
    rooms.interlock.obey(NOTHING_STOPPED)
    if selector:
        rooms.interlock.kill([selector])
    else:
        rooms.interlock.lease_until_us = rooms.clock.monotonic_us() - 1
    asked: list[Place] = []

    async def told(place: Place, *more: Any) -> None:
        asked.append(place)

    cache.get = cache.put = told  # type: ignore[method-assign,assignment]  # what reaches the other machine
    if selector.startswith("place:"):
        assert (await ask(rooms)).cache_status == b"signalbox; fwd=bypass"
    else:  # nor does anything else leave
        with pytest.raises(SignalboxError):
            await ask(rooms)
    assert not asked


async def test_what_the_cache_did_is_counted() -> None:
    rooms, cache = house(Failing)
    recall = rooms.pipeline.recall
    assert recall is not None
    await ask(rooms)
    await ask(rooms)
    await ask(rooms, asking(tools=(Tool("look_up"),)))
    assert isinstance(cache, Failing)
    cache.down = True
    await ask(rooms)
    assert recall.counts == RecallCounts(
        hits=1, misses=1, bypassed=1, unavailable=1, stored=1, stored_bytes=recall.counts.stored_bytes
    )
    assert 0 < recall.counts.stored_bytes < recall.bytes_held


async def test_an_answer_that_is_found_and_not_permitted_any_more_is_counted_as_refused() -> None:
    rooms, _ = house(Forgetful)
    recall = rooms.pipeline.recall
    assert recall is not None
    await ask(rooms)
    rooms.interlock.kill(["vendor:v"])
    await ask(rooms)
    assert (recall.counts.hits, recall.counts.refused) == (0, 1)


async def test_what_an_emergency_opened_is_neither_kept_nor_given_again() -> None:
    rooms, cache = house()
    await ask(rooms)
    terms = GrantTerms(
        id="bg-1",
        tenant="acme-corp",
        endpoints=("vendor:v",),
        sensitivity_max=Sensitivity.GENERAL,
        until_us=rooms.clock.now_us() + 1_000_000,
    )
    grant = Grant(terms=terms, groups=("everyone",))
    rooms.interlock.obey_grants([grant], rooms.clock.now_us(), rooms.clock.monotonic_us())
    under_it = [await ask(rooms), await ask(rooms)]
    assert [each.cache_status for each in under_it] == [b"signalbox; fwd=bypass"] * 2
    assert len(cache) == 1
