"""Policy, catalogue and kill switch are asked at the moment of sending, not when the decision was made."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from signalbox.domain.errors import AttemptsExhausted
from signalbox.domain.failure import FailureKind
from signalbox.domain.reply import Event, Reply
from signalbox.domain.request import Declared, Request
from signalbox.domain.verdict import PolicyRelease
from signalbox.ports.failpoint import passing
from signalbox.ports.provider import Call
from signalbox.testing.fake_provider import FakeProvider, Script
from signalbox.testing.house import HandClock, House
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
PERMIT = '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'
RELEASE = PolicyRelease(texts={"all": PERMIT}, schema=SCHEMA)
NOTHING = PolicyRelease(
    texts={
        "none": PERMIT
        + '@id("no") @reason("no") forbid(principal, action == Signalbox::Action::"infer", resource);'
    },
    schema=SCHEMA,
)
A = endpoint("a", vendor="v", cloud="azure", region="west")
Change = Callable[[House], None]


def kill(selector: str) -> Change:
    return lambda rooms: rooms.interlock.kill([selector])


def republish(policy: PolicyRelease) -> Change:
    return lambda rooms: rooms.interlock.publish(rooms.release(rooms.interlock.release.catalogue, policy))


def drop_a(rooms: House) -> None:
    rooms.interlock.publish(rooms.release(catalogue(endpoint("b"))))


def move_a(rooms: House) -> None:
    """The same id, in another place: what was permitted is not what would be sent to."""
    rooms.interlock.publish(rooms.release(catalogue(replace(A, region="east"))))


CHANGES = {
    "kill endpoint": (kill("endpoint:a"), "kill switch: endpoint:a"),
    "kill model": (kill("model:acme-small"), "kill switch: model:acme-small"),
    "kill vendor": (kill("vendor:v"), "kill switch: vendor:v"),
    "kill cloud": (kill("cloud:azure"), "kill switch: cloud:azure"),
    "kill region": (kill("region:west"), "kill switch: region:west"),
    "new policy": (republish(NOTHING), "no"),
    "gone": (drop_a, "no longer in the catalogue"),
    "closed": (lambda rooms: rooms.interlock.close("nothing is published"), "nothing is published"),
}
every_change = pytest.mark.parametrize(("change", "why"), CHANGES.values(), ids=CHANGES)


def house() -> House:
    return House(RELEASE, catalogue(A), [tenant()])


def house_where(place: str, change: Change) -> House:
    """`change` happens once, when a request passes `place`."""
    rooms = house()

    def act(where: str) -> None:
        if where == place:
            rooms.at = passing
            change(rooms)

    rooms.at = act
    return rooms


def asked(*, stream: bool = False, confidential: bool = False) -> Request:
    return request(stream=stream, declared=Declared(label="confidential" if confidential else ""))


@every_change
async def test_what_changes_between_decision_and_intent_withdraws_the_attempt(
    change: Change, why: str
) -> None:
    rooms = house_where("pipeline.decided", change)
    with pytest.raises(AttemptsExhausted) as raised:
        await rooms.pipeline.run(asked(), principal())
    assert (raised.value.status, raised.value.code) == (403, "withdrawn")
    assert rooms.provider.calls == []
    assert rooms.log.intents == []
    (withdrawn,) = rooms.log.withdrawn
    assert withdrawn.endpoint == "a"
    assert withdrawn.reasons[0].endswith(why)


@every_change
@pytest.mark.parametrize("stream", [False, True])
async def test_what_changes_while_a_durable_intent_is_written_stops_the_send(
    change: Change, why: str, stream: bool
) -> None:
    rooms = house()
    rooms.log.gate.clear()
    running = asyncio.create_task(rooms.pipeline.run(asked(stream=stream, confidential=True), principal()))
    while not rooms.log.commits_waiting:
        await asyncio.sleep(0)
    change(rooms)
    rooms.log.gate.set()
    with pytest.raises(AttemptsExhausted) as raised:
        await running
    assert raised.value.code == "withdrawn"
    assert rooms.provider.running == 0
    (outcome,) = rooms.log.outcomes
    assert (outcome.status, outcome.failure, outcome.billed) == ("failed", "withdrawn", "no")
    assert why in outcome.detail


class Connecting(FakeProvider):
    """Takes its time before the first byte: a connection, or a model that has to be loaded."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.connecting = asyncio.Event()
        self.connected = asyncio.Event()

    async def _connect(self) -> None:
        self.connecting.set()
        await self.connected.wait()

    async def complete(self, call: Call) -> Reply:
        await self._connect()
        return await super().complete(call)

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        await self._connect()
        async for event in super().stream(call):
            yield event


