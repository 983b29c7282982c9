"""Many records decided again, added up into `Differences`."""

from collections import Counter
from typing import Final

from signalbox.domain.endpoint import Catalogue
from signalbox.replay.again import Redecided, Undecided
from signalbox.replay.capacity import Elapsed, loads
from signalbox.replay.change import change_of, lacking
from signalbox.replay.differences import (
    Change,
    Count,
    Day,
    Differences,
    Group,
    Kind,
    Releases,
    Shift,
    Unresolved,
)
from signalbox.replay.tally import MINUTE_US, MINUTES_A_DAY, Tally, figures

EXAMPLES: Final = 5
_WHYS: Final = 3
_KINDS: Final = tuple(Kind)


class Differ:
    """`add` what came of each record, `measured` each outcome; then ask for the `differences`, once."""

    def __init__(self) -> None:
        self._decided = 0
        self._first_us = self._last_us = 0
        self._releases: Counter[tuple[str, str]] = Counter()
        self._same, self._was, self._now = Tally(), Tally(), Tally()  # those with a plan both times
        self._lost, self._gained = Tally(), Tally()
        self._groups: dict[tuple[Kind, str, str], _Grouped] = {}
        self._changes: list[Change] = []
        self._broken, self._undecided = _Counted(), _Counted()
        self._unresolved: Counter[tuple[str, str]] = Counter()
        self._elapsed = Elapsed()
        self._concurrency: dict[str, int] = {}
        self._seen: Catalogue | None = None

    def add(self, done: Redecided | Undecided) -> None:
        if isinstance(done, Undecided):
            self._undecided.add(done.reason, done.decision)
            self._unresolved.update((done.tenant, group) for group in done.groups)
            return
        asked = done.asked
        self._decided += 1
        self._first_us = min(self._first_us or asked.clock_us, asked.clock_us)
        self._last_us = max(self._last_us, asked.clock_us)
        self._releases[asked.policy, asked.catalogue] += 1
        if self._seen is not done.world.after:
            self._note_concurrency(done.world.after)
        if done.same:
            if done.was:
                self._unchanged(done)
            return
        self._changed(done)

    def measured(self, endpoint: str, elapsed_us: int) -> None:
        """An attempt of the same traffic took this long."""
        self._elapsed.add(endpoint, elapsed_us)

    def differences(self) -> Differences:
        before = (self._same, self._was, self._lost)
        after = (self._same, self._now, self._gained)
        return Differences(
            decided=self._decided,
            same=self._decided - len(self._changes),
            first_us=self._first_us,
            last_us=self._last_us,
            releases=tuple(Releases(*names, count) for names, count in self._releases.most_common()),
            groups=tuple(grouped.group(*key) for key, grouped in sorted(self._groups.items(), key=_order)),
            before=figures(before),
            after=figures(after),
            still_before=figures((self._same, self._was)),
            still_after=figures((self._same, self._now)),
            lost=figures((self._lost,)),
            gained=figures((self._gained,)),
            days=_days(before, after),
            vendors=_shifts(_vendors(before), _vendors(after)),
            places=_shifts(_places(before), _places(after)),
            broken=self._broken.counts(),
            loads=loads(
                (cell for tally in before for cell in tally.cells()),
                (cell for tally in after for cell in tally.cells()),
                self._elapsed,
                self._concurrency,
            ),
            undecided=self._undecided.counts(),
            unresolved_groups=tuple(
                Unresolved(tenant, group, count)
                for (tenant, group), count in sorted(self._unresolved.items())
            ),
            changes=tuple(self._changes),
        )

    def _note_concurrency(self, catalogue: Catalogue) -> None:
        """The catalogue seen last says what an endpoint takes."""
        self._seen = catalogue
        self._concurrency.update(
            (endpoint.id, endpoint.limits.concurrency) for endpoint in catalogue.endpoints
        )

    def _unchanged(self, done: Redecided) -> None:
        """The plan is; where its endpoints run may not be."""
        world, clock_us = done.world, done.asked.clock_us
        if world.before is world.after:
            self._same.add(world.after, clock_us, done.was)
        else:
            self._was.add(world.before, clock_us, done.was)
            self._now.add(world.after, clock_us, done.now)

    def _changed(self, done: Redecided) -> None:
        change = change_of(done)
        self._changes.append(change)
        world, clock_us = done.world, done.asked.clock_us
        if done.was:
            (self._was if done.now else self._lost).add(world.before, clock_us, done.was)
        if done.now:
            (self._now if done.was else self._gained).add(world.after, clock_us, done.now)
        if done.was and not done.now:
            self._broken.add(lacking(done), change.decision)
        key = (
            change.kind,
            change.was[0] if change.was else change.was_code,
            change.now[0] if change.now else change.now_code,
        )
        self._groups.setdefault(key, _Grouped()).add(done, change)


