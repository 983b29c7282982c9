"""An OpenAI-compatible vendor on the loopback: real HTTP, real SSE, deterministic words, faults on demand.

    python -m signalbox.simulate.openai_compatible --port 9000 --scenario faults.json --receipts got.jsonl

Serves `POST /v1/chat/completions` and `GET /v1/models` to tests, crash tests and load tests. It is not
hardened (no size limits, no timeouts) and belongs on a loopback address or a unix socket only.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import ssl
import struct
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self, cast

import httptools
import msgspec
import uvloop

from signalbox.simulate.answers import CREATED_S, Ask
from signalbox.simulate.performance import Step, page, perform, refusal
from signalbox.simulate.receipts import Receipts
from signalbox.simulate.scenario import Scenario, read_scenario

_ask_decoder: Final = msgspec.json.Decoder(Ask)
_Heard = tuple[str, str, dict[bytes, bytes], bytes]  # method, path, headers, body
_WITHOUT_LINGERING: Final = struct.pack("ii", 1, 0)


class Emulator:
    """The vendor: `async with Emulator() as vendor:` serves at `vendor.base_url`.

    `scenario` may be changed while it runs. `running` counts replies not yet ended; `await idle()` for
    none. With `api_key` set, every other bearer is refused.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        unix: str = "",
        api_key: str = "",
        receipts: Receipts | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.scenario = scenario or Scenario()
        self.receipts = receipts or Receipts(keep=True)
        self.authorization = f"Bearer {api_key}".encode() if api_key else b""
        self.running = 0
        self.served = 0
        self.connections: set[_Connection] = set()
        self._host, self._port, self._unix, self._ssl = host, port, unix, ssl_context
        self._server: asyncio.Server | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def base_url(self) -> str:
        if self._unix:
            return f"unix:{self._unix}:/v1"
        return f"{'https' if self._ssl else 'http'}://{self._host}:{self._port}/v1"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        if self._unix:
            self._server = await loop.create_unix_server(lambda: _Connection(self), self._unix)
        else:
            self._server = await loop.create_server(
                lambda: _Connection(self), self._host, self._port, ssl=self._ssl, backlog=1024
            )
            self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        server = cast("asyncio.Server", self._server)
        server.close()
        for connection in list(self.connections):
            connection.abort()
        await server.wait_closed()
        self.receipts.close()

    async def idle(self) -> None:
        """Return once no reply is under way."""
        await self._idle.wait()

    def began(self) -> int:
        self.running += 1
        self.served += 1
        self._idle.clear()
        return self.served

    def ended(self) -> None:
        self.running -= 1
        if not self.running:
            self._idle.set()


class _Connection(asyncio.Protocol):
    """One client. Requests that arrive while a reply is under way wait for their turn."""

    def __init__(self, vendor: Emulator) -> None:
        self._vendor = vendor
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Heard] = deque()
        self._score: Iterator[Step] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._number = 0
        self._request_id = ""
        self._in_request = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._vendor.connections.add(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._vendor.connections.discard(self)
        if self._in_request:
            self._vendor.served += 1
            ask = (*self._heading(), self._headers, b"".join(self._body))
            self._receive(self._vendor.served, ask, "", whole=False)
        self._end(finished=False)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._score is not None and self._timer is None:
            self._play()

    def abort(self) -> None:
        """Break the connection so that the peer sees a reset, not an end."""
        if self._transport is None or self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None and raw.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _WITHOUT_LINGERING)
        self._transport.abort()

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._in_request = True
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._in_request = False
        self._waiting.append((*self._heading(), self._headers, b"".join(self._body)))
        if self._score is None:
            self._answer_next()

    # the reply

    def _heading(self) -> tuple[str, str]:
        return self._parser.get_method().decode(), self._url.decode()

    def _answer_next(self) -> None:
        request = self._waiting.popleft()
        method, path, headers, body = request
        self._number = self._vendor.began()
        self._request_id = headers.get(b"x-request-id", b"").decode("latin-1")
        ask: Ask | None = None
        with contextlib.suppress(msgspec.DecodeError):
            ask = _ask_decoder.decode(body)
        # INVARIANT: the receipt is written before any byte of a reply.
        self._receive(self._number, request, ask.model if ask else "", whole=True)
        self._score = self._conduct(method, path, headers, ask)
        self._play()

    def _conduct(
        self, method: str, path: str, headers: dict[bytes, bytes], ask: Ask | None
    ) -> Iterator[Step]:
        vendor = self._vendor
        if vendor.authorization and headers.get(b"authorization") != vendor.authorization:
            return iter((refusal(401, "invalid_api_key", "incorrect API key provided"), "keep"))
        match method, path.partition("?")[0]:
            case "POST", "/v1/chat/completions" if ask is not None:
                behaviour = vendor.scenario.behaviour(ask.model, headers.get(b"x-emulate", b""))
                return perform(ask, behaviour, self._number)
            case "POST", "/v1/chat/completions":
                return iter(
                    (refusal(400, "invalid_json", "we could not parse the body of your request"), "keep")
                )
            case "GET", "/v1/models":
                return iter((page(200, _model_list(vendor.scenario)), "keep"))
            case _:
                return iter((refusal(404, "unknown_url", "no such path"), "keep"))

    def _play(self) -> None:
        """Play the score up to its next pause."""
        self._timer = None
        transport = cast("asyncio.Transport", self._transport)
        while self._score is not None and not self._paused:
            match next(self._score):
                case bytes() as data:
                    transport.write(data)
                case float() as pause_s:
                    self._timer = self._loop.call_later(pause_s, self._play)
                    return
                case "hang":
                    return
                case "reset":
                    self._end(finished=False)
                    self.abort()
                case "close":
                    self._end(finished=False)
                    transport.close()
                case "keep":
                    self._end(finished=True)
                    if self._waiting:
                        self._answer_next()

    def _end(self, *, finished: bool) -> None:
        if self._score is None:
            return
        self._score = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._vendor.receipts.wanted:
            self._vendor.receipts.ended(self._number, self._request_id, finished=finished)
        self._vendor.ended()

    def _receive(self, number: int, request: _Heard, model: str, *, whole: bool) -> None:
        if self._vendor.receipts.wanted:
            method, path, headers, body = request
            request_id = headers.get(b"x-request-id", b"").decode("latin-1")
            self._vendor.receipts.received(number, request_id, method, path, model, body, whole=whole)


def _model_list(scenario: Scenario) -> bytes:
    names = ("emulated", *scenario.models)
    models = [{"id": name, "object": "model", "created": CREATED_S, "owned_by": "emulator"} for name in names]
    return msgspec.json.encode({"object": "list", "data": models})


async def _serve(arguments: Any) -> None:
    scenario = read_scenario(arguments.scenario) if arguments.scenario else None
    receipts = Receipts(arguments.receipts)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with Emulator(
        scenario, host=arguments.host, port=arguments.port, unix=arguments.unix, receipts=receipts
    ) as vendor:
        sys.stdout.write(f"serving at {vendor.base_url}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="signalbox.simulate.openai_compatible", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; it is printed")
    parser.add_argument("--unix", default="", help="serve on this unix socket instead")
    parser.add_argument("--scenario", type=Path, help="JSON file: see signalbox.simulate.scenario")
    parser.add_argument("--receipts", type=Path, help="file to append receipts to, one JSON object a line")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
