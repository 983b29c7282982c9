"""How many requests an endpoint takes at once, learnt from how it bears them.

Additive increase, multiplicative decrease, as TCP does (Chiu and Jain, 1989): halved when the endpoint says
that it is too much, one more for each round of successes at the full. It never exceeds what the registry
says, and never falls below one. Time is handed in.
"""

from typing import Final

from signalbox.domain.failure import FailureKind

STRAIN: Final = frozenset({FailureKind.RATE_LIMITED, FailureKind.OVERLOADED, FailureKind.TIMEOUT})
"""The failures that say that it is too much."""


class Concurrency:
    """INVARIANT: `1 ≤ allowed(ceiling) ≤ ceiling` for every ceiling from 1."""

    __slots__ = ("_lowered_us", "_rounds", "limit")

    def __init__(self) -> None:
        self.limit = 0  # 0: the ceiling
        self._lowered_us = -1
        self._rounds = 0

    def allowed(self, ceiling: int) -> int:
        limit = self.limit
        return limit if 0 < limit < ceiling else ceiling

    def bore(self, inside: int, ceiling: int) -> None:
        """An attempt went well, with `inside` in flight, itself included."""
        if not self.limit or inside < self.limit:
            return
        self._rounds += 1
        if self._rounds >= self.limit:
            self._rounds = 0
            self.limit += 1
        if self.limit >= ceiling:
            self.limit = 0

    def strained(self, sent_us: int, now_us: int, ceiling: int) -> None:
        """An attempt that was sent at `sent_us` was too much. What was sent before the last lowering says
        nothing of the limit since: a burst of refusals halves it once."""
        if sent_us <= self._lowered_us:
            return
        self.limit = max(1, self.allowed(ceiling) // 2)
        self._lowered_us, self._rounds = now_us, 0
