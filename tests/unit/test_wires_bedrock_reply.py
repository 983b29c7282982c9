"""Replies and streams of Converse: what is read of them, and what is refused."""

from typing import Any

import msgspec
import pytest
from botocore.session import Session

from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Cited,
    Event,
    Finished,
    Metered,
    PartEnded,
    ReasoningDelta,
    TextDelta,
    ThinkingSealed,
    ToolDelta,
)
from signalbox.domain.request import Citation, Text, Thinking, ToolUse
from signalbox.wires.bedrock import FrameReader, FrameWriter, read_error, read_reply
from signalbox.wires.bedrock_reply import BROKEN_OUTPUT, FINISHES
from signalbox.wires.errors import VendorError, WireError
from signalbox.wires.eventstream import encode_frame

USAGE = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}


def body(*content: Any, **changes: Any) -> bytes:
    reply = {
        "output": {"message": {"role": "assistant", "content": list(content)}},
        "stopReason": "end_turn",
        "usage": USAGE,
        "metrics": {"latencyMs": 7},
    }
    return msgspec.json.encode({**reply, **changes})


def frame(kind: str, payload: Any) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(headers, msgspec.json.encode({**payload, "p": "padding"}))


START = frame("messageStart", {"role": "assistant"})
STOP = frame("messageStop", {"stopReason": "end_turn"})
META = frame("metadata", {"usage": USAGE, "metrics": {"latencyMs": 7}})


def delta(index: int, **what: Any) -> bytes:
    return frame("contentBlockDelta", {"delta": what, "contentBlockIndex": index})


def begin(index: int, **what: Any) -> bytes:
    return frame("contentBlockStart", {"start": what, "contentBlockIndex": index})


def stop(index: int) -> bytes:
    return frame("contentBlockStop", {"contentBlockIndex": index})


def read(*frames: bytes) -> list[Event]:
    reader = FrameReader()
    events = [event for one in frames for event in reader.feed(one)]
    reader.end()
    return events


# -- whole


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("stop_sequence", "stop_sequence"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("model_context_window_exceeded", "context_window"),
    ],
)
def test_stop_reasons(reason: str, finish: str) -> None:
    assert read_reply(body(stopReason=reason)).choices[0].finish == finish


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use", "new_one", None])
def test_a_reply_that_is_none_is_refused(reason: str | None) -> None:
    with pytest.raises(WireError):
        read_reply(body(stopReason=reason))
    with pytest.raises(WireError):
        read(START, frame("messageStop", {"stopReason": reason}))


def test_every_stop_reason_of_the_service_model_is_known() -> None:
    reasons = Session().get_service_model("bedrock-runtime").shape_for("StopReason").enum
    assert set(reasons) == set(FINISHES) | BROKEN_OUTPUT


def test_the_word_that_stopped_it() -> None:
    reply = read_reply(
        body(stopReason="stop_sequence", additionalModelResponseFields={"stop_sequence": "END"})
    )
    assert reply.choices[0].stop_word == "END"
    ended = frame(
        "messageStop",
        {"stopReason": "stop_sequence", "additionalModelResponseFields": {"stop_sequence": "END"}},
    )
    assert read(START, ended) == [Finished(0, "stop_sequence", "END")]


@pytest.mark.parametrize(
    ("more", "usage"),
    [
        ({}, Usage(input=3, output=5)),
        (
            {"cacheReadInputTokens": 10, "cacheWriteInputTokens": 20},
            Usage(input=3, output=5, cached_input=10, cache_write=20),
        ),
        (
            {
                "cacheWriteInputTokens": 20,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 12}, {"ttl": "5m", "inputTokens": 8}],
            },
            Usage(input=3, output=5, cache_write=8, cache_write_1h=12),
        ),
        ({"cacheDetails": [{"ttl": "1h", "inputTokens": 12}]}, Usage(input=3, output=5, cache_write_1h=12)),
        (
            {"cacheWriteInputTokens": 5, "cacheDetails": [{"ttl": "1h", "inputTokens": 12}]},
            Usage(input=3, output=5, cache_write_1h=5),
        ),
    ],
)
def test_counts_are_disjoint(more: Any, usage: Usage) -> None:
    assert read_reply(body(usage={**USAGE, **more})).usage == usage
    assert read(START, STOP, frame("metadata", {"usage": {**USAGE, **more}}))[-1] == Metered(usage)


