"""The pure core: frozen inputs → Plan, or the reason why there is none.

What `replay` calls again, what the simulator calls a million times, and what the pipeline calls once
per request. Nothing in it knows the time, a socket or a random number that it was not handed.
"""

from msgspec import Struct

from signalbox.domain.errors import Denial, NoCandidate
from signalbox.domain.plan import Dropped, Objective, Plan
from signalbox.domain.standing import Standing
from signalbox.domain.traits import Traits
from signalbox.domain.verdict import Verdict
from signalbox.rank import rank
from signalbox.shortlist import shortlist


class Inputs(Struct, frozen=True):
    """`places` are what the caller asked for (None: anything); `standings` the catalogue at a snapshot."""

    traits: Traits
    verdict: Verdict
    standings: tuple[Standing, ...]
    places: tuple[int, ...] | None
    objective: Objective
    attempts_max: int
    clock_us: int
    seed: int


class Choice(Struct, frozen=True):
    plan: Plan
    dropped: tuple[Dropped, ...]


class NothingPermitted(Exception):
    """Policy left no endpoint of those asked for. The caller of `decide` knows how to put it in words."""


def decide(inputs: Inputs) -> Choice:
    """Raises `NothingPermitted`, or `NoCandidate` where endpoints are permitted and none can serve."""
    listed = shortlist(inputs.traits, inputs.verdict, inputs.standings, inputs.places, inputs.clock_us)
    if not listed.candidates:
        if not listed.permitted:
            raise NothingPermitted
        raise _no_candidate(listed.dropped)
    plan = rank(
        listed.candidates, inputs.traits, inputs.objective, attempts_max=inputs.attempts_max, seed=inputs.seed
    )
    return Choice(plan, listed.dropped)


def _no_candidate(dropped: tuple[Dropped, ...]) -> NoCandidate:
    transient = any(item.transient for item in dropped)
    reasons = sorted({item.reason for item in dropped})
    return NoCandidate(
        f"no permitted endpoint can serve this request: {'; '.join(reasons)}",
        dropped=[Denial(item.endpoint, (item.reason,)) for item in dropped],
        transient=transient,
    )
