"""Anthropic's own SDK takes the emulator for Anthropic: messages, streams, thinking, errors, retries."""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
from anthropic import beta_async_tool
from pydantic import BaseModel

from signalbox.simulate.vendors.anthropic import AnthropicVendor
from signalbox.simulate.vendors.scenario import Behaviour, Fault, FaultKind, Limits, Scenario

TOOL: Any = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
THINKING: Any = {"thinking": {"type": "enabled", "budget_tokens": 1_024}, "max_tokens": 2_000}
CALLS = 'call get_weather {"city": "Kiel"}\ncall get_weather {"city": "Bonn"}'


class Deck(BaseModel):
    title: str
    slides: list[int]


@pytest.fixture
async def vendor() -> AsyncIterator[AnthropicVendor]:
    async with AnthropicVendor(Scenario(default=Behaviour(tokens=8))) as vendor:
        yield vendor


@pytest.fixture
async def sdk(vendor: AnthropicVendor) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=vendor.base_url, api_key="k", max_retries=0) as client:
        yield client


def ask(text: Any = "four words of text", **more: Any) -> Any:
    messages = [{"role": "user", "content": text}]
    return {"model": "claude-opus-4-8", "max_tokens": 100, "messages": messages, **more}


async def test_a_message_whole_and_streamed(sdk: anthropic.AsyncAnthropic) -> None:
    whole = await sdk.messages.create(**ask())
    (block,) = whole.content
    assert block.type == "text"
    assert (whole.stop_reason, len(block.text.split())) == ("end_turn", 8)
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (4, 8)
    async with sdk.messages.stream(**ask()) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_message()
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    assert final.content[0].type == "text"
    assert final.content[0].text == block.text
    assert final.usage.input_tokens == 4
    raw = [event.type async for event in await sdk.messages.create(**ask(stream=True))]
    assert raw[0] == "message_start"
    assert raw[-1] == "message_stop"


async def test_tokens_are_counted_and_models_listed(sdk: anthropic.AsyncAnthropic) -> None:
    asked = ask()
    del asked["max_tokens"]
    assert (await sdk.messages.count_tokens(**asked)).input_tokens == 4
    assert [model.id async for model in sdk.models.list()] == ["emulated"]
    assert (await sdk.models.retrieve("emulated")).display_name == "emulated"
    with pytest.raises(anthropic.NotFoundError):
        await sdk.models.retrieve("nobody")


async def test_sealed_thinking_goes_round_with_tool_results(
    sdk: anthropic.AsyncAnthropic, vendor: AnthropicVendor
) -> None:
    for redacted in (False, True):
        vendor.scenario.default = Behaviour(redacted=redacted)
        asked = ask(CALLS, **THINKING, tools=[TOOL])
        async with sdk.messages.stream(**asked) as stream:
            streamed = await stream.get_final_message()
        reply = await sdk.messages.create(**asked)
        assert [block.type for block in streamed.content] == [block.type for block in reply.content]
        assert reply.stop_reason == "tool_use"
        content = [block.model_dump(exclude_none=True) for block in reply.content]
        assert content[0]["type"] == ("redacted_thinking" if redacted else "thinking")
        assert content[0] == streamed.content[0].model_dump(exclude_none=True)
        results = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": "rain"} for block in content[1:]
        ]
        turn = [
            *asked["messages"],
            {"role": "assistant", "content": content},
            {"role": "user", "content": results},
        ]
        after = await sdk.messages.create(**asked | {"messages": turn})
        assert after.content[-1].type == "text"
        assert after.content[-1].text == "The tools answered 2 times."

        sealed = content[0]
        altered = {"data": "bm90IGEgc2VhbA=="} if redacted else {"thinking": "I never said this"}
        content[0] = sealed | altered
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
            await sdk.messages.create(**asked | {"messages": turn})
        del content[0]
        with pytest.raises(anthropic.BadRequestError, match="Expected `thinking`"):
            await sdk.messages.create(**asked | {"messages": turn})
        del results[0]
        content.insert(0, sealed)
        with pytest.raises(anthropic.BadRequestError, match="without results"):
            await sdk.messages.create(**asked | {"messages": turn})


