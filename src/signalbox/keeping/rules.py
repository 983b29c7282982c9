"""What may be kept of a request, and until when. Pure."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from signalbox.domain.traits import Traits

DAY_US: Final = 86_400_000_000


class KeepRules(Struct, frozen=True, kw_only=True):
    """A tenant's own choices. `sensitivity_max`: what is more sensitive is not kept. `days`: for how long, by
    sensitivity."""

    sensitivity_max: int
    days: tuple[int, int, int, int]


def may_keep(traits: Traits, rules: KeepRules, place: str, boundaries: Mapping[str, tuple[str, ...]]) -> bool:
    """INVARIANT: nothing is kept outside the boundary that its request is bound to; of a boundary that is not
    known nothing is."""
    return traits.sensitivity <= rules.sensitivity_max and place in boundaries.get(traits.boundary, ())


def until_us(traits: Traits, rules: KeepRules, time_us: int) -> int:
    return time_us + rules.days[traits.sensitivity] * DAY_US
