"""A vendor's streamed Messages reply → events.

It keeps no text. What would let a broken stream pass for a whole one is refused: blocks out of order, a delta
that does not belong to its block, a missing stop reason or end. Event types that are not known are passed
over, as the vendor asks of its clients; unknown blocks and deltas are not. It does not check what was said.
"""

from typing import Final

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
from signalbox.wires.anthropic_citation import VendorCitation, read_vendor_citation
from signalbox.wires.anthropic_error import read_error
from signalbox.wires.anthropic_reply import StopDetails, VendorBlock, read_input, tool_name
from signalbox.wires.anthropic_usage import VendorUsage, merged, read_finish, read_place, read_usage
from signalbox.wires.errors import WireError
from signalbox.wires.seals import unseal_named
from signalbox.wires.sse import EventParser


class _Delta(Struct):
    type: str | None = None
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: VendorCitation | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class _Message(Struct):
    model: str | None = None
    usage: VendorUsage | None = None


class _Event(Struct):
    type: str
    index: int | None = None
    delta: _Delta | None = None
    content_block: VendorBlock | None = None
    message: _Message | None = None
    usage: VendorUsage | None = None


class _Typed(Struct):
    type: str


_decode: Final = msgspec.json.Decoder(_Event).decode
_decode_type: Final = msgspec.json.Decoder(_Typed).decode
_KNOWN: Final = frozenset(
    (
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    )
)
_BLOCKS: Final = {
    "text_delta": "text",
    "citations_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
}