async def test_the_tool_runner_runs(sdk: anthropic.AsyncAnthropic) -> None:
    seen: list[str] = []

    @beta_async_tool
    async def get_weather(city: str) -> str:
        """The weather in a city.

        Args:
            city: Its name.
        """
        seen.append(city)
        return "rain"

    runner = sdk.beta.messages.tool_runner(**ask(CALLS), tools=[get_weather])
    last = await runner.until_done()
    assert sorted(seen) == ["Bonn", "Kiel"]
    assert last.content[0].type == "text"
    assert last.content[0].text == "The tools answered 2 times."


async def test_structured_output_is_parsed(sdk: anthropic.AsyncAnthropic) -> None:
    parsed = await sdk.messages.parse(**ask(), output_format=Deck)
    assert parsed.parsed_output == Deck(title="signal", slides=[1])


async def test_documents_are_cited(sdk: anthropic.AsyncAnthropic) -> None:
    document = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "The distant signal is at caution."},
        "title": "Rule book",
        "citations": {"enabled": True},
    }
    reply = await sdk.messages.create(**ask([document, {"type": "text", "text": "What is at caution?"}]))
    cited: Any = reply.content[-1]
    assert [citation.cited_text for citation in cited.citations] == [cited.text]
    assert cited.citations[0].document_title == "Rule book"
    async with sdk.messages.stream(
        **ask([document, {"type": "text", "text": "What is at caution?"}])
    ) as stream:
        final = await stream.get_final_message()
    assert [block.to_dict() for block in final.content] == [block.to_dict() for block in reply.content]


