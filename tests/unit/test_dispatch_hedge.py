"""Hedges: off unless wanted, sent when an answer is late, one winner, both on the books."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from msgspec.structs import replace

from signalbox.dispatch.breaker import BreakerRules
from signalbox.dispatch.budget import BudgetRules
from signalbox.dispatch.delivery import Delivery
from signalbox.dispatch.step import RetryRules
from signalbox.domain.endpoint import Limits
from signalbox.domain.errors import AttemptsExhausted
from signalbox.domain.failure import FailureKind
from signalbox.domain.money import Usage
from signalbox.domain.principal import Principal
from signalbox.domain.reply import Event, Finished, Reply, TextDelta
from signalbox.domain.request import Declared, Request
from signalbox.ports.provider import Call
from signalbox.testing.fake_provider import FakeProvider, Script
from signalbox.testing.house import HandClock, House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import choice, endpoint, principal, ranked, request, tenant

HEDGED = RetryRules(backoff_us=0, hedge_after_us={"interactive": 2_000})
SLOW = Script(wait_ms=60_000, text="slow")
QUICK = Script(text="quick")
FAILED = Script(failure=FailureKind.RESET)
LATE_FAILURE = Script(wait_ms=8, failure=FailureKind.RESET)

either_way = pytest.mark.parametrize("stream", [False, True])


def house(*names: str, rules: RetryRules = HEDGED, limits: Limits | None = None, **options: Any) -> House:
    known = ranked(*[endpoint(name, limits=limits or endpoint().limits) for name in names or ("a", "b", "c")])
    return House(PERMIT_ALL, known, [tenant()], rules=rules, breaker=BreakerRules(failures=1_000), **options)


def who() -> Principal:
    return principal(may_assert=frozenset({"latency_class"}))


def asked(*, stream: bool = False, latency_class: str = "interactive") -> Request:
    return request(stream=stream, declared=Declared(latency_class=latency_class))


async def ask(rooms: House, wanted: Request) -> tuple[Delivery, str]:
    async with asyncio.timeout(10):
        _, delivery = await rooms.pipeline.run(wanted, who())
        if delivery.events is None:
            assert delivery.reply is not None
            return delivery, delivery.reply.choices[0].text
        return delivery, "".join([getattr(event, "text", "") async for event in delivery.events])


def books(rooms: House) -> list[tuple[str, str, str, str]]:
    outcomes = {body.attempt: body for body in rooms.log.outcomes}
    assert len(outcomes) == len(rooms.log.outcomes) == len(rooms.log.intents)
    return [
        (body.hop, body.endpoint, outcomes[body.attempt].status, outcomes[body.attempt].failure)
        for body in rooms.log.intents
    ]


def nothing_is_left(rooms: House) -> bool:
    taken = sum(rooms.places_taken(known) for known in rooms.interlock.release.catalogue.endpoints)
    return rooms.provider.running == 0 and taken == 0


@either_way
async def test_when_the_first_is_late_the_next_is_asked_as_well_and_the_quicker_is_kept(stream: bool) -> None:
    rooms = house()
    rooms.provider.will("a", SLOW)
    rooms.provider.will("b", QUICK)
    delivery, text = await ask(rooms, asked(stream=stream))
    assert (delivery.endpoint.id, delivery.number, text) == ("b", 2, "quick")
    assert books(rooms) == [("primary", "a", "cancelled", "cancelled"), ("hedge", "b", "ok", "")]
    (beaten,) = [outcome for outcome in rooms.log.outcomes if outcome.endpoint == "a"]
    assert (beaten.billed, beaten.detail) == ("maybe", "another endpoint answered first")
    assert beaten.cost_nanos > 0
    assert rooms.meter.hops == [("b", "hedge")]
    assert rooms.meter.breakers == []
    assert nothing_is_left(rooms)


@either_way
async def test_the_first_may_still_win(stream: bool) -> None:
    rooms = house()
    rooms.provider.will("a", Script(wait_ms=30, text="late but first"))
    rooms.provider.will("b", SLOW)
    delivery, text = await ask(rooms, asked(stream=stream))
    assert (delivery.endpoint.id, delivery.number, text) == ("a", 1, "late but first")
    assert books(rooms) == [("primary", "a", "ok", ""), ("hedge", "b", "cancelled", "cancelled")]
    assert nothing_is_left(rooms)


@either_way
async def test_an_answer_in_time_is_not_hedged(stream: bool) -> None:
    rooms = house()
    await ask(rooms, asked(stream=stream))
    assert books(rooms) == [("primary", "a", "ok", "")]


@pytest.mark.parametrize(
    ("rules", "latency_class"),
    [(RetryRules(backoff_us=0), "interactive"), (HEDGED, "near-interactive"), (HEDGED, "batch")],
)
async def test_only_the_classes_that_the_settings_name_are_hedged(
    rules: RetryRules, latency_class: str
) -> None:
    rooms = house(rules=rules)
    rooms.provider.will("a", Script(wait_ms=20))
    await ask(rooms, asked(latency_class=latency_class))
    assert books(rooms) == [("primary", "a", "ok", "")]


async def test_a_request_is_hedged_once() -> None:
    rooms = house()
    rooms.provider.will("a", LATE_FAILURE)
    rooms.provider.will("b", LATE_FAILURE, Script(wait_ms=20))
    delivery, _ = await ask(rooms, asked())
    assert delivery.endpoint.id == "b"
    assert books(rooms) == [
        ("primary", "a", "failed", "reset"),
        ("hedge", "b", "failed", "reset"),
        ("retry", "b", "ok", ""),
    ]


@pytest.mark.parametrize(("a_ms", "b_ms"), [(6, 20), (30, 1)])
async def test_what_follows_does_not_depend_on_who_failed_first(a_ms: float, b_ms: float) -> None:
    rooms = house(rules=RetryRules(retries_here=0, hedge_after_us={"interactive": 2_000}))
    rooms.provider.will("a", Script(wait_ms=a_ms, failure=FailureKind.RESET))
    rooms.provider.will("b", Script(wait_ms=b_ms, failure=FailureKind.SERVER_ERROR))
    delivery, _ = await ask(rooms, asked())
    assert delivery.endpoint.id == "c"
    assert [hop for hop, *_ in books(rooms)] == ["primary", "hedge", "fallback"]
    assert [intent.number for intent in rooms.log.intents] == [1, 2, 3]


async def test_a_hedge_that_fails_leaves_the_first_under_way() -> None:
    rooms = house()
    rooms.provider.will("a", Script(wait_ms=20, text="patience"))
    rooms.provider.will("b", FAILED)
    delivery, text = await ask(rooms, asked())
    assert (delivery.endpoint.id, text) == ("a", "patience")
    assert books(rooms) == [("primary", "a", "ok", ""), ("hedge", "b", "failed", "reset")]


async def test_a_first_that_fails_leaves_the_hedge_under_way() -> None:
    rooms = house()
    rooms.provider.will("a", LATE_FAILURE)
    rooms.provider.will("b", Script(wait_ms=30, text="patience"))
    delivery, text = await ask(rooms, asked())
    assert (delivery.endpoint.id, text) == ("b", "patience")
    assert books(rooms) == [("primary", "a", "failed", "reset"), ("hedge", "b", "ok", "")]


async def test_a_first_that_fails_at_once_is_retried_as_ever() -> None:
    rooms = house()
    rooms.provider.will("a", FAILED)
    await ask(rooms, asked())
    assert books(rooms) == [("primary", "a", "failed", "reset"), ("retry", "a", "ok", "")]


async def test_policy_is_asked_for_a_hedge_as_for_every_hop() -> None:
    rooms = house()
    rooms.provider.will("a", Script(wait_ms=20))

    def kill(place: str) -> None:
        if place == "dispatch.sending":
            rooms.interlock.kill(["endpoint:b"])

    rooms.at = kill
    delivery, _ = await ask(rooms, asked())
    assert delivery.endpoint.id == "a"
    assert [(body.endpoint, body.reasons) for body in rooms.log.withdrawn] == [
        ("b", ("stopped by the kill switch: endpoint:b",))
    ]
    assert [call.endpoint.id for call in rooms.provider.calls] == ["a"]


async def test_a_hedge_is_paid_for_from_the_retry_budget() -> None:
    rooms = house(budget=BudgetRules(share=0, floor=1))
    for _ in range(2):
        rooms.provider.will("a", Script(wait_ms=10))
        rooms.provider.will("b", SLOW)
        await ask(rooms, asked())
    assert [hop for hop, *_ in books(rooms)] == ["primary", "hedge", "primary"]


async def test_a_retry_is_paid_for_from_the_retry_budget_and_then_the_next_is_asked() -> None:
    rooms = house("a", "b", rules=RetryRules(backoff_us=0), budget=BudgetRules(share=0, floor=1))
    rooms.provider.will("a", FAILED, FAILED, FAILED)
    for _ in range(2):
        await ask(rooms, asked())
    assert [(hop, name) for hop, name, *_ in books(rooms)] == [
        ("primary", "a"), ("retry", "a"), ("fallback", "b"),
        ("primary", "a"), ("fallback", "b"),
    ]  # fmt: skip
    rooms.clock.advance(60_000_000)
    rooms.provider.will("a", FAILED)
    await ask(rooms, asked())
    assert [hop for hop, *_ in books(rooms)][-2:] == ["primary", "retry"]


async def test_an_outage_is_not_amplified() -> None:
    """With everything down, an endpoint is sent a tenth more than it was asked, and the floor."""
    rooms = house(
        "a", rules=RetryRules(backoff_us=0, retries_here=3), budget=BudgetRules(share=1_000, floor=2)
    )
    rooms.provider.default = Script(failure=FailureKind.OVERLOADED)
    for _ in range(50):
        with pytest.raises(AttemptsExhausted):
            await ask(rooms, asked())
    assert len(rooms.provider.calls) == 50 + 50 // 10 + 2


class Together(FakeProvider):
    """Answers every call in the same turn of the loop, once `now` is set."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.now = asyncio.Event()
        self.waiting = 0

    async def _come(self, call: Call) -> None:
        call.sending()
        self.waiting += 1
        await self.now.wait()

    async def complete(self, call: Call) -> Reply:
        await self._come(call)
        return Reply(choices=(choice(text=call.endpoint.id),), usage=Usage(input=1, output=1))

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        await self._come(call)
        yield TextDelta(0, call.endpoint.id)
        yield Finished(0, "stop")


