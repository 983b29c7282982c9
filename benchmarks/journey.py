"""`python -m benchmarks.journey`: what a request costs in the event loop, without sockets.

The whole house serves, with its edge and its log, over transports that hand a request in and the vendor's
reply back at once: 64 requests at a time, no two texts alike. What the kernel takes is missing, so the figure
is no promise; it is steadier than one over sockets, and says what a change to the hot path comes to. Two ways
are measured in turn: requests that go through the rooms abreast, as they do, and each by itself.
"""

import asyncio
import gc
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final
from unittest.mock import patch

import uvloop
from msgspec import Struct
from uvicorn.server import ServerState

from benchmarks import gateway, nginx
from benchmarks.prose import body
from signalbox.adapters.http.connection import Connection
from signalbox.app import LOCAL_KEY_FILE, Signalbox
from signalbox.edge.heads import KnownHeads
from signalbox.edge.protocol import EdgeLimits, EdgeProtocol
from signalbox.outbox import Outbox
from signalbox.service import HttpService

TOGETHER: Final = 64
_TEXTS: Final = 512
REQUESTS: Final = 2_000
_ROUNDS: Final = 12
_GOOD: Final = b"HTTP/1.1 200"
_ABREAST: Final = "abreast"
_ALONE: Final = "by itself"
_ADDRESS: Final = ("127.0.0.1", 1)


class Cost(Struct, frozen=True):
    """µs of CPU a request: of the event loop's thread, and of all others (the log's writer)."""

    loop_us: float
    others_us: float


class _Wire(asyncio.Transport):
    """A transport that takes every write at once."""

    def __init__(self, written: Callable[[bytes], None]) -> None:
        super().__init__()
        self._written = written
        self._closed = False
        self.protocol: asyncio.Protocol | None = None

    def write(self, data: Any) -> None:
        self._written(data)

    def is_closing(self) -> bool:
        return self._closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _ADDRESS if name in ("peername", "sockname") else default

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            if self.protocol is not None:
                asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


class Clients:
    """Connections that each ask again as soon as they are answered, until all requests have been sent."""

    def __init__(self, service: HttpService, key: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._requests = tuple(_request(key, number) for number in range(_TEXTS))
        state, heads, outbox = ServerState(), KnownHeads(), Outbox(self._loop)
        self._lines: list[EdgeProtocol] = []
        self._left = self._open = 0
        self._done: asyncio.Future[None] = self._loop.create_future()
        for _ in range(TOGETHER):
            line = EdgeProtocol(
                app=service.app, limits=EdgeLimits(), server_state=state, heads=heads, outbox=outbox
            )
            line.connection_made(_Wire(partial(self._answered, line)))
            self._lines.append(line)

    async def ask(self, count: int) -> None:
        self._done = self._loop.create_future()
        self._open, self._left = TOGETHER, count - TOGETHER
        for number, line in enumerate(self._lines):
            line.data_received(self._requests[number])
        await self._done

    def _answered(self, line: EdgeProtocol, data: bytes) -> None:
        if not data.startswith(_GOOD):
            self._done.set_exception(RuntimeError(data[:300].decode(errors="replace")))
        elif self._left:
            self._left -= 1
            self._loop.call_soon(line.data_received, self._requests[self._left % _TEXTS])
        else:
            self._open -= 1
            if not self._open:
                self._done.set_result(None)


def _request(key: str, number: int) -> bytes:
    sent = body(random.Random(number), number)
    lines = {
        "Host": "127.0.0.1:1",
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        **gateway.CONTEXT,
        "Content-Length": str(len(sent)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + sent


async def _vendor(origin: object, make: Callable[[], Connection], tls: object, **times: float) -> Connection:
    """In the place of `open_connection`: a vendor who answers every request at once."""
    loop, connection = asyncio.get_running_loop(), make()
    said = nginx.reply()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n"
    reply = head.encode() + said

    def answer(_: bytes) -> None:
        loop.call_soon(connection.data_received, reply)

    wire = _Wire(answer)
    wire.protocol = connection
    connection.connection_made(wire)
    return connection


@asynccontextmanager
async def served(directory: Path) -> AsyncIterator[Clients]:
    """Clients of a whole house, warm; `directory` is its own."""
    (directory / "policies").symlink_to(gateway.POLICIES)
    settings = directory / "signalbox.toml"
    settings.write_text(gateway.settings(1, 1))
    with patch("signalbox.adapters.http.pool.open_connection", _vendor):
        async with Signalbox.from_config(settings) as box:
            service = HttpService(box)
            box.tokenizer.warm()
            clients = Clients(service, (directory / "data" / LOCAL_KEY_FILE).read_text().strip())
            await clients.ask(REQUESTS)
            yield clients
            await service.aclose()


async def measure(directory: Path) -> dict[str, Cost]:
    """By the way that requests go: the median of the rounds, both ways in turn."""
    taken: dict[str, list[Cost]] = {_ABREAST: [], _ALONE: []}
    async with served(directory) as clients:
        gc.collect()
        gc.freeze()
        for _ in range(_ROUNDS):
            taken[_ABREAST].append(await _round(clients))
            with patch("signalbox.pipeline._abreast", _at_once):
                taken[_ALONE].append(await _round(clients))
    return {
        way: Cost(median(cost.loop_us for cost in costs), median(cost.others_us for cost in costs))
        for way, costs in taken.items()
    }


async def _round(clients: Clients) -> Cost:
    thread, process = time.thread_time_ns(), time.process_time_ns()
    await clients.ask(REQUESTS)
    loop_ns, all_ns = time.thread_time_ns() - thread, time.process_time_ns() - process
    return Cost(loop_ns / 1e3 / REQUESTS, (all_ns - loop_ns) / 1e3 / REQUESTS)


async def _at_once() -> None:
    """In the place of the wait for the others."""


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=Path(__file__).parent / "results") as scratch,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        costs = runner.run(measure(Path(scratch)))
    for way, cost in costs.items():
        sys.stdout.write(
            f"{way:<10} {cost.loop_us:6.1f} us in the event loop, {cost.others_us:5.1f} in the log's writer\n"
        )
    sys.stdout.write(f"{'':10} {costs[_ABREAST].loop_us / costs[_ALONE].loop_us:6.2f} times\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
