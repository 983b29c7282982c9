"""Laws of `next_step`: deterministic, inside the plan, inside the deadline, never going back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from signalbox.dispatch.step import RetryRules, Send, Stop, Tried, next_step
from signalbox.domain.failure import REACTIONS, FailureKind
from signalbox.domain.plan import Plan, PlannedAttempt

_RULES = st.builds(
    RetryRules,
    attempts_max=st.integers(1, 6),
    retries_here=st.integers(0, 3),
    backoff_us=st.integers(0, 500_000),
    wait_max_us=st.integers(0, 5_000_000),
    attempt_min_us=st.integers(1, 100_000),
)
_SCRIPT = st.lists(
    st.tuples(
        st.sampled_from(FailureKind), st.none() | st.integers(0, 20_000_000), st.integers(0, 8_000_000)
    ),
    max_size=10,
)


def _plan(places: int, deadline_us: int) -> Plan:
    attempts = tuple(
        PlannedAttempt(1, 1, "USD", f"e{place}", 1_000, 5_000, "test", deadline_us) for place in range(places)
    )
    return Plan("balanced", attempts, deadline_us)


def _play(
    plan: Plan, script: list[tuple[FailureKind, int | None, int]], rules: RetryRules, seed: int
) -> tuple[list[Send], Stop | None, list[Tried], list[int]]:
    """Obey `next_step` against a scripted world in which every attempt fails."""
    history: list[Tried] = []
    sent: list[Send] = []
    started: list[int] = []
    now_us = 0
    for kind, retry_after_us, took_us in script:
        step = next_step(plan, history, now_us, rules, seed)
        if isinstance(step, Stop):
            return sent, step, history, started
        sent.append(step)
        started.append(now_us + step.wait_us)
        now_us += step.wait_us + min(took_us, step.timeout_us)
        history.append(Tried(step.place, kind, retry_after_us))
    return sent, None, history, started


@given(st.integers(1, 5), st.integers(1, 30_000_000), _SCRIPT, _RULES, st.integers(0, 2**32 - 1))
def test_the_same_failures_give_the_same_attempts(
    places: int,
    deadline_us: int,
    script: list[tuple[FailureKind, int | None, int]],
    rules: RetryRules,
    seed: int,
) -> None:
    plan = _plan(places, deadline_us)
    assert _play(plan, script, rules, seed) == _play(plan, script, rules, seed)


@given(st.integers(1, 5), st.integers(1, 30_000_000), _SCRIPT, _RULES, st.integers(0, 2**32 - 1))
def test_attempts_stay_within_plan_order_count_and_deadline(
    places: int,
    deadline_us: int,
    script: list[tuple[FailureKind, int | None, int]],
    rules: RetryRules,
    seed: int,
) -> None:
    plan = _plan(places, deadline_us)
    sent, _, history, started = _play(plan, script, rules, seed)
    visited = [step.place for step in sent]
    assert visited == sorted(visited)
    assert all(after - before <= 1 for before, after in pairwise(visited))
    assert all(0 <= place < places for place in visited)
    assert len(sent) <= rules.attempts_max
    for place in set(visited):
        assert visited.count(place) <= rules.retries_here + 1
    for step, start_us in zip(sent, started, strict=True):
        assert step.timeout_us >= rules.attempt_min_us
        assert start_us + step.timeout_us <= deadline_us
    for tried in history[:-1]:
        assert REACTIONS[tried.kind].here or REACTIONS[tried.kind].elsewhere


@given(st.integers(1, 5), st.sampled_from(FailureKind), _RULES, st.integers(0, 2**32 - 1))
def test_a_failure_that_nobody_could_mend_is_the_last(
    places: int, kind: FailureKind, rules: RetryRules, seed: int
) -> None:
    step = next_step(_plan(places, 60_000_000), [Tried(0, kind)], 0, rules, seed)
    if not (REACTIONS[kind].here or REACTIONS[kind].elsewhere):
        assert step == Stop(kind)


def test_a_vendor_that_asks_for_a_long_wait_is_left_for_the_next() -> None:
    rules = RetryRules(wait_max_us=2_000_000)
    tried = [Tried(0, FailureKind.RATE_LIMITED, retry_after_us=30_000_000)]
    step = next_step(_plan(2, 60_000_000), tried, 0, rules, seed=1)
    assert isinstance(step, Send)
    assert (step.place, step.wait_us, step.hop) == (1, 0, "fallback")


def test_the_only_endpoint_is_waited_for_as_long_as_the_deadline_allows() -> None:
    rules = RetryRules(wait_max_us=2_000_000)
    tried = [Tried(0, FailureKind.RATE_LIMITED, retry_after_us=30_000_000)]
    patient = next_step(_plan(1, 60_000_000), tried, 0, rules, seed=1)
    assert patient == Send(0, 30_000_000, 30_000_000, "retry")
    assert next_step(_plan(1, 20_000_000), tried, 0, rules, seed=1) == Stop(FailureKind.RATE_LIMITED)


def test_a_deadline_already_past_sends_nothing() -> None:
    assert next_step(_plan(3, 1_000_000), [], 990_000, RetryRules(), seed=0) == Stop(FailureKind.OVERDUE)
