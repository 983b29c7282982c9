"""A vendor's Responses stream, whole, broken and odd; and the writer's refusals."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.money import Usage
from signalbox.domain.reply import (
    Cited,
    Event,
    Finished,
    Metered,
    PartEnded,
    ReasoningDelta,
    RefusalDelta,
    Served,
    TextDelta,
    ThinkingSealed,
    ToolDelta,
)
from signalbox.domain.request import Citation
from signalbox.wires.openai_responses import (
    ResponseReader,
    ResponseWriter,
    WireError,
    read_reply,
    read_request,
)

USAGE = {"input_tokens": 10, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 1}}
METERED = Metered(Usage(input=9, cached_input=1, output=4))


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join([b"data: " + msgspec.json.encode(event) + b"\n\n" for event in events])


def created(model: str = "m") -> dict[str, Any]:
    return {"type": "response.created", "response": {"status": "in_progress", "model": model}}


def added(place: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": place, "item": {"type": kind, **fields}}


def done(place: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {**added(place, kind, **fields), "type": "response.output_item.done"}


def delta(kind: str, text: str, place: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}.delta", "output_index": place, "delta": text, **fields}


def ended(status: str = "completed", **fields: Any) -> dict[str, Any]:
    response = {"status": status, "model": "m", "usage": USAGE, **fields}
    return {"type": f"response.{status}", "response": response}


def read(*events: dict[str, Any]) -> list[Event]:
    reader = ResponseReader()
    got = reader.feed(sse(*events))
    reader.end()
    return got


def test_a_stream_of_everything() -> None:
    url = {"type": "url_citation", "url": "https://a", "title": "A", "start_index": 0, "end_index": 2}
    got = read(
        created(),
        {"type": "response.in_progress", "response": {"status": "in_progress"}},
        added(0, "reasoning", id="rs_1"),
        delta("reasoning_summary_text", "one", summary_index=0),
        delta("reasoning_summary_text", "two", summary_index=1),
        done(0, "reasoning", id="rs_1", encrypted_content="gAAA"),
        added(1, "message"),
        {"type": "response.content_part.added", "output_index": 1, "content_index": 0, "part": {}},
        delta("output_text", "he", 1, content_index=0, logprobs=[]),
        delta("output_text", "", 1, content_index=0),
        {"type": "response.output_text.annotation.added", "output_index": 1, "annotation": url},
        delta("output_text", "llo", 1, content_index=1),
        delta("refusal", "no", 1, content_index=2),
        done(1, "message"),
        added(2, "function_call", call_id="c", name="f", arguments=""),
        delta("function_call_arguments", "{}", 2),
        done(2, "function_call", call_id="c", name="f", arguments="{}"),
        added(3, "message"),
        delta("output_text", "bye", 3),
        ended(),
    )
    assert got == [
        Served("m"),
        ReasoningDelta(0, "one"),
        ReasoningDelta(0, "\n\n"),
        ReasoningDelta(0, "two"),
        ThinkingSealed(0, "gAAA", "openai", id="rs_1"),
        TextDelta(0, "he"),
        Cited(0, Citation(kind="url", url="https://a", title="A", start=0, end=2)),
        PartEnded(0),
        TextDelta(0, "llo"),
        PartEnded(0),
        RefusalDelta(0, "no"),
        ToolDelta(0, 0, "", "c", "f"),
        ToolDelta(0, 0, "{}"),
        PartEnded(0),
        TextDelta(0, "bye"),
        Finished(0, "tool_calls"),
        METERED,
    ]


def test_what_is_told_only_at_the_end_of_an_item_is_not_lost() -> None:
    summary = [{"type": "summary_text", "text": "hm"}]
    content = [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "no"}]
    got = read(
        added(0, "reasoning"),
        done(0, "reasoning", summary=summary, encrypted_content="g", id="rs_1"),
        added(1, "message"),
        done(1, "message", content=content),
        added(2, "function_call", name="f", call_id="c"),
        done(2, "function_call", name="f", call_id="c", arguments="{}"),
        ended(),
    )
    assert got == [
        ReasoningDelta(0, "hm"),
        ThinkingSealed(0, "g", "openai", id="rs_1"),
        TextDelta(0, "a"),
        PartEnded(0),
        RefusalDelta(0, "no"),
        PartEnded(0),
        ToolDelta(0, 0, "", "c", "f"),
        ToolDelta(0, 0, "{}"),
        PartEnded(0),
        Finished(0, "tool_calls"),
        METERED,
    ]


def test_thinking_that_nobody_sealed() -> None:
    got = read(added(0, "reasoning"), delta("reasoning_text", "hm"), done(0, "reasoning"), ended())
    assert got[:2] == [ReasoningDelta(0, "hm"), PartEnded(0)]


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
)
def test_an_incomplete_answer(reason: str, finish: Any) -> None:
    got = read(created(), ended("incomplete", incomplete_details={"reason": reason}, usage=None))
    assert got == [Served("m"), Finished(0, finish)]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([created()], "ended before"),
        ([], "ended before"),
        ([ended(), ended()], "goes on after"),
        ([created("m"), ended(model="other")], "changed its model"),
        ([delta("output_text", "a")], "belongs to no item"),
        ([added(0, "message"), delta("function_call_arguments", "a")], "belongs to no item"),
        ([added(0, "message"), added(0, "message")], "the same place"),
        ([added(0, "web_search_call")], "not asked for"),
        ([added(0, "function_call")], "without a name"),
        ([{"type": "response.output_item.added"}], "not asked for"),
        ([{"type": "response.completed"}], "holds no response"),
        ([{**ended(), "type": "response.incomplete"}], "another status"),
        ([ended("incomplete")], "unknown reason"),
        ([ended(usage={"input_tokens": -1, "output_tokens": 0})], "no token count"),
        ([{**created(), "sequence_number": 1}, {**ended(), "sequence_number": 1}], "out of order"),
        ([{"delta": "a"}], "not the dialect's"),
    ],
)
def test_streams_that_are_refused(events: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(WireError, match=words):
        read(*events)


ERROR = {"code": "rate_limit_exceeded", "message": "slow down"}


@pytest.mark.parametrize(
    "event",
    [
        ended("failed", error=ERROR),
        {"type": "error", "param": None, "sequence_number": 3, **ERROR},
        {"type": "error", "sequence_number": 3, "error": {"type": "t", **ERROR}},
        {"error": {"type": "t", **ERROR}},
    ],
)
def test_a_vendor_s_error_is_kept(event: dict[str, Any]) -> None:
    reader = ResponseReader()
    assert reader.feed(sse(created())) == [Served("m")]
    with pytest.raises(WireError) as caught:
        reader.feed(sse(event))
    assert caught.value.error is not None
    assert (caught.value.error.code, caught.value.error.message) == ("rate_limit_exceeded", "slow down")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"status": "queued", "output": []}, "unknown status"),
        ({"status": "failed", "output": [], "error": ERROR}, "failed"),
        ({"status": "completed"}, "no response"),
        ({"error": ERROR}, "no response"),
        ({"status": "completed", "output": [{"type": "mcp_call"}]}, "not asked for"),
        ({"status": "completed", "output": [{"type": "function_call"}]}, "no name"),
        ({"status": "completed", "output": [{"type": "message", "content": [{"type": "x"}]}]}, "neither"),
        ([], "not a response"),
    ],
)
def test_replies_that_are_refused(body: Any, words: str) -> None:
    with pytest.raises(WireError, match=words) as caught:
        read_reply(msgspec.json.encode(body))
    if isinstance(body, dict) and "error" in body:
        assert caught.value.error is not None
        assert caught.value.error.code == "rate_limit_exceeded"


def writer() -> ResponseWriter:
    return ResponseWriter("resp_1", 7, read_request(b'{"model":"m","input":"a"}'), "m")


def test_the_writer_refuses_what_the_dialect_cannot_say() -> None:
    with pytest.raises(WireError, match="one choice"):
        writer().event(TextDelta(1, "a"))
    with pytest.raises(WireError, match="no finish"):
        writer().end(None)
    late = writer()
    late.event(ToolDelta(0, 0, "{}", "c", "f"))
    late.event(PartEnded(0))
    with pytest.raises(WireError, match="after its end"):
        late.event(ToolDelta(0, 0, "{}"))


def test_a_call_without_an_id_gets_one_and_a_cut_one_says_so() -> None:
    stream = writer()
    stream.event(ToolDelta(0, 0, '{"a', "", "f"))
    assert b"done" not in stream.event(PartEnded(0))
    told = stream.event(Finished(0, "length"))
    assert b'"call_id":"call_1_0"' in told
    assert b'"status":"incomplete"' in told


def test_citations_of_the_caller_s_own_material_ride_at_the_end() -> None:
    stream = writer()
    stream.event(TextDelta(0, "a"))
    assert stream.event(Cited(0, Citation(kind="char", source=1, cited="b", start=2, end=3))) == b""
    stream.event(Finished(0, "stop"))
    last = msgspec.json.decode(stream.end({"decision": "d"}).partition(b"\ndata: ")[2])
    extra = last["response"]["signalbox"]
    assert extra["decision"] == "d"
    assert extra["citations"][0]["source"] == 1


def test_only_the_last_call_of_an_answer_that_was_cut_is_incomplete() -> None:
    stream = writer()
    stream.event(ToolDelta(0, 0, "{}", "c", "f"))
    stream.event(ToolDelta(0, 1, '{"a', "d", "f"))
    stream.event(Finished(0, "length"))
    last = msgspec.json.decode(stream.end(None).partition(b"\ndata: ")[2])
    assert [item["status"] for item in last["response"]["output"]] == ["completed", "incomplete"]
