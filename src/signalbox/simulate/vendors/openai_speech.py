"""How OpenAI's servers write: chat completions, responses, vectors, and the frames of their streams."""

from collections.abc import Sequence
from typing import Final

import msgspec

from signalbox.domain.reply import Event, Reply, Served
from signalbox.simulate.answers import CREATED_S
from signalbox.simulate.vendors.openai_words import error_body
from signalbox.simulate.vendors.speech import Trouble, maimed_event
from signalbox.wires import openai_embeddings, openai_responses
from signalbox.wires.openai_chat import ChunkWriter, write_reply

SSE: Final = b"text/event-stream; charset=utf-8"


def events_of(data: bytes) -> list[bytes]:
    """Server-sent events written in one piece, one by one."""
    return [event + b"\n\n" for event in data.split(b"\n\n") if event]


def served_of(events: Sequence[Event]) -> str:
    """The model that a stream says it comes from."""
    first = events[0]
    return first.model if isinstance(first, Served) else ""


class ChatSpeech:
    def __init__(self, number: int, *, stream: bool, include_usage: bool) -> None:
        self.stream = SSE if stream else b""
        self._id = f"chatcmpl-emulated{number}"
        self._include_usage = include_usage

    def whole(self, reply: Reply) -> bytes:
        return write_reply(reply, id=self._id, model=reply.served_model, extra=None)

    def frames(self, events: Sequence[Event]) -> list[bytes]:
        writer = ChunkWriter(self._id, served_of(events), CREATED_S, self._include_usage)
        frames = []
        for event in events:
            frames += events_of(writer.event(event))
        return frames + events_of(writer.end(None))

    def trouble(self, trouble: Trouble) -> bytes:
        return b"data: " + error_body(trouble) + b"\n\n"

    def maimed(self, frame: bytes, *, checksum: bool) -> bytes:
        return maimed_event(frame)


class ResponseSpeech:
    def __init__(self, number: int, call: openai_responses.ResponsesCall) -> None:
        self.stream = SSE if call.request.stream else b""
        self._id = f"resp_emulated{number}"
        self._call = call

    def whole(self, reply: Reply) -> bytes:
        return openai_responses.write_reply(
            reply, id=self._id, created_s=CREATED_S, call=self._call, model=reply.served_model
        )

    def frames(self, events: Sequence[Event]) -> list[bytes]:
        writer = openai_responses.ResponseWriter(self._id, CREATED_S, self._call, served_of(events))
        frames: list[bytes] = []
        for event in events:
            frames += events_of(writer.event(event))
        return frames + events_of(writer.end(None))

    def trouble(self, trouble: Trouble) -> bytes:
        said = {"type": "error", "code": trouble.code, "message": trouble.message, "param": trouble.param}
        return b"event: error\ndata: " + msgspec.json.encode(said | {"sequence_number": 0}) + b"\n\n"

    def maimed(self, frame: bytes, *, checksum: bool) -> bytes:
        return maimed_event(frame)


class EmbeddingsSpeech(ChatSpeech):
    """Vectors: never streamed."""

    def __init__(self, *, base64: bool) -> None:
        super().__init__(0, stream=False, include_usage=False)
        self._base64 = base64

    def whole(self, reply: Reply) -> bytes:
        return openai_embeddings.write_reply(reply, model=reply.served_model, base64=self._base64)
