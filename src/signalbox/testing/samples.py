"""Values to begin a test with: plausible, complete, and of no real vendor."""

from typing import Any

from msgspec import structs

from signalbox.domain.endpoint import Endpoint, Lifecycle, Limits, Speed, Transport
from signalbox.domain.money import Price
from signalbox.domain.traits import CAPABILITY_NAMES

_SAMPLE = Endpoint(
    id="sample",
    vendor="sample-vendor",
    model="sample-model",
    model_version="1",
    provider="openai-compatible",
    cloud="none",
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
    served_names=("sample-model",),
    capabilities=sum(CAPABILITY_NAMES.values()),
    limits=Limits(context_tokens=2_048, output_tokens=1_024, concurrency=1),
    speed=Speed(first_token_us=100_000, input_token_us=1_000, output_token_us=10_000),
    price=Price(
        currency="USD",
        input_per_mtok=1_000_000_000,
        output_per_mtok=2_000_000_000,
        cached_input_per_mtok=500_000_000,
    ),
    lifecycle=Lifecycle(available_from_us=0),
    transport=Transport(),
    evidence={},
)


def sample_endpoint(**changes: Any) -> Endpoint:
    """A new object each time; every capability, unless `changes` say otherwise."""
    return structs.replace(_SAMPLE, **changes)
