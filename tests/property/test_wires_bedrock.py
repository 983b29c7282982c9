"""Converse against botocore's service model: what we write is what the SDK writes for the same call, and what
the vendor's side writes is what the SDK reads."""

import base64
import json
from functools import cache
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Choice,
    Cited,
    Event,
    Finished,
    Metered,
    PartEnded,
    ReasoningDelta,
    Reply,
    TextDelta,
    ThinkingSealed,
    ToolDelta,
)
from signalbox.domain.request import (
    Citation,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
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
from signalbox.wires.bedrock import (
    ConverseOptions,
    FrameReader,
    FrameWriter,
    converse_options,
    read_reply,
    read_request,
    write_reply,
    write_request,
)
from signalbox.wires.errors import WireError

ATTEMPT = "0192f0c1d2e37abc8def0123456789ab"
MODEL = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
CLAUDES = [
    converse_options(f"eu.anthropic.claude-{name}-v1:0", capabilities=-1, output_limit=8_192)
    for name in ("3-7-sonnet", "sonnet-4-20250514", "opus-4-5", "opus-4-6", "opus-4-8", "next")
]
OTHERS = [
    ConverseOptions(family="nova", claude=(0, 0), citations=False),
    ConverseOptions(family="other", claude=(0, 0), prompt_cache=False, citations=False, schema=False),
]


@cache
def model() -> ServiceModel:
    return botocore.session.Session().get_service_model("bedrock-runtime")


def restored(shape: Any, value: Any) -> Any:
    """JSON as it is on the wire → parameters as an SDK's caller gives them: blobs are bytes."""
    kind = shape.type_name
    if kind == "blob":
        return base64.b64decode(value, validate=True)
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        assert not set(value) - set(shape.members), "a member that the service model does not know"
        return {name: restored(shape.members[name], item) for name, item in value.items()}
    if kind == "list":
        return [restored(shape.member, item) for item in value]
    if kind == "map":
        return {name: restored(shape.value, item) for name, item in value.items()}
    return value


def as_the_sdk_writes_it(body: bytes) -> Any:
    """Our body, validated by the service model and serialised anew by botocore."""
    operation = model().operation_model("Converse")
    given = {**restored(operation.input_shape, json.loads(body)), "modelId": MODEL}
    report = ParamValidator().validate(given, operation.input_shape)
    assert not report.has_errors(), report.generate_report()
    return json.loads(create_serializer("rest-json").serialize_to_request(given, operation)["body"])


words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
).filter(str.strip)
blobs = st.binary(min_size=1, max_size=12).map(lambda data: base64.b64encode(data).decode())
marks = st.sampled_from(["", "", "5m", "1h"])
idents = st.from_regex(r"[a-zA-Z0-9_.:-]{1,64}", fullmatch=True)
tool_names = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
titles = st.from_regex(r"[A-Za-z0-9()\[\]-]{1,8}( [A-Za-z0-9]{1,8})?", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(st.text(max_size=5), json_values, max_size=3)
schemas = objects.map(lambda value: {"type": "object", **value})
arguments = objects.map(lambda value: msgspec.json.encode(value).decode())

places = st.integers(0, 1_000)
citations = st.one_of(
    st.builds(
        Citation,
        kind=st.sampled_from(["char", "page", "block", "search"]),
        cited=words | st.just(""),
        source=places,
        title=words | st.just(""),
        url=words | st.just(""),
        start=places,
        end=places,
    ),
    st.builds(Citation, kind=st.just("url"), cited=words, title=words, url=words),
)
texts = st.builds(Text, words, marks)
images = st.builds(
    Image, media_type=st.sampled_from(["image/png", "image/jpeg", "image/webp"]), data=blobs, cache=marks
)
plain = st.builds(
    Document, media_type=st.just("text/plain"), data=words, title=titles, cited=st.booleans(), cache=marks
)
binary = st.builds(
    Document,
    media_type=st.sampled_from(["application/pdf", "text/csv", "text/markdown"]),
    data=blobs,
    title=titles,
    context=words | st.just(""),
    cited=st.booleans(),
    cache=marks,
)
found = st.builds(
    SearchResult,
    source=words,
    title=words,
    texts=st.lists(words, min_size=1, max_size=2).map(tuple),
    cited=st.booleans(),
    cache=marks,
)
thoughts = st.builds(Thinking, words, words, st.just("anthropic")) | st.builds(
    Thinking, st.just(""), blobs, st.just("anthropic"), st.just(True)
)
tool_uses = st.builds(ToolUse, idents, tool_names, arguments, marks)
unmarked = st.one_of(st.builds(Text, words), st.builds(Image, media_type=st.just("image/png"), data=blobs))
results = st.builds(ToolResult, idents, st.lists(unmarked, max_size=2).map(tuple), st.booleans(), marks)
answers = st.one_of(
    texts, st.builds(Text, words, marks, st.lists(citations, min_size=1, max_size=2).map(tuple))
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """In the form in which they come back: turns alternate, results come first, documents have names of
    their own and text beside them."""
    messages = []
    if draw(st.booleans()):
        messages.append(Message("system", tuple(draw(st.lists(texts, min_size=1, max_size=2)))))
    names: set[str] = set()
    for turn in range(draw(st.integers(1, 3))):
        if turn:
            said: list[Part] = [*draw(st.lists(thoughts, max_size=2)), *draw(st.lists(answers, max_size=2))]
            said += draw(st.lists(tool_uses, max_size=2))
            messages.append(Message("assistant", tuple(said) or (draw(texts),)))
            if draw(st.booleans()):
                messages.append(Message("tool", tuple(draw(st.lists(results, min_size=1, max_size=2)))))
                if draw(st.booleans()):
                    continue
        parts: list[Part] = []
        for part in draw(st.lists(st.one_of(texts, images, plain, binary, found), max_size=4)):
            if isinstance(part, Document):
                if part.title in names:
                    continue
                names.add(part.title)
            parts.append(part)
        messages.append(Message("user", (*parts, draw(texts))))
    return tuple(messages)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    tools = draw(
        st.lists(
            st.builds(Tool, tool_names, words | st.just(""), schemas, st.sampled_from([None, True]), marks),
            min_size=1,
            max_size=3,
            unique_by=lambda tool: tool.name,
        )
    )
    choices = [None, ToolChoice("auto"), ToolChoice("required"), ToolChoice("function", tools[0].name)]
    asked = draw(
        st.none()
        | st.builds(ResponseFormat, st.just("json_schema"), titles, objects, st.none(), words | st.just(""))
    )
    return Request(
        target=MODEL,
        messages=draw(conversations()),
        tools=tuple(tools),
        tool_choice=draw(st.sampled_from(choices)),
        response_format=asked,
        sampling=Sampling(
            max_tokens=draw(st.none() | st.integers(1, 100_000)),
            temperature=draw(st.none() | st.sampled_from([0.0, 0.25, 1.0])),
            top_p=draw(st.none() | st.sampled_from([0.5, 1.0])),
            stop=tuple(draw(st.lists(words, max_size=2))),
            top_k=draw(st.none() | st.integers(1, 500)),
        ),
    )


reasonings = st.one_of(
    st.builds(
        Reasoning,
        effort=st.sampled_from(["", "none", "minimal", "low", "medium", "high", "xhigh", "max"]),
        budget_tokens=st.none() | st.integers(1_024, 60_000),
        adaptive=st.booleans(),
        visible=st.sampled_from([None, True, False]),
        thinking=st.sampled_from(["asked", "unsaid", "off"]),
    ),
    st.none(),
)


@given(requests())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_the_sdk_writes_the_same_and_the_vendor_reads_it_back(request: Request) -> None:
    written = write_request(request, options=ConverseOptions(), request_id=ATTEMPT)
    assert json.loads(written.body) == as_the_sdk_writes_it(written.body)
    assert written.notes == ()
    assert read_request(written.body, MODEL) == request


@given(requests(), reasonings, st.sampled_from(CLAUDES + OTHERS), st.sampled_from([None, True, False]), marks)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_model_what_is_written_is_valid(
    request: Request, reasoning: Reasoning | None, options: ConverseOptions, parallel: bool | None, mark: Any
) -> None:
    if reasoning is not None and (reasoning.budget_tokens or 0) >= (request.sampling.max_tokens or 8_192):
        reasoning = msgspec.structs.replace(reasoning, budget_tokens=None)  # the caller's own mistake
    asked = msgspec.structs.replace(request, reasoning=reasoning, parallel_tool_calls=parallel, cache=mark)
    written = write_request(asked, options=options, request_id=ATTEMPT)
    assert json.loads(written.body) == as_the_sdk_writes_it(written.body)
    read = read_request(written.body, MODEL)
    assert [tool.name for tool in read.tools] == [tool.name for tool in request.tools]


noise = st.text(max_size=300)


@given(st.lists(noise, min_size=1, max_size=4), st.lists(noise, min_size=1, max_size=3), noise)
def test_names_and_ids_of_any_make_come_out_valid(names: list[str], ids: list[str], said: str) -> None:
    documents = tuple(Document("application/pdf", "eA==", title=name) for name in names)
    uses = tuple(ToolUse(ident or "x", "look", said) for ident in ids)
    answered = tuple(ToolResult(ident or "x", (Text(said),)) for ident in ids)
    request = Request(
        target=MODEL,
        messages=(Message("user", documents), Message("assistant", uses), Message("tool", answered)),
    )
    written = write_request(request, options=ConverseOptions(), request_id=ATTEMPT)
    as_the_sdk_writes_it(written.body)
    read = read_request(written.body, MODEL)
    titles = [part.title for part in read.messages[0].parts if isinstance(part, Document)]
    assert len(set(titles)) == len(names)
    called = [part.id for part in read.messages[1].parts if isinstance(part, ToolUse)]
    assert called == [part.id for part in read.messages[2].parts if isinstance(part, ToolResult)]


# -- replies


finishes = st.sampled_from(["stop", "length", "tool_calls", "content_filter", "context_window"])
counts = st.integers(0, 2**31 - 1)
usages = st.builds(
    Usage, input=counts, output=counts, cached_input=counts, cache_write=counts, cache_write_1h=counts
)
said_texts = st.builds(Text, words) | st.builds(
    Text, words, st.just(""), st.lists(citations, min_size=1, max_size=2).map(tuple)
)
parts = st.lists(
    st.one_of(
        said_texts, thoughts, st.builds(Thinking, words), st.builds(ToolUse, idents, tool_names, arguments)
    ),
    max_size=4,
).map(tuple)
replies = st.builds(
    Reply,
    choices=st.builds(Choice, index=st.just(0), parts=parts, finish=finishes).map(lambda one: (one,)),
    usage=usages,
)


@given(replies)
def test_a_reply_comes_back_and_the_sdk_reads_it(reply: Reply) -> None:
    body = write_reply(reply)
    assert read_reply(body) == reply
    shape = model().operation_model("Converse").output_shape
    response = {"status_code": 200, "headers": {}, "body": body}
    parsed = create_parser("rest-json").parse(response, shape)
    del parsed["ResponseMetadata"]
    assert parsed == restored(shape, json.loads(body))
    report = ParamValidator().validate(parsed, shape)
    assert not report.has_errors(), report.generate_report()


def events_of(reply: Reply) -> list[Event]:
    choice = reply.choices[0]
    events: list[Event] = []
    calls = 0
    for part in choice.parts:
        match part:
            case Text():
                events += [TextDelta(0, part.text[:3]), TextDelta(0, part.text[3:])]
                events += [Cited(0, citation) for citation in part.citations]
                events.append(PartEnded(0))
            case Thinking(signature=""):
                events += [ReasoningDelta(0, part.text), PartEnded(0)]
            case Thinking():
                if part.text:
                    events.append(ReasoningDelta(0, part.text))
                events.append(ThinkingSealed(0, part.signature, part.format, part.redacted))
            case ToolUse():
                events.append(ToolDelta(0, calls, "", part.id, part.name))
                events.append(ToolDelta(0, calls, part.arguments))
                calls += 1
    return [*events, Finished(0, choice.finish), Metered(reply.usage)]


def streamed(reply: Reply) -> bytes:
    writer = FrameWriter()
    return b"".join([writer.event(event) for event in events_of(reply)]) + writer.end()


@given(replies, st.lists(st.integers(0, 3_000), max_size=5))
def test_a_stream_comes_back_in_any_cut(reply: Reply, cuts: list[int]) -> None:
    data = streamed(reply)
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader, collector = FrameReader(), Collector()
    for start, end in zip(bounds, bounds[1:], strict=False):  # noqa: RUF007 - as it reads
        for event in reader.feed(data[start:end]):
            collector.add(event)
    reader.end()
    assert collector.reply() == reply


@given(replies)
def test_the_sdk_reads_the_stream(reply: Reply) -> None:
    shape = model().operation_model("ConverseStream").output_shape.members["stream"]
    parser = create_parser("rest-json")._event_stream_parser
    buffer = EventStreamBuffer()
    buffer.add_data(streamed(reply))
    seen = []
    for message in buffer:
        response = message.to_response_dict()
        assert response["status_code"] == 200
        parsed = parser.parse(response, shape)
        ((name, event),) = parsed.items()
        report = ParamValidator().validate(event, shape.members[name])
        assert not report.has_errors(), report.generate_report()
        assert event == restored(shape.members[name], json.loads(message.payload))
        seen.append(name)
    assert seen[0] == "messageStart"
    assert seen[-2:] == ["messageStop", "metadata"]
    assert seen.count("contentBlockStop") == len(reply.choices[0].parts)


@given(replies, st.data())
def test_a_stream_that_lacks_an_end_is_never_whole(reply: Reply, data: st.DataObject) -> None:
    whole = streamed(reply)
    stop = whole.index(b"messageStop")
    reader = FrameReader()
    reader.feed(whole[: data.draw(st.integers(0, stop))])
    with pytest.raises(WireError):
        reader.end()


@given(
    st.recursive(
        json_values,
        lambda inner: st.dictionaries(
            st.sampled_from(
                [
                    "messages",
                    "role",
                    "content",
                    "text",
                    "system",
                    "toolConfig",
                    "output",
                    "message",
                    "usage",
                    "stopReason",
                ]
            ),
            inner | st.lists(inner, max_size=2),
            max_size=4,
        ),
    )
)
def test_noise_raises_what_it_should_and_nothing_else(value: Any) -> None:
    body = msgspec.json.encode(value)
    with pytest.raises(MalformedRequest):
        read_request(body, MODEL)
    with pytest.raises(WireError):
        read_reply(body)
