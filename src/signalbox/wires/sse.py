"""Server-sent events: bytes as they arrive → the data of complete events.

The format is the WHATWG HTML standard's event stream. Event names, ids and retry times are not kept: the
dialects served here say everything in the data.
"""

from typing import Final

from signalbox.wires.errors import WireError

EVENT_BYTES_MAX: Final = 16 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class EventParser:
    """Feed it any cut of the bytes; the events come out the same."""

    __slots__ = ("_after_return", "_begun", "_searched", "_tail")

    def __init__(self) -> None:
        self._tail = bytearray()
        self._searched = 0
        self._begun = False
        self._after_return = False

    def feed(self, data: bytes) -> list[bytes]:
        """The data payloads completed by these bytes. Raises `WireError` on an event beyond 16 MiB."""
        if data[-2:] == b"\n\n" and not self._tail and data.find(b"\r") < 0:
            return self._payloads(data[:-2])
        return self._feed_slowly(data)

    def end(self) -> None:
        """The stream is over. Raises `WireError` if it stopped inside an event."""
        if self._tail.strip(b"\n"):
            raise WireError("the event stream stopped inside an event")

    def _feed_slowly(self, data: bytes) -> list[bytes]:
        # A chunk may end between the two bytes of one line end. While nothing is held back, a line feed at
        # the front is an empty line that means nothing, so only this road has to look.
        if not data:
            return []
        if self._after_return and data.startswith(b"\n"):
            data = data[1:]
        self._after_return = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        tail = self._tail
        tail += data
        cut = tail.rfind(b"\n\n", self._searched)
        if cut < 0:
            self._searched = max(0, len(tail) - 1)
            if len(tail) > EVENT_BYTES_MAX:
                raise WireError(f"an event of the stream is larger than {EVENT_BYTES_MAX} bytes")
            return []
        complete = bytes(tail[:cut])
        del tail[: cut + 2]
        self._searched = 0
        return self._payloads(complete)

    def _payloads(self, complete: bytes) -> list[bytes]:
        if not self._begun:
            self._begun = True
            complete = complete.removeprefix(_BOM)
        payloads = []
        for event in complete.split(b"\n\n"):
            if event[:6] == b"data: " and event.find(b"\n") < 0:  # `in` costs bytes an exception
                payloads.append(event[6:])
            elif (payload := _payload(event)) is not None:
                payloads.append(payload)
        return payloads


def _payload(event: bytes) -> bytes | None:
    lines = []
    for line in event.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            lines.append(value.removeprefix(b" "))
    return b"\n".join(lines) if lines else None
