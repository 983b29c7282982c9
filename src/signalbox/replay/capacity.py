"""Little's law over recorded traffic: what endpoints have in flight in the busiest minute, before and after.

Requests in flight = arrivals per unit of time × how long one stays. Bursts within a minute are averaged out,
and fallbacks, retries and hedges are not counted: a peak that is near the limit is over it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from signalbox.replay.differences import Load, Shift
from signalbox.replay.tally import MINUTE_US, Cell


class Elapsed:
    """How long attempts took, by endpoint, as their outcomes say."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

    def add(self, endpoint: str, elapsed_us: int) -> None:
        sums = self._sums.get(endpoint)
        if sums is None:
            sums = self._sums[endpoint] = [0, 0]
        sums[0] += 1
        sums[1] += elapsed_us

    def of(self, endpoint: str) -> tuple[int, int]:
        """How many were measured, and what they took together, in µs."""
        count, total = self._sums.get(endpoint, (0, 0))
        return count, total


def loads(
    before: Iterable[Cell], after: Iterable[Cell], elapsed: Elapsed, concurrency: Mapping[str, int]
) -> tuple[Load, ...]:
    """By endpoint's id. `concurrency` is by endpoint, of the catalogue that is decided by."""
    predicted: dict[str, list[int]] = {}
    peaks_before, peaks_after = _peaks(before, predicted), _peaks(after, predicted)
    made = []
    for endpoint in sorted(peaks_before.keys() | peaks_after.keys()):
        measured, total = elapsed.of(endpoint)
        count, total = (measured, total) if measured else predicted[endpoint]
        made.append(
            Load(
                endpoint,
                concurrency.get(endpoint, 0),
                Shift(
                    *(
                        _in_flight(peaks.get(endpoint, 0), count, total)
                        for peaks in (peaks_before, peaks_after)
                    )
                ),
                total // count,
                measured,
            )
        )
    return tuple(made)


def _peaks(cells: Iterable[Cell], predicted: dict[str, list[int]]) -> dict[str, int]:
    """First choices of each endpoint's busiest minute; `predicted` gathers counts and latencies meanwhile."""
    arrivals: Counter[tuple[str, int]] = Counter()
    for cell in cells:
        arrivals[cell.endpoint, cell.minute] += cell.decisions
        sums = predicted.setdefault(cell.endpoint, [0, 0])
        sums[0] += cell.decisions
        sums[1] += cell.latency_us
    peaks: dict[str, int] = {}
    for (endpoint, _), count in arrivals.items():
        peaks[endpoint] = max(peaks.get(endpoint, 0), count)
    return peaks


def _in_flight(arrivals: int, count: int, total_us: int) -> int:
    """In hundredths, rounded up: a need should not be flattered."""
    return -(-100 * arrivals * total_us // (count * MINUTE_US))
