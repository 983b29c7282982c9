"""One connection, fed by hand: how bytes are cut never changes what they mean."""

import asyncio
from collections.abc import Iterator

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.adapters.http.connection import Connection
from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.response import Response
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.outbox import Outbox


class Wire(asyncio.Transport):
    """A transport that keeps what is written and sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = self.reading_paused = False
        self.unwritten = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True

    def get_write_buffer_size(self) -> int:
        return self.unwritten

    def pause_reading(self) -> None:
        self.reading_paused = True

    def resume_reading(self) -> None:
        self.reading_paused = False


class Keeper:
    """An owner that counts."""

    def __init__(self) -> None:
        self.released_times = self.dropped_times = 0

    def released(self, connection: Connection) -> None:
        self.released_times += 1

    def dropped(self, connection: Connection) -> None:
        self.dropped_times += 1

    def lost(self, connection: Connection) -> None:
        pass


class Bench:
    """A connection with its wire and its owner, and one request under way."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: ClientLimits | None = None) -> None:
        limits = limits or ClientLimits()
        self.loop, self.limits = loop, limits
        self.wire, self.keeper = Wire(), Keeper()
        self.outbox = Outbox(loop)
        self.connection = Connection(loop, self.outbox, self.keeper, "h:1", limits, 60_000)
        self.connection.connection_made(self.wire)
        self.response = self.request()

    def request(self, *, head_only: bool = False) -> Response:
        self.response = Response(self.loop, self.limits, "h:1")
        deadline = self.loop.time() + 3_600
        self.connection.begin(self.response, b"x", head_only=head_only, deadline=deadline, idle_s=3_600)
        self.outbox.flush()
        return self.response

    def unsent(self, payload: bytes) -> Response:
        """The first request is answered; another is written, and has not left yet."""
        self.feed(REPLIES["length"])
        self.response = Response(self.loop, self.limits, "h:1")
        deadline = self.loop.time() + 3_600
        self.connection.begin(self.response, payload, head_only=False, deadline=deadline, idle_s=3_600)
        return self.response

    def feed(self, *pieces: bytes) -> None:
        for piece in pieces:
            if piece and not self.connection.closed:
                self.connection.data_received(piece)

    def failure(self) -> FailureKind | None:
        return None if self.response.failure is None else self.response.failure.kind


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


REPLIES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello world",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-a: 1, 2\r\n\r\n"
    b"5;ext=1\r\nhello\r\n1\r\n \r\n05\r\nworld\r\n0\r\nTrailer: x\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nx-a: 1, 2\r\nContent-Length: 11\r\n\r\nhello world",
}


@pytest.mark.parametrize("name", list(REPLIES))
@given(data=st.data())
def test_any_cutting_of_a_reply_means_the_same(
    loop: asyncio.AbstractEventLoop, name: str, data: st.DataObject
) -> None:
    reply = REPLIES[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(reply) - 1))))
    bench = Bench(loop)
    bench.feed(*[reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)])
    response = bench.response
    assert (response.status, b"".join(response.pieces), response.ended) == (200, b"hello world", True)
    assert (response.header("x-a"), response.header("link"), response.header("trailer")) == (
        "1, 2",
        None,
        None,
    )
    assert (bench.keeper.released_times, bench.keeper.dropped_times) == (1, 0)


@pytest.mark.parametrize("name", list(REPLIES))
@given(data=st.data())
def test_a_reply_cut_short_is_a_reset_and_never_whole(
    loop: asyncio.AbstractEventLoop, name: str, data: st.DataObject
) -> None:
    reply = REPLIES[name]
    bench = Bench(loop)
    bench.feed(reply[: data.draw(st.integers(0, len(reply) - 1))])
    bench.connection.eof_received()
    assert (bench.failure(), bench.response.ended) == (FailureKind.RESET, False)
    assert (bench.keeper.released_times, bench.keeper.dropped_times) == (0, 1)