@either_way
async def test_of_two_that_answer_at_once_one_wins_and_the_other_is_on_the_books_as_beaten(
    stream: bool,
) -> None:
    rooms = house()
    provider = Together(rooms.clock)
    rooms.dispatcher._providers = {"fake": provider}
    running = asyncio.create_task(ask(rooms, asked(stream=stream)))
    async with asyncio.timeout(5):
        while provider.waiting < 2:
            await asyncio.sleep(0)
    provider.now.set()
    delivery, text = await running
    assert text == delivery.endpoint.id
    won = [body.endpoint for body in rooms.log.outcomes if body.status == "ok"]
    lost = [body for body in rooms.log.outcomes if body.status == "cancelled"]
    assert won == [delivery.endpoint.id]
    assert [(body.billed, body.detail) for body in lost] == [
        ("maybe" if stream else "yes", "another endpoint answered first")
    ]
    assert nothing_is_left(rooms)


async def test_who_is_beaten_is_known_to_be_at_least_as_slow_as_it_was_waited_for() -> None:
    rooms = house()
    rooms.provider.will("a", SLOW)

    def late(place: str) -> None:
        if place == "dispatch.first_event":
            rooms.clock.advance(3_000_000)

    rooms.at = late
    await ask(rooms, asked(stream=True))
    rooms.clock.advance(1_000_000)
    snapshot = rooms.health.cut(rooms.interlock.release.catalogue, rooms.clock.monotonic_us()).snapshot
    assert snapshot.endpoints[0].first_token_us == (3_000_000, 0, 0, 0)


