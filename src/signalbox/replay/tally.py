"""Sums over plans: one entry per minute and first choice, so that a decision costs one look-up."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from signalbox.domain.endpoint import Catalogue
from signalbox.domain.plan import PlannedAttempt
from signalbox.replay.differences import Figures

MINUTE_US: Final = 60_000_000
MINUTES_A_DAY: Final = 1_440


class Cell(Struct, frozen=True):
    """First choices of one endpoint in one minute (counted from the epoch)."""

    catalogue: Catalogue
    minute: int
    endpoint: str
    currency: str
    decisions: int
    cost_nanos: int
    latency_us: int
    quality: int


class Tally:
    __slots__ = ("_cells", "_latencies", "_plans")

    def __init__(self) -> None:
        self._cells: dict[tuple[Catalogue, int, str, str], list[int]] = {}
        self._latencies = array("q")
        self._plans: Counter[tuple[Catalogue, tuple[str, ...]]] = Counter()

    def add(self, catalogue: Catalogue, clock_us: int, plan: tuple[PlannedAttempt, ...]) -> None:
        """`plan` is not empty."""
        first = plan[0]
        key = (catalogue, clock_us // MINUTE_US, first.endpoint, first.currency)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = [0, 0, 0, 0]
        cell[0] += 1
        cell[1] += first.cost_nanos
        cell[2] += first.latency_us
        cell[3] += first.quality
        self._latencies.append(first.latency_us)
        self._plans[catalogue, tuple([attempt.endpoint for attempt in plan])] += 1

    def cells(self) -> Iterator[Cell]:
        for (catalogue, minute, endpoint, currency), sums in self._cells.items():
            yield Cell(catalogue, minute, endpoint, currency, *sums)

    def plans(self) -> Iterator[tuple[Catalogue, tuple[str, ...], int]]:
        """Endpoints in order, and how many decisions had them."""
        for (catalogue, endpoints), count in self._plans.items():
            yield catalogue, endpoints, count

    def latencies(self) -> "array[int]":
        return self._latencies


def figures(tallies: Iterable[Tally]) -> Figures:
    """Of all of them together."""
    decisions = latency = quality = 0
    cost: Counter[str] = Counter()
    latencies = array("q")
    for tally in tallies:
        for cell in tally.cells():
            decisions += cell.decisions
            latency += cell.latency_us
            quality += cell.quality
            cost[cell.currency] += cell.cost_nanos
        latencies.extend(tally.latencies())
    return Figures(decisions, dict(sorted(cost.items())), latency, _p95(latencies), quality)


def _p95(latencies: "array[int]") -> int:
    if not latencies:
        return 0
    return sorted(latencies)[-(-95 * len(latencies) // 100) - 1]
