"""What a vendor or a network may do wrong, over real sockets on both event loops, and its name."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from signalbox.adapters.http import ClientLimits, HttpClient, Origin
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.testing.http_caller import HttpCaller, SystemClock
from signalbox.testing.scripted_server import Peer, Script, ScriptedServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def failing(kind: FailureKind) -> "pytest.RaisesExc[ProviderFailure]":
    def check(failure: ProviderFailure) -> bool:
        return failure.kind is kind and "secret" not in str(failure)

    return pytest.raises(ProviderFailure, check=check)


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


async def test_refused(caller: HttpCaller) -> None:
    port = free_port()
    with failing(FailureKind.CONNECT) as caught:
        await caller.post(Origin("http", "127.0.0.1", port))
    assert (f"127.0.0.1:{port}" in caught.value.detail, caller.sent) == (True, 0)


async def test_no_such_socket(caller: HttpCaller, tmp_path: Path) -> None:
    with failing(FailureKind.CONNECT):
        await caller.post(Origin("unix", str(tmp_path / "none.sock"), 0))
    assert caller.sent == 0


@pytest.mark.parametrize("host", ["nowhere.invalid", "x" * 64 + ".invalid"])
async def test_no_such_name(caller: HttpCaller, host: str) -> None:
    with failing(FailureKind.CONNECT):
        await caller.post(Origin("http", host, 80))
    assert caller.sent == 0


@contextmanager
def full_backlog() -> Iterator[Origin]:
    """A listening socket whose backlog is full, so that a connection is never answered."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield Origin("http", "127.0.0.1", listener.getsockname()[1])


async def test_not_connected_within_the_connect_timeout(caller: HttpCaller) -> None:
    with full_backlog() as origin, failing(FailureKind.CONNECT):
        await caller.post(origin, connect_timeout_ms=50)
    assert caller.sent == 0


async def test_not_connected_by_the_deadline(caller: HttpCaller) -> None:
    with full_backlog() as origin, failing(FailureKind.TIMEOUT):
        await caller.post(origin, deadline_ms=50)
    assert caller.sent == 0


async def test_no_time_left(caller: HttpCaller) -> None:
    with failing(FailureKind.TIMEOUT):
        await caller.post(Origin("http", "127.0.0.1", 1), deadline_ms=0)
    assert caller.sent == 0


async def hang(peer: Peer) -> None:
    await peer.request()
    await peer.gone()


async def hang_in_the_head(peer: Peer) -> None:
    await peer.request()
    await peer.send(OK[:20])
    await peer.gone()


async def hang_in_the_body(peer: Peer) -> None:
    await peer.request()
    await peer.send(STREAM + b"5\r\nhello\r\n")
    await peer.gone()


@pytest.mark.parametrize("script", [hang, hang_in_the_head, hang_in_the_body])
@pytest.mark.parametrize(
    ("deadline_ms", "idle_timeout_ms", "kind"),
    [(10_000, 60, FailureKind.IDLE), (60, 5_000, FailureKind.TIMEOUT)],
)
async def test_hanging(
    caller: HttpCaller,
    script: Script,
    deadline_ms: int,
    idle_timeout_ms: int,
    kind: FailureKind,
) -> None:
    async with ScriptedServer(script) as server:
        with failing(kind):
            response = await caller.post(server, deadline_ms=deadline_ms, idle_timeout_ms=idle_timeout_ms)
            await response.read()
    assert caller.sent == 1


async def test_dripping_keeps_a_reply_from_idling_but_not_from_its_deadline(caller: HttpCaller) -> None:
    async def drip(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM)
        while True:
            await peer.send(b"1\r\nx\r\n")
            await asyncio.sleep(0.02)  # the peer's slowness, not the test's synchronisation

    async with ScriptedServer(drip) as server:
        response = await caller.post(server, deadline_ms=400, idle_timeout_ms=200)
        got = b""
        with failing(FailureKind.TIMEOUT):
            async for chunk in response.chunks():
                got += chunk
    assert len(got) > 10


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.", OK[:30], OK[:-1], STREAM, STREAM + b"5\r\nhel", STREAM + b"2\r\nok\r\n0\r\n"]
)
async def test_broken_before_the_end(caller: HttpCaller, how: str, sent: bytes) -> None:
    async def break_off(peer: Peer) -> None:
        await peer.request()
        await peer.send(sent)
        getattr(peer, how)()

    async with ScriptedServer(break_off) as server:
        with failing(FailureKind.RESET):
            await (await caller.post(server)).read()
        assert server.connections == 1
    assert caller.sent == 1


async def test_what_came_before_a_break_is_handed_over_first(caller: HttpCaller) -> None:
    async def break_off(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM, b"5\r\nhello\r\n")

    async with ScriptedServer(break_off) as server:
        got = b""
        with failing(FailureKind.RESET):
            response = await caller.post(server)
            async for chunk in response.chunks():
                got += chunk
    assert got in (b"hello", b"")  # nothing only if the break came in before `send` returned


@pytest.mark.parametrize(
    "reply",
    [
        b"garbage\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\na: " + b"x" * 300_000 + b"\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ],
)
async def test_not_an_acceptable_reply(caller: HttpCaller, reply: bytes) -> None:
    async def answer(peer: Peer) -> None:
        await peer.request()
        await peer.send(reply)
        await peer.gone()

    async with ScriptedServer(answer) as server:
        with failing(FailureKind.BAD_REPLY):
            await (await caller.post(server)).read()


async def test_headers_without_end(caller: HttpCaller) -> None:
    async def endless(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await peer.send(b"x-a: b\r\n" * 100)

    async with ScriptedServer(endless) as server:
        with failing(FailureKind.BAD_REPLY):
            await caller.post(server)


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 100001\r\n\r\n", b"Content-Length: 9000000\r\n\r\n", b"Connection: close\r\n\r\n"],
)
async def test_a_body_over_the_limit(framing: bytes) -> None:
    async def big(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n" + framing, b"x" * 100_001)
        if b"9000000" in framing:  # the end never comes: the limit alone may stop the reading
            await peer.gone()

    client = HttpClient(SystemClock(), limits=ClientLimits(body_bytes_max=100_000))
    async with ScriptedServer(big) as server, HttpCaller(client) as caller:
        with failing(FailureKind.BAD_REPLY):
            await (await caller.post(server)).read()
