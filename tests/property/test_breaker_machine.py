"""The breaker against a plain model of its rules."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signalbox.dispatch.breaker import ORDINARY, Breaker, BreakerRules

_RULES = BreakerRules(failures=3, open_us=1_000, open_max_us=4_000)


class BreakerMachine(RuleBasedStateMachine):
    """Attempts overlap: several may be under way when the breaker opens."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(_RULES)
        self.now = 0
        self.ordinary = 0
        self.probe = 0
        self.in_a_row = 0

    @rule(step=st.integers(0, 3_000))
    def time_passes(self, step: int) -> None:
        self.now += step

    @rule()
    def ask(self) -> None:
        admission = self.breaker.admit(self.now)
        if admission is None:
            assert self.breaker.state != "closed"
        elif admission == ORDINARY:
            assert self.breaker.state == "closed"
            self.ordinary += 1
        else:
            assert self.breaker.state == "half-open"
            assert not self.probe, "two probes at once"
            self.probe = admission

    @rule()
    def succeed(self) -> None:
        if self.ordinary:
            self.ordinary -= 1
            before = self.breaker.state
            self.breaker.succeeded(ORDINARY)
            assert self.breaker.state == before
            if before == "closed":
                self.in_a_row = 0

    @rule()
    def fail(self) -> None:
        if self.ordinary:
            self.ordinary -= 1
            before = self.breaker.state
            self.breaker.failed(ORDINARY, self.now)
            if before == "closed":
                self.in_a_row += 1
                assert self.breaker.state == ("open" if self.in_a_row >= _RULES.failures else "closed")
            else:
                assert self.breaker.state == before

    @rule()
    def abandon(self) -> None:
        if self.ordinary:
            self.ordinary -= 1
            before = self.breaker.state
            self.breaker.abandoned(ORDINARY)
            assert self.breaker.state == before

    @rule(well=st.sampled_from([True, False, None]))
    def end_the_probe(self, well: bool | None) -> None:
        if not self.probe:
            return
        probe, self.probe = self.probe, 0
        if well:
            self.breaker.succeeded(probe)
            self.in_a_row = 0
            assert self.breaker.state == "closed"
        elif well is None:
            self.breaker.abandoned(probe)
            assert self.breaker.state == "half-open"
        else:
            self.breaker.failed(probe, self.now)
            assert self.breaker.state == "open"
            assert self.breaker.admit(self.now) is None

    @invariant()
    def without_failures_it_is_closed(self) -> None:
        """So that a success where nothing had failed needs no further look."""
        assert self.breaker.failures or self.breaker.state == "closed"

    @invariant()
    def a_probe_holds_the_others_back(self) -> None:
        if self.probe:
            assert self.breaker.state == "half-open"
            assert self.breaker.waiting(self.now)

    @invariant()
    def an_open_breaker_lets_a_probe_through_in_time(self) -> None:
        if self.breaker.state == "open":
            assert not self.breaker.waiting(self.now + _RULES.open_max_us)


BreakerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBreaker = BreakerMachine.TestCase


def test_half_open_admits_one_probe_at_a_time_and_doubles_after_its_failure() -> None:
    breaker = Breaker(_RULES)
    for _ in range(3):
        breaker.failed(ORDINARY, 0)
    assert breaker.admit(999) is None
    first = breaker.admit(1_000)
    assert first
    assert breaker.admit(1_000) is None
    breaker.failed(first, 1_000)
    assert breaker.admit(2_999) is None
    second = breaker.admit(3_000)
    assert second
    breaker.abandoned(first)  # it has ended before
    breaker.abandoned(ORDINARY)  # sent before the breaker opened
    assert breaker.admit(3_000) is None
    breaker.abandoned(second)
    third = breaker.admit(3_000)
    assert third
    breaker.succeeded(third)
    assert breaker.admit(3_000) == ORDINARY
