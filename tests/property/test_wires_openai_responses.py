"""Laws of the Responses wire: round trips, any cut of the bytes, and no error but the documented."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.domain.errors import MalformedRequest, UnsupportedRequest
from signalbox.domain.money import Usage
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
    Said,
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
from signalbox.wires.openai_responses import (
    ResponseReader,
    ResponsesCall,
    ResponseWriter,
    WireError,
    read_reply,
    read_request,
    write_reply,
    write_request,
)

text = st.text(max_size=8)
filled = st.text(min_size=1, max_size=8)
name = st.text("abcXYZ019_-", min_size=1, max_size=8)
number = st.integers(-(2**40), 2**40)
schema = st.dictionaries(text, number | text | st.booleans() | st.lists(text, max_size=2), max_size=3)
maybe_bool = st.none() | st.booleans()

texts = st.builds(Text, text)
images = st.builds(
    Image,
    st.sampled_from(["image/png", "image/jpeg"]),
    st.sampled_from(["AAAA", "AQ=="]),
    st.sampled_from(["auto", "low", "high"]),
)
documents = st.builds(Document, st.just("application/pdf"), st.just("JVBERi0="), filled)
native = st.builds(
    Thinking, text, filled.filter(lambda seal: seal[:4] != "sb1."), st.just("openai"), id=filled
)


def parts(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=1, max_size=3).map(tuple)


calls = st.builds(ToolUse, filled, filled, text)
asked = st.one_of(
    st.builds(Message, st.sampled_from(["system", "developer"]), parts(texts)),
    st.builds(Message, st.just("user"), parts(texts | images | documents)),
    st.builds(Message, st.just("tool"), st.tuples(st.builds(ToolResult, filled, parts(texts | images)))),
)
said = st.builds(Message, st.just("assistant"), parts(texts | st.builds(Refusal, text) | native | calls))
turns = st.lists(st.tuples(asked, st.none() | said), min_size=1, max_size=3).map(
    lambda pairs: tuple(message for pair in pairs for message in pair if message is not None)
)
tools = st.lists(
    st.builds(Tool, name, text, st.none() | schema, st.booleans()),
    max_size=3,
    unique_by=lambda tool: tool.name,
).map(tuple)
efforts: st.SearchStrategy[Any] = st.sampled_from(["none", "minimal", "high", "max"])


@st.composite
def requests(draw: st.DrawFn) -> Request:
    offered = draw(tools)
    choices: list[ToolChoice | None] = [None]
    if offered:
        choices += [ToolChoice("auto"), ToolChoice("none"), ToolChoice("required")]
        choices += [ToolChoice("function", tool.name) for tool in offered]
    return Request(
        target=draw(filled),
        messages=draw(turns),
        tools=offered,
        tool_choice=draw(st.sampled_from(choices)),
        parallel_tool_calls=draw(maybe_bool) if offered else None,
        response_format=draw(
            st.none()
            | st.just(ResponseFormat("json_object"))
            | st.builds(ResponseFormat, st.just("json_schema"), name, schema, maybe_bool, text)
        ),
        sampling=draw(
            st.builds(
                Sampling,
                max_tokens=st.none() | st.integers(1, 2**31 - 1),
                temperature=st.none() | st.floats(0, 2),
                top_p=st.none() | st.floats(0, 1),
            )
        ),
        reasoning=draw(
            st.none() | st.builds(Reasoning, effort=efforts, visible=st.sampled_from([None, True]))
        ),
        stream=draw(st.booleans()),
    )


@given(requests())
def test_a_request_written_for_a_vendor_reads_back_the_same(request: Request) -> None:
    written = write_request(request, model=request.target, stream=request.stream)
    assert written.notes == ()
    assert read_request(written.body).request == request


CALL = read_request(b'{"model":"m","input":"hi"}')
usages = st.builds(
    lambda input, cached, kept, output, reasoning: Usage(
        input=input, cached_input=cached, cache_write=kept, output=output, reasoning=min(reasoning, output)
    ),
    *[st.integers(0, 2**40)] * 5,
)
thoughts = (
    st.builds(Thinking, filled)
    | st.builds(Thinking, text, filled, st.just("anthropic"))
    | st.builds(Thinking, st.just(""), filled, st.just("anthropic"), st.just(True))
    | st.builds(Thinking, text, filled, st.just("openai"), id=text)
)
places = st.integers(0, 9)
urls = st.builds(Citation, kind=st.just("url"), title=text, url=text, start=places, end=places)
cited = st.builds(Text, filled, citations=st.lists(urls, max_size=2).map(tuple))
answers = st.lists(cited | st.builds(Refusal, filled) | thoughts | calls, max_size=5).map(tuple)
reasons: list[FinishReason] = ["stop", "stop_sequence", "tool_calls", "length", "content_filter", "refusal"]


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    choice = Choice(index=0, parts=draw(answers), finish=draw(st.sampled_from(reasons)))
    return Reply(choices=(choice,), usage=draw(usages), served_model="served")


def as_events(reply: Reply) -> list[Event]:
    """A reply as a vendor might stream it, one piece a character."""
    events: list[Event] = [Served(reply.served_model)]
    (choice,) = reply.choices
    call = 0
    for part in choice.parts:
        match part:
            case Text():
                events += [TextDelta(0, piece) for piece in part.text]
                events += [Cited(0, citation) for citation in part.citations]
                events.append(PartEnded(0))
            case Refusal():
                events += [*[RefusalDelta(0, piece) for piece in part.text], PartEnded(0)]
            case Thinking():
                events += [ReasoningDelta(0, piece) for piece in part.text]
                if part.signature:
                    seal = ThinkingSealed(0, part.signature, part.format, part.redacted, part.id)
                    events.append(seal)
                else:
                    events.append(PartEnded(0))
            case ToolUse():
                events.append(ToolDelta(0, call, "", part.id, part.name))
                events += [ToolDelta(0, call, piece) for piece in part.arguments]
                events.append(PartEnded(0))
                call += 1
    return [*events, Finished(0, choice.finish), Metered(reply.usage)]


def as_stream(reply: Reply) -> bytes:
    writer = ResponseWriter("resp_1", 7, CALL, reply.served_model)
    return b"".join([writer.event(event) for event in as_events(reply)]) + writer.end({"decision": "x"})


def payloads(stream: bytes) -> list[dict[str, Any]]:
    return [msgspec.json.decode(event.partition(b"\ndata: ")[2]) for event in stream.split(b"\n\n") if event]


def whole(reply: Reply) -> Any:
    body = write_reply(reply, id="resp_1", created_s=7, call=CALL, model="served", extra={"decision": "x"})
    return msgspec.json.decode(body)


@given(replies())
def test_a_stream_ends_with_what_the_whole_reply_says(reply: Reply) -> None:
    events = payloads(as_stream(reply))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["response"] == whole(reply)
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert sorted(done, key=lambda item: int(item["id"].rpartition("_")[2])) == whole(reply)["output"]


def as_read(reply: Reply) -> Reply:
    """What a vendor's reader makes of what the writer wrote: every seal is OpenAI's to it."""
    (choice,) = reply.choices
    kept: list[Said] = []
    for place, item in enumerate(whole(reply)["output"]):
        if item["type"] != "reasoning":
            continue
        words = "".join(part["text"] for part in item["summary"])
        sealed = item.get("encrypted_content", "")
        kept.append(Thinking(words, sealed, "openai" if sealed else "", id=item["id"] if sealed else ""))
        assert item["id"] == f"rs_1_{place}"
    thoughts = iter(kept)
    parts = tuple(next(thoughts) if isinstance(part, Thinking) else part for part in choice.parts)
    refused = any(isinstance(part, Refusal) for part in parts)
    called = any(isinstance(part, ToolUse) for part in parts)
    finish: FinishReason = choice.finish
    if finish == "refusal" and not refused:
        finish = "content_filter"
    elif finish not in ("length", "content_filter"):
        finish = "tool_calls" if called else "stop"
    return replace(reply, choices=(replace(choice, parts=parts, finish=finish),))


@given(replies())
def test_a_reply_written_for_a_client_reads_back_the_same(reply: Reply) -> None:
    body = write_reply(reply, id="resp_1", created_s=7, call=CALL, model="served")
    assert read_reply(body) == replace(as_read(reply), created_s=7)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted({place % (len(stream) + 1) for place in places}), len(stream)]
    return [stream[start:end] for start, end in pairwise(bounds)]


@given(replies(), st.lists(st.integers(0, 10_000), max_size=40))
def test_a_stream_relayed_in_any_cut_collects_to_the_same_reply(reply: Reply, places: list[int]) -> None:
    reader, collector = ResponseReader(), Collector()
    for piece in cut(as_stream(reply), places):
        for event in reader.feed(piece):
            collector.add(event)
    reader.end()
    assert collector.reply() == as_read(reply)


@given(answers.filter(bool))
def test_what_a_model_said_comes_back_from_the_client_as_it_was(said: tuple[Said, ...]) -> None:
    """Thinking with its seals, whoever's they are; only citations stay behind."""
    reply = Reply(choices=(Choice(index=0, parts=said),), usage=Usage())
    history = [*whole(reply)["output"], {"role": "user", "content": "go on"}]
    messages = read_request(msgspec.json.encode({"model": "m", "input": history})).request.messages
    expected = tuple(replace(part, citations=()) if isinstance(part, Text) else part for part in said)
    assert messages[0] == Message("assistant", expected)


