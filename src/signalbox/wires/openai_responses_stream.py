"""Events → a client's Responses stream.

It keeps what it sent, because the dialect tells each item once more when it is done, and all of them in the
end. Each text delta is spliced behind bytes made once for its part. Function calls stay open until their part
ends or the answer does, so that pieces of several may come in turns.
"""

from typing import Any, Final

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
from signalbox.domain.request import Citation, Thinking
from signalbox.wires.errors import WireError
from signalbox.wires.openai_chat_error import read_error
from signalbox.wires.openai_chat_reply import write_citation
from signalbox.wires.openai_responses_read import ResponsesCall
from signalbox.wires.openai_responses_reply import (
    Envelope,
    annotation,
    call_item,
    cut_by,
    encode,
    message_item,
    reasoning_item,
    text_part,
)

_RATE_LIMITED: Final = "rate_limit_exceeded"
_Fields = dict[str, Any]
_OfAnswer = (
    TextDelta | ReasoningDelta | RefusalDelta | ToolDelta | ThinkingSealed | Cited | PartEnded | Finished
)


class _Open(Struct):
    """An item, or a part of a message, while it grows."""

    kind: str
    id: str
    place: int
    pieces: list[str]
    head: bytes = b""
    number: int = 0
    name: str = ""
    call_id: str = ""
    annotations: list[_Fields] = []


