"""Whatever ends a request, and wherever: every intent has one outcome, every place is given back, and no
breaker waits for a probe that nobody makes."""

import asyncio
import random
from collections import defaultdict
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.dispatch.breaker import BreakerRules
from signalbox.dispatch.step import RetryRules
from signalbox.domain.endpoint import Limits
from signalbox.domain.errors import SignalboxError
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.request import Declared
from signalbox.pipeline import _order
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant

FEW: Final = Limits(context_tokens=128_000, output_tokens=16_000, concurrency=2)
CATALOGUE: Final = catalogue(*[endpoint(name, limits=FEW) for name in "abc"])
RULES: Final = RetryRules(backoff_us=200, attempts_max=6, hedge_after_us={"interactive": 300})
REQUESTS: Final = 6


def build(rng: random.Random) -> House:
    breaker = BreakerRules(failures=2, open_us=1_000, open_max_us=4_000)
    rooms = House(PERMIT_ALL, CATALOGUE, [tenant()], rules=RULES, breaker=breaker, seed=rng.getrandbits(32))
    for name in "abc":
        rooms.provider.will(name, *[script(rng) for _ in range(REQUESTS)])
    return rooms


def script(rng: random.Random) -> Script:
    return Script(
        text="one two three",
        wait_ms=rng.choice([0, 0, 0.2]),
        word_ms=rng.choice([0, 0, 0.1]),
        usage=rng.random() < 0.7,
        failure=rng.choice([None, None, *FailureKind]),
        sent=rng.random() < 0.8,
        words_before_failure=rng.randrange(3),
        retry_after_ms=rng.choice([None, None, 0, 1, 1_000_000_000]),
        refreshed=rng.random() < 0.3,
        served_model="somebody-else" if rng.random() < 0.05 else "",
    )


async def use(rooms: House, rng: random.Random) -> None:
    """One request: read to the end, left after some events, or never read."""
    declared = Declared(
        label=rng.choice(["general", "confidential"]),
        latency_class=rng.choice(["interactive", "near-interactive"]),
    )
    asked = request(stream=rng.random() < 0.6, declared=declared)
    left_after = rng.choice([0, 1, 2, 3, 99])
    who = principal(may_assert=frozenset({"label", "latency_class"}))
    decided = await rooms.pipeline.decide(asked, who)
    order = _order(decided)
    if rng.random() < 0.3:
        order = replace(order, check=lambda reply: rng.choice([None, "that is not what was asked for"]))
    delivery = await rooms.dispatcher.dispatch(order)
    assert delivery.events is None or order.check is None
    if delivery.events is None:
        return
    try:
        while left_after:
            left_after -= 1
            await anext(delivery.events)
    except StopAsyncIteration:
        pass
    finally:
        await delivery.events.aclose()


async def disturb(rooms: House, rng: random.Random, tasks: list[asyncio.Task[None]]) -> None:
    """Cancel at any await; open and close the log's gate; throw and restore switches; let time pass."""
    for _ in range(rng.randrange(60)):
        for _ in range(rng.randrange(8)):
            await asyncio.sleep(0)
        match rng.randrange(6):
            case 0:
                rng.choice(tasks).cancel()
            case 1:
                rooms.log.gate.clear()
            case 2:
                rooms.log.gate.set()
            case 3:
                rooms.interlock.kill([f"endpoint:{rng.choice('abc')}"])
            case 4:
                rooms.interlock.restore([f"endpoint:{name}" for name in "abc"])
            case 5:
                rooms.clock.advance(rng.choice([500, 5_000]))
                await asyncio.sleep(0.0003)
    rooms.log.gate.set()


async def one_life(seed: int, hops: set[str] | None = None) -> int:
    rng = random.Random(seed)
    rooms = build(rng)
    tasks = [asyncio.create_task(use(rooms, random.Random(rng.getrandbits(32)))) for _ in range(REQUESTS)]
    disturber = asyncio.create_task(disturb(rooms, rng, tasks))
    async with asyncio.timeout(20):
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await disturber
    for end in ended:
        assert end is None or isinstance(end, SignalboxError | ProviderFailure | asyncio.CancelledError), end
    if hops is not None:
        hops.update(body.hop for body in rooms.log.intents)
    left = [task for task in asyncio.all_tasks() if "Dispatcher" in str(task.get_coro())]
    assert not left, "an attempt was left behind"
    return assert_balanced(rooms)


def assert_balanced(rooms: House) -> int:
    log = rooms.log
    intents = [body.attempt for body in log.intents]
    assert len(set(intents)) == len(intents)
    assert sorted(intents) == sorted(body.attempt for body in log.outcomes)
    seen: set[str] = set()
    for record in log.records:
        if record.kind == "intent":
            seen.add(record.ref)
        elif record.kind == "outcome":
            assert record.ref in seen, "an outcome before its intent"
    assert {call.attempt for call in rooms.provider.calls} <= set(intents)
    assert not {body.attempt for body in log.withdrawn} & set(intents)
    assert rooms.provider.running == 0
    assert_bounded(rooms)
    rooms.clock.advance(10_000_000)
    for known in CATALOGUE.endpoints:
        assert rooms.places_taken(known) == 0
        rooms.health.release(known)
        # A probe that was never ended would keep the breaker half-open for good.
        assert rooms.probe(known)
    return len(intents)


def assert_bounded(rooms: House) -> None:
    """Of each request: one hedge at most, one answer at most, one repair a place; nothing goes back."""
    by_decision = defaultdict(list)
    for intent in rooms.log.intents:
        by_decision[intent.decision].append(intent)
    outcomes = {body.attempt: body for body in rooms.log.outcomes}
    for intents in by_decision.values():
        hops = [intent.hop for intent in intents]
        assert len(intents) <= RULES.attempts_max
        assert hops.count("hedge") <= 1
        assert sum(outcomes[intent.attempt].status == "ok" for intent in intents) <= 1
        repairs = [intent.endpoint for intent in intents if intent.hop == "repair"]
        assert len(repairs) == len(set(repairs))


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=150, deadline=None)
def test_intents_and_outcomes_balance_whatever_happens(seed: int) -> None:
    asyncio.run(one_life(seed))


def test_the_lives_that_are_tried_do_send_something_of_every_kind() -> None:
    hops: set[str] = set()

    async def many() -> int:
        return sum([await one_life(seed, hops) for seed in range(60)])

    assert asyncio.run(many()) > 120
    assert hops == {"primary", "retry", "repair", "fallback", "hedge"}


@pytest.mark.soak
@pytest.mark.parametrize("part", range(8))
def test_intents_and_outcomes_balance_in_many_lives(part: int) -> None:
    async def many() -> None:
        for seed in range(2_500):
            await one_life(part << 32 | seed)

    asyncio.run(many())