async def test_marked_prefixes_are_written_then_read(
    sdk: anthropic.AsyncAnthropic, vendor: AnthropicVendor
) -> None:
    vendor.scenario.default = Behaviour(cache_tokens_min=2)
    system: Any = [
        {"type": "text", "text": "be very brief", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]
    counts = []
    for _ in range(2):
        usage = (await sdk.messages.create(**ask(system=system))).usage
        counts.append((usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens))
    assert counts == [(4, 3, 0), (4, 0, 3)]
    async with sdk.messages.stream(**ask(system=system)) as stream:
        final = await stream.get_final_message()
    assert final.usage.cache_read_input_tokens == 3


async def test_another_model_elsewhere_answers(
    sdk: anthropic.AsyncAnthropic, vendor: AnthropicVendor
) -> None:
    vendor.scenario.default = Behaviour(served_model="claude-haiku-4-8", served_place="us")
    reply = await sdk.messages.create(**ask())
    assert (reply.model, reply.usage.inference_geo) == ("claude-haiku-4-8", "us")


async def test_a_refusal_and_a_filter_end_the_turn(
    sdk: anthropic.AsyncAnthropic, vendor: AnthropicVendor
) -> None:
    vendor.scenario.queue += (Fault("refusal"), Fault("content_filter_mid"))
    for _ in range(2):
        async with sdk.messages.stream(**ask()) as stream:
            assert (await stream.get_final_message()).stop_reason == "refusal"


ERRORS: dict[FaultKind, tuple[type[anthropic.APIStatusError], int, str]] = {
    "rate_limited": (anthropic.RateLimitError, 429, "rate_limit_error"),
    "overloaded": (anthropic.InternalServerError, 529, "overloaded_error"),
    "server_error": (anthropic.InternalServerError, 500, "api_error"),
    "unavailable": (anthropic.InternalServerError, 503, "api_error"),
    "timeout": (anthropic.APIStatusError, 408, "timeout_error"),
    "gateway_timeout": (anthropic.InternalServerError, 504, "timeout_error"),
    "dependency_failed": (anthropic.APIStatusError, 424, "api_error"),
    "quota": (anthropic.BadRequestError, 400, "invalid_request_error"),
    "unauthenticated": (anthropic.AuthenticationError, 401, "authentication_error"),
    "expired": (anthropic.AuthenticationError, 401, "authentication_error"),
    "forbidden": (anthropic.PermissionDeniedError, 403, "permission_error"),
    "not_found": (anthropic.NotFoundError, 404, "not_found_error"),
    "too_large": (anthropic.APIStatusError, 413, "request_too_large"),
    "bad_request": (anthropic.BadRequestError, 400, "invalid_request_error"),
    "content_filter": (anthropic.BadRequestError, 400, "invalid_request_error"),
}


@pytest.mark.parametrize("kind", ERRORS)
async def test_errors_are_the_sdks_own_classes(
    sdk: anthropic.AsyncAnthropic, vendor: AnthropicVendor, kind: FaultKind
) -> None:
    vendor.scenario.queue.append(Fault(kind))
    expected, status, name = ERRORS[kind]
    with pytest.raises(expected) as raised:
        await sdk.messages.create(**ask())
    assert raised.value.status_code == status
    assert raised.value.type == name
    assert raised.value.request_id == "req_emulated1"


@pytest.mark.parametrize(
    ("kind", "name"), [("throttled_mid", "rate_limit_error"), ("error_mid", "api_error")]
)
async def test_an_error_within_a_stream_is_raised_by_the_sdk(
    sdk: anthropic.AsyncAnthropic, vendor: AnthropicVendor, kind: FaultKind, name: str
) -> None:
    vendor.scenario.queue.append(Fault(kind))
    stream = await sdk.messages.create(**ask(stream=True))
    assert (await anext(stream)).type == "message_start"
    with pytest.raises(anthropic.APIStatusError) as raised:
        [event async for event in stream]
    assert raised.value.type == name


async def test_limits_and_retries(vendor: AnthropicVendor) -> None:
    vendor.scenario.queue += (Fault("overloaded", retry_after_ms=1), Fault("rate_limited", retry_after_ms=1))
    async with anthropic.AsyncAnthropic(base_url=vendor.base_url, api_key="k", max_retries=2) as client:
        await client.messages.create(**ask())
        assert vendor.served == 3
    scenario = Scenario(default=Behaviour(limits=Limits(requests_per_min=1)))
    async with AnthropicVendor(scenario, clock_s=lambda: 0.0) as limited:
        async with anthropic.AsyncAnthropic(base_url=limited.base_url, api_key="k", max_retries=0) as client:
            raw = await client.messages.with_raw_response.create(**ask())
            assert raw.headers["anthropic-ratelimit-requests-remaining"] == "0"
            assert raw.headers["anthropic-ratelimit-requests-reset"] == "1970-01-01T00:01:00Z"
            with pytest.raises(anthropic.RateLimitError) as refused:
                await client.messages.create(**ask())
            assert refused.value.response.headers["retry-after"] == "61"


async def test_keys_and_versions(vendor: AnthropicVendor) -> None:
    vendor.api_keys = {"right"}
    async with anthropic.AsyncAnthropic(base_url=vendor.base_url, api_key="wrong", max_retries=0) as client:
        with pytest.raises(anthropic.AuthenticationError):
            await client.messages.create(**ask())
    async with anthropic.AsyncAnthropic(
        base_url=vendor.base_url, auth_token="right", max_retries=0
    ) as client:
        await client.messages.create(**ask())
        with pytest.raises(anthropic.BadRequestError, match="anthropic-version"):
            await client.messages.create(**ask(), extra_headers={"anthropic-version": ""})


async def test_thinking_has_conditions(sdk: anthropic.AsyncAnthropic) -> None:
    for wrong, words in (
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "forces tool use"),
        ({"max_tokens": 1_000}, "max_tokens"),
    ):
        with pytest.raises(anthropic.BadRequestError, match=words):
            await sdk.messages.create(**ask() | THINKING | wrong)
