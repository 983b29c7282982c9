"""Vendors, models, endpoints and boundaries, as a `CatalogueRelease`.

Here stands what holds between the tables: references, names that mean one thing, one currency. What
holds within one endpoint is in `endpoints`. It deliberately reads no policy.
"""

import re
from typing import Final

from signalbox.config.checks import Names, at_least_one, identify, known, name, quantity, text
from signalbox.config.endpoints import check_residency, endpoint
from signalbox.config.faults import Faults
from signalbox.config.kinds import kind_of
from signalbox.config.locate import FieldPath, show
from signalbox.config.tables import Document, EndpointTable, ModelTable
from signalbox.config.units import share_e4
from signalbox.domain.endpoint import CatalogueRelease, Model, Vendor
from signalbox.domain.traits import TaskType
from signalbox.ports.provider_kind import Kinds

ROUTING_NAME: Final = "auto"

_TASKS: Final = Names(frozenset({"default", *(task.value for task in TaskType)}))
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def catalogue(document: Document, faults: Faults, *, now_us: int, provider_kinds: Kinds) -> CatalogueRelease:
    places = _places(document.places, faults)
    _refuse_shared_names(document, faults)
    vendors = identify(faults, "vendors", [vendor.id for vendor in document.vendors])
    models = identify(faults, "models", [model.id for model in document.models])
    identify(faults, "endpoints", [item.id for item in document.endpoints])
    for table in ("vendors", "models", "endpoints"):
        at_least_one(faults, (table,), getattr(document, table), f"[[{table}]] table")
    _refuse_mixed_currencies(document, faults)
    made_models = tuple(
        _model(model, ("models", place), faults, vendors) for place, model in enumerate(document.models)
    )
    model_place = {model.id: place for place, model in enumerate(document.models)}
    kinds = Names(provider_kinds.names)
    endpoints = []
    for place, written in enumerate(document.endpoints):
        path: FieldPath = ("endpoints", place)
        known(faults, (*path, "vendor"), written.vendor, vendors, "vendor")
        known(faults, (*path, "model"), written.model, models, "model")
        known(faults, (*path, "provider"), written.provider, kinds, "provider kind")
        check_residency(written, path, faults, places)
        model = document.models[model_place[written.model]] if written.model in model_place else None
        if model is not None and faults.written(("models", model_place[written.model], "vendor")):
            _refuse_another_vendor(written, model, path, faults)
        kind = kind_of(written.provider, (*path, "provider"), faults, provider_kinds)
        endpoints.append(endpoint(written, model, kind, path, faults, now_us))
    return CatalogueRelease(
        vendors=tuple(
            Vendor(id=vendor.id, name=text(faults, ("vendors", place, "name"), vendor.name))
            for place, vendor in enumerate(document.vendors)
        ),
        models=made_models,
        endpoints=tuple(endpoints),
        boundaries=_boundaries(document.boundaries, faults, places),
    )


def _places(written: dict[str, str], faults: Faults) -> Names:
    for place, words in written.items():
        name(faults, ("places", place), place)
        text(faults, ("places", place), words)
    return Names(frozenset(written), complete=faults.written(("places",)))


def _boundaries(
    written: dict[str, tuple[str, ...]], faults: Faults, places: Names
) -> dict[str, tuple[str, ...]]:
    for boundary, allowed in written.items():
        path = ("boundaries", boundary)
        name(faults, path, boundary)
        at_least_one(faults, path, allowed, "place (a boundary without places allows nothing)")
        for index, place in enumerate(allowed):
            known(faults, (*path, index), place, places, "place")
    return dict(written)


def _refuse_shared_names(document: Document, faults: Faults) -> None:
    """Callers name a routing name, a model or an endpoint in one field: a name must mean one thing."""
    model_place = {model.id: place for place, model in enumerate(document.models)}
    for table, ids in (
        ("models", [model.id for model in document.models]),
        ("endpoints", [item.id for item in document.endpoints]),
    ):
        for place, value in enumerate(ids):
            path = (table, place, "id")
            if value.lower() == ROUTING_NAME or value.lower().startswith(f"{ROUTING_NAME}:"):
                faults.report(
                    path, f"`{value}` is a routing name; callers could not tell them apart: choose another"
                )
            elif table == "endpoints" and value in model_place and faults.written(path):
                model = ("models", model_place[value])
                faults.report(
                    path,
                    f"`{value}` is the id of {show(model)} on line {faults.line(model)} too; "
                    "callers name both in one field: choose another",
                )


def _refuse_mixed_currencies(document: Document, faults: Faults) -> None:
    """Costs are compared with each other, and no rate of exchange is kept here."""
    paths: list[tuple[FieldPath, str]] = [
        (("endpoints", place, "price", "currency"), endpoint.price.currency)
        for place, endpoint in enumerate(document.endpoints)
    ]
    first: tuple[FieldPath, str] | None = None
    for path, currency in paths:
        if not faults.written(path):
            continue
        if not _CURRENCY.fullmatch(currency):
            faults.report(
                path, f'expected a currency by its ISO 4217 code such as "USD"; found `{currency[:20]}`'
            )
            continue
        first = first or (path, currency)
        if currency != first[1]:
            faults.report(
                path,
                f"`{currency}` differs from `{first[1]}` in {show(first[0])}; costs are compared, "
                "so that all prices are in one currency",
            )


def _refuse_another_vendor(
    written: EndpointTable, model: ModelTable, path: FieldPath, faults: Faults
) -> None:
    if written.vendor != model.vendor and faults.written((*path, "model")):
        faults.report(
            (*path, "vendor"),
            f"`{written.vendor}` is not the vendor of model `{model.id}`, which is `{model.vendor}`",
        )


def _model(written: ModelTable, path: FieldPath, faults: Faults, vendors: Names) -> Model:
    known(faults, (*path, "vendor"), written.vendor, vendors, "vendor")
    version = (*path, "version")
    text(faults, version, written.version)
    if "@" in written.version or " " in written.version:
        faults.report(version, f"expected a version without `@` or a space; found `{written.version}`")
    if "default" not in written.quality:
        faults.report((*path, "quality", "default"), "missing; expected the prior for the tasks not named")
    quality: dict[str, int] = {}
    for task, share in written.quality.items():
        field = (*path, "quality", task)
        known(faults, field, task, _TASKS, "task type")
        quality[task] = quantity(faults, field, share_e4, share)
    return Model(
        id=written.id,
        vendor=written.vendor,
        version=written.version,
        quality=quality,
        licence=written.licence,
    )