@every_change
@pytest.mark.parametrize("stream", [False, True])
async def test_what_changes_while_a_connection_is_made_stops_the_first_byte(
    change: Change, why: str, stream: bool
) -> None:
    rooms = house()
    provider = Connecting(rooms.clock)
    rooms.dispatcher._providers = {"fake": provider}
    running = asyncio.create_task(rooms.pipeline.run(asked(stream=stream), principal()))
    await provider.connecting.wait()
    change(rooms)
    provider.connected.set()
    with pytest.raises(AttemptsExhausted) as raised:
        await running
    assert raised.value.code == "withdrawn"
    assert provider.running == 0
    (outcome,) = rooms.log.outcomes
    assert (outcome.failure, outcome.billed, outcome.cost_nanos) == ("withdrawn", "no", 0)
    assert why in outcome.detail


async def test_a_change_that_still_permits_it_stops_nothing() -> None:
    rooms = house()
    provider = Connecting(rooms.clock)
    rooms.dispatcher._providers = {"fake": provider}
    running = asyncio.create_task(rooms.pipeline.run(asked(confidential=True), principal()))
    await provider.connecting.wait()
    rooms.interlock.kill(["vendor:another"])
    republish(RELEASE)(rooms)
    provider.connected.set()
    await running
    assert [outcome.status for outcome in rooms.log.outcomes] == ["ok"]


@pytest.mark.parametrize("place", ["dispatch.before_intent", "dispatch.after_intent"])
async def test_an_endpoint_that_was_redefined_is_not_sent_to_as_it_was(place: str) -> None:
    rooms = house_where(place, move_a)
    with pytest.raises(AttemptsExhausted):
        await rooms.pipeline.run(asked(confidential=True), principal())
    assert rooms.provider.running == 0
    assert [outcome.failure for outcome in rooms.log.outcomes] == ["withdrawn"]
    assert "redefined" in rooms.log.outcomes[0].detail


async def test_every_hop_is_asked_again_not_only_the_first() -> None:
    """The first attempt fails, and meanwhile a kill takes away what the plan has next."""
    rooms = House(RELEASE, catalogue(endpoint("a"), endpoint("b")), [tenant()])
    failed = Script(failure=FailureKind.BAD_REPLY)
    rooms.provider.will("a", failed)
    rooms.provider.will("b", failed)

    def kill_the_other(place: str) -> None:
        if place == "dispatch.before_outcome":
            rooms.interlock.kill(["endpoint:b" if rooms.log.intents[0].endpoint == "a" else "endpoint:a"])

    rooms.at = kill_the_other
    with pytest.raises(AttemptsExhausted):
        await rooms.pipeline.run(asked(), principal())
    (sent,) = [call.endpoint.id for call in rooms.provider.calls]
    assert [intent.endpoint for intent in rooms.log.intents] == [sent]
    assert [item.endpoint for item in rooms.log.withdrawn] == ["b" if sent == "a" else "a"]


async def test_a_stream_under_way_goes_on_and_the_next_request_is_stopped() -> None:
    rooms = house()
    _, delivery = await rooms.pipeline.run(asked(stream=True), principal())
    rooms.interlock.kill(["vendor:v"])
    assert delivery.events is not None
    async for _ in delivery.events:
        pass
    assert [outcome.status for outcome in rooms.log.outcomes] == ["ok"]
    with pytest.raises(AttemptsExhausted):
        await rooms.pipeline.run(asked(), principal())
    rooms.interlock.restore(["vendor:v"])
    await rooms.pipeline.run(asked(), principal())


async def test_what_is_in_force_counts_even_where_its_verdict_is_not_known_yet() -> None:
    rooms = house()
    facts = (await rooms.pipeline.decide(asked(), principal())).facts
    republish(NOTHING)(rooms)  # a new release starts with no verdicts
    permission = rooms.interlock.permission_now(facts, "a", rooms.clock.now_us(), 0)
    assert permission.endpoint is None
    assert permission.policy == rooms.interlock.release.policy.hash
