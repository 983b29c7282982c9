"""Verdicts that were worked out, kept while they hold.

Passive state of one release in force: it has no clock and starts no work, and it is used from one
thread. Give each compiled policy a cache of its own: then a verdict that was being worked out while the
release changed lands in the old cache and is never served under the new release.
"""

from collections import OrderedDict

from signalbox.domain.traits import Facts
from signalbox.domain.verdict import Verdict


class VerdictCache:
    """At most `capacity` verdicts; the one unused for longest goes first. A hit costs about 0.3 µs."""

    __slots__ = ("_held", "capacity", "hits", "misses")

    def __init__(self, capacity: int) -> None:
        """Raises `ValueError` for a capacity below one."""
        if capacity < 1:
            raise ValueError(f"a verdict cache holds at least one verdict, not `{capacity}`")
        self.capacity = capacity
        self.hits = 0
        self.misses = 0
        self._held: OrderedDict[Facts, Verdict] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, facts: Facts, now_us: int) -> Verdict | None:
        """The verdict for these facts if it still holds at `now_us` (wall clock)."""
        held = self._held
        found = held.get(facts)
        if found is None:
            self.misses += 1
            return None
        until = found.valid_until_us
        if until is not None and now_us >= until:
            del held[facts]
            self.misses += 1
            return None
        held.move_to_end(facts)
        self.hits += 1
        return found

    def put(self, facts: Facts, verdict: Verdict) -> None:
        held = self._held
        held[facts] = verdict
        held.move_to_end(facts)
        if len(held) > self.capacity:
            held.popitem(last=False)

    def clear(self) -> None:
        """Forget every verdict; the counts of hits and misses go on."""
        self._held.clear()
