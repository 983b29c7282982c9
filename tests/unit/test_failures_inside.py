"""What fails in this process itself: a clock that jumps, a classifier that breaks."""

from pathlib import Path

import pytest

from signalbox.domain.errors import AttemptsExhausted, SignalboxError
from signalbox.domain.verdict import PolicyRelease
from signalbox.testing.house import House
from signalbox.testing.values import endpoint, principal, ranked, request, tenant

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
PERMIT = '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'
DAY_US = 24 * 3_600_000_000


def house() -> House:
    release = PolicyRelease(texts={"all": PERMIT}, schema=SCHEMA)
    return House(release, ranked(endpoint("a", vendor="v"), endpoint("b", vendor="w")), [tenant()])


def set_wall_clock(rooms: House, by_us: int) -> None:
    told = rooms.clock.now_us
    rooms.clock.now_us = lambda: told() + by_us  # type: ignore[method-assign]  # the wall clock alone


@pytest.mark.parametrize("by_us", [-DAY_US, DAY_US])
@pytest.mark.parametrize("at", ["pipeline.decided", "dispatch.before_intent", "dispatch.sending"])
async def test_a_wall_clock_that_jumps_ends_no_request_and_closes_its_books(by_us: int, at: str) -> None:
    rooms = house()

    def jump(place: str) -> None:
        if place == at:
            rooms.at = lambda _: None
            set_wall_clock(rooms, by_us)

    rooms.at = jump
    _, delivery = await rooms.pipeline.run(request(), principal())
    assert delivery.reply is not None
    (outcome,) = rooms.log.outcomes
    assert outcome.status == "ok"
    assert 0 <= outcome.elapsed_us < DAY_US // 2, "times are of the clock that does not jump"


@pytest.mark.parametrize("by_us", [-DAY_US, DAY_US])
async def test_the_lease_on_the_kill_switch_is_over_whatever_the_wall_clock_says(by_us: int) -> None:
    rooms = house()
    rooms.interlock.lease_until_us = rooms.clock.monotonic_us() + 1_000_000
    rooms.clock.advance(1_000_001)
    set_wall_clock(rooms, by_us)
    with pytest.raises(AttemptsExhausted) as refused:
        await rooms.pipeline.run(request(), principal())
    assert refused.value.code == "withdrawn"
    assert not rooms.log.outcomes


async def test_a_classifier_that_breaks_sends_nothing() -> None:
    rooms = house()

    def broken(text: str) -> int:
        raise OSError("the tables cannot be read")

    rooms.pipeline._count_tokens = broken
    with pytest.raises((SignalboxError, OSError)):
        await rooms.pipeline.run(request(), principal())
    assert not rooms.log.outcomes
