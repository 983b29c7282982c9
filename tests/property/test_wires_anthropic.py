"""Laws of the Messages wire: round trips, any cut of the bytes, two roads, no error but the documented."""

from contextlib import suppress
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.domain.errors import MalformedRequest, UnsupportedRequest
from signalbox.domain.money import Usage
from signalbox.domain.notes import Note
from signalbox.domain.reply import (
    Choice,
    Cited,
    Event,
    Finished,
    FinishReason,
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
    CacheMark,
    Citation,
    Document,
    Effort,
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
    ThinkingFormat,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.normalise.collect import Collector
from signalbox.wires.anthropic import (
    EventReader,
    EventWriter,
    WireError,
    read_count_request,
    read_error,
    read_reply,
    read_request,
    write_reply,
    write_request,
)

ROAD = "signalbox.wires.anthropic_read.decode_if_clear"
text = st.text(max_size=8)
said = st.text(min_size=1, max_size=8).filter(lambda value: not value.isspace())
name = st.text("abcXYZ019_-", min_size=1, max_size=8)
filled = st.text(min_size=1, max_size=8)
place = st.integers(0, 2**31 - 1)
value = st.integers(-(2**40), 2**40) | text | st.booleans() | st.none() | st.lists(text, max_size=2)
objects = st.dictionaries(text, value, max_size=3)
arguments = objects.map(lambda given: msgspec.json.encode(given).decode())
marks: st.SearchStrategy[CacheMark] = st.sampled_from(["", "", "", "5m", "1h"])
signatures = filled.filter(lambda given: not given.startswith("sb1."))

located = st.builds(
    Citation,
    kind=st.sampled_from(["char", "page", "block"]),
    cited=text,
    source=place,
    title=text,
    start=place,
    end=place,
)
citations = located | st.builds(
    Citation,
    kind=st.just("search"),
    cited=text,
    source=place,
    title=text,
    url=text,
    start=place,
    end=place,
)
pages = st.builds(
    Citation,
    kind=st.just("url"),
    cited=text,
    title=text,
    url=text,
    start=st.integers(-1, 999_999_999),
    end=st.integers(-1, 999_999_999),
)


def some(of: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=least, max_size=3).map(tuple)


texts = st.builds(Text, said, marks)
material = st.one_of(
    texts,
    st.builds(
        Image,
        st.sampled_from(["image/png", "image/jpeg", "image/gif", "image/webp"]),
        st.sampled_from(["AAAA", "iVBORw0KGgo=", "AQ=="]),
        cache=marks,
    ),
    st.builds(Document, st.just("text/plain"), text, text, text, st.booleans(), marks),
    st.builds(Document, st.just("application/pdf"), st.just("JVBERi0="), text, text, st.booleans(), marks),
    st.builds(SearchResult, text, text, some(text), st.booleans(), marks),
)
results = st.builds(ToolResult, name, some(material, 0), st.booleans(), marks) | st.builds(
    ToolResult, name, text.map(lambda given: (Text(given),)), st.booleans(), marks
)
calls = st.builds(ToolUse, name, filled, arguments, marks)
thoughts = st.one_of(
    st.builds(Thinking, text, signatures, st.just("anthropic")),
    st.builds(Thinking, st.just(""), signatures, st.just("anthropic"), st.just(True)),
)
answers = some(st.builds(Text, said, marks, some(citations, 0)) | calls | thoughts)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """As the dialect can say them: a system prompt in front, and speakers who take turns."""
    messages: list[Message] = []
    if draw(st.booleans()):
        messages.append(Message("system", draw(some(texts))))
    for _ in range(draw(st.integers(1, 2))):
        heard = [Message("tool", (result,)) for result in draw(st.lists(results, max_size=2))]
        if not heard or draw(st.booleans()):
            heard.insert(draw(st.sampled_from([0, len(heard)])), Message("user", draw(some(material))))
        messages += heard
        if draw(st.booleans()):
            break
        messages.append(Message("assistant", draw(answers)))
    return tuple(messages)


efforts: st.SearchStrategy[Effort] = st.sampled_from(["low", "medium", "high", "xhigh", "max"])
maybe_effort: st.SearchStrategy[Effort] = st.sampled_from(["", "low", "high", "max"])
maybe_bool = st.none() | st.booleans()
still = st.one_of(
    st.none(),
    st.just(Reasoning(effort="none")),
    st.builds(Reasoning, effort=efforts, thinking=st.sampled_from(["unsaid", "off"])),
)
reasoning = st.one_of(
    still,
    st.builds(Reasoning, effort=maybe_effort, budget_tokens=st.integers(1024, 10**6), visible=maybe_bool),
    st.builds(Reasoning, effort=maybe_effort, adaptive=st.just(True), visible=maybe_bool),
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """What the dialect can say without loss."""
    messages = draw(conversations())
    called = any(type(part) is ToolUse for message in messages for part in message.parts)
    schemas = objects.map(lambda given: {**given, "type": "object"})
    offered = draw(
        st.lists(
            st.builds(Tool, name, text, schemas, maybe_bool, marks),
            min_size=int(called),
            max_size=2,
            unique_by=lambda tool: tool.name,
        )
    )
    choices: list[ToolChoice | None] = [None]
    if offered:
        choices += [ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")]
        choices += [ToolChoice("function", tool.name) for tool in offered]
    choice = draw(st.sampled_from(choices))
    forced = choice is not None and choice.mode in ("required", "function")
    return Request(
        target=draw(filled),
        messages=messages,
        tools=tuple(offered),
        tool_choice=choice,
        parallel_tool_calls=draw(maybe_bool) if choice is not None and choice.mode != "none" else None,
        response_format=draw(
            st.none() | st.builds(ResponseFormat, st.just("json_schema"), st.just("output"), objects)
        ),
        sampling=Sampling(
            max_tokens=draw(st.integers(1, 2**31 - 1)),
            temperature=draw(st.none() | st.floats(0, 1)),
            top_p=draw(st.none() | st.floats(0, 1)),
            stop=tuple(draw(st.lists(filled, max_size=3))),
            top_k=draw(st.none() | st.integers(0, 500)),
        ),
        reasoning=draw(still if forced else reasoning),
        cache=draw(marks),
        stream=draw(st.booleans()),
    )


@given(requests())
def test_a_request_written_for_a_vendor_reads_back_the_same(request: Request) -> None:
    written = write_request(request, model=request.target, stream=request.stream, output_limit=1)
    assert written.notes == ()
    assert read_request(written.body) == request


@given(requests())
def test_counting_reads_what_answering_does(request: Request) -> None:
    plain = replace(request, sampling=Sampling(max_tokens=1), stream=False)
    body = msgspec.json.decode(write_request(plain, model="m", stream=False, output_limit=1).body)
    del body["max_tokens"]
    assert read_count_request(msgspec.json.encode(body)) == replace(plain, sampling=Sampling(), target="m")


anything = st.one_of(
    st.builds(Text, text, marks, some(citations | pages, 0)),
    st.builds(Image, st.just("image/png"), st.just("AAAA"), st.sampled_from(["auto", "low"]), marks),
    st.builds(Refusal, text),
    st.builds(Thinking, text, text, st.sampled_from(["", "anthropic", "openai"]), st.booleans(), text),
    st.builds(ToolUse, text.filter(lambda given: len(given) > 0), filled, text | arguments, marks),
    st.builds(ToolResult, filled, some(texts, 0), st.booleans()),
)
foreign = st.builds(
    Request,
    target=filled,
    messages=st.lists(
        st.one_of(
            st.builds(
                Message, st.sampled_from(["system", "developer"]), some(st.builds(Text, text, marks)), text
            ),
            st.builds(Message, st.just("user"), some(st.builds(Text, text)), text),
            st.builds(Message, st.just("assistant"), some(anything), text),
            st.builds(Message, st.just("tool"), st.tuples(st.builds(ToolResult, filled, some(texts)))),
        ),
        min_size=1,
        max_size=5,
    ).map(tuple),
    tools=some(st.builds(Tool, name), 0),
    parallel_tool_calls=maybe_bool,
    sampling=st.builds(
        Sampling, max_tokens=st.none() | st.integers(1, 5000), temperature=st.none() | st.floats(0, 2)
    ),
    reasoning=reasoning | st.builds(Reasoning, effort=st.just("minimal") | efforts, visible=maybe_bool),
)


@given(foreign, st.sampled_from(["claude-sonnet-4-5", "claude-opus-4-5", "claude-opus-5", "other"]))
def test_what_is_written_for_other_dialects_is_the_dialect_and_each_text_arrives(
    request: Request, model: str
) -> None:
    written = write_request(request, model=model, stream=False, output_limit=4096)
    assert set(written.notes) <= set(Note)
    assert len(set(written.notes)) == len(written.notes)
    body = msgspec.json.decode(written.body)
    speakers = [message["role"] for message in body["messages"]]
    assert all(one != other for one, other in pairwise(speakers))
    plain = msgspec.json.encode(body).decode()
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, Text | Refusal) and part.text.strip():
                assert msgspec.json.encode(part.text).decode() in plain


usages = st.builds(
    lambda output, reasoning, **counts: Usage(output=output, reasoning=min(reasoning, output), **counts),
    *[st.integers(0, 2**40)] * 2,
    input=st.integers(0, 2**40),
    cached_input=st.integers(0, 2**40),
    cache_write=st.integers(0, 2**40),
    cache_write_1h=st.integers(0, 2**40),
)
finishes: st.SearchStrategy[FinishReason] = st.sampled_from(
    ["stop_sequence", "length", "context_window", "tool_calls", "refusal"]
)
seals: st.SearchStrategy[tuple[str, ThinkingFormat, str]] = st.one_of(
    st.tuples(signatures, st.just("anthropic"), st.just("")),
    st.tuples(text, st.just("openai"), filled),
    st.tuples(filled, st.sampled_from(["openai", ""]), st.just("")),
)
sealed = seals.map(lambda given: Thinking("", given[0], given[1], False, given[2]))
spoken = st.one_of(
    st.builds(Text, text, citations=some(citations | pages, 0)),
    st.builds(lambda seal, said: replace(seal, text=said), sealed, text),
    st.builds(lambda seal: replace(seal, redacted=True), sealed),
    st.builds(Thinking, text),
    st.builds(ToolUse, text, filled, arguments),
)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    parts = draw(some(spoken, 0))
    refused = draw(st.booleans())
    calls = any(type(part) is ToolUse for part in parts)
    finish: FinishReason = "refusal" if refused else draw(finishes if calls else finishes | st.just("stop"))
    return Reply(
        choices=(
            Choice(
                index=0,
                parts=(*parts, Refusal(draw(filled))) if refused else parts,
                finish=finish,
                stop_word=draw(text),
            ),
        ),
        usage=draw(usages),
        served_model=draw(text),
        served_place=draw(text.filter(lambda given: given != "not_available")),
    )


@given(replies(), st.none() | objects)
def test_a_reply_written_for_a_client_reads_back_the_same(reply: Reply, extra: dict[str, Any] | None) -> None:
    assert read_reply(write_reply(reply, id="x", model=reply.served_model, extra=extra)) == reply


pieces = st.lists(filled, min_size=1, max_size=3)


@st.composite
def blocks(draw: st.DrawFn, tool: int) -> list[Event]:
    match draw(st.sampled_from(["text", "thinking", "redacted", "tool"])):
        case "text":
            inner = draw(st.lists(filled.map(lambda x: TextDelta(0, x)), min_size=1, max_size=3))
            cited = draw(st.lists((citations | pages).map(lambda x: Cited(0, x)), max_size=2))
            return [*inner, *cited, PartEnded(0)]
        case "thinking":
            thought: list[Event] = [ReasoningDelta(0, piece) for piece in draw(pieces)]
            if draw(st.booleans()):
                return [*thought, PartEnded(0)]
            signature, format, id = draw(seals)
            start = thought if draw(st.booleans()) else []
            return [*start, ThinkingSealed(0, signature, format, False, id)]
        case "redacted":
            signature, format, id = draw(seals)
            return [ThinkingSealed(0, signature, format, True, id)]
        case _:
            begun = ToolDelta(0, tool, "", draw(text), draw(filled))
            return [begun, *[ToolDelta(0, tool, piece) for piece in draw(pieces)], PartEnded(0)]


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = [Served(draw(filled), draw(st.sampled_from(["", "us", "eu"])))]
    tool = 0
    for _ in range(draw(st.integers(0, 4))):
        block = draw(blocks(tool))
        tool += type(block[0]) is ToolDelta
        events += block
    if draw(st.booleans()):
        events += [RefusalDelta(0, draw(filled)), Finished(0, "refusal", draw(text))]
    else:
        events.append(Finished(0, draw(finishes if tool else finishes | st.just("stop")), draw(text)))
    return [*events, Metered(draw(usages))]


def wire_bytes(events: list[Event], extra: dict[str, Any] | None = None) -> bytes:
    assert isinstance(events[0], Served)
    writer = EventWriter("msg_1", events[0].model, 7)
    return b"".join([writer.event(event) for event in events]) + writer.end(extra)


def read_cut(data: bytes, cuts: list[int]) -> list[Event]:
    reader = EventReader()
    events: list[Event] = []
    for start, end in pairwise([0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]):
        events += reader.feed(data[start:end])
    reader.end()
    return events


@given(streams(), st.lists(st.integers(0, 3000), max_size=6), st.none() | objects)
def test_events_cross_the_wire_unchanged_in_any_cut(
    events: list[Event], cuts: list[int], extra: dict[str, Any] | None
) -> None:
    assert read_cut(wire_bytes(events, extra), cuts) == events


@given(streams())
def test_a_stream_collected_is_the_reply(events: list[Event]) -> None:
    collector = Collector()
    for event in events:
        collector.add(event)
    reply = collector.reply()
    served = events[0]
    assert isinstance(served, Served)
    again = read_reply(write_reply(reply, id="x", model=served.model, extra=None))
    for mine, theirs in zip(reply.choices[0].parts, again.choices[0].parts, strict=True):
        if isinstance(mine, ToolUse):
            assert isinstance(theirs, ToolUse)
            assert (mine.id, mine.name) == (theirs.id, theirs.name)
        else:
            assert mine == theirs


@given(streams(), st.integers(0, 5000), st.binary(max_size=4), st.integers(0, 6))
def test_a_damaged_stream_raises_nothing_but_wire_errors(
    events: list[Event], at: int, garbage: bytes, gone: int
) -> None:
    data = wire_bytes(events)
    at = min(at, len(data))
    with suppress(WireError):
        read_cut(data[:at] + garbage + data[at + gone :], [])


@given(streams(), st.integers(0, 5000))
def test_a_stream_cut_off_is_never_whole(events: list[Event], at: int) -> None:
    data = wire_bytes(events)
    cut = data[: min(at, len(data) - 3)]
    try:
        read_cut(cut, [])
    except WireError:
        return
    raise AssertionError("a stream without its end passed for a whole one")


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "content", "usage", "index", "delta", "text", "error", "message"])
            | text,
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=80) | json_like.map(msgspec.json.encode), st.integers(100, 599))
def test_foreign_bytes_raise_nothing_but_wire_errors(data: bytes, status: int) -> None:
    read_error(status, data)
    for read in (read_reply, lambda given: read_cut(b"data: " + given + b"\n\n", [])):
        with suppress(WireError):
            read(data)