async def test_a_hedge_waits_in_no_queue() -> None:
    one = Limits(context_tokens=128_000, output_tokens=16_000, concurrency=1)
    rooms = house(limits=one)
    rooms.provider.will("b", SLOW)
    full = asyncio.create_task(rooms.pipeline.run(replace(request(), target="b"), who()))
    async with asyncio.timeout(5):
        while not rooms.provider.running:
            await asyncio.sleep(0)
    rooms.provider.will("a", Script(wait_ms=30))
    delivery, _ = await ask(rooms, asked())
    assert delivery.endpoint.id == "a"
    assert [(body.endpoint, body.reasons) for body in rooms.log.withdrawn] == [
        ("b", ("as many requests in flight as it takes",))
    ]
    full.cancel()
    await asyncio.gather(full, return_exceptions=True)


@either_way
async def test_a_client_that_leaves_stops_both(stream: bool) -> None:
    rooms = house()
    rooms.provider.will("a", SLOW)
    rooms.provider.will("b", SLOW)
    running = asyncio.create_task(ask(rooms, asked(stream=stream)))
    async with asyncio.timeout(5):
        while rooms.provider.running < 2:
            await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [(hop, status) for hop, _, status, _ in books(rooms)] == [
        ("primary", "cancelled"),
        ("hedge", "cancelled"),
    ]
    assert nothing_is_left(rooms)


async def test_an_endpoint_that_is_strained_is_sent_less_at_once() -> None:
    rooms = house("a", rules=RetryRules(retries_here=0))
    known = rooms.interlock.release.catalogue.endpoint("a")
    rooms.provider.will("a", Script(failure=FailureKind.RATE_LIMITED))
    with pytest.raises(AttemptsExhausted):
        await ask(rooms, asked())
    state = rooms.health.state(known, rooms.clock.monotonic_us())
    assert (state.concurrency, state.concurrency_max, state.in_flight) == (32, 64, 0)
