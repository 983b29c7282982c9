"""The `openai` SDK as judge of Responses: what it sends is read, what is written it understands, and what is
written for a vendor is what it would send. No socket: its transport is a mock."""

from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import openai
import pydantic
import pytest
from openai.types.responses import Response, ResponseStreamEvent

from signalbox.domain.money import Usage
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
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.testing import values
from signalbox.wires.openai_responses import (
    ResponsesCall,
    ResponseWriter,
    read_reply,
    read_request,
    write_reply,
    write_request,
)

USAGE = Usage(input=4, cached_input=6, output=5, reasoning=2)
EXTRA = {"decision": "d"}
EVENT: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(ResponseStreamEvent)


class Vendor:
    """Answers the SDK's request as `reply` or `events` say, by our own wire; keeps the last body."""

    def __init__(self) -> None:
        self.reply = Reply(choices=(Choice(index=0, parts=(Text("hello"),)),), usage=USAGE)
        self.events: list[Event] = []
        self.broken = b""
        self.body = b""
        self.answer = b""
        http = httpx2.Client(transport=httpx2.MockTransport(self._handle))
        self.sdk = openai.OpenAI(base_url="http://v/v1", api_key="k", max_retries=0, http_client=http)

    @property
    def call(self) -> ResponsesCall:
        return read_request(self.body)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.body = request.content
        if self.events:
            writer = ResponseWriter("resp_1", 7, self.call, "m")
            self.answer = b"".join([writer.event(event) for event in self.events])
            self.answer += writer.error(self.broken) if self.broken else writer.end(EXTRA)
            kind = "text/event-stream"
        else:
            self.answer = write_reply(
                self.reply, id="resp_1", created_s=7, call=self.call, model="m", extra=EXTRA
            )
            kind = "application/json"
        return httpx2.Response(200, content=self.answer, headers={"content-type": kind})


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    vendor = Vendor()
    yield vendor
    vendor.sdk.close()


THOUGHT = Thinking("hm", "sealed", "anthropic")
FULL = Reply(
    choices=(
        Choice(
            index=0,
            parts=(
                THOUGHT,
                Text("see", citations=(Citation(kind="url", url="https://a", title="A", start=0, end=3),)),
                Refusal("but no"),
                ToolUse("c1", "f", "{}"),
                Thinking("", "r", "anthropic", True),
            ),
            finish="tool_calls",
        ),
    ),
    usage=USAGE,
)


