"""What our OpenAI provider sends is, field by field, what the vendor's SDK sends for the same call."""

from typing import Any, Final

import openai
import pytest
from msgspec.structs import replace

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.exchange import HttpProvider, KeyedBy
from signalbox.adapters.providers.openai.provider import address
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.request import (
    Embedding,
    Image,
    Message,
    Reasoning,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.ports.provider import Call
from signalbox.testing import values
from signalbox.testing.overheard import Overheard, overhear

CLOCK: Final = SystemClock()
HEADERS: Final = ("content-type", "authorization", "openai-organization", "openai-project")
SCHEMA: Final = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
MODEL: Final = "gpt-5-mini"
USER: Final = Message("user", (Text("what is the weather in Oslo?"),))
ASKED: Final = {"role": "user", "content": "what is the weather in Oslo?"}
WEATHER: Final = Tool("weather", "tells the weather", SCHEMA, strict=False)
FUNCTION: Final = {
    "name": "weather", "description": "tells the weather", "parameters": SCHEMA, "strict": False
}  # fmt: skip
CONVERSATION: Final = (
    Message("system", (Text("be brief"),)),
    USER,
    Message(
        "assistant", (ToolUse("call_1", "weather", '{"place": "Oslo"}'), ToolUse("call_2", "weather", "{}"))
    ),
    Message("tool", (ToolResult("call_1", (Text("rain"),)),)),
    Message("tool", (ToolResult("call_2", (Text("sun"),)),)),
)


def asked(*messages: Message, **more: Any) -> Request:
    return Request(target="auto", messages=messages or (USER,), **more)


CHAT: Final[dict[str, tuple[Request, dict[str, Any]]]] = {
    "a question": (asked(), {"messages": [ASKED]}),
    "roles and sampling": (
        asked(
            Message("developer", (Text("be brief"),)), USER, Message("assistant", (Text("rain"),)), USER,
            sampling=Sampling(max_tokens=9, temperature=0.5, top_p=0.9, stop=("x", "y"), seed=7, n=2,
                              frequency_penalty=0.1, presence_penalty=0.2),
        ),
        {"messages": [{"role": "developer", "content": "be brief"}, ASKED,
                      {"role": "assistant", "content": "rain"}, ASKED],
         "max_completion_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop": ["x", "y"], "seed": 7, "n": 2,
         "frequency_penalty": 0.1, "presence_penalty": 0.2},
    ),
    "tools": (
        asked(*CONVERSATION, tools=(WEATHER,), tool_choice=ToolChoice("function", "weather"),
              parallel_tool_calls=False),
        {"messages": [
            {"role": "system", "content": "be brief"}, ASKED,
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "call_1", "type": "function",
                 "function": {"name": "weather", "arguments": '{"place": "Oslo"}'}},
                {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
            {"role": "tool", "tool_call_id": "call_2", "content": "sun"}],
         "tools": [{"type": "function", "function": FUNCTION}],
         "tool_choice": {"type": "function", "function": {"name": "weather"}}, "parallel_tool_calls": False},
    ),
    "an image, a schema, an effort": (
        asked(Message("user", (Text("what is it?"), Image("image/png", "aGk=", "low"))),
              response_format=ResponseFormat("json_schema", "answer", SCHEMA, strict=True),
              reasoning=Reasoning(effort="low")),
        {"messages": [{"role": "user", "content": [
            {"type": "text", "text": "what is it?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}}]}],
         "response_format": {"type": "json_schema",
                             "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
         "reasoning_effort": "low"},
    ),
}  # fmt: skip

RESPONSES: Final[dict[str, tuple[Request, dict[str, Any]]]] = {
    "a question": (asked(sampling=Sampling(max_tokens=64, temperature=0.5, top_p=0.9)),
                   {"input": [ASKED], "max_output_tokens": 64, "temperature": 0.5, "top_p": 0.9}),
    "tools, with thinking handed back": (
        asked(
            USER,
            Message("assistant", (
                Thinking("look it up", "sealed", "openai", id="rs_1"), ToolUse("call_1", "weather", "{}"))),
            Message("tool", (ToolResult("call_1", (Text("rain"),)),)),
            tools=(WEATHER,), tool_choice=ToolChoice("required"), parallel_tool_calls=True,
            reasoning=Reasoning(effort="high"),
        ),
        {"input": [
            ASKED,
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "look it up"}],
             "encrypted_content": "sealed"},
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "rain"}],
         "tools": [{"type": "function", **FUNCTION}], "tool_choice": "required", "parallel_tool_calls": True,
         "reasoning": {"effort": "high"}},
    ),
    "an image and a schema": (
        asked(Message("user", (Text("what is it?"), Image("image/png", "aGk=", "high"))),
              response_format=ResponseFormat("json_schema", "answer", SCHEMA, strict=True)),
        {"input": [{"role": "user", "content": [
            {"type": "input_text", "text": "what is it?"},
            {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "high"}]}],
         "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}}},
    ),
}  # fmt: skip


def endpoint(base_url: str, **transport: Any) -> Endpoint:
    said = Transport(base_url=f"{base_url}/v1", credential="KEY", **transport)
    return values.endpoint("openai-1", model=MODEL, transport=said)


async def ours(request: Request, **transport: Any) -> Overheard:
    provider = HttpProvider(HttpClient(CLOCK), address, KeyedBy(EnvironmentSecrets({"KEY": "sk-1"})), CLOCK)

    async def send(base_url: str) -> None:
        call = Call(
            endpoint(base_url, **transport), request, "d.1", CLOCK.monotonic_us() + 5_000_000, lambda: None
        )
        try:
            if request.stream:
                async for _ in provider.stream(call):
                    pass
            else:
                await provider.complete(call)
        finally:
            await provider.aclose()

    return await overhear(send, ProviderFailure)


async def theirs(method: str, arguments: dict[str, Any], **client: Any) -> Overheard:
    async def send(base_url: str) -> None:
        async with openai.AsyncOpenAI(
            base_url=f"{base_url}/v1", api_key="sk-1", max_retries=0, **client
        ) as sdk:
            where: Any = sdk
            for name in method.split("."):
                where = getattr(where, name)
            await where(model=MODEL, **arguments)

    return await overhear(send, openai.BadRequestError)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", CHAT)
async def test_a_chat(name: str, stream: bool) -> None:
    request, arguments = CHAT[name]
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    sent = await ours(replace(request, stream=stream))
    expected = await theirs("chat.completions.create", arguments | streamed)
    assert sent.but(*HEADERS) == expected.but(*HEADERS)
    assert sent.headers["x-client-request-id"] == "d.1"
    assert sent.headers["accept"] == ("text/event-stream" if stream else expected.headers["accept"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", RESPONSES)
async def test_a_response(name: str, stream: bool) -> None:
    request, arguments = RESPONSES[name]
    owed = {"store": False, "include": ["reasoning.encrypted_content"]} | ({"stream": True} if stream else {})
    sent = await ours(replace(request, stream=stream), surface="responses")
    assert sent.but(*HEADERS) == (await theirs("responses.create", arguments | owed)).but(*HEADERS)


async def test_vectors() -> None:
    texts = tuple(Message("user", (Text(text),)) for text in ("one", "two"))
    sent = await ours(asked(*texts, embedding=Embedding(dimensions=256)))
    expected = await theirs("embeddings.create", {"input": ["one", "two"], "dimensions": 256})
    assert sent.but(*HEADERS) == expected.but(*HEADERS)


async def test_whose_account_it_is() -> None:
    sent = await ours(asked(), organization="org-1", project="proj-1")
    expected = await theirs(
        "chat.completions.create", {"messages": [ASKED]}, organization="org-1", project="proj-1"
    )
    assert sent.but(*HEADERS) == expected.but(*HEADERS)
    assert sent.headers["openai-project"] == "proj-1"


def test_regional_hosts_are_the_sdk_s() -> None:
    for region in ("us", "eu", "ae", "au", "in", "jp"):
        with openai.OpenAI(api_key="k", data_residency=region) as sdk:
            assert str(sdk.base_url) == f"https://{region}.api.openai.com/v1/"
    with openai.OpenAI(api_key="k") as sdk:
        assert str(sdk.base_url).rstrip("/") == address(values.endpoint(transport=Transport())).base_url
