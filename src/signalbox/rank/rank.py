"""Candidates × objective → Plan.

Each candidate gets a utility from saturating, absolute terms (in 1e-4 times percent):

    utility = quality·Q + latency·10⁴·T/(T + t) + cost·10⁴·C/(C + c)

with Q the predicted quality, t the predicted latency, c the predicted cost, T and C the objective's
latency target and cost scale (where a term is worth half). The terms do not depend on the other
candidates, so adding or removing one never swaps two others (`test_decide_laws`). Before utility
comes the tier: those that meet floor and target, those that meet the floor, the rest.

It goes in two steps, because the first is the same for all requests of a kind: `weigh` takes task and size
class, `order` the request's own tokens, its deadline and its seed.
"""

from collections.abc import Sequence
from typing import Final

from signalbox.domain.money import TOKENS_PER_PRICE
from signalbox.domain.plan import Objective, Plan, PlannedAttempt, size_bucket
from signalbox.domain.standing import Standing
from signalbox.domain.traits import Traits
from signalbox.rank.predict import TYPICAL_OUTPUT_TOKENS

_UNIT: Final = 10_000
_LOW_WORD: Final = 0xFFFF_FFFF
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


Entrant = tuple[int, int, int, Standing, int, int, int, int]
"""A candidate for requests of one kind: tier, lack (the utility but for the term of cost, below zero), mark
(tells it from its equals), standing, quality, latency in µs, price of a million tokens of input, and what a
usual reply costs (in 1e-6 nano-units). A plain tuple: there is one per endpoint, made and read in a hurry."""


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
    return order(entrants, traits, objective, attempts_max=attempts_max, seed=seed)


def weigh(candidates: Sequence[Standing], traits: Traits, objective: Objective) -> tuple[Entrant, ...]:
    """What of a candidate's place follows from the task, the size class of the prompt and the longest reply
    alone; no other trait is read."""
    task, bucket = traits.task, size_bucket(traits.tokens_in)
    tokens_out = min(TYPICAL_OUTPUT_TOKENS[task], traits.tokens_out_max)
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
                tokens_out * standing.output_per_mtok,
            )
        )
    return tuple(entrants)


def order(
    entrants: Sequence[Entrant], traits: Traits, objective: Objective, *, attempts_max: int, seed: int
) -> Plan:
    """The plan. `entrants` is not empty, and was weighed for these traits or for others of their kind."""
    tokens_in, tokens_out_max = traits.tokens_in, traits.tokens_out_max
    weight, scale = objective.cost, objective.cost_scale_nanos
    unit = _UNIT * scale
    # Every endpoint of every request comes by here: no call inside. Costs are rounded up: a prediction should
    # not flatter.
    scored = [
        (
            tier,
            lack
            - weight * (unit // (scale + (cost := -(-(tokens_in * price + charge) // TOKENS_PER_PRICE)))),
            (mark ^ seed) * 0x85EBCA6B & _LOW_WORD,
            standing,
            quality,
            latency,
            cost,
        )
        for tier, lack, mark, standing, quality, latency, price, charge in entrants
    ]
    if len(scored) > 1:
        scored.sort()
        del scored[attempts_max:]
    deadline_us = traits.deadline_ms * 1_000
    half_us = deadline_us // 2
    last = len(scored) - 1
    attempts: list[PlannedAttempt] = []
    for tier, _, _, standing, quality, latency, cost in scored:
        most = tokens_in * standing.input_per_mtok + tokens_out_max * standing.output_per_mtok
        # An attempt that has others behind it leaves them half of the time, unless it is known to be slow.
        timeout_us = min(deadline_us, max(4 * latency, half_us)) if len(attempts) < last else deadline_us
        attempts.append(
            PlannedAttempt(
                cost,
                -(-most // TOKENS_PER_PRICE),
                standing.currency,
                standing.endpoint,
                latency,
                quality,
                _REASONS[tier][bool(attempts)],
                timeout_us,
            )
        )
    return Plan(objective.name, tuple(attempts), deadline_us)
