"""The breaker against a plain model of its rules."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signalbox.dispatch.breaker import Breaker, BreakerRules

_RULES = BreakerRules(failures=3, open_us=1_000, open_max_us=4_000)


class BreakerMachine(RuleBasedStateMachine):
    """Attempts overlap: several may be under way when the breaker opens."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(_RULES)
        self.now = 0
        self.under_way = 0
        self.in_a_row = 0

    @rule(step=st.integers(0, 3_000))
    def time_passes(self, step: int) -> None:
        self.now += step

    @rule()
    def ask(self) -> None:
        before = self.breaker.state
        if self.breaker.admit(self.now):
            assert before != "open" or self.breaker.state == "half-open"
            self.under_way += 1
        else:
            assert self.breaker.state != "closed"

    @rule()
    def succeed(self) -> None:
        if self.under_way:
            self.under_way -= 1
            self.in_a_row = 0
            self.breaker.succeeded()
            assert self.breaker.state == "closed"

    @rule()
    def fail(self) -> None:
        if self.under_way:
            self.under_way -= 1
            self.in_a_row += 1
            self.breaker.failed(self.now)
            if self.in_a_row >= _RULES.failures:
                assert self.breaker.state == "open"
                assert not self.breaker.admit(self.now)

    @rule()
    def abandon(self) -> None:
        if self.under_way:
            self.under_way -= 1
            before = self.breaker.state
            self.breaker.abandoned()
            assert self.breaker.state == before

    @invariant()
    def an_open_breaker_lets_a_probe_through_in_time(self) -> None:
        if self.breaker.state == "open":
            assert not self.breaker.waiting(self.now + _RULES.open_max_us)


BreakerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBreaker = BreakerMachine.TestCase


def test_half_open_admits_one_probe_at_a_time_and_doubles_after_its_failure() -> None:
    breaker = Breaker(_RULES)
    for _ in range(3):
        breaker.failed(0)
    assert not breaker.admit(999)
    assert breaker.admit(1_000)
    assert not breaker.admit(1_000)
    breaker.failed(1_000)
    assert not breaker.admit(2_999)
    assert breaker.admit(3_000)
    breaker.abandoned()
    assert breaker.admit(3_000)
    breaker.succeeded()
    assert breaker.admit(3_000)
