"""The part of the conformance suite that asks an endpoint for what its capabilities claim, and for no more.

Each test is passed over where the claim is not made. Texts are made so that an emulated vendor calls the tool
that is named in them (`call weather {...}`); a real model will, as like as not.
"""

import asyncio
from contextlib import aclosing
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from signalbox.domain.reply import Choice, Reply, Served
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
)
from signalbox.domain.traits import Capability
from signalbox.normalise.collect import Collector
from signalbox.testing.provider_harness import PATIENCE_S, Harness, check, event_stream, make_call

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"place": {"type": "string"}},
    "required": ["place"],
    "additionalProperties": False,
}
WEATHER: Final = Tool("weather", "tells the weather of a place", SCHEMA)
PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_CALLS: Final = 'call weather {"place": "Oslo"}'
_SEALED: Final = Capability.ANTHROPIC_THINKING | Capability.OPENAI_THINKING


def _asked(*parts: Text | Image, max_tokens: int = 64, **more: Any) -> Request:
    return Request(
        target="auto", messages=(Message("user", parts),), sampling=Sampling(max_tokens=max_tokens), **more
    )


class CapabilityConformance:
    """What an endpoint says that it is able to, whole and streamed."""

    async def test_a_forced_tool_is_called(self, harness: Harness) -> None:
        if not _claims(harness, Capability.TOOLS | Capability.FORCED_TOOL):
            return
        request = _asked(Text(_CALLS), tools=(WEATHER,), tool_choice=ToolChoice("function", "weather"))
        for choice in await _both(harness, request):
            check(bool(choice.tool_uses), "a tool that must be called is")
            check(all(use.name == "weather" and use.id != "" for use in choice.tool_uses), "it, and by an id")
            arguments = [msgspec.json.decode(use.arguments) for use in choice.tool_uses]
            check(all(isinstance(given, dict) for given in arguments), "arguments are a JSON object")

    async def test_tool_results_are_answered(self, harness: Harness) -> None:
        if not _claims(harness, Capability.TOOLS):
            return
        both = f'{_CALLS}\ncall weather {{"place": "Rome"}}'
        text = both if _claims(harness, Capability.PARALLEL_TOOLS) else _CALLS
        request = _asked(Text(text), tools=(WEATHER,))
        for choice in await _both(harness, request):
            if not choice.tool_uses:
                continue  # a model's own decision
            check(choice.finish == "tool_calls", f"a reply that calls tools finishes so, not {choice.finish}")
            check(len({use.id for use in choice.tool_uses}) == len(choice.tool_uses), "each call has its id")
            for answered in await _both(harness, _with_results(request, choice)):
                check(answered.text != "", "the results are answered")

    async def test_an_image_is_taken(self, harness: Harness) -> None:
        if not _claims(harness, Capability.VISION):
            return
        request = _asked(Text("what is this?"), Image("image/png", PIXEL), max_tokens=16)
        for choice in await _both(harness, request):
            check(choice.text != "", "a text about an image")

    async def test_a_schema_is_kept_to(self, harness: Harness) -> None:
        if not _claims(harness, Capability.NATIVE_SCHEMA):
            return
        form = ResponseFormat("json_schema", "place", SCHEMA, strict=True)
        for choice in await _both(harness, _asked(Text("name a place"), response_format=form)):
            value = msgspec.json.decode(choice.text)
            check(isinstance(value, dict) and set(value) == {"place"}, "the reply is what the schema says")

    async def test_thinking_goes_back_as_it_came(self, harness: Harness) -> None:
        able = harness.endpoint.capabilities
        if not (able & _SEALED and _claims(harness, Capability.THINKING | Capability.TOOLS)):
            return
        thinking = Reasoning(effort="medium", visible=True)
        request = _asked(Text(_CALLS), max_tokens=4_096, tools=(WEATHER,), reasoning=thinking)
        for choice in await _both(harness, request):
            thoughts = [part for part in choice.parts if isinstance(part, Thinking)]
            check(bool(thoughts), "a model that was asked to think did")
            check(all(part.signature and part.format for part in thoughts), "thinking comes with its seal")
            if choice.tool_uses:
                for answered in await _both(harness, _with_results(request, choice)):
                    check(answered.text != "", "sealed thinking is taken back")

    async def test_what_was_cached_is_counted_as_such(self, harness: Harness) -> None:
        if not _claims(harness, Capability.PROMPT_CACHE):
            return
        long = Text("A signal box stands beside the line. " * 400, cache="5m")
        request = _asked(long, Text("What does it do?"), max_tokens=8)
        async with asyncio.timeout(PATIENCE_S):
            first, second = [await harness.provider.complete(make_call(harness, request)) for _ in range(2)]
        check(first.usage.cache_write + first.usage.cached_input > 0, "the first keeps it, or found it kept")
        check(second.usage.cached_input > 0, "the second finds it kept")
        check(first.usage.prompt == second.usage.prompt, "all input is counted once, however it is called")

    async def test_texts_become_vectors(self, harness: Harness) -> None:
        if not _claims(harness, Capability.EMBEDDINGS):
            return
        texts = tuple(Message("user", (Text(text),)) for text in ("a signal", "a point", "a line"))
        request = replace(_asked(Text("")), messages=texts, sampling=Sampling(), embedding=Embedding())
        async with asyncio.timeout(PATIENCE_S):
            reply = await harness.provider.complete(make_call(harness, request))
        sizes = {len(vector) for vector in reply.vectors}
        check(len(reply.vectors) == 3 and len(sizes) == 1, "a vector for each text, of one size")
        check(min(sizes) > 0 and min(sizes) % 4 == 0, "of 32-bit floats")
        check(reply.usage.input > 0, "and what they cost")


def _claims(harness: Harness, bits: int) -> bool:
    return harness.endpoint.capabilities & bits == bits


def _with_results(request: Request, choice: Choice) -> Request:
    """The next turn, in which a short answer is enough."""
    results = tuple(ToolResult(use.id, (Text("rain"),)) for use in choice.tool_uses)
    return replace(
        request, messages=(*request.messages, Message("assistant", choice.parts), Message("tool", results))
    )


async def _both(harness: Harness, request: Request) -> list[Choice]:
    """The choice of a whole reply, and that of a stream put together; they are two calls."""
    collector = Collector()
    async with asyncio.timeout(PATIENCE_S):
        whole = await harness.provider.complete(make_call(harness, request))
        async with aclosing(event_stream(harness, make_call(harness, request))) as events:
            async for event in events:
                check(not isinstance(event, Served) or event.model != "", "a name that is served is one")
                collector.add(event)
    gathered: Reply = collector.reply()
    return [whole.choices[0], gathered.choices[0]]
