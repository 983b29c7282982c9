"""A vendor's chunks as events, and events as a client's chunks."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Event,
    Finished,
    Metered,
    ReasoningDelta,
    RefusalDelta,
    Served,
    TextDelta,
    ToolDelta,
)
from signalbox.wires.openai_chat import ChunkReader, ChunkWriter, VendorError, WireError

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1}}
METERED = Metered(Usage(input=9, cached_input=1, output=4))
DONE = b"data: [DONE]\n\n"


def chunk(
    delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0, **fields: Any
) -> bytes:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return b"data: %b\n\n" % msgspec.json.encode({"model": "m-1", "choices": [choice], **fields})


def tool(index: int, arguments: str, id: str | None = None, name: str | None = None) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]}


def events(*pieces: bytes) -> list[Event]:
    reader = ChunkReader()
    found = [event for piece in pieces for event in reader.feed(piece)]
    reader.end()
    return found


def test_a_stream() -> None:
    assert events(
        chunk({"role": "assistant", "content": ""}, new_field=1),
        chunk({"reasoning_content": "hm"}),
        chunk({"reasoning": "hm"}),
        chunk({"content": "a"}, usage=None),
        chunk({"refusal": "no"}),
        b": ping\n\ndata:\n\n",
        chunk(finish="stop"),
        chunk(choices=[], usage=USAGE),
        DONE,
    ) == [
        Served("m-1"),
        ReasoningDelta(0, "hm"),
        ReasoningDelta(0, "hm"),
        TextDelta(0, "a"),
        RefusalDelta(0, "no"),
        Finished(0, "stop"),
        METERED,
    ]


def test_tool_calls_come_in_pieces() -> None:
    assert events(
        chunk(tool(0, "", "c0", "f")),
        chunk(tool(0, '{"a"', "c0", "f")),
        chunk(tool(0, ":1}")),
        chunk(tool(1, "{}", "c1", "g")),
        chunk(finish="tool_calls"),
    ) == [
        Served("m-1"),
        ToolDelta(0, 0, "", "c0", "f"),
        ToolDelta(0, 0, '{"a"'),
        ToolDelta(0, 0, ":1}"),
        ToolDelta(0, 1, "{}", "c1", "g"),
        Finished(0, "tool_calls"),
    ]


def test_usage_that_rides_along_is_told_once_and_last() -> None:
    partial = {"prompt_tokens": 10, "completion_tokens": 1}
    assert events(
        chunk({"content": "a"}, usage=partial),
        chunk(finish="stop", usage=partial),
        chunk({"content": "b"}, index=1, usage=partial),
        chunk(finish="length", index=1, usage=USAGE),
        DONE,
    ) == [
        Served("m-1"),
        TextDelta(0, "a"),
        Finished(0, "stop"),
        TextDelta(1, "b"),
        Finished(1, "length"),
        METERED,
    ]
    assert events(chunk(finish="stop", usage=USAGE), chunk(choices=[], usage=USAGE), DONE).count(METERED) == 1


def test_the_model_may_be_named_late_or_not_at_all() -> None:
    assert events(chunk(choices=[], model=""), chunk(finish="stop"))[0] == Served("m-1")
    assert events(chunk({"content": "a"}, model=None), chunk(finish="stop")) == [
        TextDelta(0, "a"),
        Finished(0, "stop"),
    ]


def test_annotations_after_the_finish_are_passed_over() -> None:
    late = b'data: {"choices":[{"index":0,"content_filter_results":{},"finish_reason":null}]}\n\n'
    assert events(chunk(finish="stop"), late, DONE)[-1] == Finished(0, "stop")


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (DONE,),
        (chunk({"content": "a"}),),
        (chunk({"content": "a"}), DONE),
        (chunk(finish="stop"), chunk({"content": ""}, index=1), DONE),
        (chunk(finish="stop"), chunk({"content": "a"})),
        (chunk(finish="stop"), DONE, chunk({"content": "a"})),
        (chunk(finish="stop"), DONE, DONE),
        (chunk(finish="stop"), chunk(choices=[], usage=USAGE), chunk({"content": "a"}, "stop", index=1)),
        (chunk({"content": "a"}), chunk({"content": "b"}, "stop", model="m-2")),
        (chunk(finish="stop")[:-1],),
        (chunk(finish="abort"),),
        (chunk(tool(0, "{}"), "stop"),),
        (chunk(tool(0, "{}", "c0", "f")), chunk(tool(0, "{}", "c1", "g"), "stop")),
        (chunk(index=-1, finish="stop"),),
        (chunk(finish="stop", usage={"prompt_tokens": -1, "completion_tokens": 0}), DONE),
        (b"data: {}\n\n",),
        (b"data: {\n\n",),
        (b'data: "\xff"\n\n',),
        (b"data: " + b'{"a":' * 100_000 + b"\n\n",),
        (b"<html>\n\n",),
    ],
)
def test_a_stream_that_is_not_whole_or_not_the_dialect_is_refused(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(WireError):
        events(*pieces)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"error":{"message":"gone","type":"server_error","code":500}}',
        b'{"object":"error","message":"gone","type":"server_error","code":500}',
    ],
)
def test_an_error_in_the_stream_is_carried(payload: bytes) -> None:
    reader = ChunkReader()
    reader.feed(chunk({"content": "a"}))
    with pytest.raises(WireError) as caught:
        reader.feed(b"event: error\ndata: " + payload + b"\n\n")
    assert caught.value.error == VendorError("server_error", "500", "gone")
    assert "gone" not in str(caught.value)


def decoded(stream: bytes) -> list[Any]:
    payloads = [event.removeprefix(b"data: ") for event in stream.split(b"\n\n")[:-1]]
    return [msgspec.json.decode(payload) for payload in payloads if payload != b"[DONE]"]


def test_what_a_client_gets() -> None:
    writer = ChunkWriter("chatcmpl-1", 'm"1', 7, True)
    sent = b"".join(
        writer.event(event)
        for event in (Served("x"), TextDelta(0, 'a"\n'), TextDelta(0, "é"), Finished(0, "stop"), METERED)
    )
    assert b'finish_reason":"' not in sent
    sent += writer.end({"decision": "d"})
    chunks = decoded(sent)
    assert sent.endswith(DONE)
    assert {(c["id"], c["model"], c["created"], c["object"]) for c in chunks} == {
        ("chatcmpl-1", 'm"1', 7, "chat.completion.chunk")
    }
    assert [c["choices"][0]["delta"] for c in chunks[:-1]] == [
        {"role": "assistant", "content": 'a"\n'},
        {"content": "é"},
        {},
    ]
    assert [c["usage"] for c in chunks[:-1]] == [None, None, None]
    assert chunks[-2]["signalbox"] == {"decision": "d"}
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["prompt_tokens"] == 10


def test_extra_rides_on_the_last_finish_and_usage_only_where_it_was_asked_for() -> None:
    writer = ChunkWriter("i", "m", 7, False)
    for event in (TextDelta(0, "a"), TextDelta(1, "b"), Finished(1, "stop"), Finished(0, "length"), METERED):
        writer.event(event)
    chunks = decoded(writer.end({"x": 1}))
    assert [(c["choices"][0]["index"], c.get("signalbox")) for c in chunks] == [(1, None), (0, {"x": 1})]
    assert all("usage" not in c for c in chunks)


def test_a_choice_that_never_spoke_still_has_a_role() -> None:
    writer = ChunkWriter("i", "m", 7, False)
    writer.event(Finished(0, "content_filter"))
    (last,) = decoded(writer.end(None))
    assert last["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert "signalbox" not in last


def test_a_stream_without_its_finishes_is_not_ended() -> None:
    writer = ChunkWriter("i", "m", 7, False)
    with pytest.raises(WireError):
        writer.end(None)
    writer.event(TextDelta(0, "a"))
    writer.event(Finished(1, "stop"))
    with pytest.raises(WireError):
        writer.end(None)


def test_an_error_ends_the_stream_without_done() -> None:
    assert ChunkWriter("i", "m", 7, False).error(b'{"error":{}}') == b'data: {"error":{}}\n\n'
    assert ChunkWriter("i", "m", 7, False).error(b'{\r\n"error":{}}') == b'data: {\ndata: "error":{}}\n\n'
