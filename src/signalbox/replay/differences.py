"""What came of deciding recorded traffic again, as frozen values: integers throughout, JSON as it stands.

Costs are nano-units by currency, latencies µs, quality 1e-4: all predicted, at the first attempt of a plan,
and summed; whoever shows a mean divides.
"""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What became of a decision. In the order in which a reader wants them."""

    NEWLY_DENIED = "newly denied"
    NO_CANDIDATE = "now no candidate"
    UNKNOWN_NAME = "name no longer known"
    NEWLY_ALLOWED = "newly allowed"
    OTHER_FIRST = "other first choice"
    OTHER_ORDER = "other order"
    OTHER_FIGURES = "same order, other figures"
    OTHER_REFUSAL = "refused for another reason"


class Change(Struct, frozen=True):
    """One decision that comes out otherwise. `was` and `now` are endpoints in order, `…_code` the refusal
    where there are none; `why` what stands in the way of the endpoints that were planned and are no more."""

    decision: str
    tenant: str
    clock_us: int
    kind: Kind
    was: tuple[str, ...]
    was_code: str
    was_cost_nanos: int
    now: tuple[str, ...]
    now_code: str
    now_cost_nanos: int
    why: tuple[str, ...]


class Figures(Struct, frozen=True):
    """Of the first choices of `decisions` that have a plan. `latency_us_p95`: by the nearest rank."""

    decisions: int
    cost_nanos: dict[str, int]
    latency_us: int
    latency_us_p95: int
    quality: int


class Group(Struct, frozen=True):
    """Changes of one kind, from one first choice (or refusal) to another. `cost_nanos`, `latency_us` and
    `quality` are sums after less sums before. `why`: what stood in the way, the most frequent first."""

    kind: Kind
    was: str
    now: str
    decisions: int
    cost_nanos: dict[str, int]
    latency_us: int
    quality: int
    why: tuple[str, ...]
    examples: tuple[str, ...]


class Shift(Struct, frozen=True):
    """How many decisions, or nano-units, or hundredths of a request, before and after."""

    before: int
    after: int


class Day(Struct, frozen=True):
    """Predicted cost of the first choices of one day, UTC; `begins_us` is its midnight."""

    begins_us: int
    decisions: int
    cost_nanos: dict[str, Shift]


class Load(Struct, frozen=True):
    """Requests in flight at an endpoint in its busiest minute, in hundredths, by Little's law: first choices
    of that minute times `latency_us`, the mean that attempts there took as recorded, or the mean predicted
    one where `measured` is 0. `concurrency` is what the catalogue that is decided by lets through; 0 where
    it has no such endpoint."""

    endpoint: str
    concurrency: int
    peak_e2: Shift
    latency_us: int
    measured: int

    @property
    def over(self) -> bool:
        """Whether the busiest minute after needs more than the endpoint takes."""
        return self.peak_e2.after > 100 * self.concurrency


class Count(Struct, frozen=True):
    """How many decisions this is said of, and a few of them."""

    what: str
    decisions: int
    examples: tuple[str, ...]


class Unresolved(Struct, frozen=True):
    """A group that is known by its pseudonym only."""

    tenant: str
    group: str
    decisions: int


class Releases(Struct, frozen=True):
    """A pair of releases that records name."""

    policy: str
    catalogue: str
    decisions: int


class Differences(Struct, frozen=True, kw_only=True):
    """`decided` records were decided again, of which `same` came out as recorded, and `changes` did not.

    `before` and `after` are of all that had or have a plan; `still_before` and `still_after` of those that
    have one both times; `lost` and `gained` of the rest. `vendors` counts first choices. `places` counts
    decisions whose plan may reach the place with any attempt: inference or storage. `broken` is of those
    that had a plan and have none, by what is missing. `undecided` is what could not be decided again.
    """

    decided: int
    same: int
    first_us: int
    last_us: int
    releases: tuple[Releases, ...]
    groups: tuple[Group, ...]
    before: Figures
    after: Figures
    still_before: Figures
    still_after: Figures
    lost: Figures
    gained: Figures
    days: tuple[Day, ...]
    vendors: dict[str, Shift]
    places: dict[str, Shift]
    broken: tuple[Count, ...]
    loads: tuple[Load, ...]
    undecided: tuple[Count, ...]
    unresolved_groups: tuple[Unresolved, ...]
    changes: tuple[Change, ...]