def test_usage_that_is_not_told_is_marked() -> None:
    assert read_reply(body(usage=None)).usage == Usage(estimated=True)


def test_arguments_are_kept_as_the_model_wrote_them() -> None:
    written = body({"toolUse": {"toolUseId": "c1", "name": "look", "input": "@"}}).replace(
        b'"@"', b'{"n": 1.0, "b": 12345678901234567890}'
    )
    assert read_reply(written).choices[0].parts == (
        ToolUse("c1", "look", '{"n": 1.0, "b": 12345678901234567890}'),
    )


def test_blocks() -> None:
    reply = read_reply(
        body(
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
            {"reasoningContent": {"redactedContent": "c2ln"}},
            {"reasoningContent": {"reasoningText": {"text": "unsigned"}}},
            {
                "citationsContent": {
                    "content": [{"text": "a"}, {"text": "b"}],
                    "citations": [
                        {
                            "title": "T",
                            "source": "s",
                            "sourceContent": [{"text": "q"}],
                            "location": {"documentPage": {"documentIndex": 1, "start": 2, "end": 3}},
                        },
                        {"location": {"web": {"url": "https://x", "domain": "x"}}},
                        {
                            "source": "s",
                            "location": {
                                "searchResultLocation": {"searchResultIndex": 4, "start": 0, "end": 1}
                            },
                        },
                        {"location": {"documentChunk": {"documentIndex": 0}}},
                    ],
                }
            },
        )
    )
    assert reply.choices[0].parts == (
        Thinking("hm", "sig", "anthropic"),
        Thinking("", "c2ln", "anthropic", redacted=True),
        Thinking("unsigned"),
        Text(
            "ab",
            citations=(
                Citation(kind="page", cited="q", source=1, title="T", url="s", start=2, end=3),
                Citation(kind="url", url="https://x"),
                Citation(kind="search", source=4, url="s", start=0, end=1),
                Citation(kind="block", source=0),
            ),
        ),
    )
    assert reply.served_model == ""


@pytest.mark.parametrize(
    "block",
    [
        {"image": {"format": "png"}},
        {"toolUse": {"toolUseId": "c", "name": "web", "input": {}, "type": "server_tool_use"}},
        {"toolUse": {"toolUseId": "c", "name": "look", "input": [1]}},
        {"citationsContent": {"content": [], "citations": [{"title": "nowhere"}]}},
        {},
    ],
)
def test_blocks_that_nobody_asked_for(block: Any) -> None:
    with pytest.raises(WireError):
        read_reply(body(block))


def test_a_router_tells_whom_it_chose() -> None:
    arn = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0"
    trace = {"promptRouter": {"invokedModelId": arn}}
    assert read_reply(body(trace=trace)).served_model == "anthropic.claude-3-haiku-20240307-v1:0"
    with pytest.raises(WireError, match="router"):
        read(START, STOP, frame("metadata", {"usage": USAGE, "trace": trace}))


def test_an_error_in_a_200() -> None:
    with pytest.raises(WireError) as raised:
        read_reply(b'{"__type":"com.amazon#ThrottlingException","message":"slow down"}')
    assert raised.value.error == VendorError("ThrottlingException", "200", "slow down")


# -- streamed


