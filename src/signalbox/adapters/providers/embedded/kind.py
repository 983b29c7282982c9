"""Models on this machine as a kind of provider: each child is asked over its own socket, with its own key."""

from typing import Final

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.embedded.provider import ChildKeys, Embedded
from signalbox.adapters.providers.embedded.settings import RuntimeSettings
from signalbox.adapters.providers.exchange import Address, HttpProvider, KeyedBy, Surface
from signalbox.adapters.providers.openai_dialects.chat import chat
from signalbox.adapters.providers.openai_dialects.expressed import CHAT
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.domain.traits import Capability
from signalbox.ports.provider import Provider
from signalbox.ports.provider_kind import Kind, Surroundings

EXPRESSES: Final = CHAT | Capability.TOP_K | Capability.GRAMMAR


def address(endpoint: Endpoint) -> Address:
    said = chat(endpoint, max_tokens_field="max_tokens", developer_role=False)
    return Address(base_url=endpoint.transport.base_url, chat=Surface(said, "/chat/completions"))


def _make(around: Surroundings) -> Provider:
    keys, clock, models = ChildKeys(), around.clock, around.local_models
    sender = HttpProvider(HttpClient(clock), address, KeyedBy(keys), clock)
    runtime = RuntimeSettings(
        log_dir=models.log_dir,
        threads=models.threads,
        prefix_cache=models.prefix_cache,
        load_timeout_ms=models.load_timeout_ms,
    )
    return Embedded(sender, keys, models.models_dir, runtime, clock)


def _expresses(transport: Transport) -> int:
    return EXPRESSES


KIND: Final = Kind(make=_make, expresses=_expresses, needs=frozenset({"model_file"}))
