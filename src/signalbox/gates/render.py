"""Gates → the text of one Cedar file. The same gates give the same text, in whichever order they stand.

Only forbids and permits of the provable subset are written, each condition a clause of its own. Conditions
grow stricter with sensitivity and with categories, so that more of either never opens what was closed.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from signalbox.domain.traits import Sensitivity
from signalbox.gates import words
from signalbox.gates.cedar import RuleText, all_in, any_in, every, literal, one_of, within
from signalbox.gates.gate import Decision, Gate, Gates, Requirement, Selection

RETENTIONS: Final = ("none", "transient", "days-30", "until-deleted")
"""From the shortest to the longest."""

_HEADER: Final = """\
// Rendered from the admin gates: change those, not this text.
// A gate is the rule `gate.` and its id. One forbid, here or among the rules written by hand, outweighs
// every permit.
"""
_ON_OWN_MACHINES: Final = 'resource.cloud == "on-premises" && resource.operator == "self"'
_ON_PREMISES: Final = 'resource.cloud == "on-premises"'
_IN_HOME_CLOUD: Final = 'context.home_cloud != "" && resource.cloud == context.home_cloud'


def render(gates: Gates) -> str:
    """Cedar text; no rule but a header for no gates."""
    rules = (*_gate_rules(gates), *_requirement_rules(gates))
    return "\n".join((_HEADER, *map(str, rules)))


def _gate_rules(gates: Gates) -> Iterator[RuleText]:
    ordered = sorted(gates.gates, key=lambda gate: gate.id)
    for gate in ordered:
        if gate.decision is Decision.ALLOW:
            yield _allow(gate)
        elif gate.decision is Decision.FORBID:
            yield _forbid(gate)
    opt_ins = sorted((gate for gate in ordered if gate.decision is Decision.OPT_IN), key=_alternatives)
    families = [tuple(family) for _, family in groupby(opt_ins, key=_alternatives)]
    for family in sorted(families, key=lambda family: family[0].id):
        yield from _opt_in(family)


def _alternatives(gate: Gate) -> tuple[object, ...]:
    where = gate.where
    return (
        gate.tenant,
        *(tuple(sorted(getattr(where, field))) for field in where.__struct_fields__),
    )


def _allow(gate: Gate) -> RuleText:
    return RuleText(
        id=f"gate.{gate.id}",
        reason=gate.reason or f"{words.endpoints(gate.where)} are open to {words.audience(gate)}",
        effect="permit",
        tenant=gate.tenant,
        when=(*_who(gate), *_selected(gate.where, wholly=True)),
    )


def _forbid(gate: Gate) -> RuleText:
    return RuleText(
        id=f"gate.{gate.id}",
        reason=gate.reason or words.forbidden(gate),
        effect="forbid",
        tenant=gate.tenant,
        when=(*_who(gate), *_data(gate.at_least, gate.categories), *_selected(gate.where)),
    )


def _opt_in(family: tuple[Gate, ...]) -> Iterator[RuleText]:
    """Opt-ins of one tenant with one selection: closed except to whom they name, and reset by new terms.

    INVARIANT: those that were accepted accepted the same terms (the settings are refused otherwise).
    """
    first = family[0]
    accepted = tuple(gate for gate in family if gate.accepted_terms)
    selected = _selected(first.where)
    if all(_who(gate) for gate in accepted):
        yield RuleText(
            id=f"gate.{first.id}",
            reason=first.reason or words.opted_in(first.where, accepted),
            effect="forbid",
            tenant=first.tenant,
            when=selected,
            unless=tuple(every(_who(gate)) for gate in accepted),
        )
    if accepted:
        chosen = accepted[0]
        yield RuleText(
            id=f"gate.{first.id}.terms",
            reason=words.new_terms(first.where, chosen.accepted_terms, chosen.accepted_on),
            effect="forbid",
            tenant=first.tenant,
            when=selected,
            unless=(f"resource.terms_version == {literal(chosen.accepted_terms)}",),
        )


def _requirement_rules(gates: Gates) -> Iterator[RuleText]:
    for requirement in sorted(gates.requirements, key=lambda requirement: requirement.id):
        for what, said, unless in _demands(requirement, gates):
            yield RuleText(
                id=f"gate.{requirement.id}.{what}",
                reason=requirement.reason or words.required(requirement, said),
                effect="forbid",
                tenant=requirement.tenant,
                when=_data(requirement.at_least, requirement.categories),
                unless=unless,
            )


def _demands(requirement: Requirement, gates: Gates) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What is demanded: its name, its words, and the conditions of which one suffices."""
    places = requirement.places
    if places is not None:
        inside = (within("resource.inference_places", places), within("resource.storage_places", places))
        yield "residency", f"stay within `{requirement.residency}`", (every(inside),)
    if requirement.home_cloud:
        exceptions = tuple(
            _excepted(gate, requirement.tenant)
            for gate in sorted(gates.gates, key=lambda gate: gate.id)
            if gate.decision is Decision.OPT_IN
            and gate.outside_home_cloud
            and gate.accepted_terms
            and (not requirement.tenant or gate.tenant in ("", requirement.tenant))
        )
        said = "stay in the home cloud or on-premises, unless opted in"
        yield "home-cloud", said, (_ON_PREMISES, _IN_HOME_CLOUD, *exceptions)
    if requirement.retention_max is not None:
        short = RETENTIONS[: RETENTIONS.index(requirement.retention_max) + 1]
        said = f"be retained no longer than `{requirement.retention_max}`"
        yield "retention", said, (one_of("resource.retention", short),)
    if requirement.no_training:
        yield "training", "not be used to train models", ("!resource.trains_on_data",)
    if requirement.certifications:
        said = f"go to endpoints with a live certification {words.named(requirement.certifications)}"
        certified = all_in("resource.certifications", requirement.certifications)
        yield "certifications", said, (certified, _ON_OWN_MACHINES)


