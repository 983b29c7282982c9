"""What rank makes and dispatch obeys."""

from msgspec import Struct


class Objective(Struct, frozen=True, kw_only=True):
    """Weights in percent, and the floor and target that hold whatever the weights are.

    `quality_floor` is in 1e-4. `cost_scale_nanos` is the cost at which the cost term reaches half of
    its range; `latency_target_us` likewise for latency, and the target that a candidate should meet.
    """

    name: str
    quality: int
    latency: int
    cost: int
    quality_floor: int
    latency_target_us: int
    cost_scale_nanos: int


class Ranking(Struct, frozen=True):
    """What rank was told besides the request: kept under its hash, so that a decision can be made again."""

    objective: Objective
    attempts_max: int


class Judged(Struct, frozen=True):
    """How many of an endpoint's latest answers to a task were accepted by their check, and how many not."""

    task: str
    accepted: int
    refused: int


class EndpointHealth(Struct, frozen=True):
    """Moving averages, quantised, as a snapshot keeps them; 0 where nothing was measured yet.

    `first_token_us` is by input size: up to 512, 2,048, 8,192 tokens and above. `quarantined` says why it
    is no candidate until an operator or a release lets it be one again. `judged` has the tasks of which
    answers to the tenant that it was cut for were refused, sorted.
    """

    endpoint: str
    open: bool  # the breaker is open: not a candidate
    first_token_us: tuple[int, int, int, int] = (0, 0, 0, 0)
    output_token_us: int = 0
    quarantined: str = ""
    judged: tuple[Judged, ...] = ()


class HealthSnapshot(Struct, frozen=True):
    """Cut at a fixed cadence, stored once under its content hash; `endpoints` sorted by id."""

    endpoints: tuple[EndpointHealth, ...] = ()


SIZE_BOUNDS = (512, 2_048, 8_192)


def size_bucket(tokens: int) -> int:
    """Index into `EndpointHealth.first_token_us`."""
    return 0 if tokens <= 512 else 1 if tokens <= 2_048 else 2 if tokens <= 8_192 else 3


def sizes_of(bucket: int, most: int) -> tuple[int, int]:
    """The least and the most tokens of a size in that bucket, of those up to `most`."""
    least = SIZE_BOUNDS[bucket - 1] + 1 if bucket else 0
    return least, min(most, SIZE_BOUNDS[bucket]) if bucket < len(SIZE_BOUNDS) else most


class PlannedAttempt(Struct, frozen=True):
    """One place of a plan. Predictions are integers: nano-units of `currency`, µs, 1e-4.

    INVARIANT: fields in alphabetical order: a decision's record holds this very value.
    """

    cost_nanos: int
    cost_nanos_max: int  # every token the request may use, at list price
    currency: str
    endpoint: str
    latency_us: int
    quality: int
    reason: str
    timeout_us: int


class Dropped(Struct, frozen=True):
    """An endpoint that did not become a candidate, and why. `transient`: it may be one later."""

    endpoint: str
    reason: str
    transient: bool = False


class Plan(Struct, frozen=True):
    """Ordered attempts, best first; never empty. `deadline_us` is relative to the decision's clock."""

    objective: str
    attempts: tuple[PlannedAttempt, ...]
    deadline_us: int
