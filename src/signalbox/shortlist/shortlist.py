"""Permitted endpoints → candidates kept, and dropped with the reason."""

from collections.abc import Sequence

from msgspec import Struct

from signalbox.domain.plan import Dropped
from signalbox.domain.standing import Standing
from signalbox.domain.traits import Traits, capability_names
from signalbox.domain.verdict import Verdict


class Shortlist(Struct, frozen=True):
    """`permitted` counts the endpoints that policy let through, of those that were asked for."""

    candidates: tuple[Standing, ...]
    dropped: tuple[Dropped, ...]
    permitted: int


def shortlist(
    traits: Traits,
    verdict: Verdict,
    standings: Sequence[Standing],
    places: Sequence[int] | None,
    now_us: int,
) -> Shortlist:
    """Candidates in catalogue order. `places` restricts to what the caller asked for (None: anything).

    INVARIANT: a place where `verdict.permitted` is False is in neither `candidates` nor `dropped`.
    """
    needs = traits.needs
    tokens_in = traits.tokens_in
    tokens_out = traits.tokens_out_max
    size = tokens_in + tokens_out
    permitted = verdict.permitted
    kept: list[Standing] = []
    dropped: list[Dropped] = []
    for standing in standings if places is None else [standings[place] for place in places]:
        if not permitted[standing.place]:
            continue
        if (
            needs & ~standing.capabilities
            or size > standing.context_tokens
            or tokens_out > standing.output_tokens
            or standing.open
            or not standing.available_from_us <= now_us < standing.retired_from_us
        ):
            dropped.append(_why(standing, traits, now_us))
        else:
            kept.append(standing)
    return Shortlist(tuple(kept), tuple(dropped), len(kept) + len(dropped))


def _why(standing: Standing, traits: Traits, now_us: int) -> Dropped:
    """The first reason, hard ones before those that pass."""
    missing = traits.needs & ~standing.capabilities
    if missing:
        return Dropped(standing.endpoint, f"lacks: {', '.join(capability_names(missing))}")
    if traits.tokens_in + traits.tokens_out_max > standing.context_tokens:
        return Dropped(
            standing.endpoint,
            f"{traits.tokens_in} tokens of prompt and {traits.tokens_out_max} of reply "
            f"exceed its context of {standing.context_tokens}",
        )
    if traits.tokens_out_max > standing.output_tokens:
        return Dropped(
            standing.endpoint,
            f"{traits.tokens_out_max} tokens of reply exceed its limit of {standing.output_tokens}",
        )
    if now_us < standing.available_from_us:
        return Dropped(standing.endpoint, "not yet available", transient=True)
    if now_us >= standing.retired_from_us:
        return Dropped(standing.endpoint, "retired")
    if standing.quarantined:
        return Dropped(standing.endpoint, standing.quarantined, transient=True)
    return Dropped(standing.endpoint, "breaker open after repeated failures", transient=True)
