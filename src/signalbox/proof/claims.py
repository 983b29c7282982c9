"""What an invariant's predicate means: over all requests at once as a formula, of one as yes or no.

The two are written apart, from different sources (what Cedar is told, and the registry's own values), so
that a counterexample that the solver found by the first is checked by the second.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from signalbox.domain.endpoint import CatalogueRelease, Endpoint
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts
from signalbox.proof.invariants import (
    All,
    Anything,
    BoundaryWithin,
    Category,
    Certified,
    Either,
    EndpointIs,
    Flagged,
    InGroup,
    InHomeCloud,
    Not,
    Outside,
    Predicate,
    RequestIs,
    SensitivityFrom,
    UsesPlace,
)
from signalbox.proof.logic import FALSE, TRUE, Formula
from signalbox.proof.space import BOUNDARY, CATEGORIES, GROUPS, Space
from signalbox.proof.world import Attributes

_ATTRIBUTES: Final = {"endpoint": "id", "version": "model_version", "terms": "terms_version"}
_PLACES: Final = {"infers": "inference_places", "stores": "storage_places"}
_FLAGS: Final = {"trains on data": "trains_on_data"}


def claim(
    predicate: Predicate, space: Space, boundaries: Mapping[str, tuple[str, ...]], endpoint: Attributes
) -> Formula:
    """When it holds of a request of the space and an endpoint with these attributes."""
    logic = space.logic

    def of(inner: Predicate) -> Formula:
        return claim(inner, space, boundaries, endpoint)

    def bounded(names: Iterator[str]) -> Formula:
        return logic.any_(space.is_(BOUNDARY, name) for name in names)

    match predicate:
        case Anything():
            return TRUE
        case Not(inner):
            return logic.not_(of(inner))
        case All(parts):
            return logic.all_(of(part) for part in parts)
        case Either(parts):
            return logic.any_(of(part) for part in parts)
        case RequestIs(fact, value):
            return space.is_(fact, value)
        case BoundaryWithin(name):
            outer = {*boundaries[name]}
            return bounded(inner for inner, places in space.boundaries.items() if places <= outer)
        case SensitivityFrom(level):
            return space.at_least(level)
        case Category(name):
            return space.has(CATEGORIES, name)
        case InGroup(name):
            return space.has(GROUPS, name)
        case Outside(use, name):
            used = {*_listed(endpoint, _PLACES[use])}
            if name:
                return FALSE if used <= {*boundaries[name]} else TRUE
            return bounded(inner for inner, places in space.boundaries.items() if not used <= places)
        case _:
            return TRUE if _of_endpoint(predicate, space.tenant, endpoint) else FALSE


def _of_endpoint(
    predicate: EndpointIs | InHomeCloud | UsesPlace | Certified | Flagged,
    tenant: Tenant,
    endpoint: Attributes,
) -> bool:
    match predicate:
        case EndpointIs(fact, value):
            return endpoint[_ATTRIBUTES.get(fact, fact)] == value
        case InHomeCloud():
            return tenant.home_cloud != "" and endpoint["cloud"] == tenant.home_cloud
        case UsesPlace(use, place):
            return place in _listed(endpoint, _PLACES[use])
        case Certified(name):
            return name in _listed(endpoint, "certifications")
        case Flagged(flag):
            return endpoint[_FLAGS.get(flag, flag)] is True


def _listed(endpoint: Attributes, name: str) -> list[str]:
    found = endpoint[name]
    return found if isinstance(found, list) else []


def holds(
    predicate: Predicate,
    facts: Facts,
    tenant: Tenant,
    release: CatalogueRelease,
    endpoint: Endpoint,
    now_us: int,
) -> bool:
    """Of this one request to this endpoint at `now_us` (wall clock)?"""

    def of(inner: Predicate) -> bool:
        return holds(inner, facts, tenant, release, endpoint, now_us)

    match predicate:
        case Anything():
            return True
        case Not(inner):
            return not of(inner)
        case All(parts):
            return all(of(part) for part in parts)
        case Either(parts):
            return any(of(part) for part in parts)
        case RequestIs(fact, value):
            return {"app": facts.app, "feature": facts.feature, "boundary": facts.boundary}[fact] == value
        case BoundaryWithin(name):
            return set(release.boundaries[facts.boundary]).issubset(release.boundaries[name])
        case SensitivityFrom(level):
            return facts.sensitivity >= level
        case Category(name):
            return name in facts.categories
        case InGroup(name):
            return name in facts.groups
        case Outside(use, name):
            return not set(_places(endpoint)[use]).issubset(release.boundaries[name or facts.boundary])
        case _:
            return _true_of(predicate, tenant, endpoint, now_us)


def _true_of(
    predicate: EndpointIs | InHomeCloud | UsesPlace | Certified | Flagged,
    tenant: Tenant,
    endpoint: Endpoint,
    now_us: int,
) -> bool:
    match predicate:
        case EndpointIs(fact, value):
            return _named(endpoint)[fact] == value
        case InHomeCloud():
            return bool(tenant.home_cloud) and endpoint.cloud == tenant.home_cloud
        case UsesPlace(use, place):
            return place in _places(endpoint)[use]
        case Certified(name):
            ends_us = endpoint.certified_until_us.get(name)
            return name in endpoint.certifications and (ends_us is None or now_us < ends_us)
        case Flagged(flag):
            return _flags(endpoint, now_us)[flag]


def _places(endpoint: Endpoint) -> dict[str, tuple[str, ...]]:
    return {"infers": endpoint.inference_places, "stores": endpoint.storage_places}


def _named(endpoint: Endpoint) -> dict[str, str]:
    return {
        "endpoint": endpoint.id, "vendor": endpoint.vendor, "model": endpoint.model,
        "version": endpoint.model_version, "provider": endpoint.provider, "cloud": endpoint.cloud,
        "region": endpoint.region, "operator": endpoint.operator, "processor": endpoint.processor,
        "retention": endpoint.retention, "contract": endpoint.contract, "terms": endpoint.terms_version,
    }  # fmt: skip


def _flags(endpoint: Endpoint, now_us: int) -> dict[str, bool]:
    life = endpoint.lifecycle
    ended = life.retired_from_us is not None and life.retired_from_us <= now_us
    return {
        "trains on data": endpoint.trains_on_data,
        "available": life.available_from_us <= now_us and not ended,
        "deprecated": life.deprecated_from_us is not None and life.deprecated_from_us <= now_us,
    }


def named_in(predicate: Predicate) -> Iterator[str]:
    """The strings with which it compares a request."""
    match predicate:
        case RequestIs(_, name) | Category(name) | InGroup(name):
            yield name
        case Not(inner):
            yield from named_in(inner)
        case All(parts) | Either(parts):
            for part in parts:
                yield from named_in(part)
        case _:
            return
