"""How long the user will wait, and when to give up.

A latency class is a target that ranking aims at; the deadline is where an answer stops being worth
anything, so it is far beyond the class's target: a small model on a slow machine still gets to answer.
"""

from typing import Final

from signalbox.classify.features import Feature
from signalbox.domain.errors import MalformedRequest
from signalbox.domain.traits import LatencyClass

DEADLINE_MS_MAX: Final = 600_000
DEADLINES_MS: Final = {
    LatencyClass.INTERACTIVE: 60_000,
    LatencyClass.NEAR_INTERACTIVE: 120_000,
    LatencyClass.BATCH: 600_000,
}
_CLASSES: Final = {str(value): value for value in LatencyClass}


def latency_class_of(declared: str, feature: Feature | None) -> LatencyClass:
    """As declared, else the feature's, else near-interactive: someone is probably reading along.

    Raises `MalformedRequest` for a class that is not one.
    """
    if declared:
        found = _CLASSES.get(declared) or _CLASSES.get(declared.strip().lower().replace("_", "-"))
        if found is None:
            raise MalformedRequest(
                f"unknown latency class `{declared[:64]}`: use one of {', '.join(_CLASSES)}",
                param="latency_class",
            )
        return found
    return feature.latency_class if feature is not None else LatencyClass.NEAR_INTERACTIVE


def deadline_of(declared_ms: int | None, latency_class: LatencyClass) -> int:
    """Milliseconds from arrival. Raises `MalformedRequest` outside 1 to 600000."""
    if declared_ms is None:
        return DEADLINES_MS[latency_class]
    if not 1 <= declared_ms <= DEADLINE_MS_MAX:
        raise MalformedRequest(
            f"deadline of `{declared_ms}` ms is out of range: use 1 to {DEADLINE_MS_MAX}", param="deadline_ms"
        )
    return declared_ms
