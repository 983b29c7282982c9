"""Candidates × objective → Plan.

Each candidate gets a utility from saturating, absolute terms (in 1e-4 times percent):

    utility = quality·Q + latency·10⁴·T/(T + t) + cost·10⁴·C/(C + c)

with Q the predicted quality, t the predicted latency, c the predicted cost, T and C the objective's
latency target and cost scale (where a term is worth half). The terms do not depend on the other
candidates, so adding or removing one never swaps two others (`test_decide_laws`). Before utility
comes the tier: those that meet floor and target, those that meet the floor, the rest.
"""

from collections.abc import Sequence
from typing import Final

from signalbox.domain.money import TOKENS_PER_PRICE
from signalbox.domain.plan import Objective, Plan, PlannedAttempt, size_bucket
from signalbox.domain.standing import Standing
from signalbox.domain.traits import Traits
from signalbox.rank.predict import TYPICAL_OUTPUT_TOKENS

_UNIT: Final = 10_000
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


def rank(
    candidates: Sequence[Standing], traits: Traits, objective: Objective, *, attempts_max: int, seed: int
) -> Plan:
    """The best `attempts_max` candidates, best first, with deadlines and the reason for each place.

    Equal tiers and utilities are ordered by `seed`, so that equals share the load over many requests
    while one request is always decided alike. Raises `ValueError` without candidates.
    """
    if not candidates:
        raise ValueError("rank takes at least one candidate")
    task, tokens_in, tokens_out_max = traits.task, traits.tokens_in, traits.tokens_out_max
    tokens_out = min(TYPICAL_OUTPUT_TOKENS[task], tokens_out_max)
    bucket = size_bucket(tokens_in)
    weigh_quality, weigh_latency, weigh_cost = objective.quality, objective.latency, objective.cost
    floor, target, scale = objective.quality_floor, objective.latency_target_us, objective.cost_scale_nanos
    latency_unit, cost_unit = _UNIT * target, _UNIT * scale
    scored = []
    for standing in candidates:  # every endpoint of every request comes by here: no call inside
        quality = standing.quality.get(task, standing.quality_default)
        latency = standing.first_token_us[bucket] + tokens_out * standing.output_token_us
        # rounded up: a prediction should not flatter
        cost = -(
            -(tokens_in * standing.input_per_mtok + tokens_out * standing.output_per_mtok) // TOKENS_PER_PRICE
        )
        utility = (
            weigh_quality * quality
            + weigh_latency * (latency_unit // (target + latency))
            + weigh_cost * (cost_unit // (scale + cost))
        )
        tier = 2 if quality < floor else 1 if latency > target else 0
        tie = (standing.place * 0x9E3779B1 ^ seed) * 0x85EBCA6B & 0xFFFFFFFF
        scored.append((tier, -utility, tie, standing, quality, latency, cost))
    if len(scored) > 1:
        scored.sort()
        del scored[attempts_max:]
    deadline_us = traits.deadline_ms * 1_000
    half_us = deadline_us // 2
    last = len(scored) - 1
    attempts = []
    for place, (tier, _, _, standing, quality, latency, cost) in enumerate(scored):
        most = tokens_in * standing.input_per_mtok + tokens_out_max * standing.output_per_mtok
        # An attempt that has others behind it leaves them half of the time, unless it is known to be slow.
        timeout_us = deadline_us if place == last else min(deadline_us, max(4 * latency, half_us))
        attempts.append(
            PlannedAttempt(
                cost,
                -(-most // TOKENS_PER_PRICE),
                standing.currency,
                standing.endpoint,
                latency,
                quality,
                _REASONS[tier][place > 0],
                timeout_us,
            )
        )
    return Plan(objective.name, tuple(attempts), deadline_us)
