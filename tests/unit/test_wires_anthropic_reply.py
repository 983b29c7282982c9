"""A vendor's Messages replies, streams and errors as domain values, and what is not one of them."""

from typing import Any

import msgspec
import pytest

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
from signalbox.domain.request import Citation, Refusal, Text, Thinking, ToolUse
from signalbox.normalise.collect import Collector
from signalbox.wires.anthropic import (
    EventReader,
    EventWriter,
    VendorError,
    WireError,
    read_error,
    read_reply,
    write_reply,
)

USAGE = {
    "input_tokens": 4,
    "cache_creation_input_tokens": 5,
    "cache_read_input_tokens": 6,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 2},
    "output_tokens": 9,
    "output_tokens_details": {"thinking_tokens": 7},
    "inference_geo": "us",
    "service_tier": "standard",
}
READ = Usage(input=4, cached_input=6, cache_write=3, cache_write_1h=2, output=9, reasoning=7)
CITED = {"type": "char_location", "cited_text": "c", "document_index": 1, "document_title": None,
         "start_char_index": 2, "end_char_index": 3, "file_id": None, "new": 1}  # fmt: skip
CITATION = Citation(kind="char", cited="c", source=1, start=2, end=3)


def message(*content: Any, **fields: Any) -> bytes:
    return msgspec.json.encode(
        {"type": "message", "id": "msg_1", "model": "claude", "content": content,
         "stop_reason": "end_turn", "usage": USAGE, "container": None, **fields}
    )  # fmt: skip


def test_a_reply() -> None:
    assert read_reply(
        message(
            {"type": "thinking", "thinking": "hm", "signature": "SEAL", "new": 1},
            {"type": "redacted_thinking", "data": "HIDDEN"},
            {"type": "text", "text": "a", "citations": None},
            {"type": "text", "text": "b", "citations": [CITED]},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1.0}, "caller": {"type": "direct"}},
            stop_reason="tool_use",
        )
    ) == Reply(
        choices=(
            Choice(
                index=0,
                parts=(
                    Thinking("hm", "SEAL", "anthropic"),
                    Thinking("", "HIDDEN", "anthropic", True),
                    Text("a"),
                    Text("b", "", (CITATION,)),
                    ToolUse("t", "f", '{"x":1.0}'),
                ),
                finish="tool_calls",
            ),
        ),
        usage=READ,
        served_model="claude",
        served_place="us",
    )


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "context_window"),
        ("refusal", "refusal"),
    ],
)
def test_stop_reasons(reason: str, finish: str) -> None:
    choice = read_reply(message(stop_reason=reason, stop_sequence="END")).choices[0]
    assert (choice.finish, choice.stop_word) == (finish, "END")


def test_a_refusal_keeps_its_words() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "not this"}
    choice = read_reply(message(stop_reason="refusal", stop_details=details)).choices[0]
    assert choice.parts == (Refusal("not this"),)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, Usage(estimated=True)),
        ({"input_tokens": 1, "output_tokens": 2}, Usage(input=1, output=2)),
        ({"input_tokens": 1.0, "output_tokens": 2, "cache_creation_input_tokens": 3},
         Usage(input=1, output=2, cache_write=3)),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2}},
         Usage(cache_write=1, cache_write_1h=2)),
        ({"cache_creation_input_tokens": 3, "cache_creation": {"ephemeral_1h_input_tokens": 9}},
         Usage(cache_write_1h=3)),
        ({"output_tokens": 2, "output_tokens_details": {"thinking_tokens": 9}}, Usage(output=2, reasoning=2)),
    ],
)  # fmt: skip
def test_usage(usage: Any, expected: Usage) -> None:
    reply = read_reply(message(usage=usage))
    assert reply.usage == expected
    assert reply.served_place == ""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not a message"),
        (b'{"type":"message"}', "no content"),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"later"}}', "is an error"),
        (message(stop_reason=None), "no stop reason"),
        (message(stop_reason="novel"), "unknown"),
        (message(stop_reason="pause_turn"), "paused"),
        (message({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}), "not asked for"),
        (message({"type": "tool_use", "id": "s", "input": {}}), "no name"),
        (message({"type": "tool_use", "id": "s", "name": "f", "input": [1]}), "not an object"),
        (message({"type": "text", "text": "a", "citations": [{"type": "novel"}]}), "unknown type"),
        (message(usage={"input_tokens": -1}), "no token count"),
        (message(usage={"input_tokens": 1.5}), "no token count"),
    ],
)
def test_what_is_no_reply(body: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        read_reply(body)


def test_what_an_error_said_is_kept() -> None:
    with pytest.raises(WireError) as caught:
        read_reply(b'{"type":"error","error":{"type":"overloaded_error","message":"later"}}')
    assert caught.value.error == VendorError("overloaded_error", "200", "later")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error","message":"later"},"request_id":"r"}',
         VendorError("overloaded_error", "529", "later")),
        (b'{"type":"error","error":{"type":"a","message":"m","details":{"error_code":"spend_limit"}}}',
         VendorError("a", "spend_limit", "m")),
        (b'{"error":{"type":"a","message":"m","details":{"error_code":7}}}', VendorError("a", "529", "m")),
        (b"<html>busy</html>", VendorError("", "529", "<html>busy</html>")),
        (b"", VendorError("", "529", "")),
    ],
)  # fmt: skip
def test_errors(body: bytes, expected: VendorError) -> None:
    assert read_error(529, body) == expected


