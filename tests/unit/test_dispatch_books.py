"""What is written down of an attempt, and what may not leave before it is."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict

from signalbox.dispatch.delivery import Relay
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.errors import (
    AttemptsExhausted,
    LogUnavailable,
    PolicyDenied,
    SignalboxError,
    UnknownModel,
)
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.money import Usage
from signalbox.domain.principal import Principal
from signalbox.domain.records import DecisionBody, IntentBody
from signalbox.domain.reply import Choice, Event, Reply, TextDelta
from signalbox.domain.request import Declared, Request, Text
from signalbox.domain.traits import Capability, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.pipeline import _order
from signalbox.ports.provider import Call
from signalbox.testing.fake_provider import FakeProvider, Script
from signalbox.testing.house import HandClock, House
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
POLICY = """
@id("all") permit(principal, action == Signalbox::Action::"infer", resource);
@id("secret") @reason("secrets stay here")
forbid(principal, action == Signalbox::Action::"infer", resource) when { context.sensitivity >= 3 };
"""
RELEASE = PolicyRelease(texts={"rules": POLICY}, schema=SCHEMA)
CONFIDENTIAL = Declared(label="confidential")


def house(*endpoints: Endpoint, **options: Any) -> House:
    known = catalogue(*(endpoints or (endpoint("a"),)))
    return House(RELEASE, known, [tenant(), tenant("lagging")], **options)


def caller(**changes: Any) -> Principal:
    return principal(tenant=tenant(**changes))


def asked(*, stream: bool = False, confidential: bool = False) -> Request:
    return request(stream=stream, declared=CONFIDENTIAL if confidential else Declared())


async def told(events: Relay | None) -> str:
    assert events is not None
    return "".join([event.text async for event in events if isinstance(event, TextDelta)])


class Telling(FakeProvider):
    """Tells of each thing something else."""

    async def complete(self, call: Call) -> Reply:
        call.sending()
        call.note("put in other words")
        await asyncio.sleep(0)
        return Reply(
            choices=(Choice(index=0, parts=(Text("yes"),), finish="length"),),
            usage=Usage(input=11, output=12, cached_input=13, cache_write=14, cache_write_1h=15),
            served_model="acme-small-7",
            served_place="north",
        )


async def test_an_outcome_is_written_with_each_fact_under_its_own_name() -> None:
    place = endpoint("a", served_names=("acme-small-7",), served_places=("north",))
    rooms = house(place)
    rooms.dispatcher._providers = {"fake": Telling(rooms.clock)}
    rooms.at = lambda at: rooms.clock.advance(7) if at == "dispatch.before_intent" else None
    await rooms.pipeline.run(asked(), caller())
    (outcome,) = rooms.log.outcomes
    (decision,) = rooms.log.decisions
    assert asdict(outcome) == {
        "attempt": f"{decision.decision}.1",
        "authorised": "confirmed",
        "billed": "yes",
        "cost_nanos": place.price.cost(
            Usage(input=11, output=12, cached_input=13, cache_write=14, cache_write_1h=15)
        ).nanos,
        "currency": "USD",
        "decision": decision.decision,
        "detail": "",
        "elapsed_us": 7,
        "endpoint": "a",
        "failure": "",
        "finish": "length",
        "first_token_us": 0,
        "notes": ("put in other words",),
        "served": "acme-small-7",
        "served_place": "north",
        "status": "ok",
        "tokens_cache_written": 29,
        "tokens_cached": 13,
        "tokens_estimated": False,
        "tokens_in": 11,
        "tokens_out": 12,
    }


class Watched(FakeProvider):
    """Keeps what the log had taken, and had on disk, when a call came and when its bytes left."""

    def __init__(self, clock: HandClock, rooms: House) -> None:
        super().__init__(clock)
        self.rooms = rooms
        self.seen: list[tuple[bool, bool]] = []

    def _look(self, call: Call) -> None:
        log = self.rooms.log
        places = [
            number
            for number, record in enumerate(log.records)
            if isinstance(record.body, IntentBody) and record.ref == call.attempt
        ]
        assert len(places) == 1
        decided = [r.ref for r in log.records[: places[0]] if isinstance(r.body, DecisionBody)]
        assert call.attempt.partition(".")[0] in decided
        self.seen.append((True, places[0] < log.durable))

    async def complete(self, call: Call) -> Reply:
        self._look(call)
        return await super().complete(call)

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        self._look(call)
        async for event in super().stream(call):
            yield event


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("confidential", [False, True])
async def test_nothing_is_handed_to_a_provider_before_its_intent_is_written(
    stream: bool, confidential: bool
) -> None:
    rooms = house()
    watched = Watched(rooms.clock, rooms)
    rooms.dispatcher._providers = {"fake": watched}
    watched.will("a", Script(failure=FailureKind.RESET))  # so that a retry is watched as well
    _, delivery = await rooms.pipeline.run(asked(stream=stream, confidential=confidential), principal())
    if stream:
        await told(delivery.events)
    assert watched.seen == [(True, confidential)] * 2
    assert [body.durable for body in rooms.log.intents] == [confidential] * 2


@pytest.mark.parametrize(
    ("label", "from_", "durable"),
    [("general", Sensitivity.CONFIDENTIAL, False), ("general", Sensitivity.PUBLIC, True),
     ("confidential", Sensitivity.CONFIDENTIAL, True), ("an unknown label", Sensitivity.CONFIDENTIAL, None)],
)  # fmt: skip
async def test_a_durable_intent_is_owed_from_the_tenants_bound_on(
    label: str, from_: Sensitivity, durable: bool | None
) -> None:
    rooms = house()
    who = caller(durable_from=from_)
    if durable is None:  # the highest, which this policy forbids
        with pytest.raises(PolicyDenied):
            await rooms.pipeline.run(request(declared=Declared(label=label)), who)
        return
    await rooms.pipeline.run(request(declared=Declared(label=label)), who)
    assert [body.durable for body in rooms.log.intents] == [durable]


# -- the log cannot be written


@pytest.mark.parametrize("stream", [False, True])
async def test_without_a_log_nothing_leaves(stream: bool) -> None:
    rooms = house()
    rooms.log.trouble = "disk full"
    with pytest.raises(LogUnavailable):
        await rooms.pipeline.run(asked(stream=stream), principal())
    assert rooms.provider.calls == []


@pytest.mark.parametrize("confidential", [False, True])
async def test_without_a_log_a_tenant_that_chose_so_is_served_but_never_with_confidential_text(
    confidential: bool,
) -> None:
    rooms = house()
    rooms.log.trouble = "disk full"
    rooms.log.may_lag = frozenset({"lagging"})
    who = caller(ident="lagging", serve_without_log=True)
    if confidential:
        with pytest.raises(LogUnavailable) as raised:
            await rooms.pipeline.run(asked(confidential=True), who)
        assert raised.value.status == 503
        assert rooms.provider.calls == []
        assert rooms.log.intents == []
    else:
        await rooms.pipeline.run(asked(), who)
        assert len(rooms.provider.calls) == len(rooms.log.intents) == len(rooms.log.outcomes) == 1


async def test_a_commit_that_is_refused_while_it_is_waited_for_stops_the_request() -> None:
    rooms = house()
    rooms.log.gate.clear()
    running = asyncio.create_task(rooms.pipeline.run(asked(confidential=True), principal()))
    while not rooms.log.commits_waiting:
        await asyncio.sleep(0)
    rooms.log.trouble = "disk full"
    rooms.log.gate.set()
    with pytest.raises(LogUnavailable):
        await running
    assert rooms.provider.calls == []
    assert rooms.log.outcomes == []
    rooms.log.trouble = ""
    await rooms.pipeline.run(asked(confidential=True), principal())  # its place was given back


async def test_a_request_cancelled_while_its_intent_is_being_written_is_owed_an_outcome() -> None:
    """The intent may be on disk: without an outcome it would stay open for as long as the process lives."""
    rooms = house()
    rooms.log.gate.clear()
    running = asyncio.create_task(rooms.pipeline.run(asked(confidential=True), principal()))
    while not rooms.log.commits_waiting:
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rooms.provider.calls == []
    (intent,), (outcome,) = rooms.log.intents, rooms.log.outcomes
    assert (outcome.attempt, outcome.status, outcome.billed) == (intent.attempt, "cancelled", "no")
    assert (outcome.tokens_in, outcome.cost_nanos) == (0, 0)


async def test_an_outcome_that_cannot_be_written_does_not_take_the_reply_away() -> None:
    rooms = house()

    def fill(place: str) -> None:
        if place == "dispatch.before_outcome":
            rooms.log.trouble = "disk full"
            rooms.log.post = refuse  # type: ignore[method-assign]  # not even outcomes

    def refuse(records: object) -> None:
        raise LogUnavailable("the decision log cannot keep up")

    rooms.at = fill
    _, delivery = await rooms.pipeline.run(asked(), principal())
    assert delivery.reply is not None


# -- outcomes


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_vendor_does_not_meter_is_estimated_and_marked(stream: bool) -> None:
    rooms = house()
    rooms.provider.default = Script(text="x" * 41, usage=False)
    decided, delivery = await rooms.pipeline.run(asked(stream=stream), principal())
    if stream:
        await told(delivery.events)
    (outcome,) = rooms.log.outcomes
    expected_in = decided.traits.tokens_in
    assert (outcome.tokens_estimated, outcome.tokens_in, outcome.tokens_out) == (True, expected_in, 11)
    price = endpoint().price
    assert (
        outcome.cost_nanos == (expected_in * price.input_per_mtok + 11 * price.output_per_mtok) // 1_000_000
    )
    assert outcome.billed == "yes"
    assert delivery.settlement is not None
    assert delivery.settlement.usage.estimated
    if delivery.reply is not None:
        assert delivery.reply.usage == delivery.settlement.usage


@pytest.mark.parametrize("stream", [False, True])
async def test_the_vendors_own_figures_are_taken_as_they_are(stream: bool) -> None:
    rooms = house()
    _, delivery = await rooms.pipeline.run(asked(stream=stream), principal())
    if stream:
        await told(delivery.events)
    (outcome,) = rooms.log.outcomes
    assert (outcome.tokens_estimated, outcome.tokens_in, outcome.tokens_out) == (False, 3, 12)
    assert (outcome.status, outcome.finish, outcome.served) == ("ok", "stop", "acme-small")


@pytest.mark.parametrize(
    ("script", "billed"),
    [
        (Script(failure=FailureKind.RESET), "maybe"),
        (Script(failure=FailureKind.RESET, sent=False), "no"),
        (Script(failure=FailureKind.RATE_LIMITED), "no"),
        (Script(failure=FailureKind.CONTENT_FILTER), "maybe"),
    ],
)
async def test_money_that_may_have_been_spent_is_never_settled_as_nothing(
    script: Script, billed: str
) -> None:
    rooms = house()
    rooms.provider.default = script
    with pytest.raises(AttemptsExhausted):
        await rooms.pipeline.run(asked(), principal())
    for outcome in rooms.log.outcomes:
        assert (outcome.billed, outcome.cost_nanos > 0) == (billed, billed == "maybe")


@pytest.mark.parametrize(("words", "billed"), [(0, "no"), (2, "maybe")])
async def test_a_refusal_in_a_stream_may_cost_what_was_relayed_before_it(words: int, billed: str) -> None:
    rooms = house()
    rooms.provider.default = Script(failure=FailureKind.RATE_LIMITED, words_before_failure=words)
    with pytest.raises((AttemptsExhausted, ProviderFailure)):
        await told((await rooms.pipeline.run(asked(stream=True), principal()))[1].events)
    outcome = rooms.log.outcomes[-1]
    assert (outcome.failure, outcome.billed, outcome.tokens_out > 0) == ("rate_limited", billed, words > 0)


async def test_a_model_that_the_registry_does_not_list_is_noted() -> None:
    rooms = house()
    rooms.provider.default = Script(served_model="somebody-else")
    await rooms.pipeline.run(asked(), principal())
    (outcome,) = rooms.log.outcomes
    assert outcome.served == "somebody-else"
    assert outcome.detail == "answered as `somebody-else`, which the registry does not list"


class Broken(FakeProvider):
    """Raises what the port does not allow, with the prompt in it."""

    def __init__(self, clock: HandClock, words: int) -> None:
        super().__init__(clock)
        self.words = words

    async def complete(self, call: Call) -> Reply:
        call.sending()
        raise KeyError(call.request.messages[0])

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        call.sending()
        for _ in range(self.words):
            yield TextDelta(0, "word")
        raise KeyError(call.request.messages[0])


@pytest.mark.parametrize(("stream", "words"), [(False, 0), (True, 0), (True, 2)])
async def test_a_provider_that_breaks_its_promise_leaves_the_books_closed(stream: bool, words: int) -> None:
    rooms = house(endpoint("a", provider="broken"), endpoint("b", provider="broken"))
    rooms.dispatcher._providers = {"broken": Broken(rooms.clock, words)}

    async def go() -> None:
        _, delivery = await rooms.pipeline.run(asked(stream=stream), principal())
        await told(delivery.events)

    with pytest.raises((AttemptsExhausted, ProviderFailure)):
        await go()
    assert len(rooms.log.intents) == (1 if words else 2)
    assert [body.attempt for body in rooms.log.outcomes] == [body.attempt for body in rooms.log.intents]
    for outcome in rooms.log.outcomes:
        assert (outcome.status, outcome.failure, outcome.billed) == ("failed", "bad_reply", "maybe")
        assert "failed with KeyError at test_dispatch_books.py:" in outcome.detail
        assert "politely" not in outcome.detail
    for known in rooms.interlock.release.catalogue.endpoints:
        assert rooms.places_taken(known) == 0


async def test_a_request_that_is_dropped_where_it_waits_leaves_the_books_closed_and_its_place_free() -> None:
    """As when the event loop goes, and its coroutines are closed without being cancelled."""
    rooms = house()
    rooms.provider.default = Script(wait_ms=60_000)
    running = rooms.dispatcher.dispatch(_order(await rooms.pipeline.decide(asked(), principal())))
    running.send(None)
    (known,) = rooms.interlock.release.catalogue.endpoints
    assert rooms.places_taken(known) == 1
    running.close()
    assert rooms.places_taken(known) == 0
    assert [(body.status, body.billed) for body in rooms.log.outcomes] == [("cancelled", "maybe")]


# -- refusals


async def refused(rooms: House, wanted: Request) -> SignalboxError:
    with pytest.raises(SignalboxError) as raised:
        await rooms.pipeline.run(wanted, principal())
    (denial,) = rooms.log.denials
    assert rooms.provider.calls == []
    assert rooms.log.intents == []
    assert (denial.decision, denial.code, denial.status) == (
        raised.value.decision,
        raised.value.code,
        raised.value.status,
    )
    return raised.value


async def test_a_denial_is_recorded_with_the_rules_that_denied_each_endpoint() -> None:
    rooms = house(endpoint("a"), endpoint("b"))
    error = await refused(rooms, request(declared=Declared(label="highly-confidential")))
    assert isinstance(error, PolicyDenied)
    (denial,) = rooms.log.denials
    assert denial.reasons == ("a: secrets stay here (rule `secret`)", "b: secrets stay here (rule `secret`)")
    assert denial.sensitivity == Sensitivity.HIGHLY_CONFIDENTIAL
    assert (denial.policy, denial.catalogue) == (
        rooms.interlock.release.policy.hash,
        rooms.interlock.release.catalogue.hash,
    )


async def test_a_request_that_no_endpoint_can_serve_is_recorded_with_why_each_was_dropped() -> None:
    rooms = house(endpoint("a", capabilities=Capability.CHAT))
    await refused(rooms, request(stream=True))
    assert rooms.log.denials[0].reasons == ("a: lacks: streaming",)


async def test_an_unknown_model_is_recorded() -> None:
    rooms = house()
    assert isinstance(await refused(rooms, request(target="nobody")), UnknownModel)
    assert rooms.log.denials[0].target == "nobody"


async def test_a_decision_alone_writes_nothing_down_either_way() -> None:
    rooms = house()
    await rooms.pipeline.decide(asked(), principal(), record=False)
    with pytest.raises(UnknownModel):
        await rooms.pipeline.decide(request(target="nobody"), principal(), record=False)
    assert rooms.log.records == []