class ResponseWriter:
    """One client's stream: `event` for each event, then `end`, or `error` at any point."""

    __slots__ = (
        "_begun",
        "_calls",
        "_citations",
        "_contents",
        "_cut",
        "_ended_call",
        "_envelope",
        "_finished",
        "_growing",
        "_message",
        "_output",
        "_refused",
        "_sequence",
        "_text_head",
        "_touched",
        "_usage",
    )

    def __init__(self, id: str, created_s: int, call: ResponsesCall, model: str) -> None:
        self._envelope = Envelope(id, created_s, call, model)
        self._sequence = -1
        self._begun = False
        self._output: list[_Fields] = []
        self._growing: _Open | None = None  # the part of a message, or the thinking, at hand
        self._text_head = b""  # of a text delta while a text grows
        self._message: _Open | None = None
        self._contents: list[_Fields] = []  # of the message at hand
        self._calls: dict[int, _Open | None] = {}  # None for one that is over
        self._touched: int | None = None
        self._ended_call: int | None = None  # told as done once it is clear that it was not cut there
        self._citations: list[_Fields] = []
        self._usage: Usage | None = None
        self._finished = False
        self._refused = False
        self._cut = ""

    def event(self, event: Event) -> bytes:
        """The bytes to send now; empty for what is held. Raises `WireError` for a second choice."""
        if type(event) is TextDelta and self._text_head and not event.choice:
            self._growing.pieces.append(event.text)  # type: ignore[union-attr]  # a text grows: it has a head
            self._sequence += 1
            return b'%b%d,"delta":%b}\n\n' % (self._text_head, self._sequence, encode(event.text))
        opening = b"" if self._begun else self._begin()
        if self._ended_call is not None and not isinstance(event, Finished):
            opening += self._close_call(self._ended_call, "completed")
        if isinstance(event, Served):
            return opening
        if isinstance(event, Metered):
            self._usage = event.usage
            return opening
        if event.choice:
            raise WireError("the dialect knows one choice only")
        return opening + self._of_answer(event)

    def _of_answer(self, event: _OfAnswer) -> bytes:
        match event:
            case TextDelta():
                return self._grow("output_text") + self.event(event)
            case ReasoningDelta():
                return self._grow("reasoning") + self._piece(event.text)
            case RefusalDelta():
                self._refused = True
                return self._grow("refusal") + self._piece(event.text)
            case ToolDelta():
                return self._call(event)
            case ThinkingSealed():
                return self._seal(event)
            case Cited():
                return self._cite(event.citation)
            case PartEnded():
                return self._end_part()
            case Finished():
                self._cut = cut_by(event.reason, self._refused)
                self._finished = True
                return self._close_all("incomplete" if self._cut else "completed")

    def end(self, extra: _Fields | None) -> bytes:
        """The terminal event, with `extra` as `signalbox` on its response. Raises `WireError` if the answer
        has no finish."""
        if not self._finished:
            raise WireError("a choice of the stream has no finish")
        if self._citations:
            extra = {**(extra or {}), "citations": self._citations}
        status = "incomplete" if self._cut else "completed"
        response = self._envelope.encode(status, self._output, cut=self._cut, usage=self._usage, extra=extra)
        return self._emit("response." + status, b'"response":' + response)

    def error(self, body: bytes) -> bytes:
        """`body` is the dialect's `{"error": …}`. Tells the response as failed, with the items that were
        whole, then the error as an event on which SDKs raise; nothing follows."""
        opening = b"" if self._begun else self._begin()
        said = read_error(500, body)
        told = {
            "code": _RATE_LIMITED if said.code == _RATE_LIMITED else "server_error",
            "message": said.message,
        }
        whole = [item for item in self._output if item]
        failed = self._envelope.encode("failed", whole, usage=self._usage, error=told)
        flat = {"code": said.code, "message": said.message, "param": None}
        error = encode({**flat, "error": {"type": said.type, **flat}})[1:-1]
        return opening + self._emit("response.failed", b'"response":' + failed) + self._emit("error", error)

    # -- opening and closing

    def _begin(self) -> bytes:
        self._begun = True
        response = b'"response":' + self._envelope.encode("in_progress", [])
        return self._emit("response.created", response) + self._emit("response.in_progress", response)

    def _grow(self, kind: str) -> bytes:
        """Open a part of this kind, unless one grows already."""
        growing = self._growing
        if growing is not None and growing.kind == kind:
            return b""
        return self._close_part() + (self._open_thinking() if kind == "reasoning" else self._open_part(kind))

    def _piece(self, text: str) -> bytes:
        growing = self._growing
        assert growing is not None  # noqa: S101 - `_grow` has just seen to it
        growing.pieces.append(text)
        self._sequence += 1
        return b'%b%d,"delta":%b}\n\n' % (growing.head, self._sequence, encode(text))

    def _open_part(self, kind: str) -> bytes:
        opened = b""
        if self._message is None:
            self._message = message = self._item("message", "msg")
            opened = self._added(message.place, message_item(message.id, [], "in_progress"))
        message = self._message
        number = len(self._contents)
        self._growing = part = _Open(kind, message.id, message.place, [], number=number)
        place = {"item_id": part.id, "output_index": part.place, "content_index": number}
        logprobs: _Fields = {"logprobs": []} if kind == "output_text" else {}
        part.head = _head(f"response.{kind}.delta", {**place, **logprobs})
        if kind == "output_text":
            self._text_head = part.head
        return opened + self._tell("response.content_part.added", {**place, "part": _content(part, "")})

    def _open_thinking(self) -> bytes:
        closed = self._close_message("completed")
        self._growing = item = self._item("reasoning", "rs")
        place = {"item_id": item.id, "output_index": item.place, "summary_index": 0}
        item.head = _head("response.reasoning_summary_text.delta", place)
        part = {"type": "summary_text", "text": ""}
        return (
            closed
            + self._added(item.place, {"id": item.id, "type": "reasoning", "summary": []})
            + self._tell("response.reasoning_summary_part.added", {**place, "part": part})
        )

    def _close_part(self) -> bytes:
        """What grows is whole: a text, a refusal, or thinking that nobody sealed."""
        part, self._growing, self._text_head = self._growing, None, b""
        if part is None:
            return b""
        text = "".join(part.pieces)
        if part.kind == "reasoning":
            return self._close_thinking(part, Thinking(text))
        place = {"item_id": part.id, "output_index": part.place, "content_index": part.number}
        content = _content(part, text)
        self._contents.append(content)
        words: _Fields = {"refusal": text} if part.kind == "refusal" else {"text": text, "logprobs": []}
        return self._tell(f"response.{part.kind}.done", {**place, **words}) + self._tell(
            "response.content_part.done", {**place, "part": content}
        )

    def _close_thinking(self, item: _Open, thought: Thinking) -> bytes:
        place = {"item_id": item.id, "output_index": item.place, "summary_index": 0}
        part = {"type": "summary_text", "text": thought.text}
        return (
            self._tell("response.reasoning_summary_text.done", {**place, "text": thought.text})
            + self._tell("response.reasoning_summary_part.done", {**place, "part": part})
            + self._done(item.place, reasoning_item(thought, item.id))
        )

    def _close_message(self, status: str) -> bytes:
        closed = self._close_part()
        message, self._message = self._message, None
        if message is None:
            return closed
        contents, self._contents = self._contents, []
        return closed + self._done(message.place, message_item(message.id, contents, status))

    def _close_call(self, index: int, status: str) -> bytes:
        call, self._calls[index] = self._calls[index], None
        self._ended_call = None
        if call is None:
            return b""
        arguments = "".join(call.pieces)
        place = {"item_id": call.id, "output_index": call.place}
        told = self._tell("response.function_call_arguments.done", {**place, "arguments": arguments})
        return told + self._done(call.place, call_item(call.id, call.call_id, call.name, arguments, status))

    def _close_all(self, status: str) -> bytes:
        """An answer that was cut is cut in its last item; those before it are whole."""
        last = len(self._output) - 1
        message = self._message
        closed = self._close_message(status if message is not None and message.place == last else "completed")
        for index, call in list(self._calls.items()):
            if call is not None:
                closed += self._close_call(index, status if call.place == last else "completed")
        return closed

    # -- the events that are none of text

    def _call(self, event: ToolDelta) -> bytes:
        self._touched = event.index
        if event.index not in self._calls:
            opened = self._close_message("completed")
            item = self._item("function_call", "fc")
            item.name, item.call_id = event.name, event.id or self._envelope.item_id("call", item.place)
            item.head = _head(
                "response.function_call_arguments.delta", {"item_id": item.id, "output_index": item.place}
            )
            self._calls[event.index] = item
            added = call_item(item.id, item.call_id, item.name, "", "in_progress")
            opened += self._added(item.place, added)
        else:
            opened = b""
        call = self._calls[event.index]
        if call is None:
            raise WireError("a tool call of the stream goes on after its end")
        if not event.arguments:
            return opened
        call.pieces.append(event.arguments)
        self._sequence += 1
        return b'%b%b%d,"delta":%b}\n\n' % (opened, call.head, self._sequence, encode(event.arguments))

    def _seal(self, event: ThinkingSealed) -> bytes:
        growing = self._growing
        if growing is not None and growing.kind == "reasoning" and not event.redacted:
            self._growing = None
            thought = Thinking("".join(growing.pieces), event.signature, event.format, False, event.id)
            return self._close_thinking(growing, thought)
        closed = self._close_message("completed")
        item = self._item("reasoning", "rs")
        thought = Thinking("", event.signature, event.format, event.redacted, event.id)
        added = self._added(item.place, {"id": item.id, "type": "reasoning", "summary": []})
        return closed + added + self._done(item.place, reasoning_item(thought, item.id))

    def _cite(self, citation: Citation) -> bytes:
        if citation.kind != "url":
            self._citations.append(write_citation(0, citation))
            return b""
        opened = self._grow("output_text")
        part = self._growing
        assert part is not None  # noqa: S101 - `_grow` has just seen to it
        part.annotations = [*part.annotations, annotation(citation)]
        return opened + self._tell(
            "response.output_text.annotation.added",
            {
                "item_id": part.id,
                "output_index": part.place,
                "content_index": part.number,
                "annotation_index": len(part.annotations) - 1,
                "annotation": part.annotations[-1],
            },
        )

    def _end_part(self) -> bytes:
        if self._growing is not None:
            return self._close_part()
        if self._message is None:
            self._ended_call, self._touched = self._touched, None
        return b""

    # -- bytes

    def _item(self, kind: str, prefix: str) -> _Open:
        place = len(self._output)
        self._output.append({})  # its place is taken, whatever is done first
        return _Open(kind, self._envelope.item_id(prefix, place), place, [])

    def _added(self, place: int, item: _Fields) -> bytes:
        return self._tell("response.output_item.added", {"output_index": place, "item": item})

    def _done(self, place: int, item: _Fields) -> bytes:
        self._output[place] = item
        return self._tell("response.output_item.done", {"output_index": place, "item": item})

    def _tell(self, kind: str, fields: _Fields) -> bytes:
        return self._emit(kind, encode(fields)[1:-1])

    def _emit(self, kind: str, fields: bytes) -> bytes:
        self._sequence += 1
        name = kind.encode()
        return b'event: %b\ndata: {"type":"%b","sequence_number":%d,%b}\n\n' % (
            name,
            name,
            self._sequence,
            fields,
        )


def _head(kind: str, fields: _Fields) -> bytes:
    """All of a delta event but its sequence number and its text."""
    name = kind.encode()
    return b'event: %b\ndata: {"type":"%b",%b,"sequence_number":' % (name, name, encode(fields)[1:-1])


def _content(part: _Open, text: str) -> _Fields:
    if part.kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return text_part(text, part.annotations)
