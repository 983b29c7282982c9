"""Laws of the Chat Completions wire: round trips, any cut of the bytes, and no error but the documented."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.errors import MalformedRequest, UnsupportedRequest
from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Cited,
    Event,
    Finished,
    FinishReason,
    Metered,
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
from signalbox.normalise.collect import Collector
from signalbox.testing import values
from signalbox.wires.openai_chat import (
    ChunkReader,
    ChunkWriter,
    WireError,
    read_error,
    read_reply,
    read_request,
    write_reply,
    write_request,
)
from signalbox.wires.sse import EventParser

text = st.text(max_size=8)
name = st.text("abcXYZ019_-", min_size=1, max_size=8)
filled = st.text(min_size=1, max_size=8)
number = st.integers(-(2**40), 2**40)
schema = st.dictionaries(text, number | text | st.booleans() | st.lists(text, max_size=2), max_size=3)
maybe_bool = st.none() | st.booleans()

texts = st.builds(Text, text)
images = st.builds(
    Image,
    st.sampled_from(["image/png", "image/jpeg", "image/gif", "image/webp"]),
    st.sampled_from(["AAAA", "iVBORw0KGgo=", "AQ=="]),
    st.sampled_from(["auto", "low", "high", "original"]),
)
calls = st.builds(ToolUse, filled, filled, text)


def parts(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=1, max_size=3).map(tuple)


documents = st.builds(Document, st.just("application/pdf"), st.sampled_from(["JVBERi0=", "AAAA"]), filled)
said = st.lists(texts | st.builds(Refusal, text), max_size=3)
assistant_parts = (
    st.tuples(said, st.lists(calls, max_size=2)).map(lambda pair: (*pair[0], *pair[1])).filter(bool)
)
messages = st.one_of(
    st.builds(Message, st.sampled_from(["system", "developer"]), parts(texts), text),
    st.builds(Message, st.just("user"), parts(texts | images | documents), text),
    st.builds(Message, st.just("assistant"), assistant_parts, text),
    st.builds(Message, st.just("tool"), st.tuples(st.builds(ToolResult, filled, parts(texts))), text),
)
tools = st.lists(
    st.builds(Tool, name, text, st.none() | schema, maybe_bool), max_size=3, unique_by=lambda tool: tool.name
).map(tuple)
efforts: st.SearchStrategy[Any] = st.sampled_from(["none", "low", "high", "max"])
penalty = st.none() | st.floats(-2, 2)
sampling = st.builds(
    Sampling,
    max_tokens=st.none() | st.integers(1, 2**31 - 1),
    temperature=st.none() | st.floats(0, 2),
    top_p=st.none() | st.floats(0, 1),
    stop=st.lists(filled, max_size=4).map(tuple),
    seed=st.none() | st.integers(-(2**63), 2**63 - 1),
    n=st.integers(1, 8),
    frequency_penalty=penalty,
    presence_penalty=penalty,
)
formats = (
    st.none()
    | st.just(ResponseFormat("json_object"))
    | st.builds(ResponseFormat, st.just("json_schema"), name, schema, maybe_bool, text)
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    offered = draw(tools)
    choices: list[ToolChoice | None] = [None]
    if offered:
        choices += [ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")]
        choices += [ToolChoice("function", tool.name) for tool in offered]
    return Request(
        target=draw(filled),
        messages=tuple(draw(st.lists(messages, min_size=1, max_size=4))),
        tools=offered,
        tool_choice=draw(st.sampled_from(choices)),
        parallel_tool_calls=draw(maybe_bool) if offered else None,
        response_format=draw(formats),
        sampling=draw(sampling),
        reasoning=draw(st.none() | st.builds(Reasoning, effort=efforts)),
        stream=draw(st.booleans()),
    )


@given(requests())
def test_a_request_written_for_a_vendor_reads_back_the_same(request: Request) -> None:
    call = read_request(write_request(request, model=request.target, stream=request.stream).body)
    assert call.request == request
    assert call.include_usage == request.stream


usages = st.builds(
    lambda input, cached, kept, output, reasoning: Usage(
        input=input, cached_input=cached, cache_write=kept, output=output, reasoning=min(reasoning, output)
    ),
    *[st.integers(0, 2**40)] * 5,
)
reasons: list[FinishReason] = ["stop", "length", "tool_calls", "content_filter"]
finishes = st.sampled_from(reasons)


thoughts = st.one_of(
    st.builds(lambda words: (Thinking(words),) if words else (), text),
    st.lists(
        st.builds(Thinking, text, filled, st.just("anthropic"))
        | st.builds(Thinking, st.just(""), filled, st.just("anthropic"), st.just(True))
        | st.builds(Thinking, text, filled, st.just("openai"), st.just(False), text),
        max_size=3,
    ).map(tuple),
)
places = st.integers(0, 9)
urls = st.builds(Citation, kind=st.just("url"), title=text, url=text, start=places, end=places)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    choices = []
    for index in range(draw(st.integers(1, 3))):
        said = values.choice(
            index=index,
            text=draw(text),
            tool_uses=tuple(draw(st.lists(st.builds(ToolUse, text, filled, text), max_size=2))),
            refusal=draw(text),
            finish=draw(finishes),
        )
        cited = tuple(draw(st.lists(urls, max_size=2)))
        parts = [
            msgspec.structs.replace(part, citations=cited) if isinstance(part, Text) else part
            for part in said.parts
        ]
        choices.append(msgspec.structs.replace(said, parts=(*draw(thoughts), *parts)))
    return Reply(
        choices=tuple(choices),
        usage=draw(usages),
        served_model=draw(filled),
        created_s=draw(st.integers(0, 2**40)),
    )


@given(replies(), st.none() | schema)
def test_a_reply_written_for_a_client_reads_back_the_same(reply: Reply, extra: dict[str, Any] | None) -> None:
    assert read_reply(write_reply(reply, id="x", model=reply.served_model, extra=extra)) == reply


def as_events(reply: Reply, reasons: list[FinishReason]) -> list[Event]:
    """A reply as a vendor might stream it, one piece a character."""
    events: list[Event] = [Served(reply.served_model)]
    for choice in reply.choices:
        for part in choice.parts:
            if isinstance(part, Thinking):
                events += [ReasoningDelta(choice.index, piece) for piece in part.text]
                if part.signature:
                    events.append(
                        ThinkingSealed(choice.index, part.signature, part.format, part.redacted, part.id)
                    )
            elif isinstance(part, Text):
                events += [TextDelta(choice.index, piece) for piece in part.text]
                events += [Cited(choice.index, citation) for citation in part.citations]
        events += [RefusalDelta(choice.index, piece) for piece in choice.refusal]
        for place, use in enumerate(choice.tool_uses):
            events.append(ToolDelta(choice.index, place, "", use.id, use.name))
            events += [ToolDelta(choice.index, place, piece) for piece in use.arguments]
    events += [Finished(choice.index, reason) for choice, reason in zip(reply.choices, reasons, strict=True)]
    events.append(Metered(reply.usage))
    return events


def as_stream(reply: Reply) -> bytes:
    writer = ChunkWriter("chatcmpl-1", reply.served_model, 7, include_usage=True)
    events = as_events(reply, [choice.finish for choice in reply.choices])
    return b"".join([writer.event(event) for event in events]) + writer.end({"decision": "x"})


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted({place % (len(stream) + 1) for place in places}), len(stream)]
    return [stream[start:end] for start, end in pairwise(bounds)]


@given(replies(), st.lists(st.integers(0, 10_000), max_size=40))
def test_a_stream_relayed_in_any_cut_collects_to_the_same_reply(reply: Reply, places: list[int]) -> None:
    reader, collector = ChunkReader(), Collector()
    for piece in cut(as_stream(reply), places):
        for event in reader.feed(piece):
            collector.add(event)
    reader.end()
    assert collector.reply() == msgspec.structs.replace(reply, created_s=0)


line_pieces = st.sampled_from(
    [b"data: a", b"data:b", b"\n", b"\r", b"\r\n", b"\n\n", b":c", b"d", b"\xef\xbb\xbf"]
)


@given(st.lists(line_pieces), st.lists(st.integers(0, 10_000), max_size=20))
def test_events_do_not_depend_on_how_the_bytes_are_cut(tokens: list[bytes], places: list[int]) -> None:
    stream = b"".join(tokens)
    whole, pieces = EventParser(), EventParser()
    expected = whole.feed(stream)
    assert [payload for piece in cut(stream, places) for payload in pieces.feed(piece)] == expected
    assert ends_well(whole) == ends_well(pieces)


def ends_well(parser: EventParser) -> bool:
    try:
        parser.end()
    except WireError:
        return False
    return True


KEYS = """
choices index delta message content finish_reason tool_calls function name arguments id usage model error
reasoning_content reasoning_details annotations signature format url_citation
prompt_tokens completion_tokens prompt_tokens_details cached_tokens created detail loc msg type code role
messages tools tool_choice stop stream stream_options metadata response_format image_url url text
"""
vendor_keys = st.sampled_from(KEYS.split())
odd = st.recursive(
    st.none() | st.booleans() | number | st.floats(allow_nan=False, allow_infinity=False) | text
    | st.sampled_from(["stop", "user", "function", "image_url", "data:image/png;base64,AAAA", 10**30, -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(vendor_keys, inner, max_size=5),
    max_leaves=15,
)  # fmt: skip
odd_bytes = st.binary(max_size=80) | st.dictionaries(vendor_keys, odd, max_size=6).map(msgspec.json.encode)


@given(odd_bytes)
def test_any_bytes_from_a_client_are_read_or_refused(body: bytes) -> None:
    with suppress(MalformedRequest, UnsupportedRequest):
        read_request(body)


@given(st.dictionaries(vendor_keys, odd, max_size=6))
def test_any_fields_from_a_client_are_read_or_refused(fields: dict[str, Any]) -> None:
    base = {"model": "m", "messages": [{"role": "user", "content": "a"}]}
    with suppress(MalformedRequest, UnsupportedRequest):
        read_request(msgspec.json.encode({**base, **fields}))


@given(odd_bytes)
def test_any_bytes_from_a_vendor_are_read_or_refused(body: bytes) -> None:
    with suppress(WireError):
        read_reply(body)


@given(st.lists(st.binary(max_size=40) | odd_bytes.map(lambda body: b"data: " + body + b"\n\n"), max_size=4))
def test_any_stream_from_a_vendor_is_read_or_refused(pieces: list[bytes]) -> None:
    reader = ChunkReader()
    with suppress(WireError):
        for piece in pieces:
            reader.feed(piece)
        reader.end()


@given(st.integers(100, 599), odd_bytes)
def test_an_error_body_never_raises_and_is_bounded(status: int, body: bytes) -> None:
    error = read_error(status, body)
    assert len(error.message) <= 1_000
    assert len(error.type) <= 64
    assert len(error.code) <= 64
    assert (error.message + error.type + error.code).isprintable()
