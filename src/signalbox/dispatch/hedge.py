"""Two attempts at once: the second is sent when the first is slow, and the one that answers first is kept.

It does not decide whether to hedge (`step.hedge_step`), nor who has won (`race.Race`). INVARIANT: when `run`
ends, however it ends, no task of its own is left and no answer is left open but the one returned.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from signalbox.dispatch.attempt import Hop
from signalbox.dispatch.delivery import Delivery
from signalbox.domain.failure import ProviderFailure


class AllFailed(Exception):
    """No attempt answered. `legs` in the order of the plan, whichever failed first, so that what follows
    does not depend on their timing."""

    def __init__(self, legs: tuple[tuple[Hop, ProviderFailure], ...]) -> None:
        super().__init__("; ".join([str(failure) for _, failure in legs]))
        self.legs = legs


async def run(
    send: Callable[[Hop], Coroutine[Any, Any, Delivery]],
    first: Hop,
    second: Callable[[], Hop | None],
    after_us: int,
) -> Delivery:
    """Send `first`; if it has not answered `after_us` later, whatever `second` says as well.

    Raises `AllFailed`, or at once what is no failure of an endpoint (the log cannot be written).
    """
    legs = {asyncio.create_task(send(first)): first}
    delivery: Delivery | None = None
    try:
        await asyncio.wait(legs, timeout=after_us / 1_000_000)
        if not any(leg.done() for leg in legs) and (hop := second()) is not None:
            legs[asyncio.create_task(send(hop))] = hop
        under_way = set(legs)
        while under_way and delivery is None:
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for leg in sorted(done, key=_failed):
                if delivery is None and not isinstance(leg.exception(), ProviderFailure):
                    delivery = leg.result()
        if delivery is None:
            raise AllFailed(tuple([(hop, _failure(leg)) for leg, hop in legs.items()]))
        return delivery
    finally:
        await _clear(legs, delivery)


def _failed(leg: "asyncio.Task[Delivery]") -> bool:
    return leg.cancelled() or leg.exception() is not None


def _failure(leg: "asyncio.Task[Delivery]") -> ProviderFailure:
    failure = leg.exception()
    assert isinstance(failure, ProviderFailure)  # noqa: S101 - anything else was raised before
    return failure


async def _clear(legs: dict["asyncio.Task[Delivery]", Hop], kept: Delivery | None) -> None:
    """Stop what is under way, and close what came and is not kept."""
    closing = []
    for leg in legs:
        if not leg.done():
            leg.cancel()
        elif not _failed(leg):
            delivery = leg.result()
            if delivery is not kept and delivery.events is not None:
                delivery.events.abandon()
                closing.append(delivery.events.stop())
    try:
        await asyncio.gather(*legs, *closing, return_exceptions=True)
    except asyncio.CancelledError:
        if kept is not None and kept.events is not None:
            await kept.events.aclose()
        raise
