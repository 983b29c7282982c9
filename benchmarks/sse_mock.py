"""A vendor that streams: every POST gets chat-completion chunks at a steady pace, without end.

    python -m benchmarks.sse_mock PORT CHUNKS_PER_SECOND

Streams are staggered, so that chunks come one by one, as from a real vendor, and not in volleys. Any GET
is answered with an empty 200. It reads no more of a request than its length.
"""

import asyncio
import sys
from itertools import count
from typing import Any, Final, cast

import msgspec
import uvloop

from benchmarks.processes import HOST

_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_EMPTY: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_WORDS: Final = (
    "the",
    "forecast",
    "for",
    "March",
    "stays",
    "within",
    "our",
    "budget",
    "and",
    "travel",
    "was",
)
_DISTINCT: Final = 1_024
_GOLDEN: Final = 0.6180339887  # its multiples, modulo 1, spread any number of streams over a period


def event(delta: dict[str, str]) -> bytes:
    """One server-sent event as a vendor writes it, in an HTTP chunk of its own."""
    chunk: dict[str, Any] = {
        "id": "chatcmpl-benchmark",
        "object": "chat.completion.chunk",
        "created": 1_767_225_600,
        "model": "bench-model",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}],
    }
    data = b"data: " + msgspec.json.encode(chunk) + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


class Pace:
    """What all streams share: the chunks, their period and the numbering of streams."""

    def __init__(self, chunks_per_second: float) -> None:
        self.period_s = 1 / chunks_per_second
        self.streams = count()
        self.role = event({"role": "assistant", "content": ""})
        self.chunks = tuple(
            event({"content": f" {_WORDS[number % len(_WORDS)]} {number}"}) for number in range(_DISTINCT)
        )


class Stream(asyncio.Protocol):
    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next_s = 0.0
        self._sent = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, ended, body = self._received.partition(b"\r\n\r\n")
        if not ended or self._transport is None or self._timer is not None:
            return
        if head.startswith(b"GET "):
            self._received = b""
            self._transport.write(_EMPTY)
        elif len(body) >= content_length(head):
            self._begin(self._transport)

    def _begin(self, transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        number = next(self._pace.streams)
        self._sent = number  # not all streams say the same
        transport.write(_HEAD + self._pace.role)
        self._next_s = loop.time() + self._pace.period_s * (1 + number * _GOLDEN % 1)
        self._timer = loop.call_at(self._next_s, self._chunk, loop, transport)

    def _chunk(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        transport.write(self._pace.chunks[self._sent % _DISTINCT])
        self._sent += 1
        self._next_s += self._pace.period_s  # from when it was due: the pace does not drift
        self._timer = loop.call_at(self._next_s, self._chunk, loop, transport)


def content_length(head: bytes) -> int:
    """0 where none is given."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def _serve(port: int, pace: Pace) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Stream(pace), HOST, port, backlog=1_024)
    await server.serve_forever()


def main(port: int, chunks_per_second: float) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(port, Pace(chunks_per_second)))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