def test_a_stream() -> None:
    assert read(
        START,
        delta(0, reasoningContent={"text": "hm"}),
        delta(0, reasoningContent={"signature": "si"}) + delta(0, reasoningContent={"signature": "g"}),
        stop(0),
        delta(1, text="a"),
        delta(1, citation={"location": {"documentChar": {"documentIndex": 0, "start": 1, "end": 2}}}),
        stop(1),
        delta(2, text="b"),
        stop(2),
        begin(3, toolUse={"toolUseId": "c1", "name": "look"}),
        delta(3, toolUse={"input": '{"a"'}),
        delta(3, toolUse={"input": ":1}"}),
        stop(3),
        begin(4, toolUse={"toolUseId": "c2", "name": "look"}),
        stop(4),
        frame("messageStop", {"stopReason": "tool_use"}),
        META,
    ) == [
        ReasoningDelta(0, "hm"),
        ThinkingSealed(0, "sig", "anthropic"),
        TextDelta(0, "a"),
        Cited(0, Citation(kind="char", source=0, start=1, end=2)),
        PartEnded(0),
        TextDelta(0, "b"),
        PartEnded(0),
        ToolDelta(0, 0, "", "c1", "look"),
        ToolDelta(0, 0, '{"a"'),
        ToolDelta(0, 0, ":1}"),
        ToolDelta(0, 1, "", "c2", "look"),
        ToolDelta(0, 1, "{}"),
        Finished(0, "tool_calls"),
        Metered(Usage(input=3, output=5)),
    ]


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [START],
        [delta(0, text="a"), stop(0), STOP],
        [START, START],
        [START, delta(0, text="a"), STOP],
        [START, delta(0, text="a"), delta(1, text="b")],
        [START, delta(0, text="a"), stop(1)],
        [START, delta(0, text="a"), begin(1, toolUse={"toolUseId": "c", "name": "n"})],
        [START, delta(0, toolUse={"input": "{}"})],
        [START, delta(0, text="a"), delta(0, reasoningContent={"text": "b"})],
        [START, begin(0, toolUse={"toolUseId": "c", "name": "n", "type": "server_tool_use"})],
        [START, begin(0, image={"format": "png"})],
        [START, delta(0, toolResult=[{"text": "a"}])],
        [START, STOP, STOP],
        [START, STOP, delta(0, text="a")],
        [START, META],
        [START, META, STOP],
        [START, STOP, META, META],
        [START, STOP[:-1]],
        [frame("messageStart", {"role": "assistant"})[:-1] + b"\0"],
        [encode_frame({":message-type": "event", ":event-type": "messageStart"}, b"{")],
    ],
)
def test_a_broken_stream_never_passes_for_a_whole_one(frames: list[bytes]) -> None:
    with pytest.raises(WireError):
        read(*frames)


def test_an_event_that_is_not_known_is_passed_over() -> None:
    assert read(START, frame("progress", {"percent": 5}), STOP) == [Finished(0, "stop")]


def test_an_exception_after_the_200_is_the_vendors_word() -> None:
    with pytest.raises(WireError) as raised:
        read(START, FrameWriter().exception("throttlingException", "slow\ndown"))
    assert raised.value.error == VendorError("ThrottlingException", "200", "slow down")
    unmodelled = {":message-type": "error", ":error-code": "InternalError", ":error-message": "oops"}
    with pytest.raises(WireError) as raised:
        read(START, encode_frame(unmodelled, b""))
    assert raised.value.error == VendorError("InternalError", "200", "oops")


# -- refusals


@pytest.mark.parametrize(
    ("header", "given", "error"),
    [
        ("ThrottlingException:http://x/", b'{"message":"m"}', ("ThrottlingException", "m")),
        (
            None,
            b'{"__type":"com.amazon.coral#AccessDeniedException","Message":"m"}',
            ("AccessDeniedException", "m"),
        ),
        (None, b'{"message":"The security token is expired"}', ("", "The security token is expired")),
        (None, b"<html>Bad  gateway</html>", ("", "<html>Bad gateway</html>")),
        (None, b"", ("", "")),
        (None, b"[1]", ("", "[1]")),
        ("Evil\x00Name", b'{"message":7}', ("Evil?Name", "")),
        (None, b'{"message":"' + b"x" * 5_000 + b'"}', ("", "x" * 1_000)),
        (None, b"[" * 100_000, ("", "[" * 1_000)),
    ],
)
def test_errors(header: str | None, given: bytes, error: tuple[str, str]) -> None:
    assert read_error(400, header, given) == VendorError(error[0], "400", error[1])
