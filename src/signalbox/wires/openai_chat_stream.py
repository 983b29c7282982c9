"""A streamed Chat Completions reply: a vendor's chunks → events, and events → the client's chunks.

Neither side keeps text, but for thinking, which the writer says once more together with its seal, so that a
client can send it back in one piece. The reader refuses what would let a broken stream pass for a whole one;
it does not check what the model said. The writer splices each delta between bytes made once for the stream.
"""

from typing import Any, Final

import msgspec
from msgspec import Struct

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
from signalbox.domain.request import Thinking
from signalbox.wires.errors import WireError
from signalbox.wires.openai_chat_error import read_error
from signalbox.wires.openai_chat_reply import (
    FINISHES,
    Index,
    VendorUsage,
    read_annotations,
    read_details,
    read_finish,
    read_usage,
    write_annotation,
    write_citation,
    write_detail,
    write_usage,
)
from signalbox.wires.sse import EventParser

_DONE: Final = b"[DONE]"


class _Function(Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(Struct):
    index: Index
    id: str | None = None
    function: _Function | None = None


class _Delta(Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: Any = None
    annotations: Any = None
    tool_calls: list[_Call] | None = None


class _Choice(Struct):
    index: Index
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Chunk(Struct):
    choices: list[_Choice] | None = None
    usage: VendorUsage | None = None
    model: str | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Chunk).decode
_encode: Final = msgspec.json.Encoder().encode


class ChunkReader:
    """Feed it the vendor's bytes in any cut. Events come in the order that `domain.reply.Event` states.

    `[DONE]` may be missing (the connection's end says as much), but not the finish of a choice that began.
    Usage that rides along with content is cumulative: the last one counts, and is told at `[DONE]`.
    """

    __slots__ = ("_begun", "_calls", "_done", "_finished", "_metered", "_parser", "_served", "_usage")

    def __init__(self) -> None:
        self._parser = EventParser()
        self._served = ""
        self._begun = False
        self._finished: dict[int, bool] = {}
        self._calls: dict[tuple[int, int], str] = {}
        self._usage: VendorUsage | None = None
        self._metered = False
        self._done = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises `WireError` on bytes that are not the dialect, and with the vendor's error if one is sent;
        events of the same bytes are then lost.
        """
        events: list[Event] = []
        for payload in self._parser.feed(data):
            if not payload:
                continue
            if self._done:
                raise WireError("the stream goes on after `[DONE]`")
            if payload == _DONE:
                self._done = True
                self._meter(events)
            else:
                self._read(payload, events)
        return events

    def end(self) -> None:
        """The vendor has no more bytes. Raises `WireError` if the stream was not whole."""
        self._parser.end()
        if not self._finished:
            raise WireError("the stream ended without a choice")
        if not all(self._finished.values()):
            raise WireError("the stream ended before a choice had finished")

    def _read(self, payload: bytes, events: list[Event]) -> None:
        try:
            chunk = _decode(payload)
        except (ValueError, RecursionError) as error:
            raise WireError(f"an event of the stream is not a chunk: {error}") from None
        if chunk.error or chunk.choices is None:
            said = read_error(200, payload)
            raise WireError("the stream holds an error" if chunk.error else "a chunk has no choices", said)
        if chunk.model and chunk.model != self._served:
            self._serve(chunk.model, events)
        if self._metered and chunk.choices:
            raise WireError("the stream goes on after its usage")
        for choice in chunk.choices:
            self._read_choice(choice, events)
        if chunk.usage is not None:
            self._usage = chunk.usage
            if not chunk.choices and self._finished and all(self._finished.values()):
                self._meter(events)

    def _serve(self, model: str, events: list[Event]) -> None:
        if self._served:
            raise WireError("the stream changed its model")
        self._served = model
        if not self._begun:
            events.append(Served(model))

    def _meter(self, events: list[Event]) -> None:
        if self._usage is not None and not self._metered:
            self._metered = True
            events.append(Metered(read_usage(self._usage)))

    def _read_choice(self, choice: _Choice, events: list[Event]) -> None:
        index = choice.index
        finished = self._finished.setdefault(index, False)
        delta = choice.delta
        if delta is not None:
            before = len(events)
            if delta.content:
                events.append(TextDelta(index, delta.content))
            thought = delta.reasoning_content or delta.reasoning
            if thought:
                events.append(ReasoningDelta(index, thought))
            if delta.reasoning_details or delta.annotations:
                _read_asides(index, delta, events)
            if delta.refusal:
                events.append(RefusalDelta(index, delta.refusal))
            if delta.tool_calls:
                for call in delta.tool_calls:
                    self._read_call(index, call, events)
            if len(events) > before:
                self._begun = True
                if finished:
                    raise WireError("a choice of the stream goes on after its finish")
        if choice.finish_reason and not finished:
            events.append(Finished(index, read_finish(choice.finish_reason)))
            self._finished[index] = self._begun = True

    def _read_call(self, index: int, call: _Call, events: list[Event]) -> None:
        key = (index, call.index)
        function = call.function
        arguments = (function.arguments if function is not None else None) or ""
        known = self._calls.get(key)
        if known is None:
            if function is None or not function.name:
                raise WireError("a tool call of the stream begins without a name")
            self._calls[key] = call.id or ""
            events.append(ToolDelta(index, call.index, arguments, call.id or "", function.name))
        elif call.id and call.id != known:
            raise WireError("two tool calls of the stream have the same index")
        elif arguments:
            events.append(ToolDelta(index, call.index, arguments))


def _read_asides(index: int, delta: _Delta, events: list[Event]) -> None:
    for seal in read_details(delta.reasoning_details):
        if seal.signature:
            events.append(ThinkingSealed(index, seal.signature, seal.format, seal.redacted, seal.id))
    for citation in read_annotations(delta.annotations):
        events.append(Cited(index, citation))


class ChunkWriter:
    """One client's stream: `event` for each event, then `end`, or `error` at any point.

    Finishes are held until `end`, so that what is known only then can ride on the last of them.
    """

    __slots__ = (
        "_citations",
        "_encoded_usage",
        "_finishes",
        "_head",
        "_include_usage",
        "_tail",
        "_text",
        "_thought",
        "_told",
        "_usage",
    )

    def __init__(self, id: str, model: str, created_s: int, include_usage: bool) -> None:
        self._head = (
            b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,"choices":['
            % (
                _encode(id),
                created_s,
                _encode(model),
            )
        )
        self._include_usage = include_usage
        self._encoded_usage = b',"usage":null' if include_usage else b""
        self._tail = b'},"logprobs":null,"finish_reason":null}]%b}\n\n' % self._encoded_usage
        self._text: dict[int, bytes] = {}
        self._finishes: dict[int, str] = {}
        self._usage: Usage | None = None
        self._thought: dict[int, list[str]] = {}
        self._told: dict[tuple[int, str], int] = {}
        self._citations: list[dict[str, Any]] = []

    def event(self, event: Event) -> bytes:
        """The bytes to send now; empty for what is held or has no place in the dialect."""
        if type(event) is TextDelta:
            prefix = self._text.get(event.choice) or self._begin(event.choice, b'"content":')
            return prefix + _encode(event.text) + self._tail
        match event:
            case ReasoningDelta():
                self._thought.setdefault(event.choice, []).append(event.text)
                return self._delta(event.choice, b'"reasoning_content":' + _encode(event.text))
            case RefusalDelta():
                return self._delta(event.choice, b'"refusal":' + _encode(event.text))
            case ToolDelta():
                return self._delta(event.choice, b'"tool_calls":' + _encode([_tool_call(event)]))
            case Finished():
                self._finishes[event.choice] = FINISHES[event.reason]
            case Metered():
                self._usage = event.usage
            case ThinkingSealed():
                return self._seal(event)
            case PartEnded():
                self._thought.pop(event.choice, None)
            case Cited(citation=citation) if citation.kind == "url":
                return self._listed(event.choice, "annotations", write_annotation(citation))
            case Cited():
                self._citations.append(write_citation(event.choice, event.citation))
        return b""

    def end(self, extra: dict[str, Any] | None) -> bytes:
        """The finishes, `extra` as `signalbox` on the last, the usage if it was asked for, and `[DONE]`.

        Raises `WireError` if a choice that began has no finish. Without a `Metered` event there is no
        usage chunk.
        """
        if not self._finishes or not self._text.keys() <= self._finishes.keys():
            raise WireError("a choice of the stream has no finish")
        last = next(reversed(self._finishes))
        if self._citations:
            extra = {**(extra or {}), "citations": self._citations}
        chunks = []
        for choice, reason in self._finishes.items():
            delta = b"" if choice in self._text else b'"role":"assistant","content":""'
            rider = b',"signalbox":' + _encode(extra) if extra is not None and choice == last else b""
            chunks.append(
                b'%b{"index":%d,"delta":{%b},"logprobs":null,"finish_reason":%b}]%b%b}\n\n'
                % (self._head, choice, delta, _encode(reason), self._encoded_usage, rider)
            )
        if self._include_usage and self._usage is not None:
            chunks.append(b'%b],"usage":%b}\n\n' % (self._head, _encode(write_usage(self._usage))))
        chunks.append(b"data: [DONE]\n\n")
        return b"".join(chunks)

    def error(self, body: bytes) -> bytes:
        """`body` is the dialect's `{"error": …}`. No `[DONE]` follows: SDKs raise on the event itself."""
        return b"data: " + body.replace(b"\r", b"").replace(b"\n", b"\ndata: ") + b"\n\n"

    def _seal(self, event: ThinkingSealed) -> bytes:
        thought_of = "".join(self._thought.pop(event.choice, ()))
        text = "" if event.redacted else thought_of
        thought = Thinking(text, event.signature, event.format, event.redacted, event.id)
        return self._listed(event.choice, "reasoning_details", write_detail(thought))

    def _listed(self, choice: int, field: str, entry: dict[str, Any]) -> bytes:
        """One entry of a list; by their `index` SDKs put such lists together."""
        index = self._told[choice, field] = self._told.get((choice, field), -1) + 1
        return self._delta(choice, b'"%b":' % field.encode() + _encode([{"index": index, **entry}]))

    def _delta(self, choice: int, delta: bytes) -> bytes:
        begun = choice in self._text
        if not begun:
            self._begin(choice, b"")
        role = b"" if begun else b'"role":"assistant",'
        return b'%b{"index":%d,"delta":{%b%b%b' % (self._head, choice, role, delta, self._tail)

    def _begin(self, choice: int, field: bytes) -> bytes:
        """Note that the choice has begun; the prefix of its first delta, which carries the role."""
        self._text[choice] = b'%b{"index":%d,"delta":{"content":' % (self._head, choice)
        return b'%b{"index":%d,"delta":{"role":"assistant",%b' % (self._head, choice, field)


def _tool_call(event: ToolDelta) -> dict[str, Any]:
    if event.name:
        function = {"name": event.name, "arguments": event.arguments}
        return {"index": event.index, "id": event.id, "type": "function", "function": function}
    return {"index": event.index, "function": {"arguments": event.arguments}}
