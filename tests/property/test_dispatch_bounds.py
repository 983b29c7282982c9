"""Retry budgets and learnt concurrency against plain models of their rules."""

from hypothesis import given
from hypothesis import strategies as st

from signalbox.dispatch.budget import BudgetRules, RetryBudget
from signalbox.dispatch.concurrency import Concurrency

_SECOND: int = 1_000_000


@given(
    st.builds(BudgetRules, share=st.integers(0, 10_000), floor=st.integers(0, 5)),
    st.lists(st.tuples(st.integers(0, 30 * _SECOND), st.sampled_from(["count", "spend"])), max_size=200),
)
def test_retries_never_exceed_their_share_of_the_last_minute(
    rules: BudgetRules, events: list[tuple[int, str]]
) -> None:
    budget = RetryBudget(rules)
    now = 1_000 * _SECOND
    told: list[tuple[int, str]] = []
    for passed, what in events:
        now += passed
        if what == "count":
            budget.count(now)
        elif budget.left(now):
            # Of what is remembered, fifty seconds at least and sixty at most.
            retries = sum(what == "spend" for at, what in told if at > now - 50 * _SECOND)
            requests = sum(what == "count" for at, what in told if at > now - 60 * _SECOND)
            assert retries < rules.floor + requests * rules.share // 10_000
            budget.spend(now)
        else:
            continue
        told.append((now, what))


@given(st.lists(st.tuples(st.integers(0, 70 * _SECOND), st.booleans()), max_size=100))
def test_a_budget_is_what_its_slots_say(events: list[tuple[int, bool]]) -> None:
    """The running totals against a count from the beginning, by slots of ten seconds."""
    rules = BudgetRules(share=5_000, floor=3)
    budget = RetryBudget(rules)
    now = 0
    told: list[tuple[int, bool]] = []
    for passed, retry in events:
        now += passed
        (budget.spend if retry else budget.count)(now)
        told.append((now // (10 * _SECOND), retry))
        kept = [retry for slot, retry in told if slot > now // (10 * _SECOND) - 6]
        retries = sum(kept)
        assert budget.left(now) == max(0, 3 + (len(kept) - retries) // 2 - retries)


def test_a_minute_later_all_is_forgotten() -> None:
    budget = RetryBudget(BudgetRules(share=1_000, floor=1))
    for _ in range(100):
        budget.count(0)
    assert budget.left(0) == 11
    for _ in range(11):
        budget.spend(0)
    assert budget.left(0) == 0
    assert budget.left(59 * _SECOND) == 0
    assert budget.left(60 * _SECOND) == 1


_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["bore", "strained"]), st.integers(0, 100), st.integers(0, 50), st.integers(1, 64)
    ),
    max_size=200,
)


@given(_EVENTS)
def test_an_endpoint_is_always_trusted_with_one_and_never_with_more_than_it_takes(
    events: list[tuple[str, int, int, int]],
) -> None:
    learnt = Concurrency()
    now = 0
    for what, passed, ago, ceiling in events:
        now += passed
        before = learnt.allowed(ceiling)
        if what == "bore":
            learnt.bore(ago, ceiling)
            after = learnt.allowed(ceiling)
            assert before <= after <= before + 1 or after == ceiling
            assert after == before or ago >= before
        else:
            learnt.strained(now - ago, now, ceiling)
            assert learnt.allowed(ceiling) in (before, max(1, before // 2))
        assert 1 <= learnt.allowed(ceiling) <= ceiling


def test_a_burst_of_refusals_halves_it_once() -> None:
    learnt = Concurrency()
    for _ in range(10):
        learnt.strained(sent_us=5, now_us=10, ceiling=64)
    assert learnt.allowed(64) == 32
    learnt.strained(sent_us=11, now_us=20, ceiling=64)
    assert learnt.allowed(64) == 16


def test_a_round_at_the_full_earns_one_more_until_all_are_back() -> None:
    learnt = Concurrency()
    learnt.strained(1, 1, 4)
    assert learnt.allowed(4) == 2
    learnt.bore(1, 4)  # not used to the full: says nothing
    learnt.bore(1, 4)
    assert learnt.allowed(4) == 2
    for _ in range(2):
        learnt.bore(2, 4)
    assert learnt.allowed(4) == 3
    for _ in range(3):
        learnt.bore(3, 4)
    assert (learnt.allowed(4), learnt.limit) == (4, 0)
