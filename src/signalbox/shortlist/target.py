"""What the caller asked for: a routing name, a model, a pinned version of one, or one endpoint."""

from typing import Final

from msgspec import Struct

from signalbox.domain.endpoint import Catalogue

ROUTING_NAMES: Final = ("auto", "auto:quality", "auto:balanced", "auto:cost", "auto:latency")


class Target(Struct, frozen=True):
    """`places` are catalogue indexes, or None for "any". `objective` is set by `auto:NAME` only."""

    places: tuple[int, ...] | None
    objective: str = ""


_ANY: Final = {name: Target(None, name.partition(":")[2]) for name in ROUTING_NAMES}


def resolve(name: str, catalogue: Catalogue) -> Target | None:
    """The target of that name, or None where the catalogue has nothing of that name.

    `model@version` asks for endpoints that serve exactly that version of the model.
    """
    routed = _ANY.get(name)
    if routed is not None:
        return routed
    place = catalogue.index.get(name)
    if place is not None:
        return Target((place,))
    model, _, version = name.partition("@")
    places = tuple(
        place
        for place, endpoint in enumerate(catalogue.endpoints)
        if endpoint.model == model and (not version or endpoint.model_version == version)
    )
    return Target(places) if places else None
