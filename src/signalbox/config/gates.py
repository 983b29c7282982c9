"""The file of admin gates → `Gates`, or every reason why not, with its line.

The file is one of its own (`[policy] gates`): who keeps the gates need not touch the settings. It
deliberately writes no Cedar, which is `signalbox.gates`'s.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from signalbox.classify.detectors import CATEGORIES
from signalbox.config.checks import Names, at_least_one, known, text, texts
from signalbox.config.faults import ConfigErrors, Faults
from signalbox.config.governed import Sources
from signalbox.config.locate import FieldPath
from signalbox.config.parse import parse_as
from signalbox.config.tables import Document, Label
from signalbox.config.units import day_us
from signalbox.domain.traits import SENSITIVITY_LABELS, Sensitivity
from signalbox.gates import NO_GATES, Decision, Gate, Gates, Requirement, Selection, render

Day = Annotated[date | None, Meta(description="a date such as 2026-01-31, without quotes")]
GateId = Annotated[str, Meta(description="a name of lower-case letters, digits, `-` and `_`")]
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_CATEGORIES: Final = Names(frozenset(CATEGORIES))
_SELECTORS: Final = Selection.__struct_fields__
_NOUNS: Final = ("vendor", "model", "cloud", "place", "processor", "endpoint")
_OF_ALLOW: Final = ("up_to",)
_OF_FORBID: Final = ("at_least", "categories")
_OF_OPT_IN: Final = ("up_to", "accepted_terms", "accepted_on", "accepted_by", "outside_home_cloud")
_OWN: Final = {"allow": _OF_ALLOW, "forbid": _OF_FORBID, "opt-in": _OF_OPT_IN}
_DEMANDS: Final = ("residency", "home_cloud", "retention_max", "no_training", "certifications")


class GateTable(Struct, frozen=True, kw_only=True):
    id: GateId
    decision: Literal["allow", "forbid", "opt-in"]
    tenant: str = ""
    groups: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    clouds: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    processors: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    up_to: Label | None = None
    at_least: Label | None = None
    categories: tuple[str, ...] = ()
    accepted_terms: str = ""
    accepted_on: Day = None
    accepted_by: str = ""
    outside_home_cloud: bool = False
    reason: str = ""


class RequirementTable(Struct, frozen=True, kw_only=True):
    id: GateId
    tenant: str = ""
    at_least: Label | None = None
    categories: tuple[str, ...] = ()
    residency: str = ""
    home_cloud: bool = False
    retention_max: Literal["none", "transient", "days-30", "until-deleted"] | None = None
    no_training: bool = False
    certifications: tuple[str, ...] = ()
    reason: str = ""


class GatesDocument(Struct, frozen=True, kw_only=True):
    place_sets: Annotated[
        dict[str, tuple[str, ...]],
        Meta(description="a table: name of a set → array of places declared in the settings' [places]"),
    ] = {}
    gates: tuple[GateTable, ...] = ()
    requirements: tuple[RequirementTable, ...] = ()


class GatesFile(Struct, frozen=True):
    """`text` is the rendered Cedar; `files` is what was read. Both are empty where no file is named."""

    gates: Gates = NO_GATES
    text: str = ""
    files: tuple[Path, ...] = ()


def read_gates(document: Document, sources: Sources, faults: Faults, now_us: int) -> GatesFile:
    """What `[policy] gates` names. Faults of that file are added to `faults`."""
    path: FieldPath = ("policy", "gates")
    named = document.policy.gates
    if not named:
        return GatesFile()
    if not named.isascii():  # a key of hashed bytes
        faults.report(path, f"expected the name of a file in ASCII; found `{named}`")
        return GatesFile()
    file = sources.where(named)
    try:
        written = sources.read("gates", named)
    except OSError as error:
        faults.report(path, f"cannot read {file}: {(error.strerror or 'input or output failed').lower()}")
        return GatesFile()
    except UnicodeDecodeError as error:
        faults.report(path, f"{file} is not UTF-8, at byte {error.start}")
        return GatesFile()
    try:
        made = parse_gates(written, str(file), _known(document, faults), now_us)
    except ConfigErrors as wrong:
        faults.adopt(wrong.errors)
        return GatesFile(files=(file,))
    return GatesFile(made, render(made), (file,))


class Known(Struct, frozen=True):
    """What gates may name: by the name of the field."""

    tenants: Names
    selectors: dict[str, Names]


def parse_gates(written: str, file: str, names: Known, now_us: int) -> Gates:
    """`file` is what errors call it. Raises `ConfigErrors` with every fault."""
    document, faults = parse_as(GatesDocument, written, file)
    for set_name, places in document.place_sets.items():
        at_least_one(faults, ("place_sets", set_name), places, "place")
        for index, place in enumerate(places):
            known(faults, ("place_sets", set_name, index), place, names.selectors["places"], "place")
    _check_ids(document, faults)
    gates = tuple(
        _gate(table, ("gates", index), names, faults, now_us) for index, table in enumerate(document.gates)
    )
    _check_alternatives(gates, faults)
    requirements = tuple(
        _requirement(table, ("requirements", index), document, names, faults)
        for index, table in enumerate(document.requirements)
    )
    faults.raise_if_any()
    return Gates(gates=gates, requirements=requirements)


def _known(document: Document, faults: Faults) -> Known:
    tables = document.endpoints
    complete = faults.clean(("tenants",), ("vendors",), ("models",), ("endpoints",), ("places",))
    found = {
        "vendors": (table.id for table in document.vendors),
        "models": (table.id for table in document.models),
        "clouds": (table.cloud for table in tables),
        "places": document.places,
        "processors": (table.processor for table in tables),
        "endpoints": (table.id for table in tables),
    }
    return Known(
        tenants=Names(frozenset(table.id for table in document.tenants), complete),
        selectors={field: Names(frozenset(values), complete) for field, values in found.items()},
    )


def _check_ids(document: GatesDocument, faults: Faults) -> None:
    taken: dict[str, int] = {}
    for path, ident in _ids(document):
        if not _ID.fullmatch(ident):
            faults.report(
                path,
                "expected a name of lower-case letters, digits, `-` and `_`, at most 64, "
                f"beginning with a letter or a digit; found `{ident[:80]}`",
            )
        elif ident in taken:
            faults.report(path, f"duplicate id `{ident}`: already taken on line {taken[ident]}")
        taken.setdefault(ident, faults.line(path))


def _ids(document: GatesDocument) -> Iterator[tuple[FieldPath, str]]:
    for index, gate in enumerate(document.gates):
        yield ("gates", index, "id"), gate.id
    for index, requirement in enumerate(document.requirements):
        yield ("requirements", index, "id"), requirement.id


def _gate(table: GateTable, path: FieldPath, names: Known, faults: Faults, now_us: int) -> Gate:
    _check_tenant(table.tenant, path, names, faults)
    for field, noun in zip(_SELECTORS, _NOUNS, strict=True):
        for index, value in enumerate(getattr(table, field)):
            known(faults, (*path, field, index), value, names.selectors[field], noun)
    _check_categories(table.categories, path, faults)
    if faults.clean((*path, "decision")):
        _check_decision(table, path, faults, now_us)
    return Gate(
        id=table.id,
        decision=Decision(table.decision),
        where=Selection(**{field: getattr(table, field) for field in _SELECTORS}),
        tenant=table.tenant,
        groups=texts(faults, (*path, "groups"), table.groups),
        apps=texts(faults, (*path, "apps"), table.apps),
        features=texts(faults, (*path, "features"), table.features),
        up_to=_level(table.up_to, Sensitivity.HIGHLY_CONFIDENTIAL),
        at_least=_level(table.at_least, Sensitivity.PUBLIC),
        categories=table.categories,
        accepted_terms=table.accepted_terms,
        accepted_on=table.accepted_on.isoformat() if table.accepted_on else "",
        accepted_by=table.accepted_by,
        outside_home_cloud=table.outside_home_cloud,
        reason=_reason(table.reason, path, faults),
    )


def _check_decision(table: GateTable, path: FieldPath, faults: Faults, now_us: int) -> None:
    of_others = {field for fields in _OWN.values() for field in fields} - {*_OWN[table.decision]}
    for field in sorted(of_others):
        if getattr(table, field) not in (None, "", (), False):
            where = " and ".join(f"`{kind}`" for kind, fields in _OWN.items() if field in fields)
            faults.report((*path, field), f"`{table.decision}` has no `{field}`, which is of {where}")
    if table.decision != "opt-in":
        return
    if not any(getattr(table, field) for field in _SELECTORS):
        choices = ", ".join(f"`{field}`" for field in _SELECTORS)
        faults.report(path, f"an opt-in says to what: expected one of {choices}")
    if not table.accepted_terms:
        for field in ("accepted_on", "accepted_by", "outside_home_cloud"):
            if getattr(table, field):
                faults.report((*path, field), f"`{field}` is of no use without `accepted_terms`")
        return
    text(faults, (*path, "accepted_terms"), table.accepted_terms)
    if table.accepted_by:
        text(faults, (*path, "accepted_by"), table.accepted_by)
    if not faults.clean((*path, "accepted_on")):
        return
    if table.accepted_on is None:
        faults.report((*path, "accepted_on"), "missing; expected the date on which the terms were accepted")
    elif day_us(table.accepted_on) > now_us:
        faults.report(
            (*path, "accepted_on"), f"expected a day that has come; found `{table.accepted_on.isoformat()}`"
        )


def _check_alternatives(gates: Sequence[Gate], faults: Faults) -> None:
    """Opt-ins of a tenant to the same endpoints are alternatives: they rest on the same terms."""
    first: dict[Any, Gate] = {}
    for index, gate in enumerate(gates):
        if gate.decision is not Decision.OPT_IN or not gate.accepted_terms:
            continue
        where = tuple(frozenset(getattr(gate.where, field)) for field in _SELECTORS)
        earlier = first.setdefault((gate.tenant, where), gate)
        if earlier.accepted_terms != gate.accepted_terms:
            faults.report(
                ("gates", index, "accepted_terms"),
                f"expected `{earlier.accepted_terms}`, as `{earlier.id}` accepted for the same endpoints; "
                f"found `{gate.accepted_terms[:80]}`",
            )


def _requirement(
    table: RequirementTable, path: FieldPath, document: GatesDocument, names: Known, faults: Faults
) -> Requirement:
    _check_tenant(table.tenant, path, names, faults)
    _check_categories(table.categories, path, faults)
    if table.residency:
        sets = Names(frozenset(document.place_sets), faults.written(("place_sets",)))
        known(faults, (*path, "residency"), table.residency, sets, "set of places")
    if not any(getattr(table, field) for field in _DEMANDS):
        choices = ", ".join(f"`{field}`" for field in _DEMANDS)
        faults.report(path, f"a requirement demands something: expected one of {choices}")
    return Requirement(
        id=table.id,
        tenant=table.tenant,
        at_least=_level(table.at_least, Sensitivity.PUBLIC),
        categories=table.categories,
        residency=table.residency,
        places=document.place_sets.get(table.residency, ()) if table.residency else None,
        home_cloud=table.home_cloud,
        retention_max=table.retention_max,
        no_training=table.no_training,
        certifications=texts(faults, (*path, "certifications"), table.certifications),
        reason=_reason(table.reason, path, faults),
    )


def _check_tenant(tenant: str, path: FieldPath, names: Known, faults: Faults) -> None:
    if tenant:
        known(faults, (*path, "tenant"), tenant, names.tenants, "tenant")


def _check_categories(categories: Sequence[str], path: FieldPath, faults: Faults) -> None:
    for index, category in enumerate(categories):
        known(faults, (*path, "categories", index), category, _CATEGORIES, "category")


def _reason(written: str, path: FieldPath, faults: Faults) -> str:
    return text(faults, (*path, "reason"), written) if written else ""


def _level(label: str | None, otherwise: Sensitivity) -> Sensitivity:
    return otherwise if label is None else Sensitivity(SENSITIVITY_LABELS.index(label))
