"""The kill switch in values: what it stops, who threw it and why, and how one change follows another.

A **selector** names what is stopped, `kind:name`: `vendor:anthropic`, `tenant:acme`. The history of changes
is all that is kept; what is stopped now is what it folds to. When a change takes effect is not decided here.
"""

from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

from signalbox.domain.endpoint import Endpoint
from signalbox.domain.errors import MalformedRequest

KINDS: Final = ("vendor", "model", "endpoint", "cloud", "region", "place", "processor", "tenant")
"""`region` is the vendor's name for where an endpoint is called; `place` is one in which it may infer or
keep data; `tenant` is whose requests are stopped, whoever would answer them."""

_NAME_MAX: Final = 128
_REASON_MAX: Final = 1_000


class SwitchChange(Struct, frozen=True, kw_only=True):
    """One entry of the history. `epoch` numbers all changes from 1. With `cut`, what is under way is cut off
    too. `by` is a subject; `time_us` wall clock."""

    epoch: int
    what: Literal["kill", "restore"]
    selector: str
    by: str
    reason: str
    cut: bool
    time_us: int


class SwitchState(Struct, frozen=True):
    """What is stopped after change `epoch`; 0: nothing ever was. In the order in which it was stopped."""

    epoch: int
    kills: tuple[SwitchChange, ...]


NOTHING_STOPPED: Final = SwitchState(0, ())


def folded(history: Iterable[SwitchChange]) -> SwitchState:
    """What the whole history, in the order of its epochs, comes to."""
    epoch, kills = 0, dict[str, SwitchChange]()
    for change in history:
        epoch = change.epoch
        kills.pop(change.selector, None)
        if change.what == "kill":
            kills[change.selector] = change
    return SwitchState(epoch, tuple(kills.values()))


def selector_of(written: str) -> str:
    """As it was meant. Raises `MalformedRequest`, which says what a selector looks like."""
    kind, _, name = written.strip().partition(":")
    kind, name = kind.strip().lower(), name.strip()
    if kind not in KINDS or not name or len(name) > _NAME_MAX or not name.isprintable():
        raise MalformedRequest(
            f"`{written[:_NAME_MAX]}` names nothing that can be stopped: "
            f"write `vendor:NAME`, or another of {', '.join(KINDS)} before the colon"
        )
    return f"{kind}:{name}"


def reason_of(written: str) -> str:
    """Raises `MalformedRequest` without a reason: the log shall say why."""
    reason = written.strip()
    if not reason or len(reason) > _REASON_MAX or not reason.isprintable():
        raise MalformedRequest(f"say why: a `reason` of 1 to {_REASON_MAX} printable characters, in one line")
    return reason


def selectors_of(endpoint: Endpoint, tenant: str = "") -> tuple[str, ...]:
    """Every selector that stops this tenant's requests to this endpoint, the narrowest first."""
    places = dict.fromkeys((*endpoint.inference_places, *endpoint.storage_places))
    return (
        f"endpoint:{endpoint.id}",
        f"model:{endpoint.model}",
        f"vendor:{endpoint.vendor}",
        f"processor:{endpoint.processor}",
        f"cloud:{endpoint.cloud}",
        f"region:{endpoint.region}",
        *[f"place:{place}" for place in places],
        *([f"tenant:{tenant}"] if tenant else []),
    )