def _excepted(gate: Gate, tenant: str) -> str:
    whose = (f"principal in Signalbox::Tenant::{literal(gate.tenant)}",)
    return every(
        (
            *(whose if gate.tenant and not tenant else ()),
            *_who(gate),
            *_selected(gate.where),
            f"resource.terms_version == {literal(gate.accepted_terms)}",
        )
    )


def _who(gate: Gate) -> tuple[str, ...]:
    conditions = []
    if gate.groups:
        conditions.append(any_in("principal.groups", gate.groups))
    if gate.apps:
        conditions.append(one_of("context.app", gate.apps))
    if gate.features:
        conditions.append(one_of("context.feature", gate.features))
    if gate.up_to < Sensitivity.HIGHLY_CONFIDENTIAL:
        conditions.append(f"context.sensitivity <= {int(gate.up_to)}")
    return tuple(conditions)


def _data(at_least: Sensitivity, categories: tuple[str, ...]) -> tuple[str, ...]:
    conditions = []
    if at_least > Sensitivity.PUBLIC:
        conditions.append(f"context.sensitivity >= {int(at_least)}")
    if categories:
        conditions.append(any_in("context.categories", categories))
    return tuple(conditions)


def _selected(where: Selection, *, wholly: bool = False) -> tuple[str, ...]:
    conditions = [
        one_of(f"resource.{attribute}", names)
        for attribute, names in (
            ("id", where.endpoints),
            ("vendor", where.vendors),
            ("model", where.models),
            ("cloud", where.clouds),
            ("processor", where.processors),
        )
        if names
    ]
    if where.places:
        both = ("resource.inference_places", "resource.storage_places")
        if wholly:
            conditions += [within(attribute, where.places) for attribute in both]
        else:
            conditions.append(" || ".join(any_in(attribute, where.places) for attribute in both))
    return tuple(conditions)
