"""The loop that obeys `next_step`: for each attempt ask, write the intent, ask again, send.

INVARIANTS: nothing is handed to a provider before its intent was handed to the log (and is on disk,
where the order is `durable`); a stream changes endpoint only before its first event of content, never
after.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Final

from msgspec.structs import replace

from signalbox.dispatch.attempt import Attempt, Hop, Order
from signalbox.dispatch.books import Books
from signalbox.dispatch.delivery import Delivery, Relay, broken_promise
from signalbox.dispatch.exhausted import exhausted
from signalbox.dispatch.health import HealthBook, Seen
from signalbox.dispatch.interlock import Interlock, Permission
from signalbox.dispatch.step import RetryRules, Stop, Tried, next_step
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import CONTENT, Event, Finished
from signalbox.ports.clock import Clock
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.log import DecisionLog
from signalbox.ports.meter import Meter
from signalbox.ports.provider import Call, Provider

_OPENING: Final = (*CONTENT, Finished)
_REDEFINED: Final = "redefined by a new catalogue release"


class Dispatcher:
    def __init__(
        self,
        *,
        providers: Mapping[str, Provider],
        interlock: Interlock,
        health: HealthBook,
        log: DecisionLog,
        clock: Clock,
        meter: Meter,
        rules: RetryRules,
        failpoint: Failpoint = passing,
    ) -> None:
        self._providers = providers
        self._interlock = interlock
        self._health = health
        self._clock = clock
        self._rules = rules
        self._failpoint = failpoint
        self._books = Books(log=log, health=health, clock=clock, meter=meter, failpoint=failpoint)

    async def dispatch(self, order: Order) -> Delivery:
        """Carry out the plan. Raises `AttemptsExhausted` or `DeadlineExceeded` when it is at its end."""
        history: list[Tried] = []
        failure: ProviderFailure | None = None
        while True:
            now_us = self._clock.monotonic_us()
            step = next_step(order.plan, history, now_us - order.started_us, self._rules, order.seed)
            if isinstance(step, Stop):
                raise exhausted(order, history, step, failure)
            if step.wait_us:
                await asyncio.sleep(step.wait_us / 1_000_000)
            planned = order.plan.attempts[step.place]
            deadline_us = now_us + step.wait_us + step.timeout_us
            try:
                return await self._dispatch_hop(Hop(order, len(history) + 1, planned, step, deadline_us))
            except ProviderFailure as failed:
                failure = failed
                wait_us = failed.retry_after_ms * 1_000 if failed.retry_after_ms is not None else None
                history.append(Tried(step.place, failed.kind, wait_us))

    async def _dispatch_hop(self, hop: Hop) -> Delivery:
        """Take a place at the endpoint, then send. A stream gives its place back when it ends."""
        endpoint = self._interlock.endpoint(hop.planned.endpoint)
        if endpoint is None:
            raise self._withdrawn(hop)
        seen = self._health.of(endpoint)
        turnstile = seen.turnstile
        if not turnstile.try_enter(endpoint.limits.concurrency):
            # Where somebody else could answer, a queue is not waited in for long.
            patience_us = hop.step.timeout_us // 4 if hop.alternatives else hop.step.timeout_us
            if not await turnstile.enter(patience_us):
                raise self._turned_away(hop, "as many requests in flight as it takes")
        delivery = None
        try:
            delivery = await self._dispatch_attempt(hop, endpoint, seen)
            return delivery
        finally:
            if delivery is None or delivery.events is None:
                turnstile.leave()

    async def _dispatch_attempt(self, hop: Hop, endpoint: Endpoint, seen: Seen) -> Delivery:
        """Ask breaker and interlock, write the intent, send."""
        started_us = self._clock.monotonic_us()
        if hop.deadline_us - started_us < self._rules.attempt_min_us:
            # Not sent: a deadline that our own queue used up is no fault of the endpoint's.
            raise self._turned_away(hop, "no time was left when its turn came")
        if not self._health.admit(endpoint, seen, started_us):
            raise self._turned_away(hop, "breaker open after repeated failures")
        attempt = Attempt(hop, endpoint, seen, started_us)
        try:
            now_us = self._clock.now_us()
            permission = self._interlock.permission_now(hop.order.facts, endpoint.id, now_us)
            if not _holds(permission, endpoint):
                raise self._withdrawn(hop)
            attempt.change = permission.change
            await self._books.announce(attempt, permission, now_us)
        except BaseException:
            self._health.ended(endpoint, seen, FailureKind.CANCELLED, self._clock.monotonic_us())
            raise
        return await self._send_once(attempt)

    async def _send_once(self, attempt: Attempt) -> Delivery:
        """From intent to outcome (or to the first content of a stream, which then owes the outcome)."""
        hop, endpoint = attempt.hop, attempt.endpoint
        delivery = Delivery(attempt)
        try:
            provider = self._providers[endpoint.provider]
            call = Call(
                endpoint, hop.order.request, attempt.id, hop.deadline_us, lambda: self._sending(attempt)
            )
            if hop.order.request.stream:
                delivery.events = await self._open(attempt, delivery, provider.stream(call))
                return delivery
            reply = await provider.complete(call)
            attempt.took(reply)
        except ProviderFailure as failure:
            self._books.close(attempt, "failed", failure)
            raise
        except asyncio.CancelledError:
            cancelled = ProviderFailure(FailureKind.CANCELLED, "the request was cancelled")
            self._books.close(attempt, "cancelled", cancelled)
            raise
        except Exception as error:
            broken = broken_promise(endpoint, error)
            self._books.close(attempt, "failed", broken)
            raise broken from error
        settled = delivery.settlement = self._books.close(attempt, "ok", None)
        delivery.reply = reply if settled.usage is reply.usage else replace(reply, usage=settled.usage)
        return delivery

    async def _open(self, attempt: Attempt, delivery: Delivery, source: AsyncGenerator[Event, None]) -> Relay:
        """Read up to the first content: until then a failure may still go elsewhere."""
        opening: list[Event] = []
        try:
            async for event in source:
                opening.append(event)
                if isinstance(event, _OPENING):
                    break
        except BaseException:
            await source.aclose()
            raise
        attempt.first_us = self._clock.monotonic_us()
        self._failpoint("dispatch.first_event")
        return Relay(self._books, attempt, delivery, opening, source)

    def _sending(self, attempt: Attempt) -> None:
        """The last moment before the first byte. Between the intent and here lie a durable write, a
        connection, perhaps the start of a model: long enough for a kill switch to be thrown."""
        if attempt.change != self._interlock.change:
            facts, endpoint = attempt.hop.order.facts, attempt.endpoint
            permission = self._interlock.permission_now(facts, endpoint.id, self._clock.now_us())
            if not _holds(permission, endpoint):
                raise _withdrawal(permission, endpoint.id)
        attempt.sent_us = self._clock.monotonic_us()
        self._failpoint("dispatch.sending")

    def _withdrawn(self, hop: Hop) -> ProviderFailure:
        """The interlock says no: recorded, and what to raise."""
        permission = self._permission(hop)
        reasons = permission.reasons if permission.endpoint is None else (_REDEFINED,)
        self._books.withdraw(hop, permission, reasons)
        return _withdrawal(permission, hop.planned.endpoint)

    def _turned_away(self, hop: Hop, reason: str) -> ProviderFailure:
        """The endpoint takes nothing now: recorded, and the next of the plan may be tried."""
        self._books.withdraw(hop, self._permission(hop), (reason,))
        return ProviderFailure(FailureKind.NOT_READY, f"`{hop.planned.endpoint}`: {reason}")

    def _permission(self, hop: Hop) -> Permission:
        return self._interlock.permission_now(hop.order.facts, hop.planned.endpoint, self._clock.now_us())


def _holds(permission: Permission, endpoint: Endpoint) -> bool:
    """Whether what was chosen is still permitted, and still what it was when it was chosen."""
    return permission.endpoint is endpoint or permission.endpoint == endpoint


def _withdrawal(permission: Permission, endpoint_id: str) -> ProviderFailure:
    reasons = (_REDEFINED,) if permission.endpoint is not None else permission.reasons
    return ProviderFailure(FailureKind.WITHDRAWN, f"`{endpoint_id}`: {'; '.join(reasons)}")
