"""Circuit breaker of one endpoint and credential.

closed → open after `failures` in a row; open for `open_us`, doubled at each failed probe up to
`open_max_us`; then half-open: one probe at a time, and its success closes. While it is not closed, only the
probe's end counts: what had been sent before says nothing of the endpoint as it is now. A caller's fault is
never reported here. Time is handed in; nothing waits.
"""

from typing import Final, Literal

from msgspec import Struct

State = Literal["closed", "open", "half-open"]

ORDINARY: Final = 0
"""The admission of an attempt that is no probe; each probe has a number of its own."""


class BreakerRules(Struct, frozen=True, kw_only=True):
    failures: int = 5
    open_us: int = 5_000_000
    open_max_us: int = 60_000_000


class Breaker:
    """INVARIANTS: at most one admitted probe has not ended; `failures` (in a row) is 0 only while closed."""

    __slots__ = ("_open_for_us", "_probe", "_probes", "_rules", "_until_us", "failures", "state")

    def __init__(self, rules: BreakerRules) -> None:
        self._rules = rules
        self.state: State = "closed"
        self.failures = 0
        self._open_for_us = rules.open_us
        self._until_us = 0
        self._probe = ORDINARY  # the one under way
        self._probes = 0

    def admit(self, now_us: int) -> int | None:
        """The admission of an attempt that starts now, or None if none may. It must be handed to
        `succeeded`, `failed` or `abandoned` when the attempt ends."""
        if self.state == "closed":
            return ORDINARY
        if self.state == "open" and now_us >= self._until_us:
            self.state = "half-open"
        if self.state == "open" or self._probe:
            return None
        self._probes += 1
        self._probe = self._probes
        return self._probe

    def waiting(self, now_us: int) -> bool:
        """Whether attempts would be refused now, without starting a probe."""
        if self.state == "closed":
            return False
        return now_us < self._until_us if self.state == "open" else bool(self._probe)

    def succeeded(self, admission: int) -> None:
        if self.state == "closed":
            self.failures = 0
        elif admission and admission == self._probe:
            self.state, self.failures, self._probe = "closed", 0, ORDINARY
            self._open_for_us = self._rules.open_us

    def failed(self, admission: int, now_us: int) -> None:
        if self.state == "closed":
            self.failures += 1
            if self.failures < self._rules.failures:
                return
        elif admission and admission == self._probe:
            self._open_for_us = min(self._open_for_us * 2, self._rules.open_max_us)
        else:
            return
        self.state, self._until_us, self._probe = "open", now_us + self._open_for_us, ORDINARY

    def abandoned(self, admission: int) -> None:
        """The attempt said nothing about the endpoint (cancelled, caller's fault)."""
        if admission and admission == self._probe:
            self._probe = ORDINARY
