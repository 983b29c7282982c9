"""Catalogue and facts as Cedar sees them: entities and context, as JSON.

The attributes are those of `policies/signalbox.cedarschema`, all of them always present.
"""

from typing import Any

import msgspec

from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.traits import Facts
from signalbox.policy.names import CALLER, ENDPOINT, GROUP, MODEL, TENANT, VENDOR, WHO, group_id


def registry_json(catalogue: Catalogue, now_us: int) -> str:
    """Vendors, models and endpoints as they stand at `now_us` (wall clock)."""
    release = catalogue.release
    entities = [_entity(VENDOR, vendor.id) for vendor in release.vendors]
    entities += [_entity(MODEL, model.id, parents=[(VENDOR, model.vendor)]) for model in release.models]
    entities += [
        _entity(
            ENDPOINT,
            endpoint.id,
            attributes=_attributes(endpoint, now_us),
            parents=[(MODEL, endpoint.model), (VENDOR, endpoint.vendor)],
        )
        for endpoint in release.endpoints
    ]
    return msgspec.json.encode(entities).decode()


def caller_json(tenant: str, groups: tuple[str, ...]) -> str:
    """The caller, in its groups, in its tenant."""
    unique = sorted(set(groups))
    entities = [_entity(TENANT, tenant)]
    entities += [_entity(GROUP, group_id(tenant, group), parents=[(TENANT, tenant)]) for group in unique]
    entities.append(
        _entity(
            CALLER,
            WHO["id"],
            attributes={"groups": unique},
            parents=[(TENANT, tenant), *((GROUP, group_id(tenant, group)) for group in unique)],
        )
    )
    return msgspec.json.encode(entities).decode()


def context_json(facts: Facts, places: tuple[str, ...], home_cloud: str) -> str:
    context = {
        "app": facts.app,
        "feature": facts.feature,
        "sensitivity": int(facts.sensitivity),
        "categories": facts.categories,
        "boundary": facts.boundary,
        "boundary_places": places,
        "home_cloud": home_cloud,
    }
    return msgspec.json.encode(context).decode()


def edges(catalogue: Catalogue) -> tuple[int, ...]:
    """The moments (µs, ascending) at which some endpoint's dates change what `registry_json` says."""
    lifecycles = [endpoint.lifecycle for endpoint in catalogue.endpoints]
    dates = [
        date
        for life in lifecycles
        for date in (life.available_from_us, life.deprecated_from_us, life.retired_from_us)
        if date is not None
    ]
    dates += [date for endpoint in catalogue.endpoints for date in endpoint.certified_until_us.values()]
    return tuple(sorted(set(dates)))


def gap(endpoint: Endpoint) -> str:
    """The fact without which the endpoint cannot be judged, in words; empty if it is all there.

    Cedar would let these pass: an empty set is contained in every boundary, and an empty name equals
    the empty home cloud of a tenant that has none.
    """
    missing = [name for name in ("cloud", "region", "operator", "processor") if not getattr(endpoint, name)]
    if not endpoint.inference_places or not all(endpoint.inference_places):
        missing.append("inference_places")
    if not endpoint.storage_places and endpoint.retention != "none":
        missing.append("storage_places")
    return f"registry incomplete: {', '.join(missing)}" if missing else ""


def _attributes(endpoint: Endpoint, now_us: int) -> dict[str, Any]:
    life = endpoint.lifecycle
    begun = life.available_from_us <= now_us
    ended = life.retired_from_us is not None and life.retired_from_us <= now_us
    return {
        "id": endpoint.id,
        "vendor": endpoint.vendor,
        "model": endpoint.model,
        "model_version": endpoint.model_version,
        "provider": endpoint.provider,
        "cloud": endpoint.cloud,
        "region": endpoint.region,
        "operator": endpoint.operator,
        "processor": endpoint.processor,
        "inference_places": endpoint.inference_places,
        "storage_places": endpoint.storage_places,
        "retention": endpoint.retention,
        "trains_on_data": endpoint.trains_on_data,
        "contract": endpoint.contract,
        "terms_version": endpoint.terms_version,
        "certifications": [name for name in endpoint.certifications if _live(endpoint, name, now_us)],
        "available": begun and not ended,
        "deprecated": life.deprecated_from_us is not None and life.deprecated_from_us <= now_us,
    }


def _live(endpoint: Endpoint, certification: str, now_us: int) -> bool:
    until_us = endpoint.certified_until_us.get(certification)
    return until_us is None or now_us < until_us


def _entity(
    kind: str,
    name: str,
    *,
    attributes: dict[str, Any] | None = None,
    parents: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    return {
        "uid": {"type": kind, "id": name},
        "attrs": attributes or {},
        "parents": [{"type": above, "id": id_} for above, id_ in parents or ()],
    }
