"""Builders of domain values with sensible defaults: for tests here and of third-party adapters."""

from typing import Any

from msgspec.structs import replace

from signalbox.domain.endpoint import (
    Catalogue,
    CatalogueRelease,
    Endpoint,
    Lifecycle,
    Limits,
    Model,
    Speed,
    Transport,
    Vendor,
)
from signalbox.domain.money import Price
from signalbox.domain.plan import Objective
from signalbox.domain.principal import Principal, Tenant
from signalbox.domain.reply import Choice, FinishReason, Said
from signalbox.domain.request import Message, Refusal, Request, Text, Thinking, ToolUse
from signalbox.domain.traits import Capability, LatencyClass, Sensitivity, TaskType, Traits

ALL_CAPABILITIES = sum(bit for name, bit in vars(Capability).items() if name.isupper())


def endpoint(ident: str = "fake-1", **changes: Any) -> Endpoint:
    """An on-premises endpoint that can do everything, costs a little and is fast."""
    base = Endpoint(
        id=ident,
        vendor="acme",
        model="acme-small",
        model_version="1",
        provider="fake",
        cloud="on-premises",
        region="local",
        operator="self",
        processor="self",
        inference_places=("local",),
        storage_places=(),
        retention="none",
        trains_on_data=False,
        contract="none",
        terms_version="1",
        certifications=(),
        served_names=("acme-small",),
        capabilities=ALL_CAPABILITIES,
        limits=Limits(context_tokens=128_000, output_tokens=16_000, concurrency=64),
        speed=Speed(first_token_us=200_000, input_token_us=10, output_token_us=10_000),
        price=Price(
            currency="USD",
            input_per_mtok=150_000_000,
            output_per_mtok=600_000_000,
            cached_input_per_mtok=75_000_000,
            cache_write_per_mtok=187_500_000,
            cache_write_1h_per_mtok=300_000_000,
        ),
        lifecycle=Lifecycle(available_from_us=0),
        transport=Transport(),
        evidence={},
    )
    return replace(base, **changes)


def catalogue(*endpoints: Endpoint, **changes: Any) -> Catalogue:
    """A release of these endpoints; their models and vendors are made up to match."""
    chosen = endpoints or (endpoint(),)
    models = {item.model: item for item in chosen}
    base = CatalogueRelease(
        vendors=tuple(Vendor(id=name, name=name) for name in sorted({item.vendor for item in chosen})),
        models=tuple(
            Model(id=name, vendor=item.vendor, version=item.model_version, quality={"default": 5_000})
            for name, item in models.items()
        ),
        endpoints=chosen,
        boundaries={"world": ("local", "de", "us"), "eu": ("local", "de"), "local": ("local",)},
    )
    return Catalogue(replace(base, **changes))


def ranked(*endpoints: Endpoint) -> Catalogue:
    """A release in which they rank in this order, by quality: each gets a model of its own."""
    own = [replace(item, model=f"model-{item.id}") for item in endpoints]
    models = tuple(
        Model(id=item.model, vendor=item.vendor, version="1", quality={"default": 9_000 - 1_000 * place})
        for place, item in enumerate(own)
    )
    return catalogue(*own, models=models)


def traits(**changes: Any) -> Traits:
    base = Traits(
        app="word",
        feature="rewrite",
        task=TaskType.REWRITING,
        task_confidence=10_000,
        sensitivity=Sensitivity.GENERAL,
        categories=(),
        boundary="world",
        latency_class=LatencyClass.INTERACTIVE,
        deadline_ms=10_000,
        tokens_in=300,
        tokens_out_max=256,
        needs=0,
    )
    return replace(base, **changes)


def objective(**changes: Any) -> Objective:
    base = Objective(
        name="balanced",
        quality=50,
        latency=25,
        cost=25,
        quality_floor=0,
        latency_target_us=10_000_000,
        cost_scale_nanos=10_000_000,
    )
    return replace(base, **changes)


def tenant(ident: str = "acme-corp", **changes: Any) -> Tenant:
    return replace(Tenant(id=ident, name=ident, home_cloud="on-premises"), **changes)


def principal(**changes: Any) -> Principal:
    base = Principal(
        tenant=tenant(),
        key="key-1",
        subject="key-1",
        groups=("everyone",),
        may_assert=frozenset({"app", "feature", "label", "user"}),
    )
    return replace(base, **changes)


def choice(
    *,
    index: int = 0,
    reasoning: str = "",
    text: str = "",
    refusal: str = "",
    tool_uses: tuple[ToolUse, ...] = (),
    finish: FinishReason = "stop",
) -> Choice:
    """With its parts in the usual order: what is empty is left out."""
    parts: list[Said] = []
    if reasoning:
        parts.append(Thinking(reasoning))
    if text:
        parts.append(Text(text))
    if refusal:
        parts.append(Refusal(refusal))
    return Choice(index=index, parts=(*parts, *tool_uses), finish=finish)


def request(text: str = "Rewrite this politely.", **changes: Any) -> Request:
    return replace(Request(target="auto", messages=(Message("user", (Text(text),)),)), **changes)
