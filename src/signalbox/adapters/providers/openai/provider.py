"""OpenAI's own service: Chat Completions, Responses and Embeddings, at the global host or a regional one.

Addressing and a key; all else is the exchange's and the wires'. OpenAI says nothing of where a request to the
global host runs; a regional host keeps inference in its region, which is held against the endpoint's places.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.exchange import Address, HttpProvider, KeyedBy, Surface
from signalbox.adapters.providers.openai_dialects.chat import chat
from signalbox.adapters.providers.openai_dialects.embeddings import EmbeddingsWire
from signalbox.adapters.providers.openai_dialects.expressed import expressed
from signalbox.adapters.providers.openai_dialects.responses import ResponsesWire
from signalbox.domain.endpoint import Endpoint
from signalbox.ports.provider_kind import Kind, Mistake, Surroundings

BASE_URL: Final = "https://api.openai.com/v1"
_HOST: Final = "api.openai.com"
_EUROPE: Final = frozenset(
    {"eu", "at", "be", "bg", "ch", "cy", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr", "hr", "hu", "ie"}
    | {"is", "it", "li", "lt", "lu", "lv", "mt", "nl", "no", "pl", "pt", "ro", "se", "si", "sk"}
)
_REGIONS: Final = {
    region: _EUROPE if region == "eu" else frozenset({region})
    for region in ("us", "eu", "ae", "au", "in", "jp")
}


def address(endpoint: Endpoint) -> Address:
    transport = endpoint.transport
    account = (("openai-organization", transport.organization), ("openai-project", transport.project))
    said = (
        Surface(ResponsesWire(endpoint), "/responses")
        if transport.surface == "responses"
        else Surface(
            chat(endpoint, max_tokens_field="max_completion_tokens", developer_role=True), "/chat/completions"
        )
    )
    return Address(
        base_url=transport.base_url or BASE_URL,
        chat=said,
        embeddings=Surface(EmbeddingsWire(endpoint), "/embeddings"),
        headers=tuple((name, value) for name, value in account if value),
        request_id="x-client-request-id",
    )


def check(endpoint: Endpoint) -> Iterator[Mistake]:
    """A regional host runs in its region: places of other countries cannot be true.

    Places are the author's own words; those of two letters are read as countries, `uk` and `eu` among them.
    """
    host = urlsplit(endpoint.transport.base_url).hostname or ""
    region = host.removesuffix(f".{_HOST}")
    if not host.endswith(f".{_HOST}"):
        return
    if region not in _REGIONS:
        known = ", ".join(f"`{name}`" for name in _REGIONS)
        yield Mistake(
            "transport.base_url",
            f"`{host}` is no regional host; expected `{_HOST}`, or before it one of {known}",
        )
        return
    if region == "eu" and len(endpoint.inference_places) < 2 and "eu" not in endpoint.inference_places:
        yield Mistake(
            "inference_places",
            f"`{host}` may run in any country of its region: list them, or declare a place `eu` for them",
        )
    for place in endpoint.inference_places:
        if len(place) == 2 and place not in _REGIONS[region]:
            yield Mistake(
                "inference_places",
                f"`{place}` is not where `{host}` runs: take that region's host, or mend the places",
            )


def _make(around: Surroundings) -> HttpProvider:
    return HttpProvider(HttpClient(around.clock), address, KeyedBy(around.secrets), around.clock)


KIND: Final = Kind(
    make=_make,
    expresses=expressed,
    needs=frozenset({"credential"}),
    uses=frozenset({"base_url", "deployment", "surface", "max_tokens_field", "organization", "project"}),
    check=check,
)
