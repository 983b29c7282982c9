"""Whatever ends a request, and wherever: every intent has one outcome, every place is given back, and no
breaker waits for a probe that nobody makes."""

import asyncio
import random
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.dispatch.breaker import BreakerRules
from signalbox.dispatch.step import RetryRules
from signalbox.domain.endpoint import Limits
from signalbox.domain.errors import SignalboxError
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.request import Declared
from signalbox.domain.verdict import PolicyRelease
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant

RELEASE: Final = PolicyRelease(
    texts={"all": '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'},
    schema=(Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text(),
)
FEW: Final = Limits(context_tokens=128_000, output_tokens=16_000, concurrency=2)
CATALOGUE: Final = catalogue(*[endpoint(name, limits=FEW) for name in "abc"])
RULES: Final = RetryRules(backoff_us=200, attempts_max=4)
REQUESTS: Final = 6


def build(rng: random.Random) -> House:
    breaker = BreakerRules(failures=2, open_us=1_000, open_max_us=4_000)
    rooms = House(RELEASE, CATALOGUE, [tenant()], rules=RULES, breaker=breaker, seed=rng.getrandbits(32))
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
    )


async def use(rooms: House, rng: random.Random) -> None:
    """One request: read to the end, left after some events, or never read."""
    asked = request(
        stream=rng.random() < 0.6, declared=Declared(label=rng.choice(["general", "confidential"]))
    )
    left_after = rng.choice([0, 1, 2, 3, 99])
    _, delivery = await rooms.pipeline.run(asked, principal())
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


async def one_life(seed: int) -> int:
    rng = random.Random(seed)
    rooms = build(rng)
    tasks = [asyncio.create_task(use(rooms, random.Random(rng.getrandbits(32)))) for _ in range(REQUESTS)]
    disturber = asyncio.create_task(disturb(rooms, rng, tasks))
    async with asyncio.timeout(20):
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await disturber
    for end in ended:
        assert end is None or isinstance(end, SignalboxError | ProviderFailure | asyncio.CancelledError), end
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
    rooms.clock.advance(10_000_000)
    for known in CATALOGUE.endpoints:
        assert rooms.places_taken(known) == 0
        # A probe that was never ended would keep the breaker half-open for good.
        assert rooms.probe(known)
    return len(intents)


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=150, deadline=None)
def test_intents_and_outcomes_balance_whatever_happens(seed: int) -> None:
    asyncio.run(one_life(seed))


def test_the_lives_that_are_tried_do_send_something() -> None:
    async def many() -> int:
        return sum([await one_life(seed) for seed in range(20)])

    assert asyncio.run(many()) > 40


@pytest.mark.soak
@pytest.mark.parametrize("part", range(8))
def test_intents_and_outcomes_balance_in_many_lives(part: int) -> None:
    async def many() -> None:
        for seed in range(2_500):
            await one_life(part << 32 | seed)

    asyncio.run(many())
