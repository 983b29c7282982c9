"""The pure core: frozen inputs → Plan, or the reason why there is none.

What `replay` calls again, what the simulator calls a million times, and what the pipeline calls once
per request. Nothing in it knows the time, a socket or a random number that it was not handed.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.errors import Denial, NoCandidate
from signalbox.domain.plan import Dropped, Objective, Plan, size_bucket, sizes_of
from signalbox.domain.standing import Standing
from signalbox.domain.traits import Traits
from signalbox.domain.verdict import Verdict
from signalbox.rank import Contest, contest, order, rank, weigh
from signalbox.shortlist import shortlist

_KINDS_MAX: Final = 1_024
_STANDINGS_MAX: Final = 32
_EVER_US: Final = 2**63


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


class _Kind(Struct, frozen=True):
    """What decisions have in common that differ in size, deadline, moment and seed alone: who is a candidate,
    for prompts of up to `tokens_max` tokens from `since_us` to `until_us`, and how they are weighed. Without
    candidates there is no `contest`.

    `held`: what its key names by identity lives as long as it does.
    """

    held: tuple[object, ...]
    contest: Contest | None
    dropped: tuple[Dropped, ...]
    tokens_max: int
    since_us: int
    until_us: int


class Decider:
    """Decides many requests, and keeps what those of a kind have in common while the standings are the same.
    Tenants may have standings of their own, so that those of several are kept at a time.

    INVARIANT: it gives what `decide` gives, whatever it was asked before: `test_a_decider_decides_alike`.
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[Standing, ...], dict[tuple[object, ...], _Kind]]] = {}
        """By the standings' identity, which nothing else has as long as they are held here."""

    def decide(self, inputs: Inputs) -> Choice:
        """As `decide`, and raises the same."""
        traits, objective = inputs.traits, inputs.objective
        now_us, standings = inputs.clock_us, inputs.standings
        tokens_in = traits.tokens_in
        known = self._known.get(id(standings))
        if known is None:
            if len(self._known) >= _STANDINGS_MAX:
                self._known.clear()
            known = self._known[id(standings)] = (standings, {})
        kinds = known[1]
        key = (
            id(inputs.verdict), id(objective), inputs.places, inputs.attempts_max,
            traits.task, traits.needs, traits.tokens_out_max, size_bucket(tokens_in),
        )  # fmt: skip
        kind = kinds.get(key)
        if kind is None or not kind.since_us <= now_us < kind.until_us:
            if len(kinds) >= _KINDS_MAX:
                kinds.clear()
            kind = kinds[key] = _kind(inputs)
        if kind.contest is None or tokens_in > kind.tokens_max:
            return decide(inputs)
        return Choice(order(kind.contest, traits, objective, inputs.seed), kind.dropped)


def _kind(inputs: Inputs) -> _Kind:
    """Who is a candidate depends neither on the size, up to the least context of all that are permitted, nor
    on the moment, between two of their first and last days."""
    verdict, standings, places, now_us = inputs.verdict, inputs.standings, inputs.places, inputs.clock_us
    traits, objective = inputs.traits, inputs.objective
    asked = [
        standing
        for standing in (standings if places is None else [standings[place] for place in places])
        if verdict.permitted[standing.place]
    ]
    days = [day for standing in asked for day in (standing.available_from_us, standing.retired_from_us)]
    small = replace(traits, tokens_in=0)
    listed = shortlist(small, verdict, standings, places, now_us)
    tokens_max = min([standing.context_tokens for standing in asked], default=-1) - traits.tokens_out_max
    least, most = sizes_of(size_bucket(traits.tokens_in), tokens_max)
    held = None
    if listed.candidates and least <= most:
        entrants = weigh(listed.candidates, traits, objective)
        held = contest(entrants, objective, tokens=(least, most), attempts_max=inputs.attempts_max)
    return _Kind(
        (verdict, objective),
        held,
        listed.dropped,
        tokens_max,
        max([day for day in days if day <= now_us], default=-_EVER_US),
        min([day for day in days if day > now_us], default=_EVER_US),
    )


def _no_candidate(dropped: tuple[Dropped, ...]) -> NoCandidate:
    transient = any(item.transient for item in dropped)
    reasons = sorted({item.reason for item in dropped})
    return NoCandidate(
        f"no permitted endpoint can serve this request: {'; '.join(reasons)}",
        dropped=[Denial(item.endpoint, (item.reason,)) for item in dropped],
        transient=transient,
    )
