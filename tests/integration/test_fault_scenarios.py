"""Seeded scenarios of vendors that fail in every way that they have, all at once.

Whatever happens: nothing reaches an endpoint that policy forbids, no request hangs, the books balance, and no
connection is left open. Where an endpoint that the request may go to is healthy, most are served.
"""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest
from tests.integration.fault_world import Ended, World, unbalanced, world

WORLDS = 4
REQUESTS = 4


@pytest.mark.parametrize("scenarios", [500, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_whatever_vendors_do_the_laws_hold(tmp_path: Path, scenarios: int) -> None:
    drills = [drill(tmp_path / str(number), number, scenarios // WORLDS) for number in range(WORLDS)]
    endings: Counter[tuple[bool, str]] = sum(await asyncio.gather(*drills), Counter())
    healthy = {how: count for (one_healthy, how), count in endings.items() if one_healthy}
    assert sum(endings.values()) == scenarios // WORLDS * WORLDS * REQUESTS
    assert not [how for _, how in endings if how == "hung"]
    share = healthy["served"] / sum(healthy.values())
    print(f"\n{scenarios} scenarios: {share:.1%} served where one was healthy; {dict(endings.most_common())}")
    assert share >= 0.6


async def drill(directory: Path, number: int, scenarios: int) -> Counter[tuple[bool, str]]:
    """One house through many scenarios; how its requests ended, by whether an endpoint was healthy."""
    draw = random.Random(number)
    endings: Counter[tuple[bool, str]] = Counter()
    async with world(directory) as house:
        for _ in range(scenarios):
            healthy = draw.choice((0, 1, 1, 1, 2))
            house.set_faults(draw, healthy)
            before = received_by(house)
            ended = await asyncio.gather(*(house.ask(draw) for _ in range(REQUESTS)))
            check_egress(house, before, ended)
            await house.settle()
            endings.update((healthy > 0, each.how) for each in ended)
        log = await house.books()
    assert not unbalanced(log)
    assert log.report.sound
    return endings


def received_by(house: World) -> dict[str, int]:
    return {name: vendor.served for name, vendor in house.vendors.items()}


def check_egress(house: World, before: dict[str, int], ended: list[Ended]) -> None:
    """Nothing outside the boundary; of what is confidential, nothing outside the home cloud."""
    grown = {name: count - before[name] for name, count in received_by(house).items()}
    assert grown["outside"] == 0
    if all(each.confidential for each in ended):
        assert sum(grown.values()) == grown["azure"]


async def test_requests_that_nobody_may_serve_leave_nothing_behind(tmp_path: Path) -> None:
    async with world(tmp_path / "all-ill") as house:
        house.set_faults(random.Random(1), healthy=0)
        draw = random.Random(2)
        for _ in range(5):
            await asyncio.gather(*(house.ask(draw) for _ in range(REQUESTS)))
        await house.settle()
        assert house.vendors["outside"].served == 0
        assert not unbalanced(await house.books())