@given(reply=st.sampled_from(list(REPLIES.values())), extra=st.binary(min_size=1), split=st.booleans())
def test_bytes_after_the_end_never_reach_a_reply(
    loop: asyncio.AbstractEventLoop, reply: bytes, extra: bytes, split: bool
) -> None:
    bench = Bench(loop)
    bench.feed(*([reply, extra] if split else [reply + extra]))
    assert (bench.failure(), b"".join(bench.response.pieces)) == (None, b"hello world")
    assert bench.keeper.dropped_times == 1 or not (split or extra.strip(b"\r\n"))


def test_a_second_reply_in_the_same_read_is_not_taken_for_the_next_one(
    loop: asyncio.AbstractEventLoop,
) -> None:
    bench = Bench(loop)
    bench.feed(REPLIES["length"] + b"HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx")
    assert (bench.response.status, bench.response.header("content-length")) == (200, "11")
    assert (bench.keeper.released_times, bench.wire.aborted) == (0, True)


LINES = st.sampled_from(
    [b"X-A: 1", b"x-a:2 ", b"x-A:\t3", b"X-Ab: no", b"ax-a: no", b"y: x-a: no", b"x-a:", b"n: \xff\tx  "]
)


@given(lines=st.lists(LINES), interim=st.booleans(), blank=st.booleans(), step=st.sampled_from([1, 7, 9_999]))
def test_headers_are_looked_up_as_the_parser_reads_them(
    loop: asyncio.AbstractEventLoop, lines: list[bytes], interim: bool, blank: bool, step: int
) -> None:
    class Witness:
        """What httptools says of the same head."""

        seen: list[tuple[str, str]]

        def on_message_begin(self) -> None:
            self.seen = []

        def on_header(self, name: bytes, value: bytes) -> None:
            self.seen.append((name.decode().lower(), value.decode("latin-1").strip(" \t")))

    head = b"".join(line + b"\r\n" for line in [b"HTTP/1.1 200 x-a: no", *lines, b"Content-Length: 0"])
    reply = (b"HTTP/1.1 103 E\r\nx-a: early\r\n\r\n" if interim else b"") + b"\r\n" * (blank and interim)
    reply += head + b"\r\n"
    witness = Witness()
    httptools.HttpResponseParser(witness).feed_data(reply)
    bench = Bench(loop)
    bench.feed(*[reply[i : i + step] for i in range(0, len(reply), step)])
    assert bench.response.ended
    for asked in ("x-a", "x-ab", "n", "y", "a", "content-length", "x"):
        values = [value for name, value in witness.seen if name == asked]
        assert bench.response.header(asked) == (", ".join(values) if values else None)


