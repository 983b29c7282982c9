"""Laws of `next_step` and `hedge_step`: deterministic, inside plan and deadline, never going back."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from signalbox.dispatch.step import RetryRules, Send, Stop, Tried, hedge_step, next_step
from signalbox.domain.failure import REACTIONS, FailureKind
from signalbox.domain.plan import Plan, PlannedAttempt

_RULES = st.builds(
    RetryRules,
    attempts_max=st.integers(1, 6),
    retries_here=st.integers(0, 3),
    repairs=st.integers(0, 2),
    backoff_us=st.integers(0, 500_000),
    wait_max_us=st.integers(0, 5_000_000),
    attempt_min_us=st.integers(1, 100_000),
)


class Event(Struct, frozen=True):
    """What happens to one attempt, and what the world says when the next step is asked for."""

    kind: FailureKind
    retry_after_us: int | None
    took_us: int
    refreshed: bool
    may_retry: bool
    slow: bool  # slow enough for a hedge, which fails as `hedge_kind`
    may_hedge: bool
    hedge_kind: FailureKind


_WORLD = st.lists(
    st.builds(
        Event,
        kind=st.sampled_from(FailureKind),
        retry_after_us=st.none() | st.integers(0, 20_000_000),
        took_us=st.integers(0, 8_000_000),
        refreshed=st.booleans(),
        may_retry=st.booleans(),
        slow=st.booleans(),
        may_hedge=st.booleans(),
        hedge_kind=st.sampled_from(FailureKind),
    ),
    max_size=10,
)
_OFTEN_INVALID = st.lists(
    st.builds(
        Event,
        kind=st.sampled_from(
            [FailureKind.INVALID_OUTPUT] * 3 + [FailureKind.CALLER_FAULT, FailureKind.RESET]
        ),
        retry_after_us=st.none(),
        took_us=st.integers(0, 100_000),
        refreshed=st.just(value=False),
        may_retry=st.booleans(),
        slow=st.booleans(),
        may_hedge=st.booleans(),
        hedge_kind=st.sampled_from([FailureKind.INVALID_OUTPUT, FailureKind.NOT_READY]),
    ),
    max_size=10,
)


class Story(Struct):
    """`asked` holds, for each step sent, the budget's word at the time it was decided."""

    sent: list[Send]
    started_us: list[int]
    asked: list[bool]
    history: list[Tried]
    stop: Stop | None = None


def _plan(places: int, deadline_us: int) -> Plan:
    attempts = tuple(
        PlannedAttempt(1, 1, "USD", f"e{place}", 1_000, 5_000, "test", deadline_us) for place in range(places)
    )
    return Plan("balanced", attempts, deadline_us)


def _play(plan: Plan, world: list[Event], rules: RetryRules, seed: int) -> Story:
    """Obey both functions in a scripted world in which every attempt fails."""
    story = Story([], [], [], [])
    now_us = 0
    may_retry = True
    for event in world:
        step = next_step(plan, story.history, now_us, rules, seed, may_retry=may_retry)
        if isinstance(step, Stop):
            story.stop = step
            return story
        story.sent.append(step)
        story.asked.append(may_retry)
        story.started_us.append(now_us + step.wait_us)
        now_us += step.wait_us
        second = None
        if event.slow:
            second = hedge_step(plan, story.history, step, now_us, rules, may_hedge=event.may_hedge)
        refreshed = event.refreshed and event.kind is FailureKind.CREDENTIAL
        story.history.append(Tried(step.place, event.kind, event.retry_after_us, step.hop, refreshed))
        if second is not None:
            story.sent.append(second)
            story.asked.append(event.may_hedge)
            story.started_us.append(now_us)
            story.history.append(Tried(second.place, event.hedge_kind, None, "hedge"))
        now_us += min(event.took_us, step.timeout_us)
        may_retry = event.may_retry
    return story


_places, _deadline, _seed = st.integers(1, 5), st.integers(1, 30_000_000), st.integers(0, 2**32 - 1)


@given(_places, _deadline, _WORLD | _OFTEN_INVALID, _RULES, _seed)
def test_the_same_failures_give_the_same_attempts(
    places: int, deadline_us: int, world: list[Event], rules: RetryRules, seed: int
) -> None:
    plan = _plan(places, deadline_us)
    assert _play(plan, world, rules, seed) == _play(plan, world, rules, seed)


@given(_places, _deadline, _WORLD | _OFTEN_INVALID, _RULES, _seed)
def test_attempts_stay_within_plan_order_count_and_deadline(
    places: int, deadline_us: int, world: list[Event], rules: RetryRules, seed: int
) -> None:
    story = _play(_plan(places, deadline_us), world, rules, seed)
    visited = [step.place for step in story.sent]
    assert visited == sorted(visited)
    assert all(after - before <= 1 for before, after in pairwise(visited))
    assert all(0 <= place < places for place in visited)
    assert len(story.sent) <= rules.attempts_max
    for place in set(visited):
        # The first, its retries, its repairs, and once more after a credential was renewed.
        assert visited.count(place) <= 1 + rules.retries_here + rules.repairs + 1
    for step, start_us in zip(story.sent, story.started_us, strict=True):
        assert step.timeout_us >= rules.attempt_min_us
        assert start_us + step.timeout_us <= deadline_us
    for tried, after in pairwise(story.history):
        if after.hop != "hedge":
            assert (
                REACTIONS[tried.kind].here or REACTIONS[tried.kind].elsewhere or _was_repairing(story, tried)
            )