class EventReader:
    """Feed it the vendor's bytes in any cut. Events come in the order that `domain.reply.Event` states.

    Every block ends with `ThinkingSealed` where it is sealed, and with `PartEnded` where not.
    """

    __slots__ = (
        "_begun",
        "_block",
        "_blocks",
        "_done",
        "_final",
        "_finished",
        "_given",
        "_parser",
        "_signature",
        "_spoken",
        "_tools",
        "_usage",
    )

    def __init__(self) -> None:
        self._parser = EventParser()
        self._begun = self._finished = self._done = False
        self._block = ""
        self._blocks = 0
        self._tools = 0
        self._spoken = self._given = False
        self._signature = ""
        self._usage: VendorUsage | None = None
        self._final = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises `WireError` on bytes that are not the dialect, and with the vendor's error if one is sent;
        events of the same bytes are then lost.
        """
        events: list[Event] = []
        for payload in self._parser.feed(data):
            if payload:
                self._read(payload, events)
        return events

    def end(self) -> None:
        """The vendor has no more bytes. Raises `WireError` if the stream was not whole."""
        self._parser.end()
        if not self._done:
            raise WireError("the stream ended before its `message_stop`")

    def _read(self, payload: bytes, events: list[Event]) -> None:
        try:
            event = _decode(payload)
        except (ValueError, RecursionError) as error:
            if _is_unknown(payload):
                return
            raise WireError(f"an event of the stream is not the dialect's: {error}") from None
        kind = event.type
        if kind == "content_block_delta" and event.delta is not None:
            self._read_delta(event.index, event.delta, events)
        elif kind == "error":
            raise WireError("the stream holds an error", read_error(200, payload))
        elif kind in _KNOWN:
            self._read_frame(event, events)

    def _read_delta(self, index: int | None, delta: _Delta, events: list[Event]) -> None:
        kind = delta.type
        if index != self._blocks - 1 or not self._block or _BLOCKS.get(kind or "") != self._block:
            raise WireError("a delta of the stream does not belong to the block at hand")
        if kind == "text_delta":
            if delta.text:
                events.append(TextDelta(0, delta.text))
        elif kind == "input_json_delta":
            if delta.partial_json:
                if self._given:
                    raise WireError("a tool call of the stream has its arguments twice")
                self._spoken = True
                events.append(ToolDelta(0, self._tools - 1, delta.partial_json))
        elif kind == "thinking_delta":
            if delta.thinking:
                events.append(ReasoningDelta(0, delta.thinking))
        elif kind == "signature_delta":
            self._signature += delta.signature or ""
        elif delta.citation is not None:
            events.append(Cited(0, read_vendor_citation(delta.citation)))
        else:
            raise WireError("a citation of the stream is empty")

    def _read_frame(self, event: _Event, events: list[Event]) -> None:
        """The events around the deltas."""
        if self._done:
            raise WireError("the stream goes on after its `message_stop`")
        if self._begun == (event.type == "message_start"):
            raise WireError("the stream does not begin with its one `message_start`")
        match event.type:
            case "message_start":
                self._begin(event.message or _Message(), events)
            case "content_block_start":
                self._start_block(event, events)
            case "content_block_stop":
                if event.index != self._blocks - 1 or not self._block:
                    raise WireError("a block of the stream ends that is not at hand")
                self._stop_block(events)
            case "message_delta":
                self._finish(event, events)
            case "message_stop":
                if not self._finished:
                    raise WireError("the stream ended without a stop reason")
                if self._final and self._usage is not None:
                    events.append(Metered(read_usage(self._usage)))
                self._done = True
            case _:
                raise WireError("a delta of the stream is empty")

    def _begin(self, message: _Message, events: list[Event]) -> None:
        self._begun = True
        self._usage = message.usage
        place = read_place(message.usage)
        if message.model or place:
            events.append(Served(message.model or "", place))

    def _start_block(self, event: _Event, events: list[Event]) -> None:
        block = event.content_block
        if block is None or event.index != self._blocks or self._block or self._finished:
            raise WireError("a block of the stream begins out of order")
        self._blocks += 1
        self._block = block.type
        self._spoken = self._given = False
        match block.type:
            case "text":
                if block.text:
                    events.append(TextDelta(0, block.text))
                events += [Cited(0, read_vendor_citation(citation)) for citation in block.citations or ()]
            case "thinking":
                self._signature = block.signature or ""
                if block.thinking:
                    events.append(ReasoningDelta(0, block.thinking))
            case "redacted_thinking":
                format, signature, id = unseal_named(block.data or "", "anthropic")
                events.append(ThinkingSealed(0, signature, format, True, id))
            case "tool_use":
                arguments = read_input(block.input)
                self._spoken = self._given = arguments != "{}"
                self._tools += 1
                said = arguments if self._spoken else ""
                events.append(ToolDelta(0, self._tools - 1, said, block.id or "", tool_name(block)))
            case _:
                raise WireError("the stream holds a block of a type that was not asked for")

    def _stop_block(self, events: list[Event]) -> None:
        kind = self._block
        self._block = ""
        if kind == "thinking" and self._signature:
            format, signature, id = unseal_named(self._signature, "anthropic")
            events.append(ThinkingSealed(0, signature, format, False, id))
            return
        if kind == "tool_use" and not self._spoken:
            events.append(ToolDelta(0, self._tools - 1, "{}"))
        if kind != "redacted_thinking":
            events.append(PartEnded(0))

    def _finish(self, event: _Event, events: list[Event]) -> None:
        if self._block:
            raise WireError("the stream finished inside a block")
        if event.usage is not None:
            self._usage = merged(self._usage, event.usage)
            self._final = True
        delta = event.delta
        if delta is None or not delta.stop_reason:
            return
        if self._finished:
            raise WireError("the stream finished twice")
        self._finished = True
        if delta.stop_details is not None and delta.stop_details.explanation:
            events.append(RefusalDelta(0, delta.stop_details.explanation))
        events.append(Finished(0, read_finish(delta.stop_reason), delta.stop_sequence or ""))


def _is_unknown(payload: bytes) -> bool:
    """Whether this is an event of a type that is not known, whatever it holds; `ping` is among them."""
    try:
        kind = _decode_type(payload).type
    except (ValueError, RecursionError):
        return False
    return kind not in _KNOWN and kind != "error"