# -- streams


def sse(type: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (type.encode(), msgspec.json.encode({"type": type, **fields}))


def start(index: int, **block: Any) -> bytes:
    return sse("content_block_start", index=index, content_block=block)


def delta(index: int, **fields: Any) -> bytes:
    return sse("content_block_delta", index=index, delta=fields)


def stop(index: int) -> bytes:
    return sse("content_block_stop", index=index)


BEGIN = sse("message_start", message={"model": "claude", "usage": {**USAGE, "output_tokens": 1}})
LAST = sse("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9})
END = sse("message_stop")
TEXT = start(0, type="text", text="")


def events(*pieces: bytes) -> list[Event]:
    reader = EventReader()
    found = [event for piece in pieces for event in reader.feed(piece)]
    reader.end()
    return found


def test_a_stream() -> None:
    assert events(
        BEGIN,
        sse("ping"),
        start(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="hm"),
        delta(0, type="signature_delta", signature="SEAL"),
        stop(0),
        start(1, type="redacted_thinking", data="HIDDEN"),
        stop(1),
        start(2, type="text", text="", citations=[]),
        delta(2, type="citations_delta", citation=CITED),
        delta(2, type="text_delta", text="a"),
        sse("novelty", index="x", delta=[], message=7),
        stop(2),
        start(3, type="tool_use", id="t", name="f", input={}),
        delta(3, type="input_json_delta", partial_json=""),
        delta(3, type="input_json_delta", partial_json='{"x"'),
        delta(3, type="input_json_delta", partial_json=":1}"),
        stop(3),
        start(4, type="tool_use", id="u", name="g", input={}),
        stop(4),
        start(5, type="tool_use", id="v", name="h", input={"y": 2}),
        stop(5),
        sse("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None},
            usage={"output_tokens": 9, "cache_read_input_tokens": None}),
        END,
        sse("ping"),
    ) == [
        Served("claude", "us"),
        ReasoningDelta(0, "hm"),
        ThinkingSealed(0, "SEAL", "anthropic"),
        ThinkingSealed(0, "HIDDEN", "anthropic", True),
        Cited(0, CITATION),
        TextDelta(0, "a"),
        PartEnded(0),
        ToolDelta(0, 0, "", "t", "f"),
        ToolDelta(0, 0, '{"x"'),
        ToolDelta(0, 0, ":1}"),
        PartEnded(0),
        ToolDelta(0, 1, "", "u", "g"),
        ToolDelta(0, 1, "{}"),
        PartEnded(0),
        ToolDelta(0, 2, '{"y":2}', "v", "h"),
        PartEnded(0),
        Finished(0, "tool_calls"),
        Metered(READ),
    ]  # fmt: skip


def test_a_refusal_within_a_stream() -> None:
    details = {"type": "refusal", "category": None, "explanation": "not this"}
    last = sse("message_delta", delta={"stop_reason": "refusal", "stop_details": details}, usage={})
    assert events(BEGIN, last, END)[1:3] == [RefusalDelta(0, "not this"), Finished(0, "refusal")]


def test_a_stream_that_was_not_metered_at_its_end_is_not_metered() -> None:
    assert events(BEGIN, sse("message_delta", delta={"stop_reason": "end_turn"}), END) == [
        Served("claude", "us"),
        Finished(0, "stop"),
    ]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ((), "before its `message_stop`"),
        ((BEGIN, LAST), "before its `message_stop`"),
        ((BEGIN, END), "without a stop reason"),
        ((LAST,), "does not begin"),
        ((BEGIN, BEGIN), "does not begin"),
        ((BEGIN, LAST, LAST), "finished twice"),
        ((BEGIN, LAST, END, LAST), "goes on"),
        ((BEGIN, LAST, TEXT), "out of order"),
        ((BEGIN, TEXT, LAST), "inside a block"),
        ((BEGIN, TEXT, TEXT), "out of order"),
        ((BEGIN, start(1, type="text")), "out of order"),
        ((BEGIN, TEXT, stop(1)), "not at hand"),
        ((BEGIN, TEXT, stop(0), stop(0)), "not at hand"),
        ((BEGIN, delta(0, type="text_delta", text="a")), "does not belong"),
        ((BEGIN, TEXT, delta(1, type="text_delta", text="a")), "does not belong"),
        ((BEGIN, TEXT, delta(0, type="thinking_delta", thinking="a")), "does not belong"),
        ((BEGIN, TEXT, delta(0, type="novel_delta")), "does not belong"),
        ((BEGIN, TEXT, delta(0, type="citations_delta")), "is empty"),
        ((BEGIN, TEXT, sse("content_block_delta", index=0)), "is empty"),
        ((BEGIN, start(0, type="server_tool_use")), "not asked for"),
        (
            (BEGIN, start(0, type="tool_use", name="f", input={"a": 1}),
             delta(0, type="input_json_delta", partial_json="{")),
            "twice",
        ),
        ((BEGIN, sse("message_delta", delta={"stop_reason": "pause_turn"})), "paused"),
        ((BEGIN, sse("message_delta", delta=7)), "not the dialect's"),
        ((BEGIN, b"data: nonsense\n\n"), "not the dialect's"),
        ((BEGIN, b"data: {"), "inside an event"),
        ((sse("error", error={"type": "overloaded_error", "message": "later"}),), "holds an error"),
    ],
)  # fmt: skip
def test_what_is_no_stream(pieces: tuple[bytes, ...], words: str) -> None:
    with pytest.raises(WireError, match=words):
        events(*pieces)


