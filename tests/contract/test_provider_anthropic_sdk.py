"""What our Anthropic provider sends is, field by field, what the vendor's SDK sends for the same call."""

from typing import Any, Final

import anthropic
import pytest
from msgspec.structs import replace

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.anthropic.provider import BASE_URL, AnthropicKey, address
from signalbox.adapters.providers.exchange import HttpProvider
from signalbox.domain.endpoint import Transport
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.request import (
    Document,
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
HEADERS: Final = ("content-type", "x-api-key", "authorization", "anthropic-version")
MODEL: Final = "claude-haiku-4-5"
SCHEMA: Final = {
    "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"],
    "additionalProperties": False,
}  # fmt: skip
USER: Final = Message("user", (Text("what is the weather in Oslo?"),))
ASKED: Final = {"role": "user", "content": "what is the weather in Oslo?"}


def asked(*messages: Message, **more: Any) -> Request:
    sampling = more.pop("sampling", Sampling(max_tokens=2_048))
    return Request(target="auto", messages=messages or (USER,), sampling=sampling, **more)


CASES: Final[dict[str, tuple[Request, dict[str, Any]]]] = {
    "a question": (asked(), {"messages": [ASKED], "max_tokens": 2_048}),
    "a system prompt that is kept, and sampling": (
        asked(Message("system", (Text("be brief", cache="5m"),)), USER,
              Message("assistant", (Text("rain"),)), USER,
              sampling=Sampling(max_tokens=9, temperature=0.5, top_k=4, stop=("x", "y"))),
        {"system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
         "messages": [ASKED, {"role": "assistant", "content": "rain"}, ASKED], "max_tokens": 9,
         "stop_sequences": ["x", "y"], "extra_body": {"temperature": 0.5, "top_k": 4}},
    ),
    "tools, with thinking handed back": (
        asked(USER,
              Message("assistant", (Thinking("look it up", "sealed", "anthropic"),
                                    ToolUse("toolu_1", "weather", '{"place":"Oslo"}'),
                                    ToolUse("toolu_2", "weather", '{"place":"Rome"}'))),
              Message("tool", (ToolResult("toolu_1", (Text("rain"),)),
                               ToolResult("toolu_2", (Text("?"),), True))),
              tools=(Tool("weather", "tells the weather", SCHEMA),),
              reasoning=Reasoning(budget_tokens=1_024)),
        {"messages": [
            ASKED,
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "look it up", "signature": "sealed"},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"place": "Oslo"}},
                {"type": "tool_use", "id": "toolu_2", "name": "weather", "input": {"place": "Rome"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "rain"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "?", "is_error": True}]}],
         "tools": [{"name": "weather", "description": "tells the weather", "input_schema": SCHEMA}],
         "max_tokens": 2_048, "thinking": {"type": "enabled", "budget_tokens": 1_024}},
    ),
    "a tool that must be called, once": (
        asked(tools=(Tool("weather", "tells the weather", SCHEMA),),
              tool_choice=ToolChoice("function", "weather"), parallel_tool_calls=False),
        {"messages": [ASKED], "max_tokens": 2_048,
         "tools": [{"name": "weather", "description": "tells the weather", "input_schema": SCHEMA}],
         "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}},
    ),
    "an image, a document that is cited, a schema": (
        asked(Message("user", (Image("image/png", "aGk="), Document("application/pdf", "aGk=", cited=True),
                               Text("what is it?"))),
              response_format=ResponseFormat("json_schema", "answer", SCHEMA)),
        {"messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
            {"type": "document", "citations": {"enabled": True},
             "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}},
            {"type": "text", "text": "what is it?"}]}],
         "max_tokens": 2_048, "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ),
}  # fmt: skip


async def ours(request: Request, **transport: Any) -> Overheard:
    key = AnthropicKey(EnvironmentSecrets({"KEY": "sk-1"}))
    provider = HttpProvider(HttpClient(CLOCK), address, key, CLOCK)

    async def send(base_url: str) -> None:
        said = Transport(base_url=base_url, credential="KEY", **transport)
        endpoint = values.endpoint("claude-1", model=MODEL, transport=said)
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


async def theirs(arguments: dict[str, Any]) -> Overheard:
    async def send(base_url: str) -> None:
        async with anthropic.AsyncAnthropic(base_url=base_url, api_key="sk-1", max_retries=0) as sdk:
            await sdk.messages.create(model=MODEL, **arguments)

    return await overhear(send, anthropic.BadRequestError)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", CASES)
async def test_a_message(name: str, stream: bool) -> None:
    request, arguments = CASES[name]
    sent = await ours(replace(request, stream=stream))
    expected = await theirs(arguments | ({"stream": True} if stream else {}))
    assert sent.but(*HEADERS) == expected.but(*HEADERS)
    assert sent.headers["accept"] == ("text/event-stream" if stream else expected.headers["accept"])


async def test_the_first_version_of_the_api_looks_for_the_key_elsewhere() -> None:
    sent = await ours(asked(), api_version="2023-06-01")
    assert (sent.headers["x-api-key"], sent.headers.get("authorization")) == ("sk-1", None)
    assert sent.headers["anthropic-version"] == "2023-06-01"


def test_the_host_is_the_sdk_s() -> None:
    with anthropic.Anthropic(api_key="k") as sdk:
        assert str(sdk.base_url).rstrip("/") == BASE_URL
