"""The loop that obeys `next_step`: for each attempt re-check, intent, send, outcome.

INVARIANTS: nothing is handed to a provider before its intent was handed to the log (and is on disk,
where the order is `durable`); every intent gets exactly one outcome, whatever ends the attempt; a
stream changes endpoint only before its first event of content, never after.
"""

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Final, cast

from msgspec.structs import replace

from signalbox.dispatch.attempt import Attempt, Hop, Order, Settlement, Status, withdrawn
from signalbox.dispatch.exhausted import exhausted
from signalbox.dispatch.health import HealthBook
from signalbox.dispatch.interlock import Interlock, Permission
from signalbox.dispatch.step import RetryRules, Stop, Tried, next_step
from signalbox.dispatch.turnstile import Turnstile
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.errors import LogUnavailable
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.plan import PlannedAttempt
from signalbox.domain.records import Record
from signalbox.domain.reply import CONTENT, Event, Finished, Reply
from signalbox.ports.clock import Clock
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.log import DecisionLog
from signalbox.ports.meter import Meter
from signalbox.ports.provider import Call, Provider

_log: Final = logging.getLogger("signalbox.dispatch")
_OPENING: Final = (*CONTENT, Finished)
_REDEFINED: Final = "redefined by a new catalogue release"


class Delivery:
    """An answer: `reply` when it is whole, `events` while it comes. `settlement` is set at its end."""

    __slots__ = ("attempt", "endpoint", "events", "number", "planned", "reply", "settlement")

    def __init__(self, attempt: Attempt, planned: PlannedAttempt) -> None:
        self.attempt = attempt.id
        self.number = attempt.number
        self.endpoint = attempt.endpoint
        self.planned = planned
        self.reply: Reply | None = None
        self.events: Relay | None = None
        self.settlement: Settlement | None = None


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
        self._turnstile = Turnstile()
        self._decisions = log
        self._clock = clock
        self._meter = meter
        self._rules = rules
        self._failpoint = failpoint

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
        endpoint = await self._ask(hop)
        # Where somebody else could answer, a queue is not waited in for long.
        timeout_us = hop.step.timeout_us
        if not await self._turnstile.enter(endpoint, timeout_us // 4 if hop.alternatives else timeout_us):
            raise await self._turned_away(hop, "as many requests in flight as it takes")
        delivery = None
        try:
            delivery = await self._send_admitted(hop, endpoint)
            return delivery
        finally:
            if delivery is None or delivery.events is None:  # a stream gives its place back when it ends
                self._turnstile.leave(endpoint)

    async def _ask(self, hop: Hop) -> Endpoint:
        """The interlock's answer for this hop, now; or WITHDRAWN, and a record that says so."""
        permission = await self._permission(hop)
        if permission.endpoint is None:
            self._withdraw(hop, permission, permission.reasons)
            raise _withdrawal(permission, hop.planned.endpoint)
        return permission.endpoint

    async def _send_admitted(self, hop: Hop, endpoint: Endpoint) -> Delivery:
        now_us = self._clock.monotonic_us()
        if hop.deadline_us - now_us < self._rules.attempt_min_us:
            # Not sent: a deadline that our own queue used up is no fault of the endpoint's.
            raise await self._turned_away(hop, "no time was left when its turn came")
        if not self._health.admit(endpoint, now_us):
            raise await self._turned_away(hop, "breaker open after repeated failures")
        attempt = Attempt(hop, endpoint, now_us)
        try:
            # Asked again: the queue at the turnstile may have been long.
            permission = await self._confirm(hop, endpoint)
            attempt.change = permission.change
            await self._announce(attempt, permission, hop.step.hop)
        except BaseException:
            self._health.ended(endpoint, FailureKind.CANCELLED, self._clock.monotonic_us())
            raise
        return await self._send_once(attempt, hop)

    async def _confirm(self, hop: Hop, endpoint: Endpoint) -> Permission:
        permission = await self._permission(hop)
        if permission.endpoint is not endpoint and permission.endpoint != endpoint:
            reasons = permission.reasons if permission.endpoint is None else (_REDEFINED,)
            self._withdraw(hop, permission, reasons)
            raise _withdrawal(permission, hop.planned.endpoint)
        return permission

    async def _announce(self, attempt: Attempt, permission: Permission, hop: str) -> None:
        """Write the intent; durably where it is owed."""
        self._failpoint("dispatch.before_intent")
        record = attempt.intent(permission, hop, self._clock.now_us())
        if attempt.order.durable:
            try:
                await self._decisions.commit([record])
            except asyncio.CancelledError:
                # The intent may be on disk, and then it is owed an outcome.
                cancelled = ProviderFailure(FailureKind.CANCELLED, "the request was cancelled before it left")
                now_us, wall_us = self._clock.monotonic_us(), self._clock.now_us()
                self._write_outcome(
                    attempt.outcome("cancelled", cancelled, attempt.settlement(), now_us, wall_us)
                )
                raise
        else:
            self._decisions.post([record])
        self._failpoint("dispatch.after_intent")

    async def _send_once(self, attempt: Attempt, hop: Hop) -> Delivery:
        """From intent to outcome (or to the first content of a stream, which then owes the outcome)."""
        delivery = Delivery(attempt, hop.planned)
        order = attempt.order
        try:
            provider = self._providers[attempt.endpoint.provider]
            call = Call(
                attempt.endpoint, order.request, attempt.id, hop.deadline_us, lambda: self._sending(attempt)
            )
            if order.request.stream:
                # Providers write their streams as generators; the port promises `aclose`.
                source = cast(AsyncGenerator[Event, None], provider.stream(call))
                delivery.events = await self._open(attempt, delivery, source)
                return delivery
            reply = await provider.complete(call)
            attempt.took(reply)
        except ProviderFailure as failure:
            self.close(attempt, "failed", failure)
            raise
        except asyncio.CancelledError:
            self.close(
                attempt, "cancelled", ProviderFailure(FailureKind.CANCELLED, "the request was cancelled")
            )
            raise
        except Exception as error:
            broken = _broken_promise(attempt.endpoint, error)
            self.close(attempt, "failed", broken)
            raise broken from error
        settled = delivery.settlement = self.close(attempt, "ok", None)
        delivery.reply = reply if settled.usage is reply.usage else replace(reply, usage=settled.usage)
        return delivery

    async def _open(
        self, attempt: Attempt, delivery: Delivery, source: AsyncGenerator[Event, None]
    ) -> "Relay":
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
        return Relay(self, attempt, delivery, opening, source)

    async def _permission(self, hop: Hop) -> Permission:
        return await self._interlock.permission(hop.order.facts, hop.planned.endpoint, self._clock.now_us())

    async def _turned_away(self, hop: Hop, reason: str) -> ProviderFailure:
        """The endpoint takes nothing now: recorded, and the next of the plan may be tried."""
        self._withdraw(hop, await self._permission(hop), (reason,))
        return ProviderFailure(FailureKind.NOT_READY, f"`{hop.planned.endpoint}`: {reason}")

    def _withdraw(self, hop: Hop, permission: Permission, reasons: tuple[str, ...]) -> None:
        self._decisions.post([withdrawn(hop, reasons, permission, self._clock.now_us())])

    def _sending(self, attempt: Attempt) -> None:
        """The last moment before the first byte. Between the intent and here lie a durable write, a
        connection, perhaps the start of a model: long enough for a kill switch to be thrown."""
        if attempt.change != self._interlock.change:
            facts, endpoint = attempt.order.facts, attempt.endpoint
            permission = self._interlock.permission_now(facts, endpoint.id, self._clock.now_us())
            if permission.endpoint is not endpoint and permission.endpoint != endpoint:
                raise _withdrawal(permission, endpoint.id)
        attempt.sent_us = self._clock.monotonic_us()
        self._failpoint("dispatch.sending")

    def leave(self, endpoint: Endpoint) -> None:
        """A stream is over: its place at the endpoint is free."""
        self._turnstile.leave(endpoint)

    def close(self, attempt: Attempt, status: Status, failure: ProviderFailure | None) -> Settlement:
        """Outcome, health and counters of an attempt: once, whichever way it ended."""
        now_us = self._clock.monotonic_us()
        settled = attempt.settlement()
        self._failpoint("dispatch.before_outcome")
        self._write_outcome(attempt.outcome(status, failure, settled, now_us, self._clock.now_us()))
        self._failpoint("dispatch.after_outcome")
        endpoint = attempt.endpoint
        elapsed_us = now_us - attempt.started_us
        self._health.ended(endpoint, failure.kind if failure else None, now_us)
        self._meter.attempt(endpoint.id, status, failure.kind if failure else "", elapsed_us)
        if failure is None:
            usage = settled.usage
            self._meter.tokens(
                endpoint.id, usage.input + usage.cached_input, usage.output, settled.cost.nanos
            )
            first_us = attempt.first_us - attempt.started_us if attempt.first_us else 0
            self._health.measured(
                endpoint, attempt.order.tokens_in, first_us, usage.output, elapsed_us - first_us
            )
        return settled

    def _write_outcome(self, record: Record) -> None:
        try:
            self._decisions.post([record])
        except LogUnavailable as error:
            # The intent stands; the sweep will close the attempt as unknown when the log opens again.
            _log.error("outcome of attempt %s is not in the log: %s", record.ref, error.operator)


class Relay:
    """A stream past its first content: hands on events and closes the books whichever way it ends.

    An iterator with `aclose`, and not a generator, because closing a generator that was never started
    runs none of its code, and a client may leave before it reads the first event.
    """

    __slots__ = ("_attempt", "_delivery", "_dispatcher", "_open", "_opening", "_source")

    def __init__(
        self,
        dispatcher: Dispatcher,
        attempt: Attempt,
        delivery: Delivery,
        opening: list[Event],
        source: AsyncGenerator[Event, None],
    ) -> None:
        self._dispatcher = dispatcher
        self._attempt = attempt
        self._delivery = delivery
        self._opening = opening[::-1]
        self._source = source
        self._open = True

    def __aiter__(self) -> "Relay":
        return self

    async def __anext__(self) -> Event:
        """The next event. Raises `ProviderFailure` where the vendor's stream broke."""
        if self._opening:
            event = self._opening.pop()
        else:
            try:
                event = await self._source.__anext__()
            except StopAsyncIteration:
                self._delivery.settlement = self._close("ok", None)
                raise
            except ProviderFailure as failure:
                self._close("failed", failure)
                raise
            except asyncio.CancelledError:
                await self.aclose()
                raise
            except Exception as error:
                broken = _broken_promise(self._attempt.endpoint, error)
                self._close("failed", broken)
                raise broken from error
        self._attempt.saw(event)
        return event

    async def aclose(self) -> None:
        """Stop the vendor's work, if it is still at it. Idempotent."""
        if self._open:
            self._close("cancelled", ProviderFailure(FailureKind.CANCELLED, "the client left"))
            await self._source.aclose()

    def _close(self, status: Status, failure: ProviderFailure | None) -> Settlement | None:
        if not self._open:
            return self._delivery.settlement
        self._open = False
        self._dispatcher.leave(self._attempt.endpoint)
        return self._dispatcher.close(self._attempt, status, failure)


def _withdrawal(permission: Permission, endpoint_id: str) -> ProviderFailure:
    reasons = (_REDEFINED,) if permission.endpoint is not None else permission.reasons
    return ProviderFailure(FailureKind.WITHDRAWN, f"`{endpoint_id}`: {'; '.join(reasons)}")


def _broken_promise(endpoint: Endpoint, error: Exception) -> ProviderFailure:
    """A provider raised what it may not: a fault in its code. Its message may hold texts, so only its kind
    and place are told."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return ProviderFailure(
        FailureKind.BAD_REPLY, f"`{endpoint.id}`: its provider failed with {type(error).__name__} at {where}"
    )