def test_what_an_error_within_a_stream_said_is_kept() -> None:
    with pytest.raises(WireError) as caught:
        events(BEGIN, sse("error", error={"type": "overloaded_error", "message": "later"}))
    assert caught.value.error == VendorError("overloaded_error", "200", "later")


def test_the_opening_goes_out_with_the_first_event_and_names_the_estimate() -> None:
    writer = EventWriter("msg_1", "m", 7)
    opening = writer.event(Served("x", "eu"))
    assert opening.startswith(b"event: message_start\n")
    assert b'"input_tokens":7,' in opening
    assert b'"inference_geo":"eu"' in opening
    assert writer.event(Finished(0, "stop")) == b""


def test_a_stream_without_a_finish_is_not_ended() -> None:
    writer = EventWriter("msg_1", "m", 7)
    writer.event(TextDelta(0, "a"))
    with pytest.raises(WireError, match="no finish"):
        writer.end(None)


def test_a_tool_call_that_was_over_does_not_go_on() -> None:
    writer = EventWriter("msg_1", "m", 7)
    writer.event(ToolDelta(0, 0, "{", "a", "f"))
    writer.event(PartEnded(0))
    with pytest.raises(WireError, match="after it was over"):
        writer.event(ToolDelta(0, 0, "}"))


def test_an_error_body_of_several_lines_is_one_event() -> None:
    written = EventWriter("msg_1", "m", 7).error(b'{"type":"error",\r\n"error":{}}')
    assert written == b'event: error\ndata: {"type":"error",\ndata: "error":{}}\n\n'


def test_several_answers_are_a_bug() -> None:
    choice = Choice(index=0)
    with pytest.raises(ValueError, match="several"):
        write_reply(Reply(choices=(choice, choice), usage=Usage()), id="x", model="m", extra=None)


def test_tool_calls_are_always_said_in_the_stop_reason() -> None:
    """Some vendors finish a forced call with a plain `stop`; clients of this dialect would not run it."""
    choice = Choice(index=0, parts=(ToolUse("a", "f", "{}"),), finish="stop")
    assert b'"stop_reason":"tool_use"' in write_reply(
        Reply(choices=(choice,), usage=Usage()), id="x", model="m", extra=None
    )
    writer = EventWriter("msg_1", "m", 7)
    writer.event(ToolDelta(0, 0, "{}", "a", "f"))
    writer.event(Finished(0, "stop"))
    assert b'"stop_reason":"tool_use"' in writer.end(None)


def test_calls_whose_pieces_come_by_turns_go_out_one_after_the_other() -> None:
    """Another vendor may braid them; this dialect has one block at a time."""
    writer = EventWriter("msg_1", "m", 7)
    reader, collector = EventReader(), Collector()
    braided: list[Event] = [
        TextDelta(0, "Both."),
        ToolDelta(0, 0, '{"a"', "c0", "f"),
        ToolDelta(0, 1, '{"b"', "c1", "g"),
        ToolDelta(0, 0, ":1}"),
        ToolDelta(0, 2, "{}", "c2", "h"),
        ToolDelta(0, 1, ":2}"),
        Finished(0, "tool_calls"),
        Metered(Usage(input=1, output=1)),
    ]
    for event in reader.feed(b"".join([writer.event(event) for event in braided]) + writer.end(None)):
        collector.add(event)
    reader.end()
    assert collector.reply().choices[0].parts == (
        Text("Both."),
        ToolUse("c0", "f", '{"a":1}'),
        ToolUse("c1", "g", '{"b":2}'),
        ToolUse("c2", "h", "{}"),
    )
