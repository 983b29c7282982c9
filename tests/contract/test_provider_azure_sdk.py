"""What our providers send to Azure is, field by field, what the vendor's SDK sends for the same call."""

from typing import Any, Final

import openai
import pytest
from msgspec.structs import replace

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.azure_access.access import AzureAccess
from signalbox.adapters.providers.azure_access.identity import Token
from signalbox.adapters.providers.azure_foundry import provider as azure_foundry
from signalbox.adapters.providers.azure_openai import provider as azure_openai
from signalbox.adapters.providers.exchange import HttpProvider
from signalbox.domain.endpoint import Transport
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.request import Embedding, Message, Request, Sampling, Text
from signalbox.ports.provider import Call
from signalbox.testing import values
from signalbox.testing.overheard import Overheard, overhear

CLOCK: Final = SystemClock()
HEADERS: Final = ("content-type", "authorization", "api-key")
DATED: Final = "2024-10-21"
DEPLOYMENT: Final = "gpt 5/mini"
REQUEST: Final = Request(
    target="auto", messages=(Message("user", (Text("hello"),)),), sampling=Sampling(max_tokens=9)
)
ASKED: Final = [{"role": "user", "content": "hello"}]


async def ours(address: Any, request: Request = REQUEST, **transport: Any) -> Overheard:
    access = AzureAccess(EnvironmentSecrets({"KEY": "k-1"}), CLOCK, lambda: Token("t-1", 2**32))
    provider = HttpProvider(HttpClient(CLOCK), address, access, CLOCK)

    async def send(base_url: str) -> None:
        said = Transport(base_url=base_url, deployment=DEPLOYMENT, **transport)
        endpoint = values.endpoint("azure-1", transport=said)
        call = Call(endpoint, request, "d.1", CLOCK.monotonic_us() + 5_000_000, lambda: None)
        try:
            if request.stream:
                async for _ in provider.stream(call):
                    pass
            else:
                await provider.complete(call)
        finally:
            await provider.aclose()

    return await overhear(send, ProviderFailure)


async def theirs(method: str, arguments: dict[str, Any], *, dated: bool = True, **way_in: Any) -> Overheard:
    async def send(base_url: str) -> None:
        sdk: openai.AsyncOpenAI = (
            openai.AsyncAzureOpenAI(
                azure_endpoint=base_url, api_version=DATED, max_retries=0, **(way_in or {"api_key": "k-1"})
            )
            if dated
            # As Azure says of its newer surface: the plain client, its key in Azure's header.
            else openai.AsyncOpenAI(
                base_url=f"{base_url}/openai/v1", max_retries=0, **(way_in or {"api_key": "k-1"})
            )
        )
        async with sdk:
            where: Any = sdk
            for name in method.split("."):
                where = getattr(where, name)
            await where(model=DEPLOYMENT, **arguments)

    return await overhear(send, openai.BadRequestError)


CHAT: Final = {"messages": ASKED, "max_completion_tokens": 9}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_deployment_under_a_dated_version(stream: bool) -> None:
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    request = replace(REQUEST, stream=stream)
    sent = await ours(azure_openai.address, request, credential="KEY", api_version=DATED)
    expected = await theirs("chat.completions.create", CHAT | streamed)
    assert sent.but(*HEADERS) == expected.but(*HEADERS)
    assert sent.target == "/openai/deployments/gpt%205%2Fmini/chat/completions?api-version=2024-10-21"
    assert sent.headers["x-ms-client-request-id"] == "d.1"


async def test_a_token_in_place_of_the_key() -> None:
    sent = await ours(azure_openai.address, authentication="entra", api_version=DATED)
    expected = await theirs("chat.completions.create", CHAT, azure_ad_token="t-1")
    assert sent.but(*HEADERS) == expected.but(*HEADERS)
    assert (sent.headers["authorization"], sent.headers.get("api-key")) == ("Bearer t-1", None)


async def test_responses_are_not_asked_of_a_deployment() -> None:
    sent = await ours(azure_openai.address, credential="KEY", api_version=DATED, surface="responses")
    arguments = {"input": ASKED, "max_output_tokens": 9, "store": False}
    expected = await theirs("responses.create", arguments | {"include": ["reasoning.encrypted_content"]})
    assert sent.but(*HEADERS) == expected.but(*HEADERS)


async def test_vectors_of_a_deployment() -> None:
    sent = await ours(
        azure_openai.address, replace(REQUEST, embedding=Embedding()), credential="KEY", api_version=DATED
    )
    assert sent.but(*HEADERS) == (await theirs("embeddings.create", {"input": ["hello"]})).but(*HEADERS)


@pytest.mark.parametrize("surface", ["chat", "responses"])
async def test_the_newer_surface(surface: str) -> None:
    sent = await ours(azure_openai.address, authentication="entra", surface=surface)
    owed = {"max_output_tokens": 9, "store": False, "include": ["reasoning.encrypted_content"]}
    method = "chat.completions.create" if surface == "chat" else "responses.create"
    arguments = CHAT if surface == "chat" else {"input": ASKED} | owed
    expected = await theirs(method, arguments, dated=False, api_key="t-1")
    assert sent.but(*HEADERS) == expected.but(*HEADERS)
    keyed = await ours(azure_openai.address, credential="KEY", surface=surface, api_version="preview")
    assert keyed.target == f"{expected.target}?api-version=preview"
    assert (keyed.headers["api-key"], keyed.headers.get("authorization")) == ("k-1", None)


async def test_foundry_on_its_newer_surface() -> None:
    sent = await ours(azure_foundry.address, authentication="entra")
    arguments = {"messages": ASKED, "max_tokens": 9}
    expected = await theirs("chat.completions.create", arguments, dated=False, api_key="t-1")
    assert sent.but(*HEADERS) == expected.but(*HEADERS)


async def test_foundry_s_model_inference() -> None:
    sent = await ours(azure_foundry.address, credential="KEY", api_version="2024-05-01-preview")
    assert sent.target == "/models/chat/completions?api-version=2024-05-01-preview"
    assert sent.headers["extra-parameters"] == "pass-through"
    assert sent.headers["api-key"] == "k-1"
    assert sent.body == {"model": DEPLOYMENT, "messages": ASKED, "max_tokens": 9}
    vectors = await ours(
        azure_foundry.address, replace(REQUEST, embedding=Embedding()),
        credential="KEY", api_version="2024-05-01-preview",
    )  # fmt: skip
    assert vectors.target == "/models/embeddings?api-version=2024-05-01-preview"
