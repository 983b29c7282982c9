"""The books of an attempt: what is written down of it, and what is learnt from it.

INVARIANT: every intent gets exactly one outcome, whatever ends the attempt.
"""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from signalbox.dispatch.attempt import Attempt, Hop, Settlement, Status, withdrawn
from signalbox.dispatch.concurrency import STRAIN
from signalbox.dispatch.health import HealthBook, Seen
from signalbox.dispatch.interlock import Permission
from signalbox.dispatch.race import Beaten
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.errors import LogUnavailable
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.records import Record
from signalbox.ports.clock import Clock
from signalbox.ports.failpoint import Failpoint
from signalbox.ports.log import DecisionLog
from signalbox.ports.meter import Meter

_log: Final = logging.getLogger("signalbox.dispatch")


class Books:
    def __init__(
        self, *, log: DecisionLog, health: HealthBook, clock: Clock, meter: Meter, failpoint: Failpoint | None
    ) -> None:
        self._decisions = log
        self._health = health
        self._clock = clock
        self._meter = meter
        self._failpoint = failpoint
        self.under_way: set[Attempt] = set()
        """Attempts whose first byte has left, and whose outcome is owed."""

    def announce(
        self, attempt: Attempt, permission: Permission, now_us: int
    ) -> Coroutine[Any, Any, None] | None:
        """Write the intent. Where it has to be on disk before anything leaves, what is returned is awaited
        first; if it raises, what the attempt held was given back. `now_us` is wall clock."""
        if self._failpoint is not None:
            self._failpoint("dispatch.before_intent")
        why = attempt.hop.step.hop
        if why != "primary":
            self._meter.hop(attempt.endpoint.id, why)
        intent = attempt.intent(permission, now_us)
        if attempt.hop.order.durable:
            return self._announce_durably(attempt, intent)
        self._decisions.post([intent])
        if self._failpoint is not None:
            self._failpoint("dispatch.after_intent")
        return None

    def withdraw(self, hop: Hop, permission: Permission, reasons: tuple[str, ...]) -> None:
        """Write down that this hop sends nothing."""
        self._decisions.post([withdrawn(hop, reasons, permission, self._clock.now_us())])

    def close(self, attempt: Attempt, status: Status, failure: ProviderFailure | None) -> Settlement:
        """Outcome, health, counters and place of an attempt that was announced: once, however it ended."""
        self.under_way.discard(attempt)
        endpoint, seen = attempt.endpoint, attempt.seen
        try:
            now_us = self._clock.monotonic_us()
            settled = attempt.settlement()
            if self._failpoint is not None:
                self._failpoint("dispatch.before_outcome")
            authorised = attempt.authorised
            self._write(attempt.outcome(status, failure, settled, authorised, now_us, self._clock.now_us()))
            if self._failpoint is not None:
                self._failpoint("dispatch.after_outcome")
            how = authorised if attempt.sent_us else ""
            if failure is None:
                if seen.breaker.failures:  # else it has nothing to learn of a success
                    self._health.ended(endpoint, seen, attempt.admission, None, now_us)
                usage, cost_nanos, elapsed_us = settled.usage, settled.cost.nanos, now_us - attempt.started_us
                self._meter.attempt(
                    endpoint.id, status, "", how, elapsed_us, usage.prompt, usage.output, cost_nanos
                )
                if seen.concurrency.limit:  # else it is trusted with all that the registry says
                    seen.concurrency.bore(seen.turnstile.inside, endpoint.limits.concurrency)
                # From the first byte sent: a wait before (a model that had to load) will not recur.
                first_us, sent_us = attempt.first_us, attempt.sent_us
                seen.measured(
                    attempt.hop.asked.tokens_in,
                    first_us and first_us - sent_us,
                    usage.output,
                    now_us - sent_us,
                )
            else:
                self._failed(attempt, status, failure, how, now_us)
        finally:
            seen.leave(endpoint)
        return settled

    def _failed(
        self, attempt: Attempt, status: Status, failure: ProviderFailure, how: str, now_us: int
    ) -> None:
        """What is learnt of an attempt that did not go well."""
        endpoint, seen, kind = attempt.endpoint, attempt.seen, failure.kind
        self._health.ended(endpoint, seen, attempt.admission, kind, now_us)
        self._meter.attempt(endpoint.id, status, kind, how, now_us - attempt.started_us, 0, 0, 0)
        if isinstance(failure, Beaten):
            if attempt.sent_us and attempt.hop.asked.request.stream:
                seen.outlasted(attempt.hop.asked.tokens_in, now_us - attempt.sent_us)
        elif kind in STRAIN:
            seen.concurrency.strained(attempt.started_us, now_us, endpoint.limits.concurrency)

    def unsent(self, endpoint: Endpoint, seen: Seen, admission: int | None) -> None:
        """Give back the place, and the admission if there is one: of what never left, nothing is learnt."""
        if admission is not None:
            now_us = self._clock.monotonic_us()
            self._health.ended(endpoint, seen, admission, FailureKind.CANCELLED, now_us)
        seen.leave(endpoint)

    async def _announce_durably(self, attempt: Attempt, intent: Record) -> None:
        try:
            await self._commit(attempt, intent)
            if self._failpoint is not None:
                self._failpoint("dispatch.after_intent")
        except BaseException:
            self.unsent(attempt.endpoint, attempt.seen, attempt.admission)
            raise

    async def _commit(self, attempt: Attempt, intent: Record) -> None:
        """INVARIANT: however slow the log is, it is not waited for longer than the attempt may take."""
        left_us = attempt.hop.deadline_us - self._clock.monotonic_us()
        try:
            async with asyncio.timeout(left_us / 1_000_000):
                await self._decisions.commit([intent])
        except TimeoutError:
            self._never_left(attempt, "the decision log did not take its intent in time")
            raise LogUnavailable("the decision log did not answer in time: nothing was sent") from None
        except asyncio.CancelledError:
            self._never_left(attempt, "the request was cancelled before it left")
            raise

    def _never_left(self, attempt: Attempt, words: str) -> None:
        """The intent may be on disk, and then it is owed an outcome."""
        cancelled = ProviderFailure(FailureKind.CANCELLED, words)
        settled, now_us, wall_us = attempt.settlement(), self._clock.monotonic_us(), self._clock.now_us()
        self._write(attempt.outcome("cancelled", cancelled, settled, attempt.authorised, now_us, wall_us))

    def _write(self, outcome: Record) -> None:
        try:
            self._decisions.post([outcome])
        except LogUnavailable as error:
            # The intent stands; the sweep will close the attempt as unknown when the log opens again.
            _log.error("outcome of attempt %s is not in the log: %s", outcome.ref, error.operator)
