"""Streams: CPU of the process under test per chunk that it relays, many paced streams at once.

The clients count events while a window lasts; the window opens when every stream runs, so that setting
up connections and deciding are no part of it.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, cast

import msgspec
import uvloop
from msgspec import Struct

from benchmarks.gateway import CONTEXT
from benchmarks.processes import HOST, Running, Unfit, running

STREAMS: Final = 128
CHUNKS_PER_SECOND: Final = 20
_RUNNING_AFTER: Final = 10  # chunks that each stream has brought before the window opens
_START_S: Final = 20.0
_DEADLINE_MS: Final = 300_000
_PACE_MIN: Final = 0.9
_GOOD: Final = b"HTTP/1.1 200"


class Target(Struct, frozen=True):
    group: str
    process: Running
    port: int
    key: str


class Window(Struct, frozen=True):
    chunks: int
    cpu_ns: int
    seconds: float


class Listener(asyncio.Protocol):
    """One stream's client; counts the events that arrive."""

    def __init__(self, request: bytes) -> None:
        self.chunks = 0
        self.broken = ""
        self._request = request
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if len(self._head) < len(_GOOD):
            self._head += data[: len(_GOOD)]
            if len(self._head) >= len(_GOOD) and not self._head.startswith(_GOOD):
                self.broken = f"a stream was answered with {data[:300].decode(errors='replace')}"
        self.chunks += data.count(b"\n\n")  # each side writes an event as a whole, so none is in two reads

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken = self.broken or "a stream ended early"

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


@contextmanager
def vendor(directory: Path, port: int, core: int) -> Iterator[Running]:
    """The streaming mock, in a process of its own."""
    command = (sys.executable, "-m", "benchmarks.sse_mock", str(port), str(CHUNKS_PER_SECOND))
    with running("sse-vendor", command, core=core, directory=directory) as process:
        process.await_answer(port)
        yield process


def measure(
    targets: Sequence[Target], *, passes: int, seconds: float, said: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Figures by group: the median over the passes, targets in turn."""
    taken: dict[str, list[Window]] = {}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for number in range(passes):
            said(f"{STREAMS} streams, pass {number + 1} of {passes}")
            for target in targets:
                taken.setdefault(target.group, []).append(runner.run(_listen(target, seconds)))
    return {group: figures(windows) for group, windows in taken.items()}


def figures(windows: Sequence[Window]) -> dict[str, float]:
    """Raises `Unfit` where the pace was not kept: then chunks come in volleys, which cost less each."""
    pace = median(window.chunks / window.seconds for window in windows)
    owed = STREAMS * CHUNKS_PER_SECOND
    if pace < _PACE_MIN * owed:
        raise Unfit(f"{pace:.0f} chunks/s came of {owed}: the machine is too busy to pace streams")
    return {
        "sse_cpu_us_per_chunk": median(window.cpu_ns / 1e3 / window.chunks for window in windows),
        "sse_chunks_per_s": pace,
    }


async def _listen(target: Target, seconds: float) -> Window:
    loop = asyncio.get_running_loop()
    listeners = [Listener(_request(target, number)) for number in range(STREAMS)]
    try:
        for listener in listeners:
            await loop.create_connection(lambda listener=listener: listener, HOST, target.port)  # type: ignore[misc]
        await _all_running(listeners)
        chunks, cpu_ns, began_s = _chunks(listeners), target.process.cpu_ns(), loop.time()
        await asyncio.sleep(seconds)
        window = Window(_chunks(listeners) - chunks, target.process.cpu_ns() - cpu_ns, loop.time() - began_s)
        _intact(listeners)
        return window
    finally:
        for listener in listeners:
            listener.close()
        await asyncio.sleep(0.5)  # the gateway closes its books on them before the next target's turn


def _request(target: Target, number: int) -> bytes:
    body = msgspec.json.encode(
        {
            "model": "auto",
            "stream": True,
            "max_tokens": 4_096,
            "messages": [{"role": "user", "content": f"Rewrite paragraph {number} of the report, please."}],
        }
    )
    headers = {
        "Host": f"{HOST}:{target.port}",
        "Authorization": f"Bearer {target.key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-Signalbox-Deadline-Ms": str(_DEADLINE_MS),
        **CONTEXT,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /v1/chat/completions HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _all_running(listeners: Sequence[Listener]) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + _START_S
    while min(listener.chunks for listener in listeners) < _RUNNING_AFTER:
        _intact(listeners)
        if loop.time() > end:
            raise Unfit(f"not all of {STREAMS} streams run after {_START_S:.0f} s")
        await asyncio.sleep(0.05)


def _intact(listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        if listener.broken:
            raise Unfit(listener.broken)


def _chunks(listeners: Sequence[Listener]) -> int:
    return sum(listener.chunks for listener in listeners)
