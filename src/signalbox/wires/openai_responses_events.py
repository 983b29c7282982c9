"""A vendor's Responses stream → events.

It keeps no text. It refuses what would let a broken stream pass for a whole one: a stream without its
terminal event, one that goes on after it, numbers that run backwards. Text of an item that was told only when
the item was done is taken from there, and never twice.
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
from signalbox.domain.request import Refusal, Text, Thinking
from signalbox.wires.errors import WireError
from signalbox.wires.openai_chat_error import read_error
from signalbox.wires.openai_responses_vendor import (
    PARAGRAPH,
    VendorItem,
    VendorResponse,
    read_annotations,
    read_item,
    read_status,
    read_usage,
    unknown_item,
)
from signalbox.wires.sse import EventParser

_DONE: Final = b"[DONE]"
_KINDS: Final = frozenset(("message", "function_call", "reasoning"))
_TEXT: Final = "response.output_text.delta"
_THOUGHTS: Final = frozenset(("response.reasoning_summary_text.delta", "response.reasoning_text.delta"))
_NOWHERE: Final = (-1, -1)
_ENDS: Final = frozenset(("response.completed", "response.incomplete", "response.failed"))


class _Event(Struct):
    type: str
    delta: str | None = None
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    sequence_number: int | None = None
    item: VendorItem | None = None
    response: VendorResponse | None = None
    annotation: Any = None


class _Told(Struct):
    """What has been told of one item: `pieces` of it, or not yet; its call's number; its thought's part."""

    kind: str
    pieces: bool = False
    call: int = -1
    part: int = -1


_decode: Final = msgspec.json.Decoder(_Event).decode


class ResponseReader:
    """Feed it the vendor's bytes in any cut. Events come in the order that `domain.reply.Event` states."""

    __slots__ = ("_calls", "_ended", "_items", "_parser", "_part", "_sequence", "_served")

    def __init__(self) -> None:
        self._parser = EventParser()
        self._served: str | None = None
        self._items: dict[int, _Told] = {}
        self._calls = 0
        self._part = _NOWHERE  # the text or refusal that the last piece belonged to
        self._sequence = -1
        self._ended = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises `WireError` on bytes that are not the dialect, and with the vendor's error if one is sent;
        events of the same bytes are then lost.
        """
        events: list[Event] = []
        for payload in self._parser.feed(data):
            if payload and payload != _DONE:
                self._read(payload, events)
        return events

    def end(self) -> None:
        """The vendor has no more bytes. Raises `WireError` if the stream was not whole."""
        self._parser.end()
        if not self._ended:
            raise WireError("the stream ended before the response did")

    def _read(self, payload: bytes, events: list[Event]) -> None:
        try:
            event = _decode(payload)
        except (ValueError, RecursionError) as error:
            if b'"error"' in payload:
                raise WireError("the stream holds an error", read_error(200, payload)) from None
            raise WireError(f"an event of the stream is not the dialect's: {error}") from None
        if self._ended:
            raise WireError("the stream goes on after the response ended")
        number = event.sequence_number
        if number is not None:
            if number <= self._sequence:
                raise WireError("the events of the stream are out of order")
            self._sequence = number
        kind = event.type
        if kind == _TEXT:
            if event.delta:
                self._say(event, TextDelta(0, event.delta), events)
        elif kind in _THOUGHTS:
            if event.delta:
                self._think(event, event.delta, events)
        elif kind in _ENDS:
            self._end(event, events)
        elif kind == "error":
            raise WireError("the stream holds an error", read_error(200, payload))
        else:
            self._read_rarer(kind, event, events)

    def _read_rarer(self, kind: str, event: _Event, events: list[Event]) -> None:
        match kind:
            case "response.created":
                self._serve(event.response, events)
            case "response.output_item.added":
                self._add(event, events)
            case "response.output_item.done":
                self._finish_item(event, events)
            case "response.function_call_arguments.delta":
                if event.delta:
                    told = self._told(event, "function_call")
                    told.pieces = True
                    events.append(ToolDelta(0, told.call, event.delta))
            case "response.refusal.delta":
                if event.delta:
                    self._say(event, RefusalDelta(0, event.delta), events)
            case "response.output_text.annotation.added":
                for citation in read_annotations([event.annotation]):
                    self._say(event, Cited(0, citation), events)

    def _serve(self, response: VendorResponse | None, events: list[Event]) -> None:
        model = (response.model if response is not None else None) or ""
        if self._served is None:
            self._served = model
            if model and not self._items:
                events.append(Served(model))
        elif model and model != self._served:
            raise WireError("the stream changed its model")

    def _told(self, event: _Event, kind: str) -> _Told:
        told = self._items.get(event.output_index)
        if told is None or told.kind != kind:
            raise WireError("a piece of the stream belongs to no item of its kind")
        return told

    def _add(self, event: _Event, events: list[Event]) -> None:
        item = event.item
        if item is None or item.type not in _KINDS:
            raise unknown_item()
        if event.output_index in self._items:
            raise WireError("two items of the stream have the same place")
        told = self._items[event.output_index] = _Told(item.type)
        if item.type != "message":
            self._part = _NOWHERE
        if item.type == "function_call":
            if not item.name:
                raise WireError("a function call of the stream begins without a name")
            told.call, self._calls = self._calls, self._calls + 1
            told.pieces = bool(item.arguments)
            events.append(
                ToolDelta(0, told.call, item.arguments or "", item.call_id or item.id or "", item.name)
            )

    def _say(self, event: _Event, said: TextDelta | RefusalDelta | Cited, events: list[Event]) -> None:
        part = (event.output_index, event.content_index)
        if part != self._part:
            self._told(event, "message").pieces = True
            if self._part != _NOWHERE:
                events.append(PartEnded(0))
            self._part = part
        events.append(said)

    def _think(self, event: _Event, text: str, events: list[Event]) -> None:
        told = self._told(event, "reasoning")
        part = event.summary_index + event.content_index
        if told.pieces and part != told.part:
            events.append(ReasoningDelta(0, PARAGRAPH))
        told.pieces, told.part = True, part
        events.append(ReasoningDelta(0, text))

    def _finish_item(self, event: _Event, events: list[Event]) -> None:
        item = event.item
        if item is None:
            raise unknown_item()
        told = self._told(event, item.type)
        if item.type == "function_call":
            if item.arguments and not told.pieces:
                events.append(ToolDelta(0, told.call, item.arguments))
            events.append(PartEnded(0))
            return
        if not told.pieces:
            _tell_late(item, events)
        if item.type == "reasoning":
            if item.encrypted_content:
                events.append(ThinkingSealed(0, item.encrypted_content, "openai", id=item.id or ""))
            elif told.pieces:
                events.append(PartEnded(0))

    def _end(self, event: _Event, events: list[Event]) -> None:
        response = event.response
        if response is None:
            raise WireError("the last event of the stream holds no response")
        if response.status != event.type.removeprefix("response."):
            raise WireError("the last event of the stream says another status than its response")
        finish = read_status(response, self._calls > 0)
        self._serve(response, events)
        self._ended = True
        events.append(Finished(0, finish))
        if response.usage is not None:
            events.append(Metered(read_usage(response.usage)))


def _tell_late(item: VendorItem, events: list[Event]) -> None:
    """All of an item of which no piece came."""
    for part in read_item(item):
        match part:
            case Thinking(text=text) if text:
                events.append(ReasoningDelta(0, text))
            case Text(text=text):
                events += [TextDelta(0, text), *[Cited(0, one) for one in part.citations], PartEnded(0)]
            case Refusal(text=text):
                events += [RefusalDelta(0, text), PartEnded(0)]
