"""Places at an endpoint: bounded, first come first served, none lost."""

import asyncio

from signalbox.dispatch.turnstile import Turnstile


async def test_a_second_request_waits_its_turn_and_gets_it() -> None:
    turnstile = Turnstile()
    assert turnstile.try_enter(1)
    assert not turnstile.try_enter(1)
    waiting = asyncio.create_task(turnstile.enter(5_000_000))
    await asyncio.sleep(0)
    assert not waiting.done()
    turnstile.leave(1)
    assert await waiting
    assert turnstile.inside == 1


async def test_who_waits_in_vain_takes_no_place() -> None:
    turnstile = Turnstile()
    assert turnstile.try_enter(1)
    assert not await turnstile.enter(1_000)
    turnstile.leave(1)
    assert turnstile.inside == 0
    assert turnstile.try_enter(1)


async def test_places_go_in_the_order_of_arrival() -> None:
    turnstile = Turnstile()
    assert turnstile.try_enter(1)
    order: list[int] = []

    async def queue_up(number: int) -> None:
        assert await turnstile.enter(5_000_000)
        order.append(number)
        turnstile.leave(1)

    tasks = [asyncio.create_task(queue_up(number)) for number in range(5)]
    await asyncio.sleep(0)
    turnstile.leave(1)
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    assert turnstile.inside == 0


async def test_a_cancelled_waiter_gives_up_its_turn() -> None:
    turnstile = Turnstile()
    assert turnstile.try_enter(1)
    first = asyncio.create_task(turnstile.enter(5_000_000))
    second = asyncio.create_task(turnstile.enter(5_000_000))
    await asyncio.sleep(0)
    turnstile.leave(1)  # the place is handed to `first` …
    first.cancel()  # … which is cancelled before it learns of it
    await asyncio.gather(first, return_exceptions=True)
    assert await second
    turnstile.leave(1)
    assert turnstile.inside == 0


async def test_a_lower_limit_lets_nobody_in_before_enough_have_left() -> None:
    turnstile = Turnstile()
    for _ in range(3):
        assert turnstile.try_enter(3)
    waiting = asyncio.create_task(turnstile.enter(5_000_000))
    await asyncio.sleep(0)
    assert turnstile.waiting == 1
    turnstile.leave(1)
    turnstile.leave(1)
    await asyncio.sleep(0)
    assert (turnstile.inside, waiting.done()) == (1, False)
    turnstile.leave(1)
    assert await waiting
    assert turnstile.inside == 1


async def test_a_higher_limit_lets_several_in_at_once() -> None:
    turnstile = Turnstile()
    assert turnstile.try_enter(1)
    waiting = [asyncio.create_task(turnstile.enter(5_000_000)) for _ in range(3)]
    await asyncio.sleep(0)
    turnstile.leave(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (turnstile.inside, turnstile.waiting) == (2, 1)
    turnstile.leave(2)
    assert all(await asyncio.gather(*waiting))
