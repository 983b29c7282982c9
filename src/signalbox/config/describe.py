"""Settings in words, for `signalbox check`: what would run, where, under which hashes.

It deliberately shows no key and no digest of one.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from signalbox.config.settings import Settings
from signalbox.domain.canonical import content_hash
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.money import NANOS_PER_UNIT
from signalbox.domain.traits import capability_names
from signalbox.identity.discovery import configuration_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def describe(settings: Settings) -> str:
    """Several lines of plain text, without a final line end."""
    return "\n".join(_lines(settings))


def _lines(settings: Settings) -> Iterator[str]:
    server, catalogue, policy = settings.server, settings.catalogue, settings.policy
    yield f"settings   {settings.files[0]}"
    yield f"server     {server.host}:{server.port}, data in {settings.data_dir}"
    yield (
        f"catalogue  {catalogue.hash[:12]}: {_count(len(catalogue.vendors), 'vendor')}, "
        f"{_count(len(catalogue.models), 'model')}, {_count(len(catalogue.endpoints), 'endpoint')}"
    )
    for endpoint in catalogue.endpoints:
        yield from _endpoint_lines(endpoint)
    for boundary, places in catalogue.boundaries.items():
        yield f"boundary   {boundary}: {', '.join(places)}"
    yield f"policy     {content_hash(policy)[:12]}: {', '.join(sorted(policy.texts))}"
    for tenant in settings.tenants:
        keys = sum(key.tenant == tenant.id for key in settings.keys)
        yield (
            f"tenant     {tenant.id}: {_count(keys, 'key')}, boundary {tenant.default_boundary}, "
            f"unlabelled is {tenant.default_label.label}, durable from {tenant.durable_from.label}, "
            f"objective {settings.tenant_objectives[tenant.id]}"
        )
        for feature, chosen in settings.feature_objectives[tenant.id].items():
            yield f"           {feature} → {chosen}"
    for issuer in settings.issuers:
        yield (
            f"issuer     {issuer.id}: {issuer.url}, for {', '.join(sorted(issuer.audiences))}, "
            f"{_count(len(issuer.apps), 'app registration') if issuer.apps else 'any app registration'}"
        )
        whose = [f"{tid} → {tenant}" for tid, tenant in issuer.tenants.items()] or [issuer.tenant]
        found = issuer.jwks_url or issuer.jwks_file or f"discovered at {configuration_of(issuer.discovery)}"
        yield f"           tenants {', '.join(whose)}; {'/'.join(sorted(issuer.algorithms))} keys {found}"
    for objective in settings.objectives.values():
        yield (
            f"objective  {objective.name}: quality {objective.quality}, latency {objective.latency}, "
            f"cost {objective.cost}"
        )


def _endpoint_lines(endpoint: Endpoint) -> Iterator[str]:
    price = endpoint.price
    offered = ", ".join(capability_names(endpoint.capabilities)) or "text only"
    yield (
        f"endpoint   {endpoint.id}: {endpoint.model}@{endpoint.model_version} by {endpoint.vendor}, "
        f"{endpoint.cloud} {endpoint.region}, operator {endpoint.operator}, processor {endpoint.processor}"
    )
    storage = f"in {', '.join(endpoint.storage_places)}" if endpoint.storage_places else "nowhere"
    trains = "may train models" if endpoint.trains_on_data else "trains no model"
    yield (
        f"           runs in {', '.join(endpoint.inference_places)}; rests {storage} "
        f"({endpoint.retention}); {trains}"
    )
    yield (
        f"           {_units(price.input_per_mtok)} in, {_units(price.output_per_mtok)} out "
        f"{price.currency} per million tokens; {offered}"
    )
    lifecycle = endpoint.lifecycle
    ends = [
        f"{word} {(_EPOCH + timedelta(microseconds=day_us)).date()}"
        for word, day_us in (
            ("deprecated", lifecycle.deprecated_from_us),
            ("retired", lifecycle.retired_from_us),
        )
        if day_us is not None
    ]
    if ends:
        yield f"           {', '.join(ends)}"


def _units(nanos: int) -> str:
    whole, rest = divmod(nanos, NANOS_PER_UNIT)
    return f"{whole}.{rest:09d}".rstrip("0").removesuffix(".")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
