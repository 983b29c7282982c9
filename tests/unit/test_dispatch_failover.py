"""What is tried next when an attempt fails, and when nothing is."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from signalbox.dispatch.breaker import BreakerRules
from signalbox.dispatch.delivery import Relay
from signalbox.dispatch.step import RetryRules
from signalbox.domain.endpoint import Limits, Model
from signalbox.domain.errors import AttemptsExhausted, DeadlineExceeded, NoCandidate
from signalbox.domain.failure import REACTIONS, FailureKind, ProviderFailure
from signalbox.domain.reply import TextDelta
from signalbox.domain.request import Declared, Request
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant

FAILED = Script(failure=FailureKind.SERVER_ERROR)
ONE_AT_A_TIME = Limits(context_tokens=1220_000, output_tokens=16_000, concurrency=1)


def house(
    *names: str, rules: RetryRules | None = None, breaker: BreakerRules | None = None, **changes: Any
) -> House:
    """With endpoints `a`, `b`, `c` (or `names`), which rank in this order, by quality."""
    endpoints = [endpoint(name, model=f"model-{name}", **changes) for name in names or ("a", "b", "c")]
    models = tuple(
        Model(id=item.model, vendor="acme", version="1", quality={"default": 9_000 - 1_000 * place})
        for place, item in enumerate(endpoints)
    )
    known = catalogue(*endpoints, models=models)
    return House(PERMIT_ALL, known, [tenant()], rules=rules, breaker=breaker)


async def ask(rooms: House, asked: Request | None = None) -> str:
    """The endpoint that answered, stream or not; streams are read to their end."""
    _, delivery = await rooms.pipeline.run(asked or request(), principal())
    if delivery.events is not None:
        async for _ in delivery.events:
            pass
    return delivery.endpoint.id


def sent_to(rooms: House) -> str:
    return "".join(call.endpoint.id for call in rooms.provider.calls)


def books(rooms: House) -> list[tuple[str, str, str, str]]:
    """Each intent with its outcome: hop, endpoint, status, failure."""
    outcomes = {body.attempt: body for body in rooms.log.outcomes}
    assert len(outcomes) == len(rooms.log.outcomes) == len(rooms.log.intents)
    return [
        (body.hop, body.endpoint, outcomes[body.attempt].status, outcomes[body.attempt].failure)
        for body in rooms.log.intents
    ]


async def waiting(rooms: House, tasks: int = 1) -> None:
    """Let tasks run until as many calls as asked for are at the provider."""
    async with asyncio.timeout(5):
        while rooms.provider.running < tasks:
            await asyncio.sleep(0)


either_way = pytest.mark.parametrize("stream", [False, True])


@either_way
async def test_the_first_of_the_plan_answers_and_nobody_else_is_asked(stream: bool) -> None:
    rooms = house()
    assert await ask(rooms, request(stream=stream)) == "a"
    assert sent_to(rooms) == "a"
    assert books(rooms) == [("primary", "a", "ok", "")]


@either_way
async def test_each_endpoint_is_retried_once_and_then_the_next_is_asked(stream: bool) -> None:
    rooms = house()
    rooms.provider.will("a", FAILED, FAILED)
    assert await ask(rooms, request(stream=stream)) == "b"
    assert books(rooms) == [
        ("primary", "a", "failed", "server_error"),
        ("retry", "a", "failed", "server_error"),
        ("fallback", "b", "ok", ""),
    ]


async def test_attempts_end_with_the_rules_and_the_error_says_how_the_last_one_did() -> None:
    rooms = house(rules=RetryRules(attempts_max=3, retries_here=0, backoff_us=1_000))
    for name in "abc":
        rooms.provider.will(name, Script(failure=FailureKind.OVERLOADED))
    with pytest.raises(AttemptsExhausted, match="3 attempts") as raised:
        await ask(rooms)
    assert (raised.value.status, raised.value.code) == (503, "upstream_overloaded")
    assert sent_to(rooms) == "abc"
    assert "a: overloaded; b: overloaded; c: overloaded" in raised.value.operator
    assert not any(name in raised.value.message.split() for name in "bc")


@pytest.mark.parametrize("kind", sorted(REACTIONS))
async def test_every_kind_of_failure_leads_where_its_reaction_says(kind: FailureKind) -> None:
    rooms = house("a", "b", rules=RetryRules(backoff_us=0))
    rooms.provider.will("a", Script(failure=kind), Script(failure=kind))
    reaction = REACTIONS[kind]
    expected = "aa" if reaction.here else "a"
    if reaction.elsewhere:
        assert await ask(rooms) == "b"
        expected += "b"
    else:
        with pytest.raises(AttemptsExhausted if kind is not FailureKind.OVERDUE else DeadlineExceeded):
            await ask(rooms)
    assert sent_to(rooms) == expected


async def test_a_credential_that_was_renewed_is_tried_once_more() -> None:
    rooms = house("a", "b", rules=RetryRules(retries_here=0))
    expired = Script(failure=FailureKind.CREDENTIAL, refreshed=True)
    rooms.provider.will("a", expired)
    assert await ask(rooms) == "a"
    rooms.provider.will("a", expired, expired)
    assert await ask(rooms) == "b"
    rooms.provider.will("a", Script(failure=FailureKind.CREDENTIAL))
    assert await ask(rooms) == "b"
    assert sent_to(rooms) == "aa" + "aab" + "ab"


async def test_retry_after_is_waited_for_where_it_is_short() -> None:
    rooms = house("a", "b")
    rooms.provider.will("a", Script(failure=FailureKind.RATE_LIMITED, retry_after_ms=30))
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await ask(rooms) == "a"
    assert loop.time() - began >= 0.03
    assert sent_to(rooms) == "aa"


async def test_retry_after_that_is_long_sends_the_request_elsewhere_at_once() -> None:
    rooms = house("a", "b")
    rooms.provider.will("a", Script(failure=FailureKind.RATE_LIMITED, retry_after_ms=3_600_000))
    async with asyncio.timeout(5):
        assert await ask(rooms) == "b"
    assert sent_to(rooms) == "ab"


async def test_retry_after_beyond_the_deadline_ends_the_request_and_tells_the_caller() -> None:
    rooms = house("a")
    rooms.provider.will("a", Script(failure=FailureKind.RATE_LIMITED, retry_after_ms=3_600_000))
    async with asyncio.timeout(5):
        with pytest.raises(AttemptsExhausted) as raised:
            await ask(rooms)
    assert (raised.value.status, raised.value.retry_after_ms) == (429, 3_600_000)
    assert sent_to(rooms) == "a"


async def test_no_attempt_outlives_its_own_deadline_nor_the_requests() -> None:
    """The clock stands still, so that what the provider is given can be checked to the microsecond."""
    rooms = house("a", "b", rules=RetryRules(retries_here=0))
    rooms.provider.will("a", Script(failure=FailureKind.TIMEOUT))
    began_us = rooms.clock.monotonic_us()
    decided, _ = await rooms.pipeline.run(
        request(declared=Declared(deadline_ms=20_000)),
        replace(principal(), may_assert=frozenset({"deadline_ms"})),
    )
    planned = decided.plan.attempts
    assert decided.plan.deadline_us == 20_000_000
    assert [call.deadline_us - began_us for call in rooms.provider.calls] == [
        planned[0].timeout_us,
        planned[1].timeout_us,
    ]
    assert planned[0].timeout_us < 20_000_000
    assert planned[1].timeout_us == 20_000_000


async def test_without_time_for_another_attempt_there_is_none() -> None:
    rooms = house("a", "b", rules=RetryRules(retries_here=0))

    def slow(place: str) -> None:
        if place == "dispatch.sending":
            rooms.clock.advance(120_000_000)

    rooms.at = slow
    rooms.provider.will("a", FAILED)
    with pytest.raises(AttemptsExhausted):
        await ask(rooms)
    assert sent_to(rooms) == "a"


async def test_a_request_that_comes_too_late_is_not_sent_at_all() -> None:
    rooms = house()

    def slow(place: str) -> None:
        if place == "pipeline.decided":
            rooms.clock.advance(120_000_000)

    rooms.at = slow
    with pytest.raises(DeadlineExceeded):
        await ask(rooms)
    assert rooms.provider.calls == []
    assert rooms.log.intents == []


# -- streams


async def test_a_stream_fails_over_before_its_first_content() -> None:
    rooms = house(rules=RetryRules(retries_here=0))
    rooms.provider.will("a", FAILED)  # says which model it is, and then fails
    _, delivery = await rooms.pipeline.run(request(stream=True), principal())
    assert delivery.events is not None
    texts = [event.text async for event in delivery.events if isinstance(event, TextDelta)]
    assert "".join(texts) == rooms.provider.default.text
    assert sent_to(rooms) == "ab"


async def test_a_stream_that_breaks_after_content_ends_and_is_never_continued_by_another() -> None:
    rooms = house()
    rooms.provider.will("a", replace(FAILED, words_before_failure=2))
    _, delivery = await rooms.pipeline.run(request(stream=True), principal())
    assert delivery.events is not None
    texts: list[str] = []

    async def read(events: Relay) -> None:
        async for event in events:
            if isinstance(event, TextDelta):
                texts.append(event.text)

    with pytest.raises(ProviderFailure) as raised:
        await read(delivery.events)
    assert raised.value.kind is FailureKind.SERVER_ERROR
    assert texts == ["all", " points"]
    assert sent_to(rooms) == "a"
    assert books(rooms) == [("primary", "a", "failed", "server_error")]


# -- breakers


async def test_a_breaker_opens_shows_in_the_snapshot_probes_once_and_closes() -> None:
    rules = BreakerRules(failures=3, open_us=5_000_000)
    rooms = house("a", "b", rules=RetryRules(retries_here=0), breaker=rules)
    rooms.provider.will("a", FAILED, FAILED, FAILED)
    for _ in range(3):
        assert await ask(rooms) == "b"
    decided, delivery = await rooms.pipeline.run(request(), principal())
    assert delivery.endpoint.id == "b"
    assert [(item.endpoint, item.transient) for item in decided.dropped] == [("a", True)]
    assert [health.open for health in decided.cut.snapshot.endpoints] == [True, False]
    assert rooms.meter.breakers == [("a", "open")]

    rooms.clock.advance(5_000_000)
    rooms.provider.will("a", Script(wait_ms=50))
    probe = asyncio.create_task(ask(rooms))
    await waiting(rooms)
    assert await ask(rooms) == "b"  # one probe at a time
    assert await probe == "a"
    assert rooms.meter.breakers == [("a", "open"), ("a", "half-open"), ("a", "closed")]
    assert await ask(rooms) == "a"


async def test_a_breaker_that_opens_after_the_decision_turns_the_attempt_away() -> None:
    """The plan was made from a snapshot; live state is asked at the moment of sending."""
    rooms = house("a", "b")
    endpoint_a = rooms.interlock.release.catalogue.endpoint("a")

    def break_it(place: str) -> None:
        if place == "pipeline.decided":
            rooms.blame(endpoint_a, times=3)

    rooms.at = break_it
    assert await ask(rooms) == "b"
    assert sent_to(rooms) == "b"
    assert [(body.endpoint, body.reasons) for body in rooms.log.withdrawn] == [
        ("a", ("breaker open after repeated failures",))
    ]


async def test_a_failed_probe_keeps_it_open_for_twice_as_long() -> None:
    rooms = house("a", rules=RetryRules(retries_here=0), breaker=BreakerRules(failures=1, open_us=1_000_000))
    rooms.provider.will("a", FAILED, FAILED)
    with pytest.raises(AttemptsExhausted):
        await ask(rooms)
    rooms.clock.advance(1_000_000)
    with pytest.raises(AttemptsExhausted):
        await ask(rooms)
    rooms.clock.advance(1_500_000)
    with pytest.raises(NoCandidate) as raised:
        await ask(rooms)
    assert raised.value.status == 503
    rooms.clock.advance(1_000_000)  # and a snapshot may be as old as its cadence
    assert await ask(rooms) == "a"


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if not REACTIONS[kind].breaker])
async def test_what_is_not_the_endpoints_fault_never_counts_against_it(kind: FailureKind) -> None:
    rules = RetryRules(retries_here=0, repairs=0)
    rooms = house("a", rules=rules, breaker=BreakerRules(failures=1))
    rooms.provider.will("a", Script(failure=kind))
    with pytest.raises((AttemptsExhausted, DeadlineExceeded)):
        await ask(rooms)
    assert rooms.meter.breakers == []
    assert await ask(rooms) == "a"


async def test_a_probe_that_says_nothing_leaves_the_next_one_free_to_probe() -> None:
    rooms = house("a", rules=RetryRules(retries_here=0), breaker=BreakerRules(failures=1, open_us=1_000))
    rooms.provider.will("a", FAILED, Script(failure=FailureKind.CALLER_FAULT))
    for _ in range(2):
        with pytest.raises(AttemptsExhausted):
            await ask(rooms)
        rooms.clock.advance(1_000)
    assert await ask(rooms) == "a"


# -- turnstile


async def test_where_an_endpoint_is_full_the_next_of_the_plan_is_asked() -> None:
    rooms = house("a", "b", limits=ONE_AT_A_TIME)
    rooms.provider.will("a", Script(wait_ms=10_000))
    first = asyncio.create_task(ask(rooms))
    await waiting(rooms)
    second = request(declared=Declared(deadline_ms=200))
    assert await ask(rooms, second) == "b"
    assert [(body.endpoint, body.reasons) for body in rooms.log.withdrawn] == [
        ("a", ("as many requests in flight as it takes",))
    ]
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await ask(rooms) == "a"


async def test_a_stream_holds_its_place_until_it_ends() -> None:
    rooms = house("a", limits=ONE_AT_A_TIME)
    _, delivery = await rooms.pipeline.run(request(stream=True), principal())
    second = asyncio.create_task(ask(rooms))
    for _ in range(20):
        await asyncio.sleep(0)
    assert sent_to(rooms) == "a"
    assert delivery.events is not None
    await delivery.events.aclose()
    assert await second == "a"


async def test_a_queue_that_used_up_the_time_is_not_held_against_the_endpoint() -> None:
    rooms = house("a", limits=ONE_AT_A_TIME, breaker=BreakerRules(failures=1))
    rooms.provider.will("a", Script(wait_ms=10_000))
    first = asyncio.create_task(ask(rooms))
    await waiting(rooms)
    second = asyncio.create_task(ask(rooms))
    for _ in range(20):
        await asyncio.sleep(0)
    rooms.clock.advance(120_000_000)
    first.cancel()
    with pytest.raises(AttemptsExhausted) as raised:
        await second
    assert raised.value.status == 503
    assert sent_to(rooms) == "a"
    assert rooms.meter.breakers == []