@pytest.mark.parametrize(
    ("line", "is_json"),
    [
        (b"Content-Type: application/json", True),
        (b"content-type:application/json; charset=utf-8", True),
        (b"CONTENT-TYPE: \t Application/JSON", True),
        (b"Content-Type: text/html", False),
        (b"X-Content-Type: application/json", False),
        (b"X: content-type: application/json", False),
    ],
)
def test_the_type_of_a_reply(loop: asyncio.AbstractEventLoop, line: bytes, is_json: bool) -> None:
    bench = Bench(loop)
    bench.feed(b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 0\r\n\r\n")
    assert bench.response.is_of_type(b"application/json") is is_json


@given(st.lists(st.binary(max_size=40)), st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n"]))
def test_garbage_is_a_bad_reply_or_waits_for_more(
    loop: asyncio.AbstractEventLoop, garbage: list[bytes], start: bytes
) -> None:
    bench = Bench(loop)
    bench.feed(start, *garbage)
    assert bench.failure() in (None, FailureKind.BAD_REPLY)
    bench.connection.eof_received()
    assert bench.response.ended or bench.failure() is not None


BAD_HEADS = {
    "both lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
    "both, other order": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
    "list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n",
    "signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n",
    "huge length": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
    "other encoding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "encoding twice": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
    "chunked in 1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "compressed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n",
    "folded header": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
    "space before colon": b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "version 2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 2 after an interim reply": b"HTTP/1.1 100 C\r\n\r\nHTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "version 0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no protocol": b"<html>",
    "status 99": b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
    "status 600": b"HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n",
    "status 2000": b"HTTP/1.1 2000 No\r\nContent-Length: 0\r\n\r\n",
    "upgrade": b"HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
    "chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "chunk size overflow": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
}


@pytest.mark.parametrize("name", list(BAD_HEADS))
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_reply_that_frames_itself_wrongly_is_refused(
    loop: asyncio.AbstractEventLoop, name: str, step: int
) -> None:
    reply = BAD_HEADS[name]
    bench = Bench(loop)
    bench.feed(*[reply[i : i + step] for i in range(0, len(reply), step)])
    assert (bench.failure(), bench.wire.aborted) == (FailureKind.BAD_REPLY, True)


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
    ],
)
def test_replies_without_a_body(loop: asyncio.AbstractEventLoop, head: bytes, reusable: bool) -> None:
    bench = Bench(loop)
    bench.feed(head)
    assert (bench.response.ended, bench.response.pieces) == (True, [])
    assert (bench.keeper.released_times, bench.keeper.dropped_times) == (int(reusable), int(not reusable))


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_a_head_reply_ends_with_its_head(loop: asyncio.AbstractEventLoop, framing: bytes) -> None:
    bench = Bench(loop)
    response = bench.request(head_only=True)
    bench.feed(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n")
    assert (response.ended, response.pieces, bench.wire.aborted) == (True, [], True)


def test_an_idle_connection_is_dropped_the_moment_its_peer_ends_it(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop)
    bench.feed(REPLIES["length"])
    assert bench.keeper.dropped_times == 0
    bench.connection.eof_received()
    assert (bench.keeper.dropped_times, bench.failure()) == (1, None)


def test_a_body_without_length_ends_with_the_connection(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop)
    bench.feed(b"HTTP/1.0 200 OK\r\n\r\nab", b"c")
    bench.connection.eof_received()
    assert (bench.response.ended, b"".join(bench.response.pieces), bench.failure()) == (True, b"abc", None)


def test_a_body_without_length_that_is_torn_off_is_a_reset(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop)
    bench.feed(b"HTTP/1.1 200 OK\r\n\r\nabc")
    bench.connection.connection_lost(ConnectionResetError())
    assert (bench.response.ended, bench.failure()) == (False, FailureKind.RESET)


@pytest.mark.parametrize("step", [1, 90, 10_000])
def test_headers_are_bounded(loop: asyncio.AbstractEventLoop, step: int) -> None:
    start, end = b"HTTP/1.1 200 OK\r\n", b"\r\nContent-Length: 2\r\n\r\nok"
    for length, kind in ((60, None), (200, FailureKind.BAD_REPLY)):
        bench = Bench(loop, ClientLimits(header_bytes_max=128))
        reply = start + b"a: " + b"x" * length + end
        bench.feed(*[reply[i : i + step] for i in range(0, len(reply), step)])
        assert bench.failure() == kind


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 99,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 9,
    ],
)
def test_a_head_without_end_is_refused(loop: asyncio.AbstractEventLoop, endless: bytes) -> None:
    bench = Bench(loop, ClientLimits(header_bytes_max=1_000))
    filler = endless if endless.endswith(b"\r\n\r\n") else endless[-6:]
    bench.feed(endless, *[filler] * 200)
    assert bench.failure() is FailureKind.BAD_REPLY


@pytest.mark.parametrize("filler", [b"a: b\r\n", b"b"])
def test_trailers_and_extensions_without_end_are_refused(
    loop: asyncio.AbstractEventLoop, filler: bytes
) -> None:
    bench = Bench(loop, ClientLimits(header_bytes_max=1_000))
    start = b"0\r\n" if filler.endswith(b"\n") else b"5;a="
    bench.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n" + start, *[filler] * 1_100)
    assert bench.failure() is FailureKind.BAD_REPLY


