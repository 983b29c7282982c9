"""The `anthropic` SDK as judge, both ways.

What it sends is read, and is, field by field, what is written for the same request; what is written for
clients it understands, in its plain calls, its streaming helpers, its parsing and its tool runner.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import anthropic
import httpx2
import msgspec
import pytest
from anthropic import beta_tool
from pydantic import BaseModel

from signalbox.domain.errors import UnsupportedRequest
from signalbox.domain.money import Usage
from signalbox.domain.notes import Note
from signalbox.domain.reply import (
    Choice,
    Cited,
    Event,
    Finished,
    Metered,
    PartEnded,
    ReasoningDelta,
    RefusalDelta,
    Reply,
    Served,
    TextDelta,
    ThinkingSealed,
    ToolDelta,
)
from signalbox.domain.request import (
    Citation,
    Document,
    Image,
    Message,
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
from signalbox.normalise.collect import Collector
from signalbox.wires.anthropic import (
    EventReader,
    EventWriter,
    read_count_request,
    read_request,
    write_reply,
    write_request,
)

USAGE = Usage(input=4, cached_input=6, cache_write=3, cache_write_1h=2, output=5, reasoning=2)
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
EXTRA = {"decision": "d", "cost": "0.000000100 USD"}
ASK: list[Any] = [{"role": "user", "content": "hi"}]
PDF = "JVBERi0xLjQK"
CITED = Citation(kind="char", cited="it is", source=0, title="T", start=3, end=8)
CITED_WIRE = {
    "type": "char_location", "cited_text": "it is", "document_index": 0, "document_title": "T",
    "start_char_index": 3, "end_char_index": 8,
}  # fmt: skip
EPHEMERAL = {"type": "ephemeral"}
GIF = {"type": "base64", "media_type": "image/gif", "data": "AAAA"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


class Vendor:
    """Answers each request that asks for nothing stored with the next of `answers`, and keeps its body."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answers: list[bytes] = []
        self.client = anthropic.Anthropic(
            api_key="key",
            base_url="http://vendor.invalid",
            max_retries=0,
            http_client=httpx2.Client(transport=httpx2.MockTransport(self._handle)),
        )

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        if msgspec.json.decode(body).get("thread"):
            return httpx2.Response(
                400, content=refusal_of(body), headers={"content-type": "application/json"}
            )
        self.bodies.append(body)
        answer = self.answers.pop(0)
        kind = "application/json" if answer.startswith(b"{") else "text/event-stream"
        return httpx2.Response(200, content=answer, headers={"content-type": kind})


def refusal_of(body: bytes) -> bytes:
    """The error in the dialect, with its code where the SDK looks for one."""
    with pytest.raises(UnsupportedRequest) as caught:
        read_request(body)
    error = {
        "type": "invalid_request_error",
        "message": caught.value.message,
        "details": {"error_code": caught.value.code},
    }
    return msgspec.json.encode({"type": "error", "error": error})


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    yield vendor
    vendor.client.close()


def reply(*parts: Any, finish: Any = "stop", extra: Any = None, stop_word: str = "") -> bytes:
    choice = Choice(index=0, parts=parts, finish=finish, stop_word=stop_word)
    return write_reply(Reply(choices=(choice,), usage=USAGE), id="msg_1", model="claude", extra=extra)


def stream(*events: Event, extra: Any = None) -> bytes:
    writer = EventWriter("msg_1", "claude", 7)
    return b"".join([writer.event(event) for event in events]) + writer.end(extra)


def said(*parts: Any, role: Any = "user") -> Message:
    return Message(role, parts)


