"""A streamed Converse reply: the vendor's frames → events, and events → frames, for emulators.

The reader refuses what would let a broken stream pass for a whole one: a frame that is damaged, an event out
of order, an exception after the 200, an end before the message has stopped. It keeps no text but a seal that
has not come to its end. Of the fields in `ConverseStreamOutput` those that nobody asked for (results of tools
that ran at the vendor, images) are refused; padding is passed over.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

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
from signalbox.domain.request import ThinkingFormat
from signalbox.wires.bedrock_blocks import write_citation
from signalbox.wires.bedrock_error import read_error
from signalbox.wires.bedrock_reply import (
    STOP_REASONS,
    Extra,
    Trace,
    VendorCitation,
    VendorUsage,
    chosen_by_router,
    read_citation,
    read_finish,
    read_usage,
    write_usage,
)
from signalbox.wires.errors import WireError
from signalbox.wires.eventstream import Frame, FrameParser, encode_headers, frame_of


class _ToolStart(Struct, rename="camel"):
    tool_use_id: str
    name: str
    type: str | None = None


class _Start(Struct, rename="camel"):
    tool_use: _ToolStart | None = None


class _ToolInput(Struct):
    input: str = ""


class _Reasoning(Struct, rename="camel"):
    text: str | None = None
    redacted_content: str | None = None
    signature: str | None = None


class _Delta(Struct, rename="camel"):
    text: str | None = None
    tool_use: _ToolInput | None = None
    reasoning_content: _Reasoning | None = None
    citation: VendorCitation | None = None


class _Event(Struct, rename="camel"):
    content_block_index: int | None = None
    delta: _Delta | None = None
    start: _Start | None = None
    stop_reason: str | None = None
    additional_model_response_fields: Extra | None = None
    usage: VendorUsage | None = None
    trace: Trace | None = None


_decode: Final = msgspec.json.Decoder(_Event).decode
_encode: Final = msgspec.json.Encoder().encode

_NOTHING, _TEXT, _THINKING, _TOOL = range(4)


class FrameReader:
    """Feed it the vendor's bytes in any cut. Events come in the order that `domain.reply.Event` states.

    `thinking`: whose seals the model's are.
    """

    __slots__ = (
        "_block",
        "_fresh",
        "_kind",
        "_metered",
        "_parser",
        "_redacted",
        "_seal",
        "_started",
        "_stopped",
        "_thinking",
        "_tools",
    )

    def __init__(self, *, thinking: ThinkingFormat = "anthropic") -> None:
        self._parser = FrameParser()
        self._thinking = thinking
        self._started = self._stopped = self._metered = False
        self._block = -1  # the block that is open; -1 between blocks
        self._kind = _NOTHING
        self._fresh = False  # the tool call at hand has no arguments yet
        self._tools = 0
        self._seal: list[str] = []
        self._redacted = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises `WireError` on bytes that are not the dialect, and with the vendor's error if one is sent;
        events of the same bytes are then lost.
        """
        events: list[Event] = []
        for frame in self._parser.feed(data):
            headers = frame.headers
            if headers.get(":message-type") != "event":
                raise _exception(frame)
            try:
                event = _decode(frame.payload)
            except (ValueError, RecursionError) as error:
                raise WireError(f"an event of the stream is not one of Converse: {error}") from None
            kind = headers.get(":event-type")
            if kind == "contentBlockDelta":
                self._read_delta(event, events)
            else:
                self._read(kind, event, events)
        return events

    def end(self) -> None:
        """The vendor has no more bytes. Raises `WireError` if the stream was not whole."""
        self._parser.end()
        if not self._stopped:
            raise WireError("the stream ended before its message had stopped")

    def _read(self, kind: object, event: _Event, events: list[Event]) -> None:
        match kind:
            case "messageStart":
                if self._started:
                    raise WireError("the stream starts a second message")
                self._started = True
            case "contentBlockStart":
                self._begin(event, events)
            case "contentBlockStop":
                self._end_block(event, events)
            case "messageStop":
                self._stop(event, events)
            case "metadata":
                self._meter(event, events)
            case _:
                return  # one that is not known yet: it can hold no content, which has events of its own

    def _begin(self, event: _Event, events: list[Event]) -> None:
        self._open(event)
        use = event.start.tool_use if event.start is not None else None
        if use is None or use.type is not None:
            raise WireError("the stream starts a block of a type that was not asked for")
        self._kind = _TOOL
        self._fresh = True
        events.append(ToolDelta(0, self._tools, "", use.tool_use_id, use.name))
        self._tools += 1

    def _open(self, event: _Event) -> None:
        if self._stopped or not self._started:
            raise WireError("the stream holds content outside its message")
        if self._block >= 0 or event.content_block_index is None:
            raise WireError("a block of the stream starts inside another")
        self._block = event.content_block_index
        self._kind = _NOTHING

    def _read_delta(self, event: _Event, events: list[Event]) -> None:
        if event.content_block_index != self._block or self._block < 0:
            self._open(event)
        delta = event.delta
        if delta is None:
            raise WireError("a delta of the stream is empty")
        if delta.text is not None:
            self._become(_TEXT)
            if delta.text:
                events.append(TextDelta(0, delta.text))
        elif delta.tool_use is not None:
            if self._kind != _TOOL:
                raise WireError("arguments of the stream belong to no tool call")
            if delta.tool_use.input:
                self._fresh = False
                events.append(ToolDelta(0, self._tools - 1, delta.tool_use.input))
        elif delta.reasoning_content is not None:
            self._become(_THINKING)
            self._think(delta.reasoning_content, events)
        elif delta.citation is not None:
            self._become(_TEXT)
            events.append(Cited(0, read_citation(delta.citation)))
        else:
            raise WireError("a delta of the stream is of a type that was not asked for")

    def _become(self, kind: int) -> None:
        if self._kind != kind:
            if self._kind != _NOTHING:
                raise WireError("a block of the stream changes its type")
            self._kind = kind

    def _think(self, thought: _Reasoning, events: list[Event]) -> None:
        if thought.text:
            events.append(ReasoningDelta(0, thought.text))
        if thought.signature:
            self._seal.append(thought.signature)
        if thought.redacted_content:
            self._seal.append(thought.redacted_content)
            self._redacted = True

    def _end_block(self, event: _Event, events: list[Event]) -> None:
        if event.content_block_index != self._block:
            if self._block >= 0 or event.content_block_index is None:
                raise WireError("a block of the stream ends inside another")
            self._open(event)  # an empty one: text has no start of its own
        if self._kind == _TOOL:
            if self._fresh:
                events.append(ToolDelta(0, self._tools - 1, "{}"))
        elif self._seal:
            events.append(ThinkingSealed(0, "".join(self._seal), self._thinking, self._redacted))
            self._seal = []
            self._redacted = False
        elif self._kind != _NOTHING:
            events.append(PartEnded(0))
        self._block = -1

    def _stop(self, event: _Event, events: list[Event]) -> None:
        if self._stopped or not self._started or self._block >= 0:
            raise WireError("the stream's message stops twice, unstarted, or inside a block")
        self._stopped = True
        extra = event.additional_model_response_fields
        word = extra.stop_sequence or "" if extra is not None else ""
        events.append(Finished(0, read_finish(event.stop_reason), word))

    def _meter(self, event: _Event, events: list[Event]) -> None:
        if self._metered or not self._stopped:
            raise WireError("the stream's metadata comes twice, or before its message has stopped")
        if chosen_by_router(event.trace):
            # Too late for `Served`, and nobody was asked whether that model may answer.
            raise WireError("a prompt router chose the model that answered")
        self._metered = True
        if event.usage is not None:
            events.append(Metered(read_usage(event.usage)))


