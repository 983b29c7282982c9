"""What an exchange asks of a vendor's dialect. The formats themselves are in `signalbox.wires`."""

from collections.abc import Callable, Sequence
from typing import Protocol

from signalbox.domain.reply import Event, Reply
from signalbox.domain.request import Request
from signalbox.ports.provider import Call
from signalbox.wires.errors import VendorError
from signalbox.wires.written import Written

Header = Callable[[str], str | None]
"""A reply's header by its lower-case name."""


class EventReader(Protocol):
    """One streamed reply, fed in any cut."""

    def feed(self, data: bytes) -> Sequence[Event]:
        """The events that these bytes complete. Raises `WireError`."""

    def end(self) -> None:
        """There are no more bytes. Raises `WireError` if the stream was not whole."""


class VendorWire(Protocol):
    """One dialect, for every endpoint that is asked in it: stateless, and shared.

    `whole_type` and `stream_type` are the media types of replies, in lower case, without parameters.
    """

    @property
    def whole_type(self) -> bytes: ...

    @property
    def stream_type(self) -> bytes: ...

    def write(self, call: Call, stream: bool) -> Written: ...

    def read(self, body: bytes, request: Request) -> Reply:
        """Raises `WireError`, with the vendor's words if the body is an error."""

    def reader(self, request: Request) -> EventReader: ...

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        """What a reply that is no 200 says; `body` may be cut. Never raises."""
