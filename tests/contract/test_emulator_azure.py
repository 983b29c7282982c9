"""The OpenAI SDK's Azure clients take the emulators for Azure: addresses, credentials, filters, errors."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from signalbox.simulate.vendors.azure_foundry import AzureFoundryVendor
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.simulate.vendors.scenario import Behaviour, Fault, FaultKind, Scenario

VERSION = "2024-10-21"


@pytest.fixture
async def vendor() -> AsyncIterator[AzureOpenAIVendor]:
    scenario = Scenario(
        regions={"swedencentral": ("chat-eu",)}, default=Behaviour(served_model="gpt-5-2025-08-07")
    )
    async with AzureOpenAIVendor(scenario, api_keys=("right",)) as vendor:
        yield vendor


@pytest.fixture
async def sdk(vendor: AzureOpenAIVendor) -> AsyncIterator[openai.AsyncAzureOpenAI]:
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=vendor.azure_endpoint, api_key="right", api_version=VERSION, max_retries=0
    ) as client:
        yield client


def ask(**more: Any) -> Any:
    return {"model": "chat-eu", "messages": [{"role": "user", "content": "four words of text"}], **more}


async def test_a_deployment_answers_with_the_filters_verdicts(sdk: openai.AsyncAzureOpenAI) -> None:
    raw = await sdk.chat.completions.with_raw_response.create(**ask())
    assert raw.headers["x-ms-region"] == "swedencentral"
    reply: Any = raw.parse()
    assert reply.model == "gpt-5-2025-08-07"
    assert reply.prompt_filter_results[0]["content_filter_results"]["hate"]["filtered"] is False
    assert reply.choices[0].content_filter_results["violence"]["severity"] == "safe"


async def test_a_stream_begins_with_the_prompts_verdict(sdk: openai.AsyncAzureOpenAI) -> None:
    whole = await sdk.chat.completions.create(**ask())
    chunks: list[Any] = [chunk async for chunk in await sdk.chat.completions.create(**ask(stream=True))]
    assert chunks[0].choices == []
    assert chunks[0].prompt_filter_results
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content


async def test_a_filtered_prompt_is_a_400_and_filtered_output_ends_early(
    sdk: openai.AsyncAzureOpenAI, vendor: AzureOpenAIVendor
) -> None:
    vendor.scenario.queue += (Fault("content_filter"), Fault("content_filter_mid"))
    with pytest.raises(openai.BadRequestError) as filtered:
        await sdk.chat.completions.create(**ask())
    body: Any = filtered.value.body
    assert (filtered.value.code, body["innererror"]["code"]) == (
        "content_filter",
        "ResponsibleAIPolicyViolation",
    )
    chunks: list[Any] = [chunk async for chunk in await sdk.chat.completions.create(**ask(stream=True))]
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert chunks[-1].choices[0].content_filter_results["violence"]["filtered"] is True


async def test_tokens_keys_versions_and_deployments(vendor: AzureOpenAIVendor) -> None:
    azure: Any = {"azure_endpoint": vendor.azure_endpoint, "max_retries": 0}
    async with openai.AsyncAzureOpenAI(**azure, azure_ad_token="right", api_version=VERSION) as client:
        assert (await client.chat.completions.create(**ask())).choices
        with pytest.raises(openai.NotFoundError) as absent:
            await client.chat.completions.create(**ask(model="chat-us"))
        assert absent.value.code == "DeploymentNotFound"
    async with openai.AsyncAzureOpenAI(**azure, azure_ad_token="old", api_version=VERSION) as client:
        with pytest.raises(openai.AuthenticationError, match="expired"):
            await client.chat.completions.create(**ask())
    async with openai.AsyncAzureOpenAI(**azure, api_key="wrong", api_version=VERSION) as client:
        with pytest.raises(openai.AuthenticationError, match="invalid subscription key"):
            await client.chat.completions.create(**ask())
    async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key="right", max_retries=0) as client:
        assert (await client.chat.completions.create(**ask())).choices
    without = f"{vendor.azure_endpoint}/openai/deployments/chat-eu"
    async with openai.AsyncOpenAI(base_url=without, api_key="right", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError, match="Resource not found"):
            await client.chat.completions.create(**ask())


ERRORS: dict[FaultKind, tuple[type[openai.APIStatusError], int]] = {
    "rate_limited": (openai.RateLimitError, 429),
    "overloaded": (openai.InternalServerError, 503),
    "server_error": (openai.InternalServerError, 500),
    "timeout": (openai.APIStatusError, 408),
    "dependency_failed": (openai.APIStatusError, 424),
    "quota": (openai.RateLimitError, 429),
    "expired": (openai.AuthenticationError, 401),
    "forbidden": (openai.PermissionDeniedError, 403),
}


@pytest.mark.parametrize("kind", ERRORS)
async def test_errors_are_the_sdks_own_classes(
    sdk: openai.AsyncAzureOpenAI, vendor: AzureOpenAIVendor, kind: FaultKind
) -> None:
    vendor.scenario.queue.append(Fault(kind))
    expected, status = ERRORS[kind]
    with pytest.raises(expected) as raised:
        await sdk.chat.completions.create(**ask())
    assert raised.value.status_code == status
    assert raised.value.code


async def test_foundry_serves_models_by_name_and_shows_their_thoughts() -> None:
    async with AzureFoundryVendor() as vendor:
        async with openai.AsyncOpenAI(
            base_url=vendor.base_url,
            api_key="k",
            default_query={"api-version": "2024-05-01-preview"},
            max_retries=0,
        ) as client:
            reply: Any = await client.chat.completions.create(**ask(model="MAI-1"), reasoning_effort="low")
            assert reply.choices[0].message.reasoning_content
            vendor.scenario.queue.append(Fault("rate_limited"))
            with pytest.raises(openai.RateLimitError) as limited:
                await client.chat.completions.create(**ask(model="MAI-1"))
            assert limited.value.code == "RateLimitReached"
        async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key="k", max_retries=0) as client:
            with pytest.raises(openai.NotFoundError):
                await client.chat.completions.create(**ask(model="MAI-1"))


async def test_responses_and_vectors_have_their_own_addresses(vendor: AzureOpenAIVendor) -> None:
    vendor.scenario.regions["swedencentral"] = ()
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=vendor.azure_endpoint, api_key="right", api_version=VERSION, max_retries=0
    ) as client:
        assert (await client.responses.create(model="m", input="Hi")).output_text
        assert len((await client.embeddings.create(model="m", input=["a", "b"])).data) == 2
