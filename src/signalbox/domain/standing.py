"""How an endpoint stands at a moment: its registry facts joined with a health snapshot.

Built once per snapshot, read for every request: shortlist and rank look at nothing else of an endpoint.
"""

from typing import Final

from msgspec import Struct

from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.plan import SIZE_BOUNDS, EndpointHealth, HealthSnapshot, Judged

NEVER_US: Final = 2**62
PRIOR: Final = 64
"""Accepted answers that an estimate of the settings is worth: as many as are remembered, so that refusals
take half of it at most."""
_TYPICAL_TOKENS: Final = (256, 1_024, 4_096, 16_384)  # a size that stands for each bucket of SIZE_BOUNDS

assert len(_TYPICAL_TOKENS) == len(SIZE_BOUNDS) + 1  # noqa: S101 - two tables of one shape


class Standing(Struct, frozen=True):
    """`place` is the index in the catalogue. Times in µs, prices in nano-units per million tokens,
    quality in 1e-4. `first_token_us` is by size bucket: measured where it was, the prior elsewhere.
    `open`: no candidate, because of its breaker or because it is `quarantined` (the reason)."""

    place: int
    endpoint: str
    model: str
    model_version: str
    capabilities: int
    context_tokens: int
    output_tokens: int
    available_from_us: int
    retired_from_us: int
    open: bool
    first_token_us: tuple[int, int, int, int]
    output_token_us: int
    input_per_mtok: int
    output_per_mtok: int
    currency: str
    quality: dict[str, int]
    quality_default: int
    quarantined: str = ""


def reckoned(quality: dict[str, int], judged: tuple[Judged, ...]) -> dict[str, int]:
    """The settings' estimates (1e-4), lowered where answers were refused: each times the mean of the Beta
    distribution that begins at `PRIOR` accepted answers and none refused. Nothing raises an estimate: that an
    answer passed a check says that it is usable, not how good it is.
    """
    lowered = dict(quality)
    for task in judged:
        estimate = quality.get(task.task, quality.get("default", 0))
        believed = PRIOR + task.accepted
        lowered[task.task] = estimate * believed // (believed + task.refused)
    return lowered


def standings(catalogue: Catalogue, snapshot: HealthSnapshot) -> tuple[Standing, ...]:
    """One per endpoint, in catalogue order; one that the snapshot does not know stands by its priors."""
    health = {known.endpoint: known for known in snapshot.endpoints}
    return tuple(
        _standing(place, endpoint, catalogue.models[endpoint.model].quality, health.get(endpoint.id))
        for place, endpoint in enumerate(catalogue.endpoints)
    )


def _standing(
    place: int, endpoint: Endpoint, quality: dict[str, int], health: EndpointHealth | None
) -> Standing:
    speed = endpoint.speed
    measured = health.first_token_us if health else (0, 0, 0, 0)
    prior = tuple(speed.first_token_us + speed.input_token_us * size for size in _TYPICAL_TOKENS)
    first = tuple(seen or expected for seen, expected in zip(measured, prior, strict=True))
    return Standing(
        place=place,
        endpoint=endpoint.id,
        model=endpoint.model,
        model_version=endpoint.model_version,
        capabilities=endpoint.capabilities,
        context_tokens=endpoint.limits.context_tokens,
        output_tokens=endpoint.limits.output_tokens,
        available_from_us=endpoint.lifecycle.available_from_us,
        retired_from_us=endpoint.lifecycle.retired_from_us or NEVER_US,
        open=bool(health and (health.open or health.quarantined)),
        first_token_us=(first[0], first[1], first[2], first[3]),
        output_token_us=(health.output_token_us if health else 0) or speed.output_token_us,
        input_per_mtok=endpoint.price.input_per_mtok,
        output_per_mtok=endpoint.price.output_per_mtok,
        currency=endpoint.price.currency,
        quality=reckoned(quality, health.judged) if health and health.judged else quality,
        quality_default=quality.get("default", 0),
        quarantined=health.quarantined if health else "",
    )