def _exception(frame: Frame) -> WireError:
    """What the vendor says after its 200: a modelled exception, or an error that is none."""
    headers = frame.headers
    name = headers.get(":exception-type") or headers.get(":error-code")
    words = headers.get(":error-message")
    body = _encode({"message": words}) if isinstance(words, str) and words else frame.payload
    said = read_error(200, name if isinstance(name, str) else None, body)
    return WireError("the stream holds an error", said)


# -- the vendor's side, for emulators


def _event_head(name: str) -> bytes:
    return encode_headers(
        {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    )


_HEADS: Final = {
    name: _event_head(name)
    for name in (
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    )
}


class FrameWriter:
    """One reply as the vendor streams it: `event` for each event, then `end`, or `exception` at any point.

    The first choice only. A refusal is written as text, for Converse has no block for it.
    """

    __slots__ = ("_index", "_kind", "_latency_ms", "_metered", "_open", "_part", "_router", "_started")

    def __init__(self, *, latency_ms: int = 0) -> None:
        self._latency_ms = latency_ms
        self._started = self._metered = False
        self._index = -1
        self._open = False
        self._kind = _NOTHING
        self._part = -1  # the tool call that is open
        self._router = ""

    def event(self, event: Event) -> bytes:
        """The frames to send now; empty for what has no place in the dialect."""
        head = b"" if self._started else self._start()
        match event:
            case TextDelta() | RefusalDelta():
                return head + self._delta(_TEXT, {"text": event.text})
            case ReasoningDelta():
                return head + self._delta(_THINKING, {"reasoningContent": {"text": event.text}})
            case ThinkingSealed():
                kind = "redactedContent" if event.redacted else "signature"
                sealed = self._delta(_THINKING, {"reasoningContent": {kind: event.signature}})
                return head + sealed + self._close()
            case Cited():
                cited = write_citation(event.citation)
                return head + self._delta(_TEXT, {"citation": cited})
            case ToolDelta():
                return head + self._tool(event)
            case PartEnded():
                return head + self._close()
            case Finished():
                return head + self._close() + self._finish(event)
            case Metered():
                self._metered = True
                return head + self._metadata(write_usage(event.usage))
            case Served():
                self._router = event.model
                return head

    def end(self) -> bytes:
        """The metadata, if no `Metered` has brought it."""
        return b"" if self._metered else self._metadata(dict.fromkeys(_COUNTS, 0))

    def exception(self, type: str, message: str) -> bytes:
        """`type` as the service model names it in the stream, such as `throttlingException`."""
        headers = {
            ":exception-type": type,
            ":content-type": "application/json",
            ":message-type": "exception",
        }
        return frame_of(encode_headers(headers), _encode({"message": message}))

    def _start(self) -> bytes:
        self._started = True
        return _frame("messageStart", {"role": "assistant"})

    def _delta(self, kind: int, delta: dict[str, Any]) -> bytes:
        closed = b"" if self._open and self._kind == kind else self._next(kind)
        return closed + _frame("contentBlockDelta", {"delta": delta, "contentBlockIndex": self._index})

    def _tool(self, event: ToolDelta) -> bytes:
        begun = b""
        if not (self._open and self._kind == _TOOL and self._part == event.index):
            begun = self._next(_TOOL)
            self._part = event.index
            start = {"toolUse": {"toolUseId": event.id, "name": event.name}}
            begun += _frame("contentBlockStart", {"start": start, "contentBlockIndex": self._index})
        if not event.arguments:
            return begun
        return begun + self._delta(_TOOL, {"toolUse": {"input": event.arguments}})

    def _next(self, kind: int) -> bytes:
        closed = self._close()
        self._index += 1
        self._open = True
        self._kind = kind
        return closed

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = False
        return _frame("contentBlockStop", {"contentBlockIndex": self._index})

    def _finish(self, event: Finished) -> bytes:
        body: dict[str, Any] = {"stopReason": STOP_REASONS[event.reason]}
        if event.stop_word:
            body["additionalModelResponseFields"] = {"stop_sequence": event.stop_word}
        return _frame("messageStop", body)

    def _metadata(self, usage: dict[str, Any]) -> bytes:
        body: dict[str, Any] = {"usage": usage, "metrics": {"latencyMs": self._latency_ms}}
        if self._router:
            body["trace"] = {"promptRouter": {"invokedModelId": self._router}}
        return _frame("metadata", body)


_COUNTS: Final = ("inputTokens", "outputTokens", "totalTokens")


def _frame(name: str, body: dict[str, Any]) -> bytes:
    return frame_of(_HEADS[name], _encode(body))
