"""Tenants, their keys and objectives.

It deliberately reads no key: the file holds the SHA-256 of a key's text, which opens nothing.
"""

import re
from typing import Final

from signalbox.config.checks import (
    Names,
    at_least_one,
    distinct,
    identify,
    known,
    name,
    quantity,
    text,
    texts,
    whole,
)
from signalbox.config.faults import Faults
from signalbox.config.locate import FieldPath
from signalbox.config.settings import KeySettings
from signalbox.config.tables import Document, KeyTable, ObjectiveTable, TenantTable
from signalbox.config.units import amount_nanos, day_us, duration_ms, share_e4
from signalbox.domain.plan import Objective
from signalbox.domain.principal import ASSERTABLE, Tenant
from signalbox.domain.roles import ROLES
from signalbox.domain.traits import SENSITIVITY_LABELS, Sensitivity

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SHA256_OF_NOTHING: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_FEATURE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9._-]+")
_ASSERTABLE: Final = Names(frozenset(ASSERTABLE))
_ROLES: Final = Names(frozenset(ROLES))


def _built_in(objective: str, *, quality: int, latency: int, cost: int) -> Objective:
    return Objective(
        name=objective,
        quality=quality,
        latency=latency,
        cost=cost,
        quality_floor=0,
        latency_target_us=10_000_000,
        cost_scale_nanos=10_000_000,
    )


BUILT_IN: Final[dict[str, Objective]] = {
    objective.name: objective
    for objective in (
        _built_in("quality", quality=80, latency=10, cost=10),
        _built_in("balanced", quality=50, latency=25, cost=25),
        _built_in("cost", quality=20, latency=10, cost=70),
        _built_in("latency", quality=20, latency=70, cost=10),
    )
}
"""No floor, 10 s, and a cost term that reaches half of its range at 0.01 of the currency."""


def objectives(document: Document, faults: Faults) -> dict[str, Objective]:
    """The built-in ones, each as the file overrides it, and the file's own."""
    made = dict(BUILT_IN)
    for objective, written in document.objectives.items():
        name(faults, ("objectives", objective), objective)
        made[objective] = _objective(objective, written, ("objectives", objective), faults)
    return made


def _objective(objective: str, written: ObjectiveTable, path: FieldPath, faults: Faults) -> Objective:
    base = BUILT_IN.get(objective)
    weights: dict[str, int] = {}
    for weight in ("quality", "latency", "cost"):
        value: int | None = getattr(written, weight)
        if value is None and base is not None:
            value = getattr(base, weight)
        if value is None:
            faults.report(
                (*path, weight),
                "missing; expected a weight in percent, because no built-in one has this name",
            )
            value = 0
        weights[weight] = whole(faults, (*path, weight), value, 0, 100)
    total = sum(weights.values())
    if total != 100 and faults.clean(*((*path, weight) for weight in weights)):
        sums = " + ".join(str(value) for value in weights.values())
        faults.report(path, f"expected quality, latency and cost to sum to 100; found {sums} = {total}")
    base = base or BUILT_IN["balanced"]
    floor, target, scale = written.quality_floor, written.latency_target, written.cost_scale
    return Objective(
        name=objective,
        quality=weights["quality"],
        latency=weights["latency"],
        cost=weights["cost"],
        quality_floor=(
            base.quality_floor
            if floor is None
            else quantity(faults, (*path, "quality_floor"), share_e4, floor)
        ),
        latency_target_us=(
            base.latency_target_us
            if target is None
            else 1_000 * quantity(faults, (*path, "latency_target"), duration_ms, target)
        ),
        cost_scale_nanos=(
            base.cost_scale_nanos
            if scale is None
            else quantity(faults, (*path, "cost_scale"), _above_zero, scale)
        ),
    )


def _above_zero(written: str) -> int:
    nanos = amount_nanos(written)
    if nanos == 0:
        raise ValueError(f"expected an amount above zero; found `{written}`")
    return nanos


def tenants(document: Document, faults: Faults, named_objectives: dict[str, Objective]) -> tuple[Tenant, ...]:
    at_least_one(faults, ("tenants",), document.tenants, "[[tenants]] table")
    identify(faults, "tenants", [tenant.id for tenant in document.tenants])
    boundaries = Names(frozenset(document.boundaries), complete=faults.written(("boundaries",)))
    known_objectives = Names(frozenset(named_objectives))
    return tuple(
        _tenant(tenant, ("tenants", place), faults, boundaries, known_objectives)
        for place, tenant in enumerate(document.tenants)
    )


def _tenant(
    written: TenantTable, path: FieldPath, faults: Faults, boundaries: Names, known_objectives: Names
) -> Tenant:
    known(faults, (*path, "default_boundary"), written.default_boundary, boundaries, "boundary")
    known(faults, (*path, "objective"), written.objective, known_objectives, "objective")
    for feature, objective in written.feature_objectives.items():
        field = (*path, "feature_objectives", feature)
        if not _FEATURE.fullmatch(feature):
            faults.report(
                field, f'expected an app and a feature such as "excel.formula"; found `{feature[:80]}`'
            )
        known(faults, field, objective, known_objectives, "objective")
    return Tenant(
        id=written.id,
        name=written.name,
        default_label=_sensitivity(written.default_label),
        default_boundary=written.default_boundary,
        durable_from=_sensitivity(written.durable_from),
        serve_without_log=written.serve_without_log,
        home_cloud=written.home_cloud,
    )


def _sensitivity(label: str) -> Sensitivity:
    return Sensitivity(SENSITIVITY_LABELS.index(label))


def keys(document: Document, faults: Faults) -> tuple[KeySettings, ...]:
    identify(faults, "keys", [key.id for key in document.keys])
    owners = Names(
        frozenset(tenant.id for tenant in document.tenants),
        complete=faults.written(("tenants",)) and all(tenant.id for tenant in document.tenants),
    )
    made = tuple(_key(key, ("keys", place), faults, owners) for place, key in enumerate(document.keys))
    distinct(
        faults,
        "key: two entries would answer to one secret",
        ((("keys", place, "sha256"), key.sha256) for place, key in enumerate(document.keys)),
    )
    return made


def _key(written: KeyTable, path: FieldPath, faults: Faults, owners: Names) -> KeySettings:
    known(faults, (*path, "tenant"), written.tenant, owners, "tenant")
    digest = (*path, "sha256")
    if not _SHA256.fullmatch(written.sha256):
        faults.report(
            digest,
            "expected the SHA-256 of the key as 64 lower-case hex digits; "
            "what is written is not shown, because it may be the key itself: if it is, replace that key",
        )
    elif written.sha256 == _SHA256_OF_NOTHING:
        faults.report(digest, "this is the SHA-256 of an empty text: the key was empty when it was hashed")
    if written.feature and not written.app:
        faults.report((*path, "feature"), "expected `app` too: a key is bound to a feature of an app")
    for index, field in enumerate(written.may_assert):
        known(faults, (*path, "may_assert", index), field, _ASSERTABLE, "field that a caller may assert")
    for index, role in enumerate(written.roles):
        known(faults, (*path, "roles", index), role, _ROLES, "role")
    return KeySettings(
        id=written.id,
        tenant=written.tenant,
        sha256=written.sha256,
        subject=text(faults, (*path, "subject"), written.subject),
        groups=texts(faults, (*path, "groups"), written.groups),
        roles=written.roles,
        app=written.app,
        feature=written.feature,
        may_assert=frozenset(written.may_assert),
        expires_us=None if written.expires is None else day_us(written.expires),
    )
