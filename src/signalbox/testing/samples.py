"""An endpoint to begin a provider's tests with: plausible, complete, and of no real vendor."""

from typing import Any

from msgspec.structs import replace

from signalbox.domain.endpoint import Endpoint, Limits
from signalbox.testing.values import endpoint

_SAMPLE = endpoint(
    "sample",
    model="sample-model",
    provider="openai-compatible",
    served_names=("sample-model",),
    limits=Limits(context_tokens=2_048, output_tokens=1_024, concurrency=1),
)


def sample_endpoint(**changes: Any) -> Endpoint:
    """A new object each time; every capability, unless `changes` say otherwise."""
    return replace(_SAMPLE, **changes)