KEYS = """
type role content text input input_text output_text refusal reasoning summary encrypted_content id status
call_id name arguments output function_call function_call_output message item response delta output_index
content_index sequence_number error code usage input_tokens output_tokens model tools tool_choice include
annotations store image_url file_data detail stream effort format incomplete_details reason
"""
KINDS = """
message function_call function_call_output reasoning input_text output_text refusal summary_text input_file
reasoning_text input_image function allowed_tools user assistant completed failed incomplete error
response.created response.completed response.failed response.output_item.added response.output_item.done
response.output_text.delta response.function_call_arguments.delta response.reasoning_summary_text.delta
"""
keys = st.sampled_from(KEYS.split())
kinds = st.sampled_from(KINDS.split())
odd = st.recursive(
    st.none() | st.booleans() | number | text | kinds | st.sampled_from([10**30, -1]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys, inner, max_size=5)
        | st.builds(lambda kind, rest: {**rest, "type": kind}, kinds, st.dictionaries(keys, inner))
    ),
    max_leaves=15,
)
odd_bytes = st.binary(max_size=80) | st.dictionaries(keys, odd, max_size=6).map(msgspec.json.encode)


@given(odd_bytes)
def test_any_bytes_from_a_client_are_read_or_refused(body: bytes) -> None:
    with suppress(MalformedRequest, UnsupportedRequest):
        read_request(body)


@given(st.dictionaries(keys, odd, max_size=6), st.lists(odd, max_size=4))
def test_any_fields_from_a_client_are_read_or_refused(fields: dict[str, Any], items: list[Any]) -> None:
    with suppress(MalformedRequest, UnsupportedRequest):
        call = read_request(msgspec.json.encode({"model": "m", "input": items or "hi", **fields}))
        assert isinstance(call, ResponsesCall)
        write_request(call.request, model="m", stream=False)


outputs = st.builds(
    lambda rest, output: msgspec.json.encode({"status": "completed", **rest, "output": output}),
    st.dictionaries(keys, odd, max_size=4),
    st.lists(odd, max_size=4),
)


@given(odd_bytes | outputs)
def test_any_bytes_from_a_vendor_are_read_or_refused(body: bytes) -> None:
    with suppress(WireError):
        read_reply(body)


events = odd.map(lambda one: b"data: " + msgspec.json.encode(one) + b"\n\n")


@given(st.lists(st.binary(max_size=40) | events, max_size=6))
def test_any_stream_from_a_vendor_is_read_or_refused(pieces: list[bytes]) -> None:
    reader = ResponseReader()
    with suppress(WireError):
        for piece in pieces:
            reader.feed(piece)
        reader.end()
