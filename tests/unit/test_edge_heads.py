"""A head is known only if the parser took the same bytes before, with another length at most: two protocols,
one that looks heads up and one that always parses, answer alike to whatever comes."""

import asyncio
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from signalbox.edge.context import BODY
from signalbox.edge.heads import KnownHeads
from signalbox.edge.protocol import EdgeLimits, EdgeProtocol

Seen = list[tuple[dict[str, Any], bytes]]


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class NothingKnown(KnownHeads):
    def learn(self, data: bytes, scope: dict[str, Any], *, keep_alive: bool) -> None: ...


class Line:
    """A connection; `seen` is what the application was asked over it."""

    def __init__(self, heads: KnownHeads) -> None:
        self.seen: Seen = []
        self.transport = Transport()
        self.protocol = EdgeProtocol(
            app=self._app, limits=EdgeLimits(), server_state=ServerState(), heads=heads
        )
        self.protocol.connection_made(self.transport)

    async def say(self, data: bytes) -> None:
        if self.transport.closed:
            return
        self.protocol.data_received(data)
        for _ in range(8):
            await asyncio.sleep(0)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message["body"]
            if not message["more_body"]:
                break
        asked = {name: scope[name] for name in ("method", "path", "query_string", "http_version")}
        self.seen.append(({**asked, "headers": sorted(scope["headers"])}, body))
        answer = b"%d" % len(body)
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer, "more_body": False})


def post(body: bytes, *, more: bytes = b"", length: bytes | None = None, path: bytes = b"/a?b=c") -> bytes:
    digits = b"%d" % len(body) if length is None else length
    head = b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: %b\r\n" % (path, more, digits)
    return head + b"Authorization: Bearer k\r\n\r\n" + body


WHOLE = [
    post(b"one"),
    post(b"twelve bytes"),
    post(b""),
    post(b"x", more=b"X-Signalbox-App: word\r\n"),
    post(b"x", path=b"/other"),
    post(b"x", path=b"/%41?b=%25d"),
    post(b"x", more=b"Connection: close\r\n"),
    post(b"x").replace(b"HTTP/1.1", b"HTTP/1.0"),
    post(b"x", more=b"Expect: 100-continue\r\n"),
    b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
]
ODD = [
    post(b"abc", length=b"2"),
    post(b"abc", length=b"4"),
    post(b"abc", length=b"+3"),
    post(b"abc", length=b"3 "),
    post(b"abc", length=b""),
    post(b"abc", length=b"\xb23"),
    post(b"abc", length=b"9" * 25),
    post(b"abc", more=b"content-length: 3\r\n"),
    post(b"abc", more=b"content-length: \r\n"),
    post(b"abc", more=b"Transfer-Encoding: chunked\r\n"),
    post(b"abc", more=b"X: 1\n"),
    post(b"abc", more=b"X: 1\n\nGET /b HTTP/1.1\r\n"),
    b"\r\n" + post(b"abc"),
    b"\r\n",
    b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    post(b"abc") + post(b"d"),
    post(b"abc") + post(b"d", path=b"/other"),
    post(post(b"d")),
    post(b"abc")[:-2],
    post(b"abc")[:-2] + b"\r\n\r\n",
]


@st.composite
def arrivals(draw: st.DrawFn) -> list[bytes]:
    """Requests, some odd, some in pieces, mostly such as came before."""
    pieces: list[bytes] = []
    for data in draw(st.lists(st.sampled_from(WHOLE * 2 + ODD), min_size=2, max_size=8)):
        cut = draw(st.one_of(st.just(0), st.integers(0, len(data))))
        pieces += [part for part in (data[:cut], data[cut:]) if part]
    return pieces


@given(st.lists(arrivals(), min_size=1, max_size=4))
def test_heads_that_came_before_are_taken_as_the_parser_takes_them(connections: list[list[bytes]]) -> None:
    asyncio.run(_alike(connections))


def test_whatever_came_before_makes_no_difference_to_what_comes_next() -> None:
    for before, after in product(WHOLE + ODD, repeat=2):
        asyncio.run(_alike([[before], [after], [before]]))


async def _alike(connections: list[list[bytes]]) -> None:
    known = KnownHeads()
    for pieces in connections:
        lines = Line(known), Line(NothingKnown())
        for piece in pieces:
            for line in lines:
                await line.say(piece)
            assert lines[0].seen == lines[1].seen
            assert lines[0].transport.written == lines[1].transport.written
            assert lines[0].transport.closed == lines[1].transport.closed
        for line in lines:
            line.protocol.connection_lost(None)
    await asyncio.sleep(0)


async def test_only_the_length_may_differ() -> None:
    heads = KnownHeads()
    line = Line(heads)
    assert heads.find(post(b"one")) is None
    await line.say(post(b"one"))
    head = heads.find(post(b"eleven more"))
    assert head is not None
    scope = head.scope(post(b"eleven more"))
    assert scope is not None
    assert scope[BODY] == b"eleven more"
    assert (b"content-length", b"11") in scope["headers"]
    assert heads.find(post(b"one").replace(b"Bearer k", b"Bearer K")) is None
    assert head.scope(post(b"one").replace(b"Bearer k", b"Bearer K")) is None
    assert head.scope(post(b"one") + b"G") is None
    assert head.scope(post(b"one")[:-1]) is None
    assert head.scope(post(b"one", length=b"03")) is None
    line.protocol.connection_lost(None)


async def test_a_client_whose_heads_are_never_alike_fills_no_memory() -> None:
    heads = KnownHeads()
    line = Line(heads)
    for number in range(200):
        await line.say(post(b"x", more=b"Traceparent: %d\r\n" % number))
    kept = [number for number in range(200) if heads.find(post(b"x", more=b"Traceparent: %d\r\n" % number))]
    assert len(line.seen) == 200
    assert len(kept) < 20
    line.protocol.connection_lost(None)
