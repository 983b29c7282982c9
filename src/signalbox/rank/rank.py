"""Candidates × objective → Plan.

Each candidate gets a utility from saturating, absolute terms (in 1e-4 times percent):

    utility = quality·Q + latency·10⁴·T/(T + t) + cost·10⁴·C/(C + c)

with Q the predicted quality, t the predicted latency, c the predicted cost, T and C the objective's
latency target and cost scale (where a term is worth half). The terms do not depend on the other
candidates, so adding or removing one never swaps two others (`test_rank_laws`). Before utility
comes the tier: those that meet floor and target, those that meet the floor, the rest.
"""

from collections.abc import Sequence
from typing import Final

from signalbox.domain.plan import Objective, Plan, PlannedAttempt, size_bucket
from signalbox.domain.standing import Standing
from signalbox.domain.traits import Traits
from signalbox.rank.predict import TYPICAL_OUTPUT_TOKENS, cost_nanos

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

_Scored = tuple[int, int, int, Standing, int, int, int]


def rank(
    candidates: Sequence[Standing], traits: Traits, objective: Objective, *, attempts_max: int, seed: int
) -> Plan:
    """The best `attempts_max` candidates, best first, with deadlines and the reason for each place.

    Equal tiers and utilities are ordered by `seed`, so that equals share the load over many requests
    while one request is always decided alike. Raises `ValueError` without candidates.
    """
    if not candidates:
        raise ValueError("rank takes at least one candidate")
    scored = [_score(standing, traits, objective, seed) for standing in candidates]
    if len(scored) > 1:
        scored.sort()
    chosen = scored[:attempts_max]
    deadline_us = traits.deadline_ms * 1_000
    last = len(chosen) - 1
    return Plan(
        objective.name,
        tuple(
            _attempt(item, traits, deadline_us, first=place == 0, last=place == last)
            for place, item in enumerate(chosen)
        ),
        deadline_us,
    )


def _score(standing: Standing, traits: Traits, objective: Objective, seed: int) -> _Scored:
    task = traits.task
    tokens_in = traits.tokens_in
    typical = TYPICAL_OUTPUT_TOKENS[task]
    tokens_out = typical if typical < traits.tokens_out_max else traits.tokens_out_max
    quality = standing.quality.get(task, standing.quality_default)
    latency = standing.first_token_us[size_bucket(tokens_in)] + tokens_out * standing.output_token_us
    cost = cost_nanos(tokens_in, tokens_out, standing.input_per_mtok, standing.output_per_mtok)
    target, scale = objective.latency_target_us, objective.cost_scale_nanos
    utility = (
        objective.quality * quality
        + objective.latency * (_UNIT * target // (target + latency))
        + objective.cost * (_UNIT * scale // (scale + cost))
    )
    tier = 2 if quality < objective.quality_floor else 1 if latency > target else 0
    tie = (standing.place * 0x9E3779B1 ^ seed) * 0x85EBCA6B & 0xFFFFFFFF
    return tier, -utility, tie, standing, quality, latency, cost


def _attempt(item: _Scored, traits: Traits, deadline_us: int, *, first: bool, last: bool) -> PlannedAttempt:
    tier, _, _, standing, quality, latency, cost = item
    return PlannedAttempt(
        endpoint=standing.endpoint,
        quality=quality,
        latency_us=latency,
        cost_nanos=cost,
        cost_nanos_max=cost_nanos(
            traits.tokens_in, traits.tokens_out_max, standing.input_per_mtok, standing.output_per_mtok
        ),
        currency=standing.currency,
        # An attempt that has others behind it leaves them half of the time, unless it is known to be slow.
        timeout_us=deadline_us if last else min(deadline_us, max(4 * latency, deadline_us // 2)),
        reason=_REASONS[tier][0 if first else 1],
    )