HELLO = said(Text("hi"))
TOOL = {"name": "sum", "description": "adds", "input_schema": SCHEMA}
DOMAIN_TOOL = Tool("sum", "adds", SCHEMA)
CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({"messages": ASK}, {"messages": (HELLO,)}),
    "system": (
        {"messages": ASK, "system": "be brief", "stop_sequences": ["END", "\n\n"],
         "extra_body": {"temperature": 0.5, "top_p": 0.9, "top_k": 40}},
        {"messages": (said(Text("be brief"), role="system"), HELLO),
         "sampling": Sampling(max_tokens=99, temperature=0.5, top_p=0.9, top_k=40, stop=("END", "\n\n"))},
    ),
    "cache": (
        {"messages": [{"role": "user", "content": [
            {"type": "text", "text": "a: “b”", "cache_control": HOUR}]}],
         "system": [{"type": "text", "text": "s", "cache_control": EPHEMERAL}, {"type": "text", "text": "t"}],
         "tools": [{**TOOL, "cache_control": EPHEMERAL}], "cache_control": EPHEMERAL},
        {"messages": (said(Text("s", "5m"), Text("t"), role="system"), said(Text("a: “b”", "1h"))),
         "tools": (Tool("sum", "adds", SCHEMA, None, "5m"),), "cache": "5m"},
    ),
    "material": (
        {"messages": [{"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
             "title": "T", "context": "C", "citations": {"enabled": True}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "it is so"}},
            {"type": "search_result", "source": "kb://1", "title": "R", "citations": {"enabled": True},
             "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]},
            {"type": "text", "text": "which?"},
        ]}]},
        {"messages": (said(
            Image("image/png", "AAAA"), Document("application/pdf", PDF, "T", "C", True),
            Document("text/plain", "it is so"), SearchResult("kb://1", "R", ("x", "y"), True), Text("which?"),
        ),)},
    ),
    "tools": (
        {"messages": [
            {"role": "user", "content": "1+2, 3+4"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "SEAL"},
                {"type": "redacted_thinking", "data": "HIDDEN"},
                {"type": "text", "text": "see", "citations": [CITED_WIRE]},
                {"type": "tool_use", "id": "toolu_1", "name": "sum", "input": {"a": 1}},
                {"type": "tool_use", "id": "toolu_2", "name": "sum", "input": {}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "is_error": True, "content": [
                    {"type": "text", "text": "no"},
                    {"type": "image", "source": GIF},
                ]},
                {"type": "text", "text": "go on"},
            ]},
        ], "tools": [{**TOOL, "strict": True}],
         "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {"messages": (
            said(Text("1+2, 3+4")),
            said(
                Thinking("hm", "SEAL", "anthropic"), Thinking("", "HIDDEN", "anthropic", True),
                Text("see", "", (CITED,)), ToolUse("toolu_1", "sum", '{"a":1}'),
                ToolUse("toolu_2", "sum", "{}"),
                role="assistant",
            ),
            said(ToolResult("toolu_1", (Text("3"),)), role="tool"),
            said(ToolResult("toolu_2", (Text("no"), Image("image/gif", "AAAA")), True), role="tool"),
            said(Text("go on")),
        ), "tools": (Tool("sum", "adds", SCHEMA, True),), "tool_choice": ToolChoice("auto"),
         "parallel_tool_calls": False},
    ),
    "forced": (
        {"messages": ASK, "tools": [TOOL], "tool_choice": {"type": "tool", "name": "sum"}},
        {"messages": (HELLO,), "tools": (DOMAIN_TOOL,), "tool_choice": ToolChoice("function", "sum")},
    ),
    "any": (
        {"messages": ASK, "tools": [TOOL],
         "tool_choice": {"type": "any", "disable_parallel_tool_use": False}},
        {"messages": (HELLO,), "tools": (DOMAIN_TOOL,), "tool_choice": ToolChoice("required"),
         "parallel_tool_calls": True},
    ),
    "none": (
        {"messages": ASK, "tools": [TOOL], "tool_choice": {"type": "none"}},
        {"messages": (HELLO,), "tools": (DOMAIN_TOOL,), "tool_choice": ToolChoice("none")},
    ),
    "budget": (
        {"messages": ASK, "thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"}},
        {"messages": (HELLO,), "reasoning": Reasoning(budget_tokens=2048, visible=False)},
    ),
    "adaptive": (
        {"messages": ASK, "thinking": {"type": "adaptive", "display": "summarized"},
         "output_config": {"effort": "high"}},
        {"messages": (HELLO,), "reasoning": Reasoning(adaptive=True, effort="high", visible=True)},
    ),
    "disabled": (
        {"messages": ASK, "thinking": {"type": "disabled"}},
        {"messages": (HELLO,), "reasoning": Reasoning(effort="none")},
    ),
    "schema": (
        {"messages": ASK, "output_config": {
            "effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}}},
        {"messages": (HELLO,), "reasoning": Reasoning(effort="low", thinking="unsaid"),
         "response_format": ResponseFormat("json_schema", "output", SCHEMA)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_the_sdk_sends_what_is_written_and_what_is_read(vendor: Vendor, call: str, streamed: bool) -> None:
    arguments, fields = CALLS[call]
    request = Request(target="claude-x", stream=streamed, **{"sampling": Sampling(max_tokens=99), **fields})
    vendor.answers = [stream(Finished(0, "stop")) if streamed else reply()]
    create: Any = vendor.client.messages.create
    sent = create(model="claude-x", max_tokens=99, **({"stream": True} if streamed else {}), **arguments)
    if streamed:
        list(sent)
    written = write_request(request, model="claude-x", stream=streamed, output_limit=1)
    assert msgspec.json.decode(vendor.bodies[0]) == msgspec.json.decode(written.body)
    assert written.notes == ()
    assert read_request(vendor.bodies[0]) == request


def test_the_sdk_counts(vendor: Vendor) -> None:
    vendor.answers = [b'{"input_tokens": 7}']
    asked: Any = {"model": "claude-x", "messages": ASK, "system": "s", "tools": [TOOL]}
    assert vendor.client.messages.count_tokens(**asked).input_tokens == 7
    request = read_count_request(vendor.bodies[0])
    assert request.messages == (said(Text("s"), role="system"), HELLO)
    assert request.tools == (DOMAIN_TOOL,)


def test_a_reply(vendor: Vendor) -> None:
    vendor.answers = [reply(
        Thinking("hm", "SEAL", "anthropic"), Thinking("", "HIDDEN", "anthropic", True),
        Thinking("other", "enc", "openai", id="rs_1"), Text("see", "", (CITED,)),
        ToolUse("toolu_1", "sum", '{"a": 1}'), ToolUse("toolu_2", "sum", ""),
        ToolUse("toolu_3", "sum", '{"a'),
        extra=EXTRA,
    )]  # fmt: skip
    message: Any = vendor.client.messages.create(model="m", max_tokens=9, messages=ASK)
    assert [block.type for block in message.content] == [
        "thinking", "redacted_thinking", "thinking", "text", "tool_use", "tool_use", "tool_use",
    ]  # fmt: skip
    assert (message.content[0].thinking, message.content[0].signature) == ("hm", "SEAL")
    assert message.content[1].data == "HIDDEN"
    assert message.content[2].signature == "sb1.openai+rs_1.enc"
    assert message.content[3].citations[0].to_dict() == CITED_WIRE
    assert [block.input for block in message.content[4:]] == [{"a": 1}, {}, {"INVALID_JSON": '{"a'}]
    assert (message.stop_reason, message.stop_sequence) == ("tool_use", None)
    usage = message.usage
    assert (usage.input_tokens, usage.output_tokens) == (4, 5)
    assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (5, 6)
    assert usage.cache_creation.ephemeral_5m_input_tokens == 3
    assert usage.cache_creation.ephemeral_1h_input_tokens == 2
    assert usage.output_tokens_details.thinking_tokens == 2
    assert message.signalbox == EXTRA


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("context_window", "model_context_window_exceeded"),
        ("stop_sequence", "stop_sequence"),
        ("content_filter", "refusal"),
        ("refusal", "refusal"),
    ],
)
def test_stop_reasons(vendor: Vendor, finish: Any, reason: str) -> None:
    word = "END" if finish == "stop_sequence" else ""
    ended = stream(TextDelta(0, "a"), Finished(0, finish, word), Metered(USAGE))
    vendor.answers = [reply(Text("a"), finish=finish, stop_word=word), ended]
    message = vendor.client.messages.create(model="m", max_tokens=9, messages=ASK)
    assert (message.stop_reason, message.stop_sequence) == (reason, word or None)
    with vendor.client.messages.stream(model="m", max_tokens=9, messages=ASK) as streamed:
        final = streamed.get_final_message()
    assert (final.stop_reason, final.stop_sequence) == (reason, word or None)


def test_a_refusal(vendor: Vendor) -> None:
    ended = stream(RefusalDelta(0, "I "), RefusalDelta(0, "won't"), Finished(0, "stop"), Metered(USAGE))
    vendor.answers = [reply(Refusal("I won't")), ended]
    message: Any = vendor.client.messages.create(model="m", max_tokens=9, messages=ASK)
    with vendor.client.messages.stream(model="m", max_tokens=9, messages=ASK) as streamed:
        final: Any = streamed.get_final_message()
    for one in (message, final):
        assert (one.stop_reason, one.stop_details.explanation) == ("refusal", "I won't")


STREAM: tuple[Event, ...] = (
    Served("claude", "us"),
    ReasoningDelta(0, "h"),
    ReasoningDelta(0, "m"),
    ThinkingSealed(0, "SEAL", "anthropic"),
    ThinkingSealed(0, "HIDDEN", "anthropic", True),
    TextDelta(0, "it "),
    TextDelta(0, "is"),
    Cited(0, CITED),
    PartEnded(0),
    TextDelta(0, "more"),
    ToolDelta(0, 0, "", "toolu_1", "sum"),
    ToolDelta(0, 0, '{"a"'),
    ToolDelta(0, 0, ": 1}"),
    ToolDelta(0, 1, "{}", "toolu_2", "sum"),
    Finished(0, "tool_calls"),
    Metered(USAGE),
)


def test_a_stream(vendor: Vendor) -> None:
    vendor.answers = [stream(*STREAM, extra=EXTRA)]
    with vendor.client.messages.stream(model="m", max_tokens=9, messages=ASK) as streamed:
        events: list[Any] = list(streamed)
        final: Any = streamed.get_final_message()
    assert "".join([event.text for event in events if event.type == "text"]) == "it ismore"
    assert [event.thinking for event in events if event.type == "thinking"] == ["h", "m"]
    assert [event.signature for event in events if event.type == "signature"] == ["SEAL"]
    assert [event.citation.to_dict() for event in events if event.type == "citation"] == [CITED_WIRE]
    stops = [event.content_block.type for event in events if event.type == "content_block_stop"]
    assert stops == ["thinking", "redacted_thinking", "text", "text", "tool_use", "tool_use"]
    assert [event.signalbox for event in events if event.type == "message_delta"] == [EXTRA]
    assert events[0].message.usage.input_tokens == 7
    assert [block.to_dict() for block in final.content] == [
        {"type": "thinking", "thinking": "hm", "signature": "SEAL"},
        {"type": "redacted_thinking", "data": "HIDDEN"},
        {"type": "text", "text": "it is", "citations": [CITED_WIRE]},
        {"type": "text", "text": "more"},
        {"type": "tool_use", "id": "toolu_1", "name": "sum", "input": {"a": 1}},
        {"type": "tool_use", "id": "toolu_2", "name": "sum", "input": {}},
    ]
    assert final.stop_reason == "tool_use"
    assert (final.usage.input_tokens, final.usage.output_tokens) == (4, 5)
    assert (final.usage.cache_creation_input_tokens, final.usage.cache_read_input_tokens) == (5, 6)


@pytest.mark.parametrize("streamed", [False, True])
def test_what_the_sdk_sends_back_of_a_reply_is_read_unchanged(vendor: Vendor, streamed: bool) -> None:
    parts = (
        Thinking("hm", "SEAL", "anthropic"),
        Thinking("other", "enc", "openai", id="rs_1"),
        Text("it is", "", (CITED,)),
        ToolUse("toolu_1", "sum", '{"a":1}'),
    )
    vendor.answers = [reply(*parts), reply()]
    if streamed:
        vendor.answers[0] = stream(
            ReasoningDelta(0, "hm"), ThinkingSealed(0, "SEAL", "anthropic"), ReasoningDelta(0, "other"),
            ThinkingSealed(0, "enc", "openai", id="rs_1"), TextDelta(0, "it is"), Cited(0, CITED),
            ToolDelta(0, 0, '{"a":1}', "toolu_1", "sum"), Finished(0, "tool_calls"), Metered(USAGE),
        )  # fmt: skip
        with vendor.client.messages.stream(model="m", max_tokens=9, messages=ASK) as running:
            content: Any = running.get_final_message().content
    else:
        content = vendor.client.messages.create(model="m", max_tokens=9, messages=ASK).content
    result: Any = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"}
    vendor.client.messages.create(
        model="m", max_tokens=9, tools=[TOOL],  # type: ignore[list-item]  # as callers write it
        messages=[*ASK, {"role": "assistant", "content": content}, {"role": "user", "content": [result]}],
    )  # fmt: skip
    request = read_request(vendor.bodies[1])
    assert request.messages[1].parts == parts
    written = write_request(request, model="m", stream=False, output_limit=1)
    assert written.notes == (Note.THINKING_LEFT_OUT,)


class Answer(BaseModel):
    a: int


def test_the_sdk_parses_structured_output(vendor: Vendor) -> None:
    vendor.answers = [
        reply(Text('{"a": 3}')),
        stream(TextDelta(0, '{"a"'), TextDelta(0, ": 4}"), Finished(0, "stop"), Metered(USAGE)),
    ]
    parsed = vendor.client.messages.parse(model="m", max_tokens=9, messages=ASK, output_format=Answer)
    assert parsed.parsed_output == Answer(a=3)
    with vendor.client.messages.stream(
        model="m", max_tokens=9, messages=ASK, output_format=Answer
    ) as streamed:
        assert streamed.get_final_message().parsed_output == Answer(a=4)
    for body in vendor.bodies:
        asked = read_request(body).response_format
        assert asked is not None
        assert asked.schema is not None
        assert asked.schema["properties"]["a"]["type"] == "integer"


@pytest.mark.parametrize("streamed", [False, True])
def test_the_sdks_tool_runner_runs(vendor: Vendor, streamed: bool) -> None:
    heard = []

    @beta_tool
    def double(a: int) -> str:
        """Doubles.

        Args:
            a: what to double
        """
        heard.append(a)
        return str(2 * a)

    first = reply(ToolUse("toolu_1", "double", '{"a": 21}'), finish="tool_calls")
    second = reply(Text("42"))
    if streamed:
        first = stream(
            ToolDelta(0, 0, '{"a": 21}', "toolu_1", "double"), Finished(0, "tool_calls"), Metered(USAGE)
        )
        second = stream(TextDelta(0, "42"), Finished(0, "stop"), Metered(USAGE))
    vendor.answers = [first, second]
    run: Any = vendor.client.beta.messages.tool_runner
    runner = run(
        model="m", max_tokens=9, messages=ASK, tools=[double], **({"stream": True} if streamed else {})
    )
    assert runner.until_done().content[0].text == "42"
    assert heard == [21]
    request = read_request(vendor.bodies[1])
    assert request.messages[1].parts == (ToolUse("toolu_1", "double", '{"a":21}'),)
    assert request.messages[2].parts[0].id == "toolu_1"  # type: ignore[union-attr]  # a result, or it fails


def test_an_error_within_a_stream(vendor: Vendor) -> None:
    writer = EventWriter("msg_1", "m", 7)
    begun = writer.event(TextDelta(0, "a"))
    said = b'{"type": "error", "error": {"type": "overloaded_error", "message": "later"}}'
    vendor.answers = [begun + writer.error(said)]
    seen: list[Any] = []
    with vendor.client.messages.stream(model="m", max_tokens=9, messages=ASK) as streamed:
        with pytest.raises(anthropic.APIStatusError) as caught:
            seen += streamed.text_stream
    assert caught.value.type == "overloaded_error"


def test_a_stream_of_the_sdks_types_is_read(vendor: Vendor) -> None:
    """What the SDK makes of our stream, written again as its models have it, reads as the same events."""
    vendor.answers = [stream(*STREAM)]
    reader = EventReader()
    events: list[Event] = []
    raw: Any = vendor.client.messages.create(model="m", max_tokens=9, messages=ASK, stream=True)
    for event in raw:
        events += reader.feed(b"data: " + event.to_json(indent=None).encode() + b"\n\n")
    reader.end()
    assert collected(events) == collected(STREAM)


def collected(events: Iterable[Event]) -> Reply:
    collector = Collector()
    for event in events:
        collector.add(event)
    return collector.reply()
