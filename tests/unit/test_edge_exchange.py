"""What an exchange takes beside ASGI: whole answers, lines that are written already, bodies in the scope."""

import asyncio
import gc
import sys
import weakref
from typing import Any

import pytest
from uvicorn.server import ServerState

from signalbox.edge.context import BODY
from signalbox.edge.exchange import WHOLE, Exchange
from signalbox.edge.protocol import EdgeLimits, EdgeProtocol
from signalbox.edge.replies import line

REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"


class Line:
    def __init__(self) -> None:
        self.writable: asyncio.Future[None] | None = None
        self.written = b""
        self.over = 0

    def write(self, data: bytes) -> None:
        self.written += data

    def read_on(self) -> None: ...

    def read_no_more(self) -> None: ...

    def answered(self, exchange: Exchange) -> None:
        self.over += 1


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: Any) -> None: ...

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


def scope(**more: Any) -> dict[str, Any]:
    return {"method": "POST", "http_version": "1.1", **more}


async def test_a_whole_answer_is_one_write_that_ends_the_exchange() -> None:
    said = Line()
    exchange = Exchange(said, scope(), True)
    await exchange.send({"type": WHOLE, "lines": line(b"x-a", b"1"), "body": b"{}"})
    assert said.written == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nx-a: 1\r\n\r\n{}"
    )
    assert (exchange.answered, said.over) == (True, 1)
    with pytest.raises(RuntimeError, match="no place"):
        await exchange.send({"type": WHOLE, "lines": b"", "body": b"{}"})
    assert said.over == 1


async def test_a_whole_answer_says_that_the_connection_closes() -> None:
    said = Line()
    await Exchange(said, scope(), False).send({"type": WHOLE, "lines": b"", "body": b"{}"})
    assert said.written.endswith(b"\r\nconnection: close\r\n\r\n{}")


async def test_a_whole_answer_waits_for_a_reader_and_is_not_written_for_one_who_left() -> None:
    said = Line()
    said.writable = asyncio.get_running_loop().create_future()
    exchange = Exchange(said, scope(), True)
    sending = asyncio.create_task(exchange.send({"type": WHOLE, "lines": b"", "body": b"{}"}))
    await asyncio.sleep(0)
    assert said.written == b""
    exchange.leave()
    said.writable.set_result(None)
    await sending
    assert (said.written, said.over) == (b"", 0)


async def test_no_whole_answer_follows_a_start() -> None:
    exchange = Exchange(Line(), scope(), True)
    await exchange.send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"1")]})
    with pytest.raises(RuntimeError, match="no place"):
        await exchange.send({"type": WHOLE, "lines": b"", "body": b"{}"})


async def test_lines_stand_behind_the_headers_of_a_start() -> None:
    said = Line()
    exchange = Exchange(said, scope(), True)
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"a", b"1")],
        "lines": line(b"b", b"2"),
    }
    await exchange.send(start)
    await exchange.send({"type": "http.response.body", "body": b"c", "more_body": False})
    assert said.written.startswith(
        b"HTTP/1.1 200 OK\r\na: 1\r\nb: 2\r\ntransfer-encoding: chunked\r\n\r\n1\r\nc"
    )


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b"])
def test_no_line_is_written_that_would_break_a_head(value: bytes) -> None:
    with pytest.raises(RuntimeError, match="break its head"):
        line(b"x-signalbox-notes", value)


async def test_a_body_that_came_whole_is_received_once_if_nobody_took_it() -> None:
    exchange = Exchange(Line(), scope(**{BODY: b"abc"}), True, _whole=True)
    assert await exchange.receive() == {"type": "http.request", "body": b"abc", "more_body": False}
    waiting = asyncio.create_task(exchange.receive())
    await asyncio.sleep(0)
    assert not waiting.done()
    exchange.leave()
    assert await waiting == {"type": "http.disconnect"}


class Asked:
    """A connection of which the same is asked again and again."""

    def __init__(self) -> None:
        self.began = 0
        self.scopes: list[dict[str, Any]] = []
        self.state = ServerState()
        self.protocol = EdgeProtocol(app=self._app, limits=EdgeLimits(), server_state=self.state)
        self.protocol.connection_made(Transport())

    async def _app(self, asked: dict[str, Any], receive: Any, send: Any) -> None:
        self.began += 1
        self.scopes.append(asked)
        await send({"type": WHOLE, "lines": b"", "body": b"{}"})


async def test_a_request_that_ends_before_it_began_is_not_waited_for() -> None:
    asked = Asked()
    for _ in range(2):
        asked.protocol.data_received(REQUEST)
        assert len(asked.state.tasks) == 1
        await asyncio.sleep(0)
        assert (asked.began, asked.state.tasks) == (1, set())
        asked.began = 0
    asked.protocol.data_received(REQUEST)
    asked.protocol.connection_lost(None)
    for _ in range(3):
        await asyncio.sleep(0)
    assert (asked.began, asked.state.tasks) == (0, set())


async def test_what_was_asked_is_not_kept_while_a_connection_idles() -> None:
    asked = Asked()
    for _ in range(3):
        asked.protocol.data_received(REQUEST)
        await asyncio.sleep(0)
    assert BODY not in asked.scopes[0]  # the parser has read the first
    body = asked.scopes[-1][BODY]
    asked.scopes.clear()
    assert sys.getrefcount(body) == 2  # ours, and the argument
    asked.protocol.connection_lost(None)


@pytest.mark.parametrize("requests", [0, 1, 3])
@pytest.mark.parametrize("answered", [True, False], ids=["answered", "under way"])
async def test_a_connection_that_is_lost_is_not_kept_by_its_own_parts(requests: int, answered: bool) -> None:
    """Its parts refer to one another, and the collector seldom comes by: a server may have lost thousands."""

    async def app(asked: Any, receive: Any, send: Any) -> None:
        if answered:
            await send({"type": WHOLE, "lines": b"", "body": b"{}"})
        else:
            await receive()

    gc.collect()
    gc.disable()
    try:
        protocol = EdgeProtocol(app=app, limits=EdgeLimits(), server_state=ServerState())
        protocol.connection_made(Transport())
        for _ in range(requests):
            protocol.data_received(REQUEST)
            await asyncio.sleep(0)
        protocol.connection_lost(None)
        gone = weakref.ref(protocol)
        del protocol
        for _ in range(5):
            await asyncio.sleep(0)
        assert gone() is None
    finally:
        gc.enable()
