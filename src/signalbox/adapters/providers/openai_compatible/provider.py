"""Any endpoint that speaks OpenAI's dialects over HTTP: vLLM, Ollama, llama.cpp, a vendor.

Addressing and a key; all else is the exchange's and the wires'.
"""

from typing import Final

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.exchange import Address, HttpProvider, KeyedBy, Surface
from signalbox.adapters.providers.openai_dialects.chat import chat
from signalbox.adapters.providers.openai_dialects.embeddings import EmbeddingsWire
from signalbox.adapters.providers.openai_dialects.expressed import expressed
from signalbox.adapters.providers.openai_dialects.responses import ResponsesWire
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.domain.traits import Capability
from signalbox.ports.clock import Clock
from signalbox.ports.provider_kind import Kind, Surroundings
from signalbox.ports.secrets import Secrets


class OpenAICompatible(HttpProvider):
    """Implements `Provider`. `http` is owned, as by `HttpProvider`."""

    def __init__(self, http: HttpClient, secrets: Secrets, clock: Clock) -> None:
        super().__init__(http, address, KeyedBy(secrets), clock)


def address(endpoint: Endpoint) -> Address:
    transport = endpoint.transport
    query = f"?api-version={transport.api_version}" if transport.api_version else ""
    said = (
        Surface(ResponsesWire(endpoint), f"/responses{query}")
        if transport.surface == "responses"
        # Those that know neither `developer` nor `max_completion_tokens` do not all say so.
        else Surface(
            chat(endpoint, max_tokens_field="max_tokens", developer_role=False), f"/chat/completions{query}"
        )
    )
    return Address(
        base_url=transport.base_url,
        chat=said,
        embeddings=Surface(EmbeddingsWire(endpoint), f"/embeddings{query}"),
    )


def _make(around: Surroundings) -> HttpProvider:
    return OpenAICompatible(HttpClient(around.clock), around.secrets, around.clock)


def _expresses(transport: Transport) -> int:
    """Beside what OpenAI's own dialect has, open models' servers take a `top_k`, and llama.cpp's grammars."""
    return expressed(transport) | (_OPEN_MODELS if transport.surface == "chat" else 0)


_OPEN_MODELS: Final = Capability.TOP_K | Capability.GRAMMAR

KIND: Final = Kind(
    make=_make,
    expresses=_expresses,
    needs=frozenset({"base_url"}),
    uses=frozenset({"credential", "deployment", "api_version", "surface", "max_tokens_field"}),
)
