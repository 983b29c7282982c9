"""How many retries an endpoint may be sent, so that retries never amplify an outage.

Of the requests that it was sent in the last minute a share may be repeated, and a few more where there is
little traffic. A hedge counts as a retry; a repair, which answers a reply, does not. Time is handed in.
"""

from typing import Final

from msgspec import Struct

_SLOTS: Final = 6
_SLOT_US: Final = 10_000_000


class BudgetRules(Struct, frozen=True, kw_only=True):
    """`share` in 1e-4 of the requests of the last minute; `floor` is granted whatever the traffic."""

    share: int = 1_000
    floor: int = 10


class RetryBudget:
    """Counts by slots of ten seconds, of which six are remembered: a minute at most, fifty seconds at least.

    INVARIANT: of what is remembered, `retries ≤ floor + requests × share`, if `spend` follows only a `left`
    above zero.
    """

    __slots__ = ("_counts", "_now", "_rules", "_slot", "_slot_ends_us")

    def __init__(self, rules: BudgetRules) -> None:
        self._rules = rules
        self._slot = 0
        self._slot_ends_us = _SLOT_US
        self._counts = [[0, 0] for _ in range(_SLOTS)]
        """By slot, requests and retries."""
        self._now = self._counts[0]

    def count(self, now_us: int) -> None:
        """A request, not a retry, is sent. `now_us` is monotonic, here and below."""
        if now_us >= self._slot_ends_us:
            self._turn(now_us)
        self._now[0] += 1

    def spend(self, now_us: int) -> None:
        """A retry or a hedge is sent."""
        if now_us >= self._slot_ends_us:
            self._turn(now_us)
        self._now[1] += 1

    def left(self, now_us: int) -> int:
        """How many more may be sent now."""
        if now_us >= self._slot_ends_us:
            self._turn(now_us)
        requests = sum([counts[0] for counts in self._counts])
        retries = sum([counts[1] for counts in self._counts])
        return max(0, self._rules.floor + requests * self._rules.share // 10_000 - retries)

    def _turn(self, now_us: int) -> None:
        """Forget what is too long ago."""
        slot = now_us // _SLOT_US
        for passed in range(max(self._slot + 1, slot - _SLOTS + 1), slot + 1):
            self._counts[passed % _SLOTS][:] = 0, 0
        self._slot, self._slot_ends_us = slot, (slot + 1) * _SLOT_US
        self._now = self._counts[slot % _SLOTS]