def test_many_small_chunks_are_no_endless_framing(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop, ClientLimits(header_bytes_max=100))
    bench.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 500, b"0\r\n\r\n")
    assert (bench.response.ended, bench.response.buffered) == (True, 500)


@pytest.mark.parametrize("before", [True, False])
def test_a_body_over_the_limit_is_refused_before_its_end(
    loop: asyncio.AbstractEventLoop, before: bool
) -> None:
    """Whether the bytes came before `read` was called or while it waits: no further byte is needed."""
    bench = Bench(loop, ClientLimits(body_bytes_max=10))
    bench.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    if before:
        bench.feed(b"x" * 11)
    reading = loop.create_task(bench.response.read())
    loop.run_until_complete(asyncio.wait([reading], timeout=0))
    if not before:
        bench.feed(b"x" * 11)
    loop.run_until_complete(asyncio.wait([reading], timeout=5))
    assert reading.done()
    error = reading.exception()
    assert isinstance(error, ProviderFailure)
    assert (error.kind, bench.wire.aborted) == (FailureKind.BAD_REPLY, True)


def test_a_reply_that_overtakes_its_request_closes_the_connection(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop)
    bench.wire.unwritten = 1
    bench.feed(REPLIES["length"])
    assert (bench.response.ended, bench.failure(), bench.wire.aborted) == (True, None, True)


def test_details_name_the_place_and_none_of_the_bytes(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop)
    bench.feed(b"HTTP/1.1 200 OK\r\nX-Secret : hunter2\r\n\r\nhunter2")
    assert bench.response.failure is not None
    assert bench.response.failure.detail.startswith("h:1: ")
    assert "hunter2" not in str(bench.response.failure)


@pytest.mark.parametrize(("status", "woken_at_head"), [(200, False), (500, True)])
def test_who_wants_a_whole_reply_is_woken_at_its_end_or_at_a_refusal(
    loop: asyncio.AbstractEventLoop, status: int, woken_at_head: bool
) -> None:
    bench = Bench(loop)
    bench.feed(REPLIES["length"])
    response = Response(loop, bench.limits, "h:1", whole=True)
    deadline = loop.time() + 3_600
    bench.connection.begin(response, b"x", head_only=False, deadline=deadline, idle_s=3_600)
    bench.outbox.flush()
    waiter = response.waiter = loop.create_future()
    bench.feed(b"HTTP/1.1 %d X\r\nContent-Length: 4\r\n\r\n" % status, b"ab")
    assert waiter.done() is woken_at_head
    bench.feed(b"cd")
    assert (waiter.done(), response.content()) == (True, b"abcd")


def test_a_whole_reply_may_not_be_longer_than_a_body(loop: asyncio.AbstractEventLoop) -> None:
    bench = Bench(loop, ClientLimits(body_bytes_max=10))
    bench.feed(REPLIES["length"])
    response = Response(loop, bench.limits, "h:1", whole=True)
    deadline = loop.time() + 3_600
    bench.connection.begin(response, b"x", head_only=False, deadline=deadline, idle_s=3_600)
    bench.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n")
    assert response.failure is not None
    assert (response.failure.kind, bench.wire.aborted) == (FailureKind.BAD_REPLY, True)


def test_bytes_that_come_before_the_request_has_left_are_no_reply_to_it(
    loop: asyncio.AbstractEventLoop,
) -> None:
    bench = Bench(loop)
    response = bench.unsent(b"secret")
    bench.feed(REPLIES["length"])
    bench.outbox.flush()

    assert response.failure is not None
    assert response.failure.kind is FailureKind.BAD_REPLY
    assert bench.wire.aborted
    assert b"secret" not in bench.wire.written


def test_a_request_that_is_given_up_before_the_turn_is_over_does_not_leave(
    loop: asyncio.AbstractEventLoop,
) -> None:
    bench = Bench(loop)
    response = bench.unsent(b"secret")
    response.close()
    bench.outbox.flush()

    assert b"secret" not in bench.wire.written
