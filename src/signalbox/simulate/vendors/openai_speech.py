"""How OpenAI's servers write: chat completions, and the frames of their streams."""

from collections.abc import Sequence
from typing import Final

from signalbox.domain.reply import Event, Reply, Served
from signalbox.simulate.answers import CREATED_S
from signalbox.simulate.vendors.openai_words import error_body
from signalbox.simulate.vendors.speech import Trouble, maimed_event
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
