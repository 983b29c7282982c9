"""Gates and requirements in administrators' words: the `@reason` of a rule that has none of its own."""

from collections.abc import Sequence

from signalbox.domain.traits import Sensitivity
from signalbox.gates.gate import Gate, Requirement, Selection


def audience(gate: Gate) -> str:
    """Whom a gate names, and for which data."""
    said = []
    if gate.groups:
        said.append(f"members of {named(gate.groups)}")
    if gate.apps:
        said.append(f"in {named(gate.apps)}")
    if gate.features:
        said.append(f"for {named(gate.features)}")
    if gate.up_to < Sensitivity.HIGHLY_CONFIDENTIAL:
        said.append(f"with data up to {gate.up_to.label}")
    if not gate.groups:
        said.insert(0, "everyone")
    return " ".join(said)


def endpoints(where: Selection) -> str:
    """Which endpoints a selection means."""
    said = [
        f"{preposition} {named(names)}"
        for preposition, names in (
            ("named", where.endpoints),
            ("with model", where.models),
            ("of vendor", where.vendors),
            ("on", where.clouds),
            ("in", where.places),
            ("processed by", where.processors),
        )
        if names
    ]
    return " ".join(("endpoints", *said)) if said else "all endpoints"


def forbidden(gate: Gate) -> str:
    return f"{endpoints(gate.where)} are closed to {audience(gate)}{data(gate.at_least, gate.categories)}"


def opted_in(where: Selection, accepted: Sequence[Gate]) -> str:
    if not accepted:
        return f"{endpoints(where)} need an opt-in, and nobody has opted in"
    return f"{endpoints(where)} are open after an opt-in only: to {', or '.join(map(audience, accepted))}"


def new_terms(where: Selection, terms: str, accepted_on: str) -> str:
    when = f" on {accepted_on}" if accepted_on else ""
    return f"new terms of {endpoints(where)} have not been accepted: those of `{terms}` were{when}"


def required(requirement: Requirement, what: str) -> str:
    """`what` reads on after "data must": ``stay in …``."""
    return f"data{data(requirement.at_least, requirement.categories)} must {what}"


def data(at_least: Sensitivity, categories: Sequence[str]) -> str:
    said = f" of the category {named(categories)}" if categories else ""
    if at_least > Sensitivity.PUBLIC:
        said += f" from {at_least.label} on" if at_least < max(Sensitivity) else f" that is {at_least.label}"
    return said


def named(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