def test_a_whole_reply_is_understood(vendor: Vendor) -> None:
    vendor.reply = FULL
    got = vendor.sdk.responses.create(
        model="auto",
        input="hi",
        instructions="be kind",
        temperature=0.5,
        metadata={"app": "word"},
        tools=[{"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}],
        tool_choice={"type": "function", "name": "f"},
        text={"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}}},
        reasoning={"effort": "low", "summary": "auto"},
        store=False,
    )
    assert got == Response.model_validate_json(vendor.answer, strict=True)
    assert got.output_text == "see"
    assert [item.type for item in got.output] == ["reasoning", "message", "function_call", "reasoning"]
    assert (got.status, (got.model_extra or {})["store"], got.instructions, got.metadata) == (
        "completed",
        False,
        "be kind",
        {"app": "word"},
    )
    assert got.usage is not None
    assert got.usage.input_tokens == 10
    assert got.usage.input_tokens_details.cached_tokens == 6
    assert got.usage.output_tokens_details.reasoning_tokens == 2
    assert (got.model_extra or {})["signalbox"] == EXTRA
    assert got.reasoning is not None
    assert got.reasoning.effort == "low"
    assert got.tools[0].type == "function"
    assert got.text is not None
    assert got.text.format is not None
    assert got.text.format.type == "json_schema"


def test_output_sent_back_as_input_is_what_was_said(vendor: Vendor) -> None:
    vendor.reply = FULL
    got = vendor.sdk.responses.create(model="auto", input="hi")
    result = {"type": "function_call_output", "call_id": "c1", "output": "3"}
    for output in (got.output, [item.model_dump() for item in got.output]):
        history: list[Any] = [{"role": "user", "content": "hi"}, *output, result]
        vendor.sdk.responses.create(model="auto", input=history)
        (_, said, answered) = vendor.call.request.messages
        text = Text("see")
        assert said.parts == (FULL.choices[0].parts[0], text, *FULL.choices[0].parts[2:])
        assert answered == Message("tool", (ToolResult("c1", (Text("3"),)),))


EVENTS: list[Event] = [
    Served("m"),
    ReasoningDelta(0, "h"),
    ReasoningDelta(0, "m"),
    ThinkingSealed(0, "sealed", "anthropic"),
    TextDelta(0, "he"),
    TextDelta(0, "llo"),
    Cited(0, Citation(kind="url", url="https://a", title="A", start=0, end=3)),
    PartEnded(0),
    TextDelta(0, " you"),
    RefusalDelta(0, "no"),
    ToolDelta(0, 0, "", "c1", "f"),
    ToolDelta(0, 0, '{"a"'),
    ToolDelta(0, 1, "{}", "c2", "g"),
    ToolDelta(0, 0, ":1}"),
    ThinkingSealed(0, "gone", "anthropic", True),
    Finished(0, "tool_calls"),
    Metered(USAGE),
]


def test_a_stream_is_understood(vendor: Vendor) -> None:
    vendor.events = EVENTS
    got = list(vendor.sdk.responses.create(model="auto", input="hi", stream=True))
    assert vendor.call.request.stream
    for chunk in vendor.answer.split(b"\n\n")[:-1]:
        name, _, data = chunk.partition(b"\ndata: ")
        event = EVENT.validate_json(data, strict=True)
        assert name == b"event: " + event.type.encode()
    kinds = [event.type for event in got]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert [event.sequence_number for event in got] == list(range(len(got)))
    done = [event.item for event in got if event.type == "response.output_item.done"]
    last = got[-1]
    assert last.type == "response.completed"
    assert sorted(done, key=lambda item: str(item.id)) == sorted(
        last.response.output, key=lambda item: str(item.id)
    )
    assert (last.response.model_extra or {})["signalbox"] == EXTRA


def test_the_sdk_assembles_the_stream_to_the_same_response(vendor: Vendor) -> None:
    vendor.events = EVENTS
    with vendor.sdk.responses.stream(model="auto", input="hi") as stream:
        texts = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(texts) == "hello you"
    assert final.output_text == "hello you"
    calls = [(item.call_id, item.arguments) for item in final.output if item.type == "function_call"]
    assert calls == [("c1", '{"a":1}'), ("c2", "{}")]
    assert final.usage is not None
    assert final.usage.total_tokens == 15


@pytest.mark.parametrize(("reason", "told"), [("length", "max_output_tokens"), ("content_filter",) * 2])
def test_an_answer_cut_short_is_incomplete(vendor: Vendor, reason: Any, told: str) -> None:
    vendor.events = [TextDelta(0, "he"), Finished(0, reason)]
    *_, last = vendor.sdk.responses.create(model="auto", input="hi", stream=True)
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details is not None
    assert last.response.incomplete_details.reason == told
    (message,) = last.response.output
    assert message.type == "message"
    assert message.status == "incomplete"


class Answer(pydantic.BaseModel):
    number: int


def test_parsing_helpers_work_on_replies_and_streams(vendor: Vendor) -> None:
    text = '{"number": 3}'
    vendor.reply = Reply(choices=(values.choice(text=text),), usage=USAGE)
    assert vendor.sdk.responses.parse(model="auto", input="hi", text_format=Answer).output_parsed == Answer(
        number=3
    )
    asked = vendor.call.request.response_format
    assert asked is not None
    assert (asked.kind, asked.strict) == ("json_schema", True)
    vendor.events = [*[TextDelta(0, piece) for piece in text], Finished(0, "stop"), Metered(USAGE)]
    with vendor.sdk.responses.stream(model="auto", input="hi", text_format=Answer) as stream:
        assert stream.get_final_response().output_parsed == Answer(number=3)


def test_an_error_in_mid_stream_raises_in_the_sdk(vendor: Vendor) -> None:
    vendor.events = [TextDelta(0, "he")]
    vendor.broken = (
        b'{"error":{"message":"every attempt failed","type":"server_error","code":"attempts_exhausted"}}'
    )
    seen: list[Any] = []
    stream = vendor.sdk.responses.create(model="auto", input="hi", stream=True)
    with pytest.raises(openai.APIError, match="every attempt failed") as caught:
        seen.extend(stream)
    assert caught.value.code == "attempts_exhausted"
    assert seen[-1].type == "response.failed"
    assert seen[-1].response.error is not None
    assert seen[-1].response.error.code == "server_error"
    for chunk in vendor.answer.split(b"\n\n")[:-1]:
        EVENT.validate_json(chunk.partition(b"\ndata: ")[2], strict=True)


def test_a_vendor_s_error_before_anything_was_said(vendor: Vendor) -> None:
    writer = ResponseWriter("resp_1", 7, read_request(b'{"model":"m","input":"a"}'), "m")
    kinds = [
        msgspec.json.decode(chunk.partition(b"\ndata: ")[2])["type"]
        for chunk in writer.error(b'{"error":{"message":"no","code":"rate_limit_exceeded"}}').split(b"\n\n")[
            :-1
        ]
    ]
    assert kinds == ["response.created", "response.in_progress", "response.failed", "error"]


PICTURE = "data:image/png;base64,AAAA"
SAID: list[Any] = [
    {"role": "system", "content": "s"},
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "look"},
            {"type": "input_image", "image_url": PICTURE, "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        ],
    },
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "gAAA",
    },
    {
        "role": "assistant",
        "content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}],
    },
    {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
    {"type": "function_call_output", "call_id": "c1", "output": "3"},
    {
        "type": "function_call_output",
        "call_id": "c2",
        "output": [
            {"type": "input_text", "text": "x"},
            {"type": "input_image", "image_url": PICTURE, "detail": "auto"},
        ],
    },
]
DOMAIN = Request(
    target="m",
    messages=(
        Message("system", (Text("s"),)),
        Message(
            "user",
            (
                Text("look"),
                Image("image/png", "AAAA", "low"),
                Document("application/pdf", "JVBERi0=", "a.pdf"),
            ),
        ),
        Message(
            "assistant",
            (
                Thinking("hm", "gAAA", "openai", id="rs_1"),
                Text("a"),
                Refusal("b"),
                ToolUse("c1", "f", '{"a":1}'),
            ),
        ),
        Message("tool", (ToolResult("c1", (Text("3"),)),)),
        Message("tool", (ToolResult("c2", (Text("x"), Image("image/png", "AAAA"))),)),
    ),
    tools=(Tool("f", "does f", {"type": "object"}, True), Tool("g", strict=False)),
    tool_choice=ToolChoice("function", "f"),
    parallel_tool_calls=True,
    response_format=ResponseFormat("json_schema", "s", {"type": "object"}, True, "d"),
    sampling=Sampling(max_tokens=99, temperature=0.5, top_p=0.25),
    reasoning=Reasoning(effort="high", visible=True),
    stream=True,
)


def test_both_sides_agree_with_the_sdk(vendor: Vendor) -> None:
    vendor.events = [TextDelta(0, "a"), Finished(0, "stop")]
    stream = vendor.sdk.responses.create(
        model="m",
        input=SAID,
        tools=[
            {
                "type": "function",
                "name": "f",
                "description": "does f",
                "parameters": {"type": "object"},
                "strict": True,
            },
            {"type": "function", "name": "g", "parameters": None, "strict": False},
        ],
        tool_choice={"type": "function", "name": "f"},
        parallel_tool_calls=True,
        text={
            "format": {
                "type": "json_schema",
                "name": "s",
                "schema": {"type": "object"},
                "strict": True,
                "description": "d",
            }
        },
        max_output_tokens=99,
        temperature=0.5,
        top_p=0.25,
        reasoning={"effort": "high", "summary": "auto"},
        store=False,
        include=["reasoning.encrypted_content"],
        stream=True,
    )
    list(stream)
    assert vendor.call.request == DOMAIN
    written = write_request(DOMAIN, model="m", stream=True)
    assert written.notes == ()
    assert msgspec.json.decode(written.body) == msgspec.json.decode(vendor.body)


def test_what_openai_answers_is_read(vendor: Vendor) -> None:
    """The reply, as the SDK's own types write it down."""
    vendor.reply = FULL
    got = vendor.sdk.responses.create(model="auto", input="hi")
    assert read_reply(got.model_dump_json().encode()) == read_reply(vendor.answer)