class _Grouped:
    def __init__(self) -> None:
        self.decisions = 0
        self._cost: Counter[str] = Counter()
        self._latency_us = 0
        self._quality = 0
        self._why: Counter[str] = Counter()
        self._examples: list[str] = []

    def add(self, done: Redecided, change: Change) -> None:
        self.decisions += 1
        for sign, plan in ((-1, done.was), (1, done.now)):
            if plan:
                self._cost[plan[0].currency] += sign * plan[0].cost_nanos
                self._latency_us += sign * plan[0].latency_us
                self._quality += sign * plan[0].quality
        self._why.update(change.why)
        if len(self._examples) < EXAMPLES:
            self._examples.append(change.decision)

    def group(self, kind: Kind, was: str, now: str) -> Group:
        return Group(
            kind,
            was,
            now,
            self.decisions,
            dict(sorted(self._cost.items())),
            self._latency_us,
            self._quality,
            tuple(why for why, _ in self._why.most_common(_WHYS)),
            tuple(self._examples),
        )


class _Counted:
    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, what: str, decision: str) -> None:
        self._counts[what] += 1
        examples = self._examples.setdefault(what, [])
        if len(examples) < EXAMPLES:
            examples.append(decision)

    def counts(self) -> tuple[Count, ...]:
        return tuple(
            Count(what, count, tuple(self._examples[what])) for what, count in self._counts.most_common()
        )


def _order(item: tuple[tuple[Kind, str, str], _Grouped]) -> tuple[int, int, str, str]:
    (kind, was, now), grouped = item
    return _KINDS.index(kind), -grouped.decisions, was, now


def _days(before: tuple[Tally, ...], after: tuple[Tally, ...]) -> tuple[Day, ...]:
    """Days on which something was decided to go somewhere, before or after."""
    decisions: dict[int, list[int]] = {}
    costs: dict[int, dict[str, list[int]]] = {}
    for side, tallies in enumerate((before, after)):
        for tally in tallies:
            for cell in tally.cells():
                day = cell.minute // MINUTES_A_DAY
                decisions.setdefault(day, [0, 0])[side] += cell.decisions
                costs.setdefault(day, {}).setdefault(cell.currency, [0, 0])[side] += cell.cost_nanos
    return tuple(
        Day(
            day * MINUTES_A_DAY * MINUTE_US,
            max(decisions[day]),
            {currency: Shift(*cost) for currency, cost in sorted(costs[day].items())},
        )
        for day in sorted(decisions)
    )


def _vendors(tallies: tuple[Tally, ...]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for tally in tallies:
        for cell in tally.cells():
            counts[cell.catalogue.endpoint(cell.endpoint).vendor] += cell.decisions
    return counts


def _places(tallies: tuple[Tally, ...]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for tally in tallies:
        for catalogue, endpoints, count in tally.plans():
            reached: set[str] = set()
            for name in endpoints:
                endpoint = catalogue.endpoint(name)
                reached.update(endpoint.inference_places, endpoint.storage_places)
            for place in reached:
                counts[place] += count
    return counts


def _shifts(before: Counter[str], after: Counter[str]) -> dict[str, Shift]:
    return {name: Shift(before[name], after[name]) for name in sorted(before.keys() | after.keys())}
