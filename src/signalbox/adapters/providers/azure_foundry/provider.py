"""Models in Azure AI Foundry, in-house ones among them: its model inference API, or the `/openai/v1` surface.

Addressing; access is `azure_access`'s, all else the exchange's and the wires'. The inference API refuses
fields that its own document does not have, unless it is told to hand them on: it is, and never told to drop
them.
"""

from typing import Final
from urllib.parse import quote

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.azure_access.access import AzureAccess
from signalbox.adapters.providers.azure_access.checks import check, is_dated
from signalbox.adapters.providers.exchange import Address, HttpProvider, Surface
from signalbox.adapters.providers.openai_dialects.chat import chat
from signalbox.adapters.providers.openai_dialects.embeddings import EmbeddingsWire
from signalbox.adapters.providers.openai_dialects.expressed import CHAT, EMBEDDINGS
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.ports.provider_kind import Kind, Surroundings


def address(endpoint: Endpoint) -> Address:
    transport = endpoint.transport
    version = transport.api_version
    query = f"?api-version={quote(version, safe='')}" if version else ""
    path = "/models" if is_dated(transport) else "/openai/v1"
    said = chat(endpoint, max_tokens_field="max_tokens", developer_role=False)
    return Address(
        base_url=transport.base_url,
        chat=Surface(said, f"{path}/chat/completions{query}"),
        embeddings=Surface(EmbeddingsWire(endpoint), f"{path}/embeddings{query}"),
        headers=(("extra-parameters", "pass-through"),) if is_dated(transport) else (),
        request_id="x-ms-client-request-id",
    )


def _make(around: Surroundings) -> HttpProvider:
    access = AzureAccess(around.secrets, around.clock)
    return HttpProvider(HttpClient(around.clock), address, access, around.clock)


def _expresses(transport: Transport) -> int:
    return CHAT | EMBEDDINGS


KIND: Final = Kind(
    make=_make,
    expresses=_expresses,
    needs=frozenset({"base_url"}),
    uses=frozenset({"credential", "authentication", "deployment", "api_version", "max_tokens_field"}),
    check=check,
)
