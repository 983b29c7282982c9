"""Candidates × objective → Plan.

Each candidate gets a utility from saturating, absolute terms (in 1e-4 times percent):

    utility = quality·Q + latency·10⁴·T/(T + t) + cost·10⁴·C/(C + c)

with Q the predicted quality, t the predicted latency, c the predicted cost, T and C the objective's
latency target and cost scale (where a term is worth half). The terms do not depend on the other
candidates, so adding or removing one never swaps two others (`test_decide_laws`). Before utility
comes the tier: those that meet floor and target, those that meet the floor, the rest.

It goes in steps, because the first are the same for all requests of a kind: `weigh` takes task, size class
and longest reply; `contest` leaves out who comes into the plan for no prompt of that class; `order` takes the
request's own tokens, its deadline and its seed.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from signalbox.domain.money import TOKENS_PER_PRICE
from signalbox.domain.plan import Objective, Plan, PlannedAttempt, size_bucket
from signalbox.domain.standing import NEVER_US, Standing
from signalbox.domain.traits import Traits
from signalbox.rank.predict import TYPICAL_OUTPUT_TOKENS

_UNIT: Final = 10_000
_LOW_WORD: Final = 0xFFFF_FFFF
_ROUND_UP: Final = TOKENS_PER_PRICE - 1
_REASONS: Final = (
    (
        "best score within quality floor and latency target",
        "next best within quality floor and latency target",
    ),
    (
        "best within the quality floor, slower than the target",
        "within the quality floor, slower than the target",
    ),
    ("no candidate reaches the quality floor: best of the rest", "below the quality floor: last resort"),
)


Entrant = tuple[int, int, int, Standing, int, int, int, int, int]
"""A candidate for requests of one kind: tier, lack (the utility but for the term of cost, below zero), mark
(tells it from its equals), standing, quality, latency in µs, price of a million tokens of input, and what a
usual reply and the longest cost (in 1e-6 nano-units, and so much more that a division rounds up: a prediction
should not flatter). A plain tuple: there is one per endpoint, made and read in a hurry."""

Seat = tuple[str, str, int, int, str, int, int, int, int]
"""A place of a plan but for what the request's own tokens and deadline make of it: endpoint, currency,
latency, quality, reason, the entrant's price and costs, and after what time another is tried (in µs)."""


class Contest(Struct, frozen=True):
    """Who may come into a plan of up to `attempts_max` for requests of one kind; `seats` where their order is
    the same for all of these."""

    entrants: tuple[Entrant, ...]
    seats: tuple[Seat, ...]
    attempts_max: int


def rank(
    candidates: Sequence[Standing], traits: Traits, objective: Objective, *, attempts_max: int, seed: int
) -> Plan:
    """The best `attempts_max` candidates, best first, with deadlines and the reason for each place.

    Equal tiers and utilities are ordered by `seed`, so that equals share the load over many requests
    while one request is always decided alike. Raises `ValueError` without candidates.
    """
    if not candidates:
        raise ValueError("rank takes at least one candidate")
    entrants = weigh(candidates, traits, objective)
    return order(Contest(entrants, (), attempts_max), traits, objective, seed)


def weigh(candidates: Sequence[Standing], traits: Traits, objective: Objective) -> tuple[Entrant, ...]:
    """What of a candidate's place follows from the task, the size class of the prompt and the longest reply
    alone; no other trait is read."""
    task, bucket, tokens_out_max = traits.task, size_bucket(traits.tokens_in), traits.tokens_out_max
    tokens_out = min(TYPICAL_OUTPUT_TOKENS[task], tokens_out_max)
    floor, target = objective.quality_floor, objective.latency_target_us
    entrants: list[Entrant] = []
    for standing in candidates:
        quality = standing.quality.get(task, standing.quality_default)
        latency = standing.first_token_us[bucket] + tokens_out * standing.output_token_us
        entrants.append(
            (
                2 if quality < floor else 1 if latency > target else 0,
                -objective.quality * quality - objective.latency * (_UNIT * target // (target + latency)),
                standing.place * 0x9E3779B1 & _LOW_WORD,
                standing,
                quality,
                latency,
                standing.input_per_mtok,
                tokens_out * standing.output_per_mtok + _ROUND_UP,
                tokens_out_max * standing.output_per_mtok + _ROUND_UP,
            )
        )
    return tuple(entrants)


def contest(
    entrants: Sequence[Entrant], objective: Objective, *, tokens: tuple[int, int], attempts_max: int
) -> Contest:
    """Those of `entrants` that may come into a plan for a prompt of `tokens` (least and most). More are
    never better: all that one can reach lies between what it reaches at these two."""
    least, most = tokens
    weight, scale = objective.cost, objective.cost_scale_nanos
    unit = _UNIT * scale
    reached = [
        (
            tier,
            lack - weight * (unit // (scale + (least * price + usual) // TOKENS_PER_PRICE)),
            lack - weight * (unit // (scale + (most * price + usual) // TOKENS_PER_PRICE)),
            entrant,
        )
        for entrant in entrants
        for tier, lack, _, _, _, _, price, usual, _ in (entrant,)
    ]
    reached.sort()
    bars = sorted([(tier, worst) for tier, _, worst, _ in reached])
    bar = bars[:attempts_max][-1]
    able = [each for each in reached if each[:2] <= bar]
    settled = all((one[0], one[2]) < other[:2] for one, other in pairwise(able))
    left = tuple([each[3] for each in able])
    return Contest(left, _seats(left[:attempts_max]) if settled else (), attempts_max)


def order(contest: Contest, traits: Traits, objective: Objective, seed: int) -> Plan:
    """The plan. `contest` is not empty, and was held for these traits or for others of their kind."""
    tokens_in = traits.tokens_in
    seats = contest.seats
    if not seats:
        weight, scale = objective.cost, objective.cost_scale_nanos
        unit = _UNIT * scale
        # Every entrant of every request of such a kind comes by here: no call inside.
        scored = [
            (
                entrant[0],
                entrant[1]
                - weight * (unit // (scale + (tokens_in * entrant[6] + entrant[7]) // TOKENS_PER_PRICE)),
                (entrant[2] ^ seed) * 0x85EBCA6B & _LOW_WORD,
                entrant,
            )
            for entrant in contest.entrants
        ]
        scored.sort()
        seats = _seats([each[3] for each in scored[: contest.attempts_max]])
    deadline_us = traits.deadline_ms * 1_000
    half_us = deadline_us // 2
    # An attempt that has others behind it leaves them half of the time, unless it is known to be slow.
    attempts = [
        PlannedAttempt(
            (tokens_in * price + usual) // TOKENS_PER_PRICE,
            (tokens_in * price + most) // TOKENS_PER_PRICE,
            currency,
            endpoint,
            latency,
            quality,
            reason,
            half_us if patience_us < half_us else patience_us if patience_us < deadline_us else deadline_us,
        )
        for endpoint, currency, latency, quality, reason, price, usual, most, patience_us in seats
    ]
    return Plan(objective.name, tuple(attempts), deadline_us)


def _seats(entrants: Sequence[Entrant]) -> tuple[Seat, ...]:
    last = len(entrants) - 1
    return tuple(
        [
            (
                standing.endpoint,
                standing.currency,
                latency,
                quality,
                _REASONS[tier][place > 0],
                price,
                usual,
                most,
                4 * latency if place < last else NEVER_US,
            )
            for place, (tier, _, _, standing, quality, latency, price, usual, most) in enumerate(entrants)
        ]
    )
