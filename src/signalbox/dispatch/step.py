"""`next_step(plan, history)`: what to do now, as a pure function.

The same plan, the same failures and the same seed give the same attempts, so a fallback is as
repeatable as a decision. INVARIANTS (property-tested): only endpoints of the plan are sent to, in plan
order, never going back; attempts stay within `attempts_max`; no step starts or ends after the plan's
deadline; after a failure that nobody else could mend there is no further attempt.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from signalbox.domain.failure import REACTIONS, FailureKind
from signalbox.domain.plan import Plan

Hop = Literal["primary", "retry", "fallback"]


class RetryRules(Struct, frozen=True, kw_only=True):
    """`retries_here`: further tries at one endpoint. Waits in µs; `wait_max_us` also bounds how long a
    vendor's `retry-after` is honoured before going elsewhere. `attempt_min_us`: less time than that is
    not worth an attempt."""

    attempts_max: int = 4
    retries_here: int = 1
    backoff_us: int = 200_000
    wait_max_us: int = 2_000_000
    attempt_min_us: int = 50_000


class Tried(Struct, frozen=True):
    """One attempt that failed, at `place` of the plan."""

    place: int
    kind: FailureKind
    retry_after_us: int | None = None


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
    plan: Plan, history: Sequence[Tried], elapsed_us: int, rules: RetryRules, seed: int
) -> Send | Stop:
    """`elapsed_us` is the time since the decision's clock."""
    remaining_us = plan.deadline_us - elapsed_us
    if not history:
        return _send(plan, 0, 0, "primary", remaining_us, rules.attempt_min_us) or Stop(FailureKind.OVERDUE)
    last = history[-1]
    reaction = REACTIONS[last.kind]
    if len(history) >= rules.attempts_max:
        return Stop(last.kind)
    tries_here = sum(1 for tried in history if tried.place == last.place)
    elsewhere = last.place + 1 if reaction.elsewhere and last.place + 1 < len(plan.attempts) else None
    step = None
    if reaction.here and tries_here <= rules.retries_here:
        wait_us = _wait_us(last, tries_here, rules, seed)
        # A long wait is worth it only where there is nowhere else to go.
        if wait_us <= rules.wait_max_us or elsewhere is None:
            step = _send(plan, last.place, wait_us, "retry", remaining_us, rules.attempt_min_us)
    if step is None and elsewhere is not None:
        step = _send(plan, elsewhere, 0, "fallback", remaining_us, rules.attempt_min_us)
    return step or Stop(last.kind)


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
