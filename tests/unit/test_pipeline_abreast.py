"""Requests of one turn go through each stage together, and one that leaves on the way keeps nobody."""

import asyncio
from itertools import groupby
from typing import Any

import pytest

from signalbox.dispatch.health import Cut
from signalbox.domain.principal import Principal
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant


def house() -> House:
    return House(PERMIT_ALL, catalogue(endpoint("a")), [tenant()])


async def test_all_are_classified_then_all_are_decided_then_all_are_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rooms = house()
    passed: list[str] = []
    rooms.at = passed.append

    begin, weigh = rooms.pipeline._begin, rooms.health.cut

    def begun() -> tuple[str, int]:
        passed.append("begun")
        return begin()

    def count(text: str) -> int:
        passed.append("classified")
        return 1

    def cut(*asked: Any) -> Cut:
        passed.append("decided")
        return weigh(*asked)

    monkeypatch.setattr(rooms.pipeline, "_begin", begun)
    monkeypatch.setattr(rooms.pipeline, "_count_tokens", count)
    monkeypatch.setattr(rooms.health, "cut", cut)
    who = principal()
    # The first of all asks policy, which has not answered this kind before, beside the loop.
    await rooms.pipeline.run(request(), who)
    passed.clear()

    await asyncio.gather(*(rooms.pipeline.run(request(), who) for _ in range(3)))

    told = ("begun", "classified", "decided", "dispatch.sending")
    stages = [place for place in passed if place in told]
    assert [(stage, len(list(those))) for stage, those in groupby(stages)] == [
        ("begun", 3),
        ("classified", 3),
        ("decided", 3),
        ("dispatch.sending", 3),
    ]


async def test_one_that_leaves_on_the_way_sends_nothing_and_keeps_nobody() -> None:
    rooms = house()
    who: Principal = principal()
    leaving, staying = (asyncio.create_task(rooms.pipeline.run(request(), who)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()

    _, delivery = await staying

    assert delivery.reply is not None
    assert leaving.cancelled()
    assert len(rooms.log.outcomes) == 1
