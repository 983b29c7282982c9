"""One endpoint of the registry: every fact that compliance needs, and how it is reached.

INVARIANT: fail closed. Every fact that policy may ask of an endpoint was written down by someone: none
is guessed from another ("hosted on Azure" says nothing about who processes the data), none has a
default. It deliberately asks no vendor.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from signalbox.config.checks import Names, at_least_one, known, name, quantity, text, texts, whole
from signalbox.config.faults import Faults
from signalbox.config.kinds import check_kind
from signalbox.config.locate import FieldPath
from signalbox.config.tables import (
    EndpointTable,
    LifecycleTable,
    LimitsTable,
    ModelTable,
    PriceTable,
    SpeedTable,
    TransportTable,
)
from signalbox.config.units import amount_nanos, day_us, duration_ms, token_us
from signalbox.domain.endpoint import Endpoint, Lifecycle, Limits, Speed, Transport
from signalbox.domain.money import Price
from signalbox.domain.traits import CAPABILITY_NAMES, DECLARED_CAPABILITIES, with_implied
from signalbox.ports.provider_kind import Kind

_CAPABILITIES: Final = Names(DECLARED_CAPABILITIES)
_FACTS: Final = Names(frozenset(EndpointTable.__struct_fields__) - {"id", "evidence"})
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_AWS_KEY: Final = re.compile(r"A[KS]IA[A-Z0-9]{16}")  # the one common secret that looks like a name


def check_residency(written: EndpointTable, path: FieldPath, faults: Faults, places: Names) -> None:
    name(faults, (*path, "cloud"), written.cloud)
    name(faults, (*path, "region"), written.region)
    for fact in ("operator", "processor", "contract", "terms_version"):
        text(faults, (*path, fact), getattr(written, fact))
    inference: FieldPath = (*path, "inference_places")
    storage: FieldPath = (*path, "storage_places")
    # INVARIANT: never empty, because an empty set of places lies within every boundary.
    at_least_one(faults, inference, written.inference_places, "place where inference may run")
    for field, values in ((inference, written.inference_places), (storage, written.storage_places)):
        for index, place in enumerate(values):
            known(faults, (*field, index), place, places, "place")
    if not faults.clean((*path, "retention"), storage):
        return
    if written.retention == "none" and written.storage_places:
        faults.report(storage, "expected `[]`, because retention is `none`: what is not kept rests nowhere")
    if written.retention != "none" and not written.storage_places:
        faults.report(
            storage,
            f"expected at least one place, because retention is `{written.retention}`: it rests somewhere",
        )


def endpoint(
    written: EndpointTable,
    model: ModelTable | None,
    kind: Kind | None,
    path: FieldPath,
    faults: Faults,
    now_us: int,
) -> Endpoint:
    """`kind` is None where it is not known: then nothing is held against it."""
    at_least_one(faults, (*path, "served_names"), written.served_names, "model name that it may report")
    capabilities = 0
    for index, capability in enumerate(written.capabilities):
        known(faults, (*path, "capabilities", index), capability, _CAPABILITIES, "capability")
        capabilities |= CAPABILITY_NAMES.get(capability, 0)
    for field, where in written.evidence.items():
        known(faults, (*path, "evidence", field), field, _FACTS, "field")
        text(faults, (*path, "evidence", field), where)
    version = written.model_version
    if version is None:
        version = model.version if model is not None else ""
    else:
        text(faults, (*path, "model_version"), version)
    made = Endpoint(
        id=written.id,
        vendor=written.vendor,
        model=written.model,
        model_version=version,
        provider=written.provider,
        cloud=written.cloud,
        region=written.region,
        operator=written.operator,
        processor=written.processor,
        inference_places=written.inference_places,
        storage_places=written.storage_places,
        retention=written.retention,
        trains_on_data=written.trains_on_data,
        contract=written.contract,
        terms_version=written.terms_version,
        certifications=texts(faults, (*path, "certifications"), written.certifications),
        certified_until_us=_certified_until(written, path, faults),
        served_names=texts(faults, (*path, "served_names"), written.served_names),
        served_places=texts(faults, (*path, "served_places"), written.served_places),
        capabilities=with_implied(capabilities),
        limits=_limits(written.limits, (*path, "limits"), faults),
        speed=_speed(written.speed, (*path, "speed"), faults),
        price=price(written.price, (*path, "price"), faults),
        lifecycle=_lifecycle(written.lifecycle, (*path, "lifecycle"), faults, now_us),
        transport=_transport(written.transport, (*path, "transport"), faults),
        evidence=dict(written.evidence),
    )
    if kind is not None:
        check_kind(written, made, kind, path, faults)
    return made


def _certified_until(written: EndpointTable, path: FieldPath, faults: Faults) -> dict[str, int]:
    held = Names(frozenset(written.certifications), faults.clean((*path, "certifications")))
    for certification in written.certified_until:
        known(faults, (*path, "certified_until", certification), certification, held, "certification")
    return {certification: day_us(day) for certification, day in written.certified_until.items()}


def _limits(written: LimitsTable, path: FieldPath, faults: Faults) -> Limits:
    context = whole(faults, (*path, "context_tokens"), written.context_tokens, 1)
    output = whole(faults, (*path, "output_tokens"), written.output_tokens, 1)
    if output > context and faults.clean((*path, "context_tokens"), (*path, "output_tokens")):
        faults.report(
            (*path, "output_tokens"), f"expected at most context_tokens, {context}; found `{output}`"
        )
    return Limits(
        context_tokens=context,
        output_tokens=output,
        concurrency=whole(faults, (*path, "concurrency"), written.concurrency, 1, 1_000_000),
    )


def _speed(written: SpeedTable, path: FieldPath, faults: Faults) -> Speed:
    return Speed(
        first_token_us=1_000 * quantity(faults, (*path, "first_token"), duration_ms, written.first_token),
        input_token_us=quantity(faults, (*path, "input_tokens_per_s"), token_us, written.input_tokens_per_s),
        output_token_us=quantity(
            faults, (*path, "output_tokens_per_s"), token_us, written.output_tokens_per_s
        ),
    )


def price(written: PriceTable, path: FieldPath, faults: Faults) -> Price:
    """Prompt cache reads and writes cost what input costs, unless prices of their own are written."""
    input_per_mtok = quantity(faults, (*path, "input_per_mtok"), amount_nanos, written.input_per_mtok)

    def special(field: str) -> int:
        amount = getattr(written, field)
        return input_per_mtok if amount is None else quantity(faults, (*path, field), amount_nanos, amount)

    return Price(
        currency=written.currency,
        input_per_mtok=input_per_mtok,
        output_per_mtok=quantity(faults, (*path, "output_per_mtok"), amount_nanos, written.output_per_mtok),
        cached_input_per_mtok=special("cached_input_per_mtok"),
        cache_write_per_mtok=special("cache_write_per_mtok"),
        cache_write_1h_per_mtok=special("cache_write_1h_per_mtok"),
    )


def _lifecycle(written: LifecycleTable, path: FieldPath, faults: Faults, now_us: int) -> Lifecycle:
    deprecated, retired = written.deprecated_from, written.retired_from
    later = written.available_from
    for field, day in (("deprecated_from", deprecated), ("retired_from", retired)):
        if day is None or not faults.written((*path, field)) or not faults.written((*path, "available_from")):
            continue
        if day < later:
            faults.report(
                (*path, field), f"expected a date not before {later}, which comes before it; found `{day}`"
            )
        later = day
    if retired is not None and day_us(retired) <= now_us:
        faults.report(
            (*path, "retired_from"),
            f"past its end of life: retired on {retired}; "
            "remove the endpoint or point it to a model that is still served",
        )
    return Lifecycle(
        available_from_us=day_us(written.available_from),
        deprecated_from_us=None if deprecated is None else day_us(deprecated),
        retired_from_us=None if retired is None else day_us(retired),
    )


def _transport(written: TransportTable, path: FieldPath, faults: Faults) -> Transport:
    if written.base_url:
        _check_base_url(written.base_url, (*path, "base_url"), faults)
    if written.model_file and ("/" in written.model_file or "\\" in written.model_file):
        faults.report((*path, "model_file"), "expected the name of a file in embedded.models_dir, not a path")
    credential = written.credential
    if credential and (not _ENVIRONMENT_NAME.fullmatch(credential) or _AWS_KEY.fullmatch(credential)):
        faults.report(
            (*path, "credential"),
            'expected the name of an environment variable such as "AZURE_OPENAI_KEY", in capitals; '
            "what is written is not shown, because it may be the secret itself: if so, replace that secret",
        )
    return Transport(
        base_url=written.base_url,
        credential=credential,
        authentication=written.authentication,
        deployment=written.deployment,
        api_version=written.api_version,
        surface=written.surface,
        max_tokens_field=written.max_tokens_field or "",
        organization=written.organization,
        project=written.project,
        model_file=written.model_file,
        connect_timeout_ms=quantity(faults, (*path, "connect_timeout"), duration_ms, written.connect_timeout),
        idle_timeout_ms=quantity(faults, (*path, "idle_timeout"), duration_ms, written.idle_timeout),
    )


def _check_base_url(url: str, path: FieldPath, faults: Faults) -> None:
    """The address is not repeated in an error: it may carry a password or a key."""
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if plain and url.startswith("unix:/"):
        return
    try:
        parts = urlsplit(url)
        usable = plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        faults.report(
            path,
            'expected an address such as "https://host/v1", "http://host:8000/v1" or "unix:/path.sock:/v1"',
        )
    elif "@" in parts.netloc or parts.query or parts.fragment:
        faults.report(
            path,
            "expected an address without user, password, query or fragment; "
            "a secret comes from the environment variable that `credential` names",
        )
