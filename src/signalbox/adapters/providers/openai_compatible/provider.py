"""Any endpoint that speaks OpenAI Chat Completions over HTTP: vLLM, Ollama, llama.cpp, a vendor.

Addressing and a key; all else is the exchange's and the wire's.
"""

from typing import Final

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.exchange import Address, HttpProvider, KeyedBy, Surface
from signalbox.adapters.providers.openai_surfaces import ChatWire
from signalbox.domain.endpoint import Endpoint
from signalbox.ports.clock import Clock
from signalbox.ports.secrets import Secrets

_CHAT: Final = ChatWire()


class OpenAICompatible(HttpProvider):
    """Implements `Provider`. `http` is owned, as by `HttpProvider`."""

    def __init__(self, http: HttpClient, secrets: Secrets, clock: Clock) -> None:
        super().__init__(http, address, KeyedBy(secrets), clock)


def address(endpoint: Endpoint) -> Address:
    transport = endpoint.transport
    query = f"?api-version={transport.api_version}" if transport.api_version else ""
    return Address(base_url=transport.base_url, chat=Surface(_CHAT, f"/chat/completions{query}"))