def _was_repairing(story: Story, refused: Tried) -> bool:
    """A refusal of what we had added to the request, not of the request."""
    return any(t.place == refused.place and t.kind is FailureKind.INVALID_OUTPUT for t in story.history)


@given(_places, _deadline, _WORLD | _OFTEN_INVALID, _RULES, _seed)
def test_what_is_repeated_has_a_budget_and_a_bound(
    places: int, deadline_us: int, world: list[Event], rules: RetryRules, seed: int
) -> None:
    story = _play(_plan(places, deadline_us), world, rules, seed)
    for step, allowed in zip(story.sent, story.asked, strict=True):
        assert allowed or step.hop not in ("retry", "hedge")
    hops = [step.hop for step in story.sent]
    assert hops[:1] in ([], ["primary"])
    assert hops.count("primary") <= 1
    assert hops.count("hedge") <= 1
    for place in range(places):
        here = [step.hop for step in story.sent if step.place == place]
        assert here.count("repair") <= rules.repairs
        assert here.count("retry") <= rules.retries_here + 1  # one more with a renewed credential
        assert sum(hop in ("primary", "fallback", "hedge") for hop in here) <= 1


@given(_places, _deadline, _WORLD | _OFTEN_INVALID, _RULES, _seed)
def test_a_repair_answers_an_output_that_did_not_pass(
    places: int, deadline_us: int, world: list[Event], rules: RetryRules, seed: int
) -> None:
    story = _play(_plan(places, deadline_us), world, rules, seed)
    for number, step in enumerate(story.sent):
        if step.hop == "repair":
            before = story.history[number - 1]
            assert (before.kind, before.place, step.wait_us) == (FailureKind.INVALID_OUTPUT, step.place, 0)


@given(st.integers(1, 5), st.sampled_from(FailureKind), _RULES, _seed)
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


def _hops(
    plan: Plan, rules: RetryRules, *tried: Tried, may_retry: bool = True
) -> tuple[int, str] | FailureKind:
    step = next_step(plan, tried, 0, rules, seed=1, may_retry=may_retry)
    return step.kind if isinstance(step, Stop) else (step.place, step.hop)


def test_an_output_that_does_not_pass_is_repaired_once_and_then_asked_for_elsewhere() -> None:
    plan, rules, bad = _plan(2, 60_000_000), RetryRules(attempts_max=6), FailureKind.INVALID_OUTPUT
    first, again = Tried(0, bad), Tried(0, bad, hop="repair")
    there, there_again = Tried(1, bad, hop="fallback"), Tried(1, bad, hop="repair")
    assert _hops(plan, rules, first) == (0, "repair")
    assert _hops(plan, rules, first, again) == (1, "fallback")
    assert _hops(plan, rules, first, again, there) == (1, "repair")
    assert _hops(plan, rules, first, again, there, there_again) == bad


def test_a_repair_that_is_refused_is_no_fault_of_the_callers() -> None:
    """The model's own bad answer may be what made the request too long, or what a filter stopped."""
    first = Tried(0, FailureKind.INVALID_OUTPUT)
    for kind in (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER):
        refused = Tried(0, kind, hop="repair")
        assert _hops(_plan(2, 60_000_000), RetryRules(), first, refused) == (1, "fallback")
        assert _hops(_plan(1, 60_000_000), RetryRules(), first, refused) == FailureKind.INVALID_OUTPUT
        assert _hops(_plan(2, 60_000_000), RetryRules(), Tried(0, kind)) == kind


def test_a_renewed_credential_is_tried_once_more_where_it_was_refused() -> None:
    plan = _plan(2, 60_000_000)
    renewed = Tried(0, FailureKind.CREDENTIAL, refreshed=True)
    for rules in (RetryRules(), RetryRules(retries_here=0)):
        assert _hops(plan, rules, renewed) == (0, "retry")
        assert _hops(plan, rules, renewed, Tried(0, FailureKind.CREDENTIAL, None, "retry")) == (1, "fallback")
        assert _hops(plan, rules, renewed, renewed) == (1, "fallback")
        assert _hops(plan, rules, Tried(0, FailureKind.CREDENTIAL)) == (1, "fallback")


def test_without_budget_the_next_is_asked_and_nobody_if_there_is_none() -> None:
    reset = Tried(0, FailureKind.RESET)
    assert _hops(_plan(2, 60_000_000), RetryRules(), reset) == (0, "retry")
    assert _hops(_plan(2, 60_000_000), RetryRules(), reset, may_retry=False) == (1, "fallback")
    assert _hops(_plan(1, 60_000_000), RetryRules(), reset, may_retry=False) == FailureKind.RESET


def test_a_hedge_goes_to_the_next_of_the_plan_once_and_with_a_budget() -> None:
    plan, rules, first = _plan(3, 10_000_000), RetryRules(), Send(0, 0, 10_000_000, "primary")
    assert hedge_step(plan, [], first, 4_000_000, rules) == Send(1, 0, 6_000_000, "hedge")
    assert hedge_step(plan, [], first, 4_000_000, rules, may_hedge=False) is None
    assert hedge_step(plan, [], first, 9_999_999, rules) is None
    assert hedge_step(_plan(1, 10_000_000), [], first, 0, rules) is None
    assert hedge_step(plan, [], first, 0, RetryRules(attempts_max=1)) is None
    hedged = [Tried(0, FailureKind.RESET), Tried(1, FailureKind.RESET, hop="hedge")]
    assert hedge_step(plan, hedged, Send(1, 0, 1_000_000, "retry"), 0, rules) is None
