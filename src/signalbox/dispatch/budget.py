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

    __slots__ = ("_counts", "_requests", "_retries", "_rules", "_slot")

    def __init__(self, rules: BudgetRules) -> None:
        self._rules = rules
        self._slot = 0
        self._counts = [[0, 0] for _ in range(_SLOTS)]
        self._requests = 0
        self._retries = 0

    def count(self, now_us: int) -> None:
        """A request, not a retry, is sent. `now_us` is monotonic, here and below."""
        slot = now_us // _SLOT_US
        if slot != self._slot:
            self._turn(slot)
        self._counts[self._slot % _SLOTS][0] += 1
        self._requests += 1

    def spend(self, now_us: int) -> None:
        """A retry or a hedge is sent."""
        self._turn(now_us // _SLOT_US)
        self._counts[self._slot % _SLOTS][1] += 1
        self._retries += 1

    def left(self, now_us: int) -> int:
        """How many more may be sent now."""
        self._turn(now_us // _SLOT_US)
        granted = self._rules.floor + self._requests * self._rules.share // 10_000
        return max(0, granted - self._retries)

    def _turn(self, slot: int) -> None:
        """Forget what is too long ago."""
        for passed in range(max(self._slot + 1, slot - _SLOTS + 1), slot + 1):
            counts = self._counts[passed % _SLOTS]
            self._requests -= counts[0]
            self._retries -= counts[1]
            counts[0] = counts[1] = 0
        self._slot = max(self._slot, slot)