ODD: list[Any] = [None, 0, 1, -1, 1.5, 2**64, True, "auto", [], {}, ["x"], {"type": "url"}, {"type": "file"}]


def steps(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *[step for key, inner in items for step in steps(inner, (*path, key))]]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """A good body with one member put, replaced or gone."""
    body = msgspec.json.decode(
        write_request(draw(requests()), model="m", stream=draw(st.booleans()), output_limit=1).body
    )
    path = draw(st.sampled_from(steps(body)))
    node = body
    for key in path[:-1]:
        node = node[key]
    odd = draw(st.sampled_from(ODD))
    if path and draw(st.booleans()):
        node[path[-1]] = odd
    else:
        inner = node[path[-1]] if path else node
        if isinstance(inner, dict):
            inner[draw(st.sampled_from(["type", "speed", "container", "cache_control", "x"]))] = odd
        elif isinstance(inner, list):
            inner.append(odd)
    return msgspec.json.encode(body)


def outcome(body: bytes) -> Any:
    try:
        return read_request(body)
    except (MalformedRequest, UnsupportedRequest) as error:
        return type(error), error.message, error.param


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(mangled())
def test_both_roads_say_the_same_of_good_bodies_and_bad_ones(body: bytes) -> None:
    fast = outcome(body)
    with patch(ROAD, return_value=None):
        assert outcome(body) == fast
