"""Places at an endpoint: bounded, first come first served, none lost."""

import asyncio

from signalbox.dispatch.turnstile import Turnstile
from signalbox.domain.endpoint import Limits
from signalbox.testing.values import endpoint

_ONE = endpoint(limits=Limits(context_tokens=1_000, output_tokens=1_000, concurrency=1))


async def test_a_second_request_waits_its_turn_and_gets_it() -> None:
    turnstile = Turnstile()
    assert await turnstile.enter(_ONE, 0)
    waiting = asyncio.create_task(turnstile.enter(_ONE, 5_000_000))
    await asyncio.sleep(0)
    assert not waiting.done()
    turnstile.leave(_ONE)
    assert await waiting
    assert turnstile.inside(_ONE) == 1


async def test_who_waits_in_vain_takes_no_place() -> None:
    turnstile = Turnstile()
    assert await turnstile.enter(_ONE, 0)
    assert not await turnstile.enter(_ONE, 1_000)
    turnstile.leave(_ONE)
    assert turnstile.inside(_ONE) == 0
    assert await turnstile.enter(_ONE, 0)


async def test_places_go_in_the_order_of_arrival() -> None:
    turnstile = Turnstile()
    await turnstile.enter(_ONE, 0)
    order: list[int] = []

    async def queue_up(number: int) -> None:
        assert await turnstile.enter(_ONE, 5_000_000)
        order.append(number)
        turnstile.leave(_ONE)

    tasks = [asyncio.create_task(queue_up(number)) for number in range(5)]
    await asyncio.sleep(0)
    turnstile.leave(_ONE)
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]
    assert turnstile.inside(_ONE) == 0


async def test_a_cancelled_waiter_gives_up_its_turn() -> None:
    turnstile = Turnstile()
    await turnstile.enter(_ONE, 0)
    first = asyncio.create_task(turnstile.enter(_ONE, 5_000_000))
    second = asyncio.create_task(turnstile.enter(_ONE, 5_000_000))
    await asyncio.sleep(0)
    turnstile.leave(_ONE)  # the place is handed to `first` …
    first.cancel()  # … which is cancelled before it learns of it
    await asyncio.gather(first, return_exceptions=True)
    assert await second
    turnstile.leave(_ONE)
    assert turnstile.inside(_ONE) == 0
