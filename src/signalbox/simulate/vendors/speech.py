"""What an emulated vendor says, in its dialect: a whole reply or the frames of a stream."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from signalbox.domain.reply import Event, Reply


class Trouble(Struct, frozen=True):
    """An error in the vendor's words. `headers` come with it as they are."""

    status: int
    type: str
    message: str
    code: str = ""
    param: str | None = None


class Speech(Protocol):
    """Writes one reply. `stream` is the content type of its stream; empty if the reply is whole."""

    @property
    def stream(self) -> bytes: ...

    def whole(self, reply: Reply) -> bytes:
        """The body."""

    def frames(self, events: Sequence[Event]) -> list[bytes]:
        """The stream, cut where a vendor would flush: one event or frame each."""

    def trouble(self, trouble: Trouble) -> bytes:
        """An error as a frame of the stream."""

    def maimed(self, frame: bytes, *, checksum: bool) -> bytes:
        """The frame with JSON that stops half-way; with `checksum`, unharmed but for its checksum, where
        the dialect has one."""


def maimed_event(frame: bytes) -> bytes:
    """A server-sent event whose data stops half-way."""
    return frame[: len(frame) * 2 // 3].rstrip(b"\n") + b"\n\n"
