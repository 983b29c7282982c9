"""Connections are kept, bounded, never reused when they should not be, and closed when a caller leaves."""

import asyncio
from pathlib import Path

import pytest

from signalbox.adapters.http import ClientLimits, HttpClient, Origin
from signalbox.adapters.http.connection import Connection
from signalbox.adapters.http.pool import Pool
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.outbox import Outbox
from signalbox.testing.http_caller import HttpCaller, SystemClock
from signalbox.testing.scripted_server import Peer, Script, ScriptedServer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def bounded(connections: int, **limits: int) -> HttpCaller:
    return HttpCaller(
        HttpClient(SystemClock(), limits=ClientLimits(connections_per_origin=connections, **limits))
    )


async def serve(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" + OK)


def number_replies(held: asyncio.Event | None = None) -> Script:
    """Replies name the connection that they came on, and wait for `held`."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            if held is not None:
                await held.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % peer.number)

    return script


@pytest.mark.parametrize("unix", [False, True])
async def test_a_connection_is_reused(unix: bool, tmp_path: Path) -> None:
    path = tmp_path / "s" if unix else None
    async with (
        ScriptedServer(serve, unix_path=path) as server,
        bounded(8, idle_expiry_unix_ms=4_000) as caller,
    ):
        for _ in range(5):
            response = await caller.post(server)
            assert (response.status, await response.read()) == (200, b"ok")
        assert (server.connections, caller.sent) == (1, 5)


async def test_a_unix_socket_is_opened_for_each_request(caller: HttpCaller, tmp_path: Path) -> None:
    async with ScriptedServer(serve, unix_path=tmp_path / "s") as server:
        for _ in range(3):
            response = await caller.post(server)
            assert (response.status, await response.read()) == (200, b"ok")
        assert (server.connections, caller.sent) == (3, 3)


async def test_the_request_on_the_wire(caller: HttpCaller) -> None:
    seen: list[bytes] = []

    async def note(peer: Peer) -> None:
        while True:
            seen.append(await peer.request())
            await peer.send(OK)

    async with ScriptedServer(note) as server:
        host = f"127.0.0.1:{server.origin.port}".encode()
        for method, body in (("POST", b"{}"), ("POST", b""), ("GET", b"")):
            await (await caller.post(server, method=method, body=body)).read()
    rest = (
        b" /v1/secret?key=secret HTTP/1.1\r\nhost: "
        + host
        + b"\r\naccept-encoding: identity\r\nx-key: secret\r\n"
    )
    assert seen == [
        b"POST" + rest + b"content-length: 2\r\n\r\n{}",
        b"POST" + rest + b"content-length: 0\r\n\r\n",
        b"GET" + rest + b"\r\n",
    ]


async def test_the_last_used_connection_is_taken_first(caller: HttpCaller) -> None:
    async with ScriptedServer(number_replies()) as server:
        first, second = await caller.post(server), await caller.post(server)
        assert [await first.read(), await second.read()] == [
            b"1",
            b"1",
        ]  # small replies are in with their head
        held = asyncio.Event()
    async with ScriptedServer(number_replies(held)) as server:
        pair = [asyncio.create_task(caller.post(server)) for _ in range(2)]
        while server.connections < 2:
            await asyncio.sleep(0)
        held.set()
        bodies = [await (await task).read() for task in pair]
        assert sorted(bodies) == [b"1", b"2"]
        again = {await (await caller.post(server)).read() for _ in range(4)}
        assert (len(again), server.connections) == (1, 2)


async def test_connections_are_bounded_and_waiters_served_in_order() -> None:
    held = asyncio.Event()
    async with ScriptedServer(number_replies(held)) as server, bounded(2) as caller:
        order: list[int] = []

        async def ask(number: int) -> None:
            await (await caller.post(server)).read()
            order.append(number)

        tasks = [asyncio.create_task(ask(n)) for n in range(20)]
        while caller.sent < 2:
            await asyncio.sleep(0)
        held.set()
        await asyncio.gather(*tasks)
        assert (server.connections, caller.sent) == (2, 20)
        assert all(abs(place - number) <= 2 for place, number in enumerate(order))


async def test_a_waiter_leaves_at_its_deadline_and_sends_nothing() -> None:
    held = asyncio.Event()
    async with ScriptedServer(number_replies(held)) as server, bounded(1) as caller:
        first = asyncio.create_task(caller.post(server))
        while caller.sent < 1:
            await asyncio.sleep(0)
        with pytest.raises(ProviderFailure, check=lambda f: f.kind is FailureKind.TIMEOUT):
            await caller.post(server, deadline_ms=40)
        held.set()
        await (await first).read()
        assert await (await caller.post(server)).read() == b"1"
        assert caller.sent == 2


async def waiting(server: ScriptedServer) -> tuple[Pool, Connection, "asyncio.Task[Connection]"]:
    """A pool of one connection, that connection, and a task that waits for it."""
    loop = asyncio.get_running_loop()
    pool = Pool(loop, server.origin, ClientLimits(connections_per_origin=1), None, Outbox(loop))
    connection = await pool.acquire(deadline=loop.time() + 10, connect_timeout_s=5)
    task = asyncio.create_task(pool.acquire(deadline=loop.time() + 10, connect_timeout_s=5))
    await asyncio.sleep(0)
    return pool, connection, task


async def test_a_waiter_cancelled_as_it_is_handed_a_connection_gives_it_back() -> None:
    async with ScriptedServer(serve) as server:
        pool, connection, task = await waiting(server)
        pool.released(connection)
        task.cancel()
        await asyncio.wait([task])
        assert (task.cancelled(), pool.take(), pool.open) == (True, connection, 1)
        await pool.aclose()


async def test_a_waiter_cancelled_as_it_is_handed_a_slot_gives_it_back() -> None:
    async with ScriptedServer(serve) as server:
        pool, connection, task = await waiting(server)
        connection.drop()
        task.cancel()
        await asyncio.wait([task])
        assert (task.cancelled(), pool.take(), pool.open) == (True, None, 0)
        await pool.aclose()


async def test_a_connection_that_closes_as_it_is_handed_over_is_replaced() -> None:
    async with ScriptedServer(serve) as server:
        pool, connection, task = await waiting(server)
        pool.released(connection)
        connection.drop()
        other = await task
        assert (other is connection, other.closed, pool.open) == (False, False, 1)
        await pool.aclose()
        assert (other.closed, pool.open) == (True, 0)


async def test_a_slot_freed_by_a_closed_connection_goes_to_a_waiter() -> None:
    async def once(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    async with ScriptedServer(once) as server, bounded(2) as caller:
        replies = [asyncio.create_task(caller.post(server)) for _ in range(8)]
        assert [await (await reply).read() for reply in replies] == [b"ok"] * 8
        assert server.connections == 8


async def test_a_failed_connect_frees_its_slot(tmp_path: Path) -> None:
    origin = Origin("unix", str(tmp_path / "none"), 0)
    async with bounded(1) as caller:
        for _ in range(3):
            with pytest.raises(ProviderFailure, check=lambda f: f.kind is FailureKind.CONNECT):
                await caller.post(origin)


async def test_a_connection_closed_while_idle_is_not_reused(caller: HttpCaller) -> None:
    closed = asyncio.Event()

    async def once(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        peer.finish()
        await peer.gone()  # the client saw the end and closed its side
        closed.set()

    async with ScriptedServer(once) as server:
        for expected in (1, 2):
            closed.clear()
            assert await (await caller.post(server)).read() == b"ok"
            await closed.wait()
            assert server.connections == expected


async def test_a_request_on_a_connection_just_closed_fails_and_is_not_sent_twice(caller: HttpCaller) -> None:
    requests: list[int] = []

    async def close_on_the_second(peer: Peer) -> None:
        await peer.request()
        requests.append(peer.number)
        await peer.send(OK)
        await peer.request()
        requests.append(peer.number)

    async with ScriptedServer(close_on_the_second) as server:
        await (await caller.post(server)).read()
        with pytest.raises(ProviderFailure, match="a reused connection") as caught:
            await caller.post(server)
        assert (caught.value.kind, caller.sent, requests) == (FailureKind.RESET, 2, [1, 1])


@pytest.mark.parametrize("together", [True, False])
async def test_bytes_after_the_end_close_the_connection(caller: HttpCaller, together: bool) -> None:
    gone = asyncio.Event()

    async def chatty(peer: Peer) -> None:
        await peer.request()
        pieces = (OK + OK,) if together else (OK, b"HTTP/1.1 500 No\r\n\r\n")
        await peer.send(*pieces)
        await peer.gone()
        gone.set()

    async with ScriptedServer(chatty) as server:
        for expected in (1, 2):
            gone.clear()
            assert await (await caller.post(server)).read() == b"ok"
            await gone.wait()
            assert server.connections == expected


async def test_an_idle_connection_expires() -> None:
    gone = asyncio.Event()

    async def once(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.gone()
        gone.set()

    async with ScriptedServer(once) as server, bounded(1, idle_expiry_ms=30) as caller:
        await (await caller.post(server)).read()
        await asyncio.wait_for(gone.wait(), 5)


async def test_cancelling_closes_the_connection(caller: HttpCaller) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def hang(peer: Peer) -> None:
        await peer.request()
        arrived.set()
        await peer.gone()
        gone.set()

    async with ScriptedServer(hang) as server:
        task = asyncio.create_task(caller.post(server))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 5)


@pytest.mark.parametrize("how", ["cancel read", "cancel chunks", "close", "leave chunks"])
async def test_leaving_a_stream_closes_the_connection(caller: HttpCaller, how: str) -> None:
    gone = asyncio.Event()

    async def hang(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM + b"2\r\nok\r\n")
        await peer.gone()
        gone.set()

    async with ScriptedServer(hang) as server:
        response = await caller.post(server)
        chunks = response.chunks()
        if how == "close":
            response.close()
            with pytest.raises(ProviderFailure, check=lambda f: f.kind is FailureKind.CANCELLED):
                await response.read()
        elif how == "leave chunks":
            assert await anext(chunks) == b"ok"
            await chunks.aclose()
        else:
            if how == "cancel chunks":
                assert await anext(chunks) == b"ok"
            coroutine = response.read() if how == "cancel read" else anext(chunks)
            task = asyncio.ensure_future(coroutine)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await asyncio.wait_for(gone.wait(), 5)
        response.close()


async def test_sending_that_raises_sends_nothing_and_keeps_the_connection(
    caller: HttpCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise PermissionError("withdrawn")

    async with ScriptedServer(number_replies()) as server:
        await (await caller.post(server)).read()
        with monkeypatch.context() as patched:
            patched.setattr(caller, "sending", refuse)
            with pytest.raises(PermissionError):
                await caller.post(server)
        assert await (await caller.post(server)).read() == b"1"


async def test_a_slow_consumer_stops_the_peer(caller: HttpCaller) -> None:
    total, written = 64, 0
    piece = b"x" * 1_048_576

    async def pour(peer: Peer) -> None:
        nonlocal written
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (total * len(piece)))
        for _ in range(total):
            await peer.send(piece)
            written += 1

    async with ScriptedServer(pour) as server:
        response = await caller.post(server, idle_timeout_ms=100)
        await asyncio.sleep(0.3)  # the consumer's slowness, longer than the idle timeout, is under test
        assert (written < total // 2, response.buffered < 2 * len(piece)) == (True, True)
        got = 0
        async for chunk in response.chunks():
            got += len(chunk)
        assert got == total * len(piece)


async def test_closing_the_client_fails_what_is_in_flight_or_queued(caller: HttpCaller) -> None:
    held = asyncio.Event()
    async with ScriptedServer(number_replies(held)) as server, bounded(1) as caller:
        tasks = [asyncio.create_task(caller.post(server)) for _ in range(3)]
        while caller.sent < 1:
            await asyncio.sleep(0)
        await caller.client.aclose()
        failures = await asyncio.gather(*tasks, return_exceptions=True)
        assert [getattr(f, "kind", f) for f in failures] == [FailureKind.CANCELLED] * 3
        with pytest.raises(ProviderFailure, check=lambda f: f.kind is FailureKind.CANCELLED):
            await caller.post(server)
        await caller.client.aclose()


async def test_a_request_that_could_smuggle_never_opens_a_connection(caller: HttpCaller) -> None:
    async with ScriptedServer(serve) as server:
        with pytest.raises(ValueError, match="method"):
            await caller.post(server, method="GET / HTTP/1.1\r\nx:")
        assert (server.connections, caller.sent) == (0, 0)
