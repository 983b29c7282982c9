"""`next_step(plan, history)`: what to do now, as a pure function; `hedge_step`: while an answer is awaited.

The same plan, the same failures, the same seed and the same word of the retry budgets give the same
attempts, so a fallback is as repeatable as a decision. INVARIANTS (property-tested): only endpoints of the
plan are sent to, in plan order, never going back; attempts stay within `attempts_max`; no step starts or
ends after the plan's deadline; an endpoint is asked to repair its output at most `repairs` times; a request
is hedged at most once; nothing is retried or hedged without budget; after a failure that nobody else could
mend there is no further attempt.
"""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from signalbox.domain.failure import REACTIONS, FailureKind
from signalbox.domain.plan import Plan

Hop = Literal["primary", "retry", "repair", "fallback", "hedge"]
_REFUSED: Final = (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER)


class RetryRules(Struct, frozen=True, kw_only=True):
    """`retries_here`: further tries at one endpoint; `repairs`: how often one endpoint is shown what was
    wrong with its output. Waits in µs; `wait_max_us` also bounds how long a vendor's `retry-after` is
    honoured before going elsewhere. `attempt_min_us`: less time than that is not worth an attempt.
    `hedge_after_us`: by latency class, how long an answer is awaited before the next endpoint is asked as
    well; a class that is absent is not hedged."""

    attempts_max: int = 4
    retries_here: int = 1
    repairs: int = 1
    backoff_us: int = 200_000
    wait_max_us: int = 2_000_000
    attempt_min_us: int = 50_000
    hedge_after_us: dict[str, int] = {}


class Tried(Struct, frozen=True):
    """One attempt that failed, at `place` of the plan. `refreshed`: its credential was renewed since."""

    place: int
    kind: FailureKind
    retry_after_us: int | None = None
    hop: Hop = "primary"
    refreshed: bool = False


class Send(Struct, frozen=True):
    """Wait, then send to `plan.attempts[place]` and give it `timeout_us`."""

    place: int
    wait_us: int
    timeout_us: int
    hop: Hop


class Stop(Struct, frozen=True):
    """Nothing more to try; `kind` is the failure to report."""

    kind: FailureKind


def next_step(
    plan: Plan,
    history: Sequence[Tried],
    elapsed_us: int,
    rules: RetryRules,
    seed: int,
    *,
    may_retry: bool = True,
) -> Send | Stop:
    """`elapsed_us` is the time since the decision's clock; `may_retry` what the retry budget of the endpoint
    that failed last says."""
    remaining_us = plan.deadline_us - elapsed_us
    if not history:
        return _send(plan, 0, 0, "primary", remaining_us, rules.attempt_min_us) or Stop(FailureKind.OVERDUE)
    last = history[-1]
    kind = _meaning(history)
    if len(history) >= rules.attempts_max:
        return Stop(kind)
    elsewhere = last.place + 1 if REACTIONS[kind].elsewhere and last.place + 1 < len(plan.attempts) else None
    step = None
    again = _again_here(history, kind, rules, seed, may_retry=may_retry)
    if again is not None:
        wait_us, hop = again
        # A long wait is worth it only where there is nowhere else to go.
        if wait_us <= rules.wait_max_us or elsewhere is None:
            step = _send(plan, last.place, wait_us, hop, remaining_us, rules.attempt_min_us)
    if step is None and elsewhere is not None:
        step = _send(plan, elsewhere, 0, "fallback", remaining_us, rules.attempt_min_us)
    return step or Stop(kind)


def hedge_step(
    plan: Plan,
    history: Sequence[Tried],
    awaited: Send,
    elapsed_us: int,
    rules: RetryRules,
    *,
    may_hedge: bool = True,
) -> Send | None:
    """Who is asked as well while the answer to `awaited` is overdue; None: nobody. `may_hedge` is what the
    retry budget of the next endpoint says."""
    place = awaited.place + 1
    if not may_hedge or place >= len(plan.attempts) or len(history) + 2 > rules.attempts_max:
        return None
    if any(tried.hop == "hedge" for tried in history):
        return None
    return _send(plan, place, 0, "hedge", plan.deadline_us - elapsed_us, rules.attempt_min_us)


def _meaning(history: Sequence[Tried]) -> FailureKind:
    """The last failure, as it concerns the caller: what refuses a request that we have added a repair to
    refuses the repair, not what the caller asked."""
    last = history[-1]
    if last.kind in _REFUSED and any(
        tried.place == last.place and tried.kind is FailureKind.INVALID_OUTPUT for tried in history
    ):
        return FailureKind.INVALID_OUTPUT
    return last.kind


def _again_here(
    history: Sequence[Tried], kind: FailureKind, rules: RetryRules, seed: int, *, may_retry: bool
) -> tuple[int, Hop] | None:
    """How long to wait for another try at the endpoint that failed last, and as what; None: no more there."""
    last = history[-1]
    here = [tried for tried in history if tried.place == last.place]
    if kind is FailureKind.INVALID_OUTPUT:
        repaired = sum([tried.hop == "repair" for tried in here])
        return (0, "repair") if last.kind is kind and repaired < rules.repairs else None
    if not may_retry:
        return None
    if last.refreshed:
        return (0, "retry") if sum([tried.refreshed for tried in here]) == 1 else None
    if not REACTIONS[kind].here:
        return None
    tries = sum([not tried.refreshed and tried.kind is not FailureKind.INVALID_OUTPUT for tried in here])
    return (_wait_us(last, tries, rules, seed), "retry") if tries <= rules.retries_here else None


def _send(plan: Plan, place: int, wait_us: int, hop: Hop, remaining_us: int, least_us: int) -> Send | None:
    """The step, or None where too little time is left for it."""
    left_us = remaining_us - wait_us
    if left_us < least_us:
        return None
    return Send(place, wait_us, min(plan.attempts[place].timeout_us, left_us), hop)


def _wait_us(last: Tried, tries_here: int, rules: RetryRules, seed: int) -> int:
    """What the vendor asked for, else exponential back-off with full jitter drawn from the seed."""
    if last.retry_after_us is not None:
        return last.retry_after_us
    ceiling = min(rules.wait_max_us, rules.backoff_us << (tries_here - 1))
    draw = ((seed ^ (tries_here * 0x9E3779B1) ^ (last.place * 0x85EBCA6B)) * 0xC2B2AE35) & 0xFFFFFFFF
    return ceiling * draw >> 32
