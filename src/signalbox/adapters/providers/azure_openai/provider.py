"""OpenAI's models on Azure: deployments under a dated API version, or the `/openai/v1` surface.

Addressing; access is `azure_access`'s, all else the exchange's and the wires'.
"""

from typing import Final
from urllib.parse import quote

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.azure_access.access import AzureAccess
from signalbox.adapters.providers.azure_access.checks import check, is_dated
from signalbox.adapters.providers.exchange import Address, HttpProvider, Surface
from signalbox.adapters.providers.openai_dialects.chat import chat
from signalbox.adapters.providers.openai_dialects.embeddings import EmbeddingsWire
from signalbox.adapters.providers.openai_dialects.expressed import expressed
from signalbox.adapters.providers.openai_dialects.responses import ResponsesWire
from signalbox.domain.endpoint import Endpoint
from signalbox.ports.provider_kind import Kind, Surroundings


def address(endpoint: Endpoint) -> Address:
    transport = endpoint.transport
    version = transport.api_version
    query = f"?api-version={quote(version, safe='')}" if version else ""
    deployed = model_path = "/openai/v1"
    if is_dated(transport):
        # Responses were never asked for by deployment: the body's `model` says which.
        model_path = "/openai"
        deployed = f"/openai/deployments/{quote(transport.deployment or endpoint.model, safe='')}"
    said = (
        Surface(ResponsesWire(endpoint), f"{model_path}/responses{query}")
        if transport.surface == "responses"
        else Surface(
            chat(endpoint, max_tokens_field="max_completion_tokens", developer_role=True),
            f"{deployed}/chat/completions{query}",
        )
    )
    return Address(
        base_url=transport.base_url,
        chat=said,
        embeddings=Surface(EmbeddingsWire(endpoint), f"{deployed}/embeddings{query}"),
        request_id="x-ms-client-request-id",
    )


def _make(around: Surroundings) -> HttpProvider:
    access = AzureAccess(around.secrets, around.clock)
    return HttpProvider(HttpClient(around.clock), address, access, around.clock)


KIND: Final = Kind(
    make=_make,
    expresses=expressed,
    needs=frozenset({"base_url"}),
    uses=frozenset(
        {"credential", "authentication", "deployment", "api_version", "surface", "max_tokens_field"}
    ),
    check=check,
)
