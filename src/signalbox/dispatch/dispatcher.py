"""The loop that obeys `next_step`: for each attempt ask, write the intent, ask again, send.

INVARIANTS: nothing is handed to a provider before its intent was handed to the log (and is on disk,
where the order is `durable`); a stream changes endpoint only before its first event of content, never
after; of a protected request no content is handed on that another than was authorised has made.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from signalbox.dispatch import hedge
from signalbox.dispatch.attempt import Attempt, Hop, Order, may_answer_from, misrouting
from signalbox.dispatch.books import Books
from signalbox.dispatch.delivery import Delivery, Relay, broken_promise
from signalbox.dispatch.exhausted import exhausted
from signalbox.dispatch.health import HealthBook, Seen
from signalbox.dispatch.interlock import Interlock, Permission
from signalbox.dispatch.race import Beaten, Race
from signalbox.dispatch.repair import Asked, Unfit, asked_again
from signalbox.dispatch.step import RetryRules, Send, Stop, Tried, hedge_step, next_step
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.notes import Note
from signalbox.domain.reply import CONTENT, Event, Finished, Reply, Served
from signalbox.domain.request import Request
from signalbox.normalise.structured import answer_in, asked_of
from signalbox.ports.clock import Clock
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.log import DecisionLog
from signalbox.ports.meter import Meter
from signalbox.ports.provider import Call, Provider

_OPENING: Final = (*CONTENT, Finished)
_REPEATED: Final = ("retry", "hedge")
_REDEFINED: Final = "redefined by a new catalogue release"


class Dispatcher:
    """Of one event loop."""

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
        self._failpoint = None if failpoint is passing else failpoint
        self._loop: asyncio.AbstractEventLoop | None = None
        self._books = Books(log=log, health=health, clock=clock, meter=meter, failpoint=self._failpoint)

    async def dispatch(self, order: Order) -> Delivery:
        """Carry out the plan. Raises `AttemptsExhausted` or `DeadlineExceeded` when it is at its end."""
        rules, clock = self._rules, self._clock
        hedge_after_us = rules.hedge_after_us.get(order.latency_class, 0)
        asked = original = _asked(order)
        repaired, repaired_at = original, -1  # what is asked at the place whose output is to be repaired
        history: list[Tried] = []
        failure: ProviderFailure | None = None
        now_us = clock.monotonic_us()
        step = next_step(order.plan, history, now_us - order.started_us, rules, order.seed)
        while not isinstance(step, Stop):
            planned = order.plan.attempts[step.place]
            deadline_us = now_us + step.wait_us + step.timeout_us
            hop = Hop(order, len(history) + 1, planned, step, deadline_us, asked)
            if step.wait_us:
                await asyncio.sleep(step.wait_us / 1_000_000)
            try:
                if hedge_after_us:
                    return await self._dispatch_race(hop, history, original, hedge_after_us)
                return await self._dispatch_hop(hop)
            except hedge.AllFailed as failed:
                legs = failed.legs
            except ProviderFailure as failed:
                legs = ((hop, failed),)
            for hop, failure in legs:
                history.append(_tried(hop, failure))
                if isinstance(failure, Unfit):
                    repaired = asked_again(original, failure.reply, failure.words)
                    repaired_at = hop.step.place
            now_us = clock.monotonic_us()
            may_retry = self._may_retry(order, history[-1].place, now_us)
            elapsed_us = now_us - order.started_us
            step = next_step(order.plan, history, elapsed_us, rules, order.seed, may_retry=may_retry)
            if isinstance(step, Send):
                self._pay(order, step, now_us)
                asked = repaired if step.place == repaired_at else original
        raise exhausted(order, history, step, failure)

    def cut_off(self) -> int:
        """End what is under way and the kill switch cuts off; how many attempts that are."""
        ended = 0
        for attempt in tuple(self._books.under_way):
            selector = self._interlock.cut_off(attempt.endpoint, attempt.hop.order.facts.tenant)
            if selector:
                ended += 1
                attempt.cut_off(f"killed: {selector}")
        return ended

    async def _dispatch_race(
        self, hop: Hop, history: Sequence[Tried], original: Asked, after_us: int
    ) -> Delivery:
        """Send; where no answer has begun after `after_us`, ask the next of the plan as well."""
        order = hop.order
        hop = replace(hop, race=Race())

        def second() -> Hop | None:
            now_us = self._clock.monotonic_us()
            may_hedge = self._may_retry(order, hop.step.place + 1, now_us)
            elapsed_us = now_us - order.started_us
            step = hedge_step(order.plan, history, hop.step, elapsed_us, self._rules, may_hedge=may_hedge)
            if step is None:
                return None
            self._pay(order, step, now_us)
            planned = order.plan.attempts[step.place]
            return Hop(order, hop.number + 1, planned, step, now_us + step.timeout_us, original, hop.race)

        return await hedge.run(self._dispatch_hop, hop, second, after_us)

    def _pay(self, order: Order, step: Send, now_us: int) -> None:
        """A step that repeats a request is paid for from the retry budget."""
        if step.hop in _REPEATED:
            endpoint = self._interlock.endpoint(order.plan.attempts[step.place].endpoint)
            if endpoint is not None:
                self._health.of(endpoint).budget.spend(now_us)

    def _may_retry(self, order: Order, place: int, now_us: int) -> bool:
        """What the retry budget of the endpoint at this place of the plan says."""
        if place >= len(order.plan.attempts):
            return False
        endpoint = self._interlock.endpoint(order.plan.attempts[place].endpoint)
        return endpoint is not None and self._health.of(endpoint).budget.left(now_us) > 0

    async def _dispatch_hop(self, hop: Hop) -> Delivery:
        """Take a place at the endpoint, announce, send: to the outcome, or to the first content of a stream,
        which then owes the outcome and the place."""
        endpoint = self._interlock.endpoint(hop.planned.endpoint)
        if endpoint is None:
            raise self._withdrawn(hop)
        seen = self._health.of(endpoint)
        # Where somebody else could answer, a queue is not waited in for long; a hedge waits in none.
        if not seen.try_enter(endpoint) and (
            hop.step.hop == "hedge"
            or not await seen.turnstile.enter(hop.step.timeout_us // (4 if hop.alternatives else 1))
        ):
            raise self._turned_away(hop, "as many requests in flight as it takes")
        attempt, durably = self._announce(hop, endpoint, seen)
        if durably is not None:
            await durably
        if hop.step.hop not in _REPEATED:
            seen.budget.count(attempt.started_us)
        request = sent = hop.asked.request
        # Asked once: each `get_running_loop` of Python 3.11 asks the system for its process's number.
        loop = self._loop = self._loop or asyncio.get_running_loop()
        attempt.waiter = asyncio.current_task(loop)
        try:
            if request.response_format is not None:
                sent = _structured(attempt)
            sending = partial(self._sending, attempt)
            call = Call(endpoint, sent, attempt.id, hop.deadline_us, sending, attempt.note)
            provider = self._providers[endpoint.provider]
            if request.stream:
                return await self._open(attempt, provider.stream(call))
            reply = await provider.complete(call)
            if request.response_format is not None:
                reply = answer_in(reply, sent)
            attempt.took(reply)
            if attempt.misrouted or hop.race is not None or hop.order.check is not None:
                await self._judge(attempt, reply)
        except BaseException as error:
            failure = self._ended(attempt, error)
            if failure is error:
                raise
            raise failure from error
        finally:
            attempt.waiter = None
        settled = self._books.close(attempt, "ok", None)
        if settled.usage is not reply.usage:
            reply = replace(reply, usage=settled.usage)
        return Delivery(attempt.id, hop.number, endpoint, hop.planned, attempt, reply, settlement=settled)

    def _announce(
        self, hop: Hop, endpoint: Endpoint, seen: Seen
    ) -> tuple[Attempt, Coroutine[Any, Any, None] | None]:
        """Ask breaker and interlock, write the intent; with what is to be awaited until it is on disk, where
        it has to be. The place is given back where this raises."""
        started_us = self._clock.monotonic_us()
        admission = None
        try:
            if hop.deadline_us - started_us < self._rules.attempt_min_us:
                # Not sent: a deadline that our own queue used up is no fault of the endpoint's.
                raise self._turned_away(hop, "no time was left when its turn came")
            admission = self._health.admit(endpoint, seen, started_us)
            if admission is None:
                raise self._turned_away(hop, seen.refusal)
            now_us = self._clock.now_us()
            permission = self._interlock.permission_now(hop.order.facts, endpoint.id, now_us, started_us)
            if permission.endpoint is not endpoint and permission.endpoint != endpoint:
                raise self._withdrawn(hop)
            attempt = Attempt(hop, endpoint, seen, admission, started_us, permission.change)
            return attempt, self._books.announce(attempt, permission, now_us)
        except BaseException:
            self._books.unsent(endpoint, seen, admission)
            raise

    def _ended(self, attempt: Attempt, error: BaseException) -> BaseException:
        """Close the books of an attempt that came to no answer; what is to be raised of it."""
        if isinstance(error, ProviderFailure):
            self._books.close(attempt, "cancelled" if isinstance(error, Beaten) else "failed", error)
            return error
        if isinstance(error, Exception):
            broken = broken_promise(attempt.endpoint, error)
            self._books.close(attempt, "failed", broken)
            return broken
        killed = attempt.killed() if isinstance(error, asyncio.CancelledError) else None
        self._books.close(attempt, "cancelled", killed or _cancelled(attempt.hop))
        return killed or error

    async def _judge(self, attempt: Attempt, reply: Reply) -> None:
        """Whether a whole reply may be handed on. Raises the failure that it is otherwise."""
        hop = attempt.hop
        if attempt.misrouted:
            self._misrouted(attempt)
        check = hop.order.check
        said = check(reply) if check is not None else None
        words = said if said is None or isinstance(said, str) else await said
        if hop.order.judged:
            now_us = self._clock.monotonic_us()
            tenant = hop.order.facts.tenant
            self._health.judged(attempt.seen, tenant, hop.order.judged, accepted=words is None, now_us=now_us)
        if words is not None:
            cut = " (it was cut off at its length limit)" if attempt.finish == "length" else ""
            raise Unfit(f"`{attempt.endpoint.id}`: its output does not pass the check{cut}", reply, words)
        if hop.race is not None:
            hop.race.claim(hop.number)

    def _misrouted(self, attempt: Attempt) -> None:
        """Another than was authorised has answered: no further request goes there. Raises where this answer
        is not to be handed on: it is to a protected request, or comes from a place that was not permitted."""
        current = self._interlock.endpoint(attempt.endpoint.id)
        if current is not None and (wrong := misrouting(current, attempt.served, attempt.place)):
            self._health.quarantine(current, wrong)
        elsewhere = attempt.place and not may_answer_from(attempt.endpoint, attempt.place)
        if attempt.hop.order.durable or elsewhere:
            raise ProviderFailure(
                FailureKind.MISROUTED,
                f"`{attempt.endpoint.id}` {attempt.misrouted}, which the registry does not list: withheld",
            )

    async def _open(self, attempt: Attempt, source: AsyncGenerator[Event, None]) -> Delivery:
        """Read up to the first content: until then a failure may still go elsewhere."""
        opening: list[Event] = []
        try:
            async for event in source:
                opening.append(event)
                if isinstance(event, _OPENING):
                    break
                if isinstance(event, Served):
                    attempt.saw(event)
                    if attempt.misrouted:
                        self._misrouted(attempt)
            if attempt.hop.race is not None:
                attempt.hop.race.claim(attempt.hop.number)
        except BaseException:
            await source.aclose()
            raise
        attempt.first_us = self._clock.monotonic_us()
        if self._failpoint is not None:
            self._failpoint("dispatch.first_event")
        hop = attempt.hop
        delivery = Delivery(attempt.id, hop.number, attempt.endpoint, hop.planned, attempt)
        delivery.events = Relay(self._books, attempt, delivery, opening, source)
        return delivery

    def _sending(self, attempt: Attempt) -> None:
        """The last moment before the first byte is handed over: it is written in the next turn of the event
        loop at the latest. Between the intent and here lie a durable write, a connection, perhaps the start
        of a model: long enough for a kill switch to be thrown."""
        now_us = self._clock.monotonic_us()
        interlock, facts = self._interlock, attempt.hop.order.facts
        if attempt.change != interlock.change or now_us > interlock.lease_until_us or facts.grant:
            endpoint = attempt.endpoint
            permission = interlock.permission_now(facts, endpoint.id, self._clock.now_us(), now_us)
            if permission.endpoint != endpoint:
                raise _withdrawal(permission, endpoint.id)
        attempt.sent_us = now_us
        self._books.under_way.add(attempt)
        if self._failpoint is not None:
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
        clock = self._clock
        facts, endpoint = hop.order.facts, hop.planned.endpoint
        return self._interlock.permission_now(facts, endpoint, clock.now_us(), clock.monotonic_us())


def _asked(order: Order) -> Asked:
    """The request as it is sent: what is to be checked is asked for whole."""
    request = order.request
    if order.check is not None and request.stream:
        request = replace(request, stream=False)
    return Asked(request, order.tokens_in)


def _structured(attempt: Attempt) -> Request:
    """What is sent where the reply is to have a form, as this endpoint can be asked for it."""
    sent = asked_of(attempt.hop.asked.request, attempt.endpoint.capabilities)
    if sent.response_format is None:
        attempt.note(Note.SCHEMA_AS_TOOL)
    return sent


def _tried(hop: Hop, failure: ProviderFailure) -> Tried:
    wait_us = failure.retry_after_ms * 1_000 if failure.retry_after_ms is not None else None
    return Tried(hop.step.place, failure.kind, wait_us, hop.step.hop, failure.refreshed)


def _cancelled(hop: Hop) -> ProviderFailure:
    if hop.race is not None and hop.race.over:
        return Beaten()
    return ProviderFailure(FailureKind.CANCELLED, "the request was cancelled")


def _withdrawal(permission: Permission, endpoint_id: str) -> ProviderFailure:
    reasons = (_REDEFINED,) if permission.endpoint is not None else permission.reasons
    return ProviderFailure(FailureKind.WITHDRAWN, f"`{endpoint_id}`: {'; '.join(reasons)}")
