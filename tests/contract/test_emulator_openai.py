"""OpenAI's own SDK takes the emulator for OpenAI: replies, streams, tools, schemas, errors and retries."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.simulate.vendors.scenario import Behaviour, Fault, FaultKind, Limits, Scenario


class Deck(BaseModel):
    title: str
    slides: list[int]


TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
async def vendor() -> AsyncIterator[OpenAIVendor]:
    async with OpenAIVendor(Scenario(default=Behaviour(tokens=8))) as vendor:
        yield vendor


@pytest.fixture
async def sdk(vendor: OpenAIVendor) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key="k", max_retries=0) as client:
        yield client


def ask(text: str = "four words of text", **more: Any) -> Any:
    return {"model": "gpt-5", "messages": [{"role": "user", "content": text}], **more}


async def test_a_chat_whole_and_streamed(sdk: openai.AsyncOpenAI) -> None:
    whole = await sdk.chat.completions.create(**ask())
    assert whole.choices[0].finish_reason == "stop"
    assert len((whole.choices[0].message.content or "").split()) == 8
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (4, 8)

    text, usage = "", None
    async for chunk in await sdk.chat.completions.create(
        **ask(stream=True, stream_options={"include_usage": True})
    ):
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
        usage = chunk.usage or usage
    assert text == whole.choices[0].message.content
    assert usage == whole.usage


async def test_parallel_tool_calls_and_the_answer_to_their_results(sdk: openai.AsyncOpenAI) -> None:
    asked = ask('call get_weather {"city": "Kiel"} and call get_weather {"city": "Bonn"}', tools=[TOOL])
    reply = await sdk.chat.completions.create(**asked)
    assert reply.choices[0].finish_reason == "tool_calls"
    calls: Any = reply.choices[0].message.tool_calls
    assert [call.function.arguments for call in calls] == ['{"city": "Kiel"}', '{"city": "Bonn"}']
    assert len({call.id for call in calls}) == 2

    turn = [*asked["messages"], reply.choices[0].message.model_dump(exclude_none=True)]
    with pytest.raises(openai.BadRequestError, match="without results"):
        await sdk.chat.completions.create(**asked | {"messages": turn})
    turn += [{"role": "tool", "tool_call_id": call.id, "content": "rain"} for call in calls]
    after = await sdk.chat.completions.create(**asked | {"messages": turn})
    assert after.choices[0].message.content == "The tools answered 2 times."
    lone = await sdk.chat.completions.create(**asked, parallel_tool_calls=False)
    assert len(lone.choices[0].message.tool_calls or ()) == 1


async def test_structured_output_is_parsed_and_broken_on_purpose(
    sdk: openai.AsyncOpenAI, vendor: OpenAIVendor
) -> None:
    parsed = await sdk.chat.completions.parse(**ask(), response_format=Deck)
    assert parsed.choices[0].message.parsed == Deck(title="signal", slides=[1])
    for kind in ("bad_json", "bad_schema"):
        vendor.scenario.queue.append(Fault(kind))
        with pytest.raises(ValueError, match="validation error"):
            await sdk.chat.completions.parse(**ask(), response_format=Deck)


async def test_the_streaming_helper_collects_tool_calls(sdk: openai.AsyncOpenAI) -> None:
    asked = ask('call get_weather {"city": "Kiel"}', tools=[TOOL])
    async with sdk.chat.completions.stream(**asked) as stream:
        final = await stream.get_final_completion()
    calls: Any = final.choices[0].message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", '{"city": "Kiel"}')
    ]


ERRORS: dict[FaultKind, tuple[type[openai.APIStatusError], int]] = {
    "rate_limited": (openai.RateLimitError, 429),
    "overloaded": (openai.InternalServerError, 503),
    "server_error": (openai.InternalServerError, 500),
    "unavailable": (openai.InternalServerError, 503),
    "timeout": (openai.APIStatusError, 408),
    "gateway_timeout": (openai.InternalServerError, 504),
    "dependency_failed": (openai.APIStatusError, 424),
    "quota": (openai.RateLimitError, 429),
    "unauthenticated": (openai.AuthenticationError, 401),
    "expired": (openai.AuthenticationError, 401),
    "forbidden": (openai.PermissionDeniedError, 403),
    "clock_skew": (openai.AuthenticationError, 401),
    "not_found": (openai.NotFoundError, 404),
    "too_large": (openai.APIStatusError, 413),
    "bad_request": (openai.BadRequestError, 400),
    "content_filter": (openai.BadRequestError, 400),
}


@pytest.mark.parametrize("kind", ERRORS)
async def test_errors_are_the_sdks_own_classes(
    sdk: openai.AsyncOpenAI, vendor: OpenAIVendor, kind: FaultKind
) -> None:
    vendor.scenario.queue.append(Fault(kind))
    expected, status = ERRORS[kind]
    with pytest.raises(expected) as raised:
        await sdk.chat.completions.create(**ask())
    assert raised.value.status_code == status
    assert raised.value.request_id == "req_emulated1"
    assert raised.value.type


async def test_the_sdk_retries_as_long_as_the_headers_say(vendor: OpenAIVendor) -> None:
    vendor.scenario.queue += (Fault("rate_limited", retry_after_ms=1), Fault("server_error"))
    async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key="k", max_retries=2) as client:
        reply = await client.chat.completions.create(**ask())
    assert reply.choices[0].finish_reason == "stop"
    assert vendor.served == 3
    vendor.scenario.queue.append(Fault("server_error", should_retry="false"))
    async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key="k", max_retries=2) as client:
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(**ask())
    assert vendor.served == 4


async def test_limits_are_counted_and_said_in_headers() -> None:
    now = [0.0]
    scenario = Scenario(default=Behaviour(limits=Limits(requests_per_min=2, tokens_per_min=100)))
    async with OpenAIVendor(scenario, clock_s=lambda: now[0]) as vendor:
        async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key="k", max_retries=0) as client:
            raw = await client.chat.completions.with_raw_response.create(**ask())
            assert raw.headers["x-ratelimit-remaining-requests"] == "1"
            assert raw.headers["x-ratelimit-remaining-tokens"] == "96"
            await client.chat.completions.create(**ask())
            with pytest.raises(openai.RateLimitError) as limited:
                await client.chat.completions.create(**ask())
            assert limited.value.response.headers["retry-after"] == "31"
            assert limited.value.code == "rate_limit_exceeded"
            now[0] = 31.0
            await client.chat.completions.create(**ask())


@pytest.mark.parametrize("kind", ["throttled_mid", "error_mid"])
async def test_an_error_within_a_stream_is_the_sdks_api_error(
    sdk: openai.AsyncOpenAI, vendor: OpenAIVendor, kind: FaultKind
) -> None:
    vendor.scenario.queue.append(Fault(kind))
    stream = await sdk.chat.completions.create(**ask(stream=True))
    assert (await anext(stream)).choices[0].delta.content
    with pytest.raises(openai.APIError):
        [chunk async for chunk in stream]


async def test_a_filter_cuts_a_stream_short(sdk: openai.AsyncOpenAI, vendor: OpenAIVendor) -> None:
    vendor.scenario.queue.append(Fault("content_filter_mid"))
    chunks = [chunk async for chunk in await sdk.chat.completions.create(**ask(stream=True))]
    assert chunks[-1].choices[0].finish_reason == "content_filter"
    assert len(chunks) < 8


BROKEN: tuple[FaultKind, ...] = ("reset_before", "garbage", "reset_mid", "early_eof")


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_connection_is_a_connection_error(
    sdk: openai.AsyncOpenAI, vendor: OpenAIVendor, kind: FaultKind
) -> None:
    vendor.scenario.queue.append(Fault(kind))
    with pytest.raises(Exception):  # noqa: B017, PT011 - reset, protocol or connection error of the SDK's transport
        await sdk.chat.completions.create(**ask())
    await vendor.idle()
    assert [receipt.finished for receipt in vendor.receipts.kept if receipt.event == "ended"] == [False]


async def test_prompts_seen_before_are_cached(vendor: OpenAIVendor, sdk: openai.AsyncOpenAI) -> None:
    vendor.scenario.default = Behaviour(cache_tokens_min=3)
    first = await sdk.chat.completions.create(**ask())
    second = await sdk.chat.completions.create(**ask())
    for reply, cached in ((first, 0), (second, 4)):
        assert reply.usage is not None
        assert reply.usage.prompt_tokens == 4
        assert reply.usage.prompt_tokens_details is not None
        assert reply.usage.prompt_tokens_details.cached_tokens == cached


async def test_regions_and_models(sdk: openai.AsyncOpenAI) -> None:
    scenario = Scenario(
        regions={"us": ("gpt-5",), "eu": ("gpt-5-mini",)},
        default=Behaviour(served_model="gpt-5-turbo-preview"),
    )
    async with OpenAIVendor(scenario, api_keys=("right",)) as vendor:
        async with openai.AsyncOpenAI(
            base_url=vendor.base_url_of("eu"), api_key="right", max_retries=0
        ) as client:
            assert [model.id async for model in client.models.list()] == ["gpt-5-mini"]
            with pytest.raises(openai.NotFoundError):
                await client.chat.completions.create(**ask())
            reply = await client.chat.completions.create(**ask() | {"model": "gpt-5-mini"})
            assert reply.model == "gpt-5-turbo-preview"
            with pytest.raises(openai.AuthenticationError):
                await client.with_options(api_key="wrong").models.list()


async def test_vectors(sdk: openai.AsyncOpenAI) -> None:
    asked: Any = {"model": "text-embedding-3-small", "input": ["one", "two words"], "dimensions": 64}
    for encoding in ("float", "base64"):
        reply = await sdk.embeddings.create(**asked, encoding_format=encoding)
        assert len(reply.data) == 2
        assert reply.usage.prompt_tokens == 3
    plain = await sdk.embeddings.create(**asked)
    assert [len(one.embedding) for one in plain.data] == [64, 64]
    assert abs(sum(number * number for number in plain.data[0].embedding) - 1) < 1e-5
    assert plain.data[0].embedding != plain.data[1].embedding


def respond(text: Any = "four words of text", **more: Any) -> Any:
    return {"model": "gpt-5", "input": text, **more}


RESPONSE_TOOL: Any = {"type": "function", "strict": False, **TOOL["function"]}


async def test_a_response_whole_streamed_and_parsed(sdk: openai.AsyncOpenAI) -> None:
    whole = await sdk.responses.create(**respond())
    assert whole.status == "completed"
    assert len(whole.output_text.split()) == 8
    assert whole.usage is not None
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (4, 8)
    async with sdk.responses.stream(**respond()) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert final.output_text == whole.output_text
    parsed = await sdk.responses.parse(**respond(), text_format=Deck)
    assert parsed.output_parsed == Deck(title="signal", slides=[1])


async def test_encrypted_reasoning_goes_round_with_tool_outputs(sdk: openai.AsyncOpenAI) -> None:
    asked = respond(
        [{"role": "user", "content": 'call get_weather {"city": "Kiel"}'}],
        tools=[RESPONSE_TOOL],
        reasoning={"effort": "low", "summary": "auto"},
        include=["reasoning.encrypted_content"],
        store=False,
    )
    reply = await sdk.responses.create(**asked)
    thought, call = [item.model_dump(exclude_none=True) for item in reply.output]
    assert (thought["type"], call["type"]) == ("reasoning", "function_call")
    assert thought["encrypted_content"]
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "rain"}
    turn = [*asked["input"], thought, call, output]
    after = await sdk.responses.create(**asked | {"input": turn})
    assert after.output_text == "The tools answered 1 times."
    thought["encrypted_content"] = "bm90IGEgc2VhbA=="
    with pytest.raises(openai.BadRequestError, match="Invalid"):
        await sdk.responses.create(**asked | {"input": turn})


@pytest.mark.parametrize("kind", ["throttled_mid", "error_mid"])
async def test_an_error_within_a_response(
    sdk: openai.AsyncOpenAI, vendor: OpenAIVendor, kind: FaultKind
) -> None:
    vendor.scenario.queue.append(Fault(kind))
    seen = [event.type async for event in _until_error(await sdk.responses.create(**respond(stream=True)))]
    assert seen[0] == "response.created"


async def _until_error(stream: Any) -> AsyncIterator[Any]:
    """The events before the one that says what went wrong, however the SDK tells it."""
    told = False
    try:
        async for event in stream:
            if event.type == "error":
                told = True
                break
            yield event
    except openai.APIError:
        told = True
    assert told
