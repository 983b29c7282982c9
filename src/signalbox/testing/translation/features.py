"""What the dialects are tried with: each feature as a domain value that says it and nothing else."""

import base64
from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, FinishReason, Reply, Said
from signalbox.domain.request import (
    Citation,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Sampling,
    SearchResult,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)

PIXEL: Final = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c63f8cfc0f01f0005000201a5f645400000000049454e44ae426082"
    )
).decode()
PDF: Final = base64.b64encode(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n").decode()
WEATHER: Final = Tool(
    "get_weather",
    "The weather of a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CITY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def asks(*parts: Part) -> Message:
    return Message("user", parts or (Text("How is the weather in Porto?"),))


def request(*messages: Message, max_tokens: int = 2_000, **fields: Any) -> Request:
    fields.setdefault("sampling", Sampling(max_tokens=max_tokens))
    return Request(target="m", messages=messages or (asks(),), **fields)


def _calls(*calls: tuple[str, str], before: Sequence[Part] = ()) -> tuple[Message, ...]:
    """A turn in which the model called, and its results."""
    uses = [ToolUse(ident, "get_weather", f'{{"city":"{city}"}}') for ident, city in calls]
    results = [Message("tool", (ToolResult(ident, (Text(f"sunny in {city}"),)),)) for ident, city in calls]
    return (asks(), Message("assistant", (*before, *uses)), *results)


ASKED: Final[dict[str, Request]] = {
    "text": request(),
    "system prompt": request(Message("system", (Text("Be brief."),)), asks()),
    "several turns": request(
        asks(Text("Hello")), Message("assistant", (Text("Hello to you."),)), asks(Text("And now?"))
    ),
    "image": request(asks(Text("What is this?"), Image("image/png", PIXEL))),
    "document, PDF": request(asks(Document("application/pdf", PDF, title="report"), Text("Sum it up."))),
    "document, plain text": request(
        asks(Document("text/plain", "It rained.", title="notes"), Text("Sum it up."))
    ),
    "document to be cited": request(
        asks(Document("text/plain", "It rained.", title="notes", cited=True), Text("Did it rain?"))
    ),
    "search result to be cited": request(
        asks(
            SearchResult("https://example.com/a", "Weather", ("It rained.",), cited=True),
            Text("Did it rain?"),
        )
    ),
    "tools offered": request(tools=(WEATHER,)),
    "strict tool": request(tools=(replace(WEATHER, strict=True, parameters=CITY),)),
    "a tool must be called": request(tools=(WEATHER,), tool_choice=ToolChoice("required")),
    "this tool must be called": request(tools=(WEATHER,), tool_choice=ToolChoice("function", "get_weather")),
    "no tool may be called": request(tools=(WEATHER,), tool_choice=ToolChoice("none")),
    "tool result": request(*_calls(("call_1", "Porto")), tools=(WEATHER,)),
    "parallel calls and results": request(
        *_calls(("call_1", "Porto"), ("call_2", "Faro")), tools=(WEATHER,), parallel_tool_calls=True
    ),
    "one call at a time": request(tools=(WEATHER,), parallel_tool_calls=False),
    "a tool that failed": request(
        asks(),
        Message("assistant", (ToolUse("call_1", "get_weather", '{"city":"Porto"}'),)),
        Message("tool", (ToolResult("call_1", (Text("no network"),), failed=True),)),
        tools=(WEATHER,),
    ),
    "image in a tool result": request(
        asks(),
        Message("assistant", (ToolUse("call_1", "get_weather", '{"city":"Porto"}'),)),
        Message("tool", (ToolResult("call_1", (Image("image/png", PIXEL),)),)),
        tools=(WEATHER,),
    ),
    "JSON schema": request(response_format=ResponseFormat("json_schema", "city", CITY, strict=True)),
    "JSON schema beside tools": request(
        response_format=ResponseFormat("json_schema", "city", CITY, strict=True), tools=(WEATHER,)
    ),
    "JSON object": request(
        asks(Text("The city as JSON, please.")), response_format=ResponseFormat("json_object")
    ),
    "reasoning effort": request(reasoning=Reasoning(effort="high"), max_tokens=20_000),
    "thinking budget": request(reasoning=Reasoning(budget_tokens=2_048), max_tokens=20_000),
    "refusal in an earlier turn": request(
        asks(Text("Open the safe.")), Message("assistant", (Refusal("No."),)), asks(Text("Please."))
    ),
    "temperature": request(sampling=Sampling(max_tokens=2_000, temperature=0.5)),
    "top_p": request(sampling=Sampling(max_tokens=2_000, top_p=0.5)),
    "top_k": request(sampling=Sampling(max_tokens=2_000, top_k=40)),
    "stop words": request(sampling=Sampling(max_tokens=2_000, stop=("END",))),
    "seed": request(sampling=Sampling(max_tokens=2_000, seed=7)),
    "several choices": request(sampling=Sampling(max_tokens=2_000, n=2)),
    "penalties": request(sampling=Sampling(max_tokens=2_000, presence_penalty=0.5)),
    "no output limit": request(sampling=Sampling()),
    "prompt cache marks": request(
        Message("system", (Text("A long briefing.", cache="5m"),)), asks(), cache=""
    ),
}


def reply(*parts: Said, finish: FinishReason = "stop", stop_word: str = "", **usage: int) -> Reply:
    counts = replace(Usage(input=20, output=9), **usage)
    return Reply(
        choices=(Choice(index=0, parts=parts, finish=finish, stop_word=stop_word),),
        usage=counts,
    )


_CITED: Final = Citation(kind="char", cited="It rained.", source=0, title="notes", start=0, end=10)

ANSWERED: Final[dict[str, Reply]] = {
    "text": reply(Text("It is sunny.")),
    "tool call": reply(ToolUse("call_1", "get_weather", '{"city":"Porto"}'), finish="tool_calls"),
    "text and parallel calls": reply(
        Text("Let me see."),
        ToolUse("call_1", "get_weather", '{"city":"Porto"}'),
        ToolUse("call_2", "get_weather", '{"city":"Faro"}'),
        finish="tool_calls",
    ),
    "thinking, signed": reply(Thinking("Sun it is.", "c2VhbA==", "anthropic"), Text("It is sunny.")),
    "thinking, redacted": reply(Thinking("", "aGlkZGVu", "anthropic", redacted=True), Text("It is sunny.")),
    "reasoning, encrypted": reply(
        Thinking("Sun it is.", "gAAAAB", "openai", id="rs_1"), Text("It is sunny.")
    ),
    "citations": reply(Text("It rained.", citations=(_CITED,)), Text(" So much.")),
    "refusal in words": reply(Refusal("I will not.")),
    "declined by a classifier": reply(Refusal("I will not."), finish="refusal"),
    "cut off at the limit": reply(Text("It is"), finish="length"),
    "context full": reply(Text("It is"), finish="context_window"),
    "ended by a stop word": reply(Text("It is "), finish="stop_sequence", stop_word="END"),
    "cut off by the vendor's filter": reply(Text("It is"), finish="content_filter"),
    "cached input": reply(Text("Sunny."), cached_input=1_000),
    "input written to the cache": reply(Text("Sunny."), cache_write=800, cache_write_1h=200),
    "reasoning tokens": reply(Text("Sunny."), reasoning=4),
}


SEALED: Final[dict[str, Thinking]] = {
    "Claude's": Thinking("Look it up.", "c2VhbA==", "anthropic"),
    "Claude's, redacted": Thinking("", "aGlkZGVu", "anthropic", redacted=True),
    "OpenAI's": Thinking("Look it up.", "gAAAAB", "openai", id="rs_1"),
}
"""Thinking that has to travel back, unchanged, with the result of the tool that interrupted it."""
