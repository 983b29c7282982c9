"""Events → a client's streamed Messages reply.

It keeps no text but a refusal's, for which the dialect has a place only at the end. Each delta is spliced
between bytes made once for its block. It does not check what was said.
"""

from typing import Any, Final, Literal

import msgspec

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
from signalbox.wires.anthropic_citation import write_citation
from signalbox.wires.anthropic_reply import write_refusal, write_seal
from signalbox.wires.anthropic_usage import write_finish, write_usage
from signalbox.wires.errors import WireError

_encode: Final = msgspec.json.Encoder().encode
_STOP: Final = b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n'
_MESSAGE_STOP: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_DELTA: Final = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":'
_TAIL: Final = b"}}\n\n"
Kind = Literal["", "text", "thinking", "tool_use"]


class EventWriter:
    """One client's stream: `event` for each event, then `end`, or `error` at any point.

    `tokens_in` is the input as estimated before the answer: the stream's opening has to name it, its end
    brings what was metered. The finish is held until `end`, so that what is known only then can ride on it.
    """

    __slots__ = (
        "_block",
        "_finish",
        "_held",
        "_index",
        "_kind",
        "_opening",
        "_refusal",
        "_tokens_in",
        "_tool",
        "_tools",
        "_usage",
    )

    def __init__(self, id: str, model: str, tokens_in: int) -> None:
        self._opening: tuple[str, str] | None = (id, model)
        self._tokens_in = tokens_in
        self._kind: Kind = ""
        self._index = -1
        self._block = b""
        self._tool = -1
        self._tools = -1
        self._held: dict[int, list[ToolDelta]] = {}
        self._refusal = ""
        self._finish: Finished | None = None
        self._usage: Usage | None = None

    def event(self, event: Event) -> bytes:
        """The bytes to send now; empty for what is held.

        The dialect has one tool call at a time. Where pieces of several come by turns, the first goes out as
        it comes and the others when it is over. Raises `WireError` for a piece of a call that was over.
        """
        if self._opening is None:
            if type(event) is TextDelta and self._kind == "text":
                return self._block + _encode(event.text) + _TAIL
            return self._write(event)
        opening = self._open(event.place if type(event) is Served else "")
        return opening + self._write(event)

    def end(self, extra: dict[str, Any] | None) -> bytes:
        """The finish with the usage and `extra` as its `signalbox`, and the stream's end.

        Raises `WireError` if there was no finish.
        """
        if self._finish is None:
            raise WireError("the stream has no finish")
        refused = bool(self._refusal)
        delta: dict[str, Any] = {
            "stop_reason": write_finish(self._finish.reason, self._tools >= 0, refused),
            "stop_sequence": self._finish.stop_word or None,
        }
        if refused:
            delta["stop_details"] = write_refusal(self._refusal)
        usage = {"output_tokens": 0} if self._usage is None else write_usage(self._usage)
        last: dict[str, Any] = {"type": "message_delta", "delta": delta, "usage": usage}
        if extra is not None:
            last["signalbox"] = extra
        return b"%bevent: message_delta\ndata: %b\n\n%b" % (self._close(), _encode(last), _MESSAGE_STOP)

    def error(self, body: bytes) -> bytes:
        """`body` is the dialect's `{"type": "error", …}`. Nothing follows: SDKs raise on the event itself."""
        return b"event: error\ndata: " + body.replace(b"\r", b"").replace(b"\n", b"\ndata: ") + b"\n\n"

    def _write(self, event: Event) -> bytes:
        match event:
            case TextDelta():
                return self._enter_text() + self._block + _encode(event.text) + _TAIL
            case ReasoningDelta():
                return self._enter_thinking() + self._block + _encode(event.text) + _TAIL
            case ToolDelta():
                return self._write_tool(event)
            case ThinkingSealed():
                return self._write_seal(event)
            case Cited():
                begun = self._enter_text()
                citation = _encode(write_citation(event.citation))
                delta = b'%b"citations_delta","citation":%b' % (_DELTA % self._index, citation)
                return begun + delta + _TAIL
            case PartEnded():
                return self._close()
            case RefusalDelta():
                self._refusal += event.text
            case Finished():
                self._finish = event
            case Metered():
                self._usage = event.usage
        return b""

    def _open(self, place: str) -> bytes:
        id, model = self._opening or ("", "")
        self._opening = None
        usage = write_usage(Usage(input=self._tokens_in))
        if place:
            usage["inference_geo"] = place
        message: dict[str, Any] = {
            "id": id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        return b"event: message_start\ndata: %b\n\n" % _encode({"type": "message_start", "message": message})

    def _enter_text(self) -> bytes:
        if self._kind == "text":
            return b""
        begun = self._begin("text", {"type": "text", "text": ""})
        self._block = b'%b"text_delta","text":' % (_DELTA % self._index)
        return begun

    def _enter_thinking(self) -> bytes:
        if self._kind == "thinking":
            return b""
        begun = self._begin("thinking", {"type": "thinking", "thinking": "", "signature": ""})
        self._block = b'%b"thinking_delta","thinking":' % (_DELTA % self._index)
        return begun

    def _write_tool(self, event: ToolDelta) -> bytes:
        other = self._kind == "tool_use" and event.index != self._tool
        if other and (event.name or event.index in self._held):
            self._held.setdefault(event.index, []).append(event)
            return b""
        begun = b""
        if event.index > self._tools:
            self._tools = self._tool = event.index
            block = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
            begun = self._begin("tool_use", block)
            self._block = b'%b"input_json_delta","partial_json":' % (_DELTA % self._index)
        if not event.arguments:
            return begun
        if self._kind != "tool_use" or event.index != self._tool:
            raise WireError("a tool call of the stream goes on after it was over")
        return begun + self._block + _encode(event.arguments) + _TAIL

    def _write_seal(self, sealed: ThinkingSealed) -> bytes:
        signature = write_seal(sealed)
        if sealed.redacted:
            return self._begin("", {"type": "redacted_thinking", "data": signature}) + _STOP % self._index
        begun = self._enter_thinking()
        written = b'%b"signature_delta","signature":%b}}\n\n' % (_DELTA % self._index, _encode(signature))
        return begun + written + self._close()

    def _begin(self, kind: Kind, block: dict[str, Any]) -> bytes:
        closed = self._close()
        self._index += 1
        self._kind = kind
        start = {"type": "content_block_start", "index": self._index, "content_block": block}
        return b"%bevent: content_block_start\ndata: %b\n\n" % (closed, _encode(start))

    def _close(self) -> bytes:
        if not self._kind:
            return b""
        self._kind = ""
        written = [_STOP % self._index]
        while self._held:
            index = min(self._held)
            written += [self._write_tool(piece) for piece in self._held.pop(index)]
            self._kind = ""
            written.append(_STOP % self._index)
        return b"".join(written)
