"""Circuit breaker of one endpoint and credential.

closed → open after `failures` in a row; open for `open_us`, doubled at each failed probe up to
`open_max_us`; then half-open: one probe at a time, and its success closes. A caller's fault is never
reported here. Time is handed in; nothing waits.
"""

from typing import Literal

from msgspec import Struct

State = Literal["closed", "open", "half-open"]


class BreakerRules(Struct, frozen=True, kw_only=True):
    failures: int = 5
    open_us: int = 5_000_000
    open_max_us: int = 60_000_000


class Breaker:
    __slots__ = ("_failed", "_open_for_us", "_probing", "_rules", "_until_us", "state")

    def __init__(self, rules: BreakerRules) -> None:
        self._rules = rules
        self.state: State = "closed"
        self._failed = 0
        self._open_for_us = rules.open_us
        self._until_us = 0
        self._probing = False

    def admit(self, now_us: int) -> bool:
        """Whether an attempt may start now. When half-open, the one that may is the probe, and must
        be followed by `succeeded`, `failed` or `abandoned`."""
        if self.state == "closed":
            return True
        if self.state == "open" and now_us >= self._until_us:
            self.state = "half-open"
        if self.state == "half-open" and not self._probing:
            self._probing = True
            return True
        return False

    def waiting(self, now_us: int) -> bool:
        """Whether attempts would be refused now, without starting a probe."""
        if self.state == "closed":
            return False
        return now_us < self._until_us if self.state == "open" else self._probing

    def succeeded(self) -> None:
        self.state, self._failed, self._probing = "closed", 0, False
        self._open_for_us = self._rules.open_us

    def failed(self, now_us: int) -> None:
        self._failed += 1
        if self.state == "half-open":
            self._open_for_us = min(self._open_for_us * 2, self._rules.open_max_us)
        elif self.state == "open" or self._failed < self._rules.failures:
            return
        self.state, self._until_us, self._probing = "open", now_us + self._open_for_us, False

    def abandoned(self) -> None:
        """The attempt said nothing about the endpoint (cancelled, caller's fault)."""
        self._probing = False
