"""Each limit of the door, by what a hostile or broken client does: `docs/reference/limits.md` has them."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signalbox.testing.served import Served, Vendor, eventually

CHAT = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sb-anna\r\n"
ALIVE = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
LIMITS = """
header_bytes_max = "4KiB"
body_bytes_max = "1MiB"
header_timeout = "300ms"
body_timeout = "400ms"
stall_timeout = "400ms"
idle_timeout = "300ms"
connections_max = 8
"""


@pytest.fixture(scope="module")
def tight(furnish: Callable[..., Path]) -> Iterator[Served]:
    config = furnish(server=LIMITS)
    with Served(config, config.parent / "data") as served:
        yield served
    assert served.process.returncode == 0
    assert served.verified().sound
    assert served.complaints == "", "who sends garbage writes nothing into the process log"


@contextmanager
def dial(served: Served) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        yield line


def rest(line: socket.socket) -> bytes:
    """All that comes until the server closes; a reset counts as closed."""
    said = b""
    try:
        while part := line.recv(65_536):
            said += part
    except ConnectionResetError:
        pass
    return said


def statuses(said: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)]


def send_for_ever(line: socket.socket, part: bytes) -> None:
    while True:
        line.sendall(part)


def chat(model: str, more: str = "") -> bytes:
    body = f'{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]{more}}}'.encode()
    return CHAT + b"content-length: %d\r\n\r\n%s" % (len(body), body)


@pytest.mark.parametrize("pieces", [1, 20], ids=["in one piece", "in many"])
def test_header_size(tight: Served, pieces: int) -> None:
    head = b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + b"".join(
        b"x-%d: %s\r\n" % (n, b"y" * 200) for n in range(40)
    )
    with dial(tight) as line:
        step = len(head) // pieces + 1
        try:
            for place in range(0, len(head), step):
                line.sendall(head[place : place + step])
            line.sendall(b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        said = rest(line)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert b'"code":"headers_too_large"' in said


def test_headers_below_the_limit_pass_though_the_body_comes_with_them(tight: Served) -> None:
    with dial(tight) as line:
        body = b'{"model":"auto","messages":[{"role":"user","content":"%s"}]}' % (b"z" * 20_000)
        line.sendall(CHAT + b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        assert rest(line).startswith(b"HTTP/1.1 200 ")


def test_header_time(tight: Served) -> None:
    with dial(tight) as line:
        line.sendall(CHAT)
        said = rest(line)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"headers did not arrive in time" in said


def test_header_time_is_not_extended_by_dripping(tight: Served) -> None:
    with dial(tight) as line:
        line.settimeout(0.05)
        said = b""
        for byte in CHAT * 3:
            line.sendall(bytes((byte,)))
            try:
                said = line.recv(1_000)
                break
            except TimeoutError:
                continue
    assert said.startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_asks_nothing_is_closed(tight: Served) -> None:
    with dial(tight) as line:
        assert rest(line) == b""


def test_body_size(tight: Served) -> None:
    with dial(tight) as line:
        line.sendall(CHAT + b"content-length: 1048577\r\n\r\n")
        assert rest(line).startswith(b"HTTP/1.1 413 ")
    with dial(tight) as line:
        line.sendall(CHAT + b"transfer-encoding: chunked\r\n\r\n" + b"8000\r\n%s\r\n" % (b"x" * 0x8000) * 40)
        assert line.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_body_size_without_end(tight: Served) -> None:
    """The refusal is out at once; who goes on sending is cut off when the time for a body is over."""
    with dial(tight) as line:
        line.sendall(CHAT + b"transfer-encoding: chunked\r\n\r\n")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_for_ever(line, b"8000\r\n%s\r\n" % (b"x" * 0x8000))


def test_body_time_is_told_and_written_down(tight: Served) -> None:
    before = len(tight.records())
    with dial(tight) as line:
        line.sendall(CHAT + b'content-length: 100\r\n\r\n{"model"')
        said = rest(line)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in said
    eventually(lambda: any(record.get("code") == "request_timeout" for record in tight.records()[before:]))


def test_body_time_after_the_answer_is_a_plain_close(tight: Served) -> None:
    with dial(tight) as line:
        line.sendall(b"POST /v1/nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nab")
        said = rest(line)
    assert len(statuses(said)) == 1
    assert said.startswith(b"HTTP/1.1 404 ")


def test_connections(tight: Served) -> None:
    lines: list[socket.socket] = []
    try:
        for _ in range(8):
            line = socket.create_connection(("127.0.0.1", tight.port), timeout=10)
            lines.append(line)
            line.sendall(chat("x-long", ',"stream":true'))
        assert all(line.recv(4_096).startswith(b"HTTP/1.1 200 ") for line in lines)
        with dial(tight) as ninth:
            said = rest(ninth)
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"too many connections" in said
    finally:
        for line in lines:
            line.close()
    eventually(lambda: tight.ask("GET", "/healthz").status == 200)


def test_a_slow_reader_of_a_stream_is_cut_off(tight: Served, vendor: Vendor) -> None:
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.settimeout(20)
        line.connect(("127.0.0.1", tight.port))
        line.sendall(chat("x-flood", ',"stream":true'))
        assert line.recv(100).startswith(b"HTTP/1.1 200 ")

        def cut_off() -> bool:
            floods = [r for r in tight.records() if r.get("endpoint") == "x-flood"]
            return [r["status"] for r in floods if r["kind"] == "outcome"] == ["cancelled"]

        eventually(cut_off)
    vendor.idle()


def test_a_reader_that_reads_gets_all_of_it(tight: Served) -> None:
    answer = tight.chat("sb-anna", model="x-flood", stream=True, max_tokens=20_000)
    assert answer.body.endswith(b"data: [DONE]\n\n")


def test_an_idle_connection_is_kept_for_its_time_and_closed(tight: Served) -> None:
    with dial(tight) as line:
        for _ in range(2):
            line.sendall(ALIVE)
            said = b""
            while not said.endswith(b"}"):
                said += line.recv(4_096)
        assert rest(line) == b""


def test_pipelined_requests_are_answered_in_order(tight: Served) -> None:
    with dial(tight) as line:
        line.sendall(
            chat("own-good")
            + ALIVE
            + chat("no-such")
            + ALIVE.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
        )
        said = rest(line)
    assert statuses(said) == [200, 200, 404, 200]


def test_a_pipelined_request_is_not_timed_while_it_waits(tight: Served) -> None:
    """Its body waits because we do not read it: that is no fault of the client's."""
    body = b'{"model":"own-good","messages":[{"role":"user","content":"hi"}]}' + b" " * 1_000_000
    second = CHAT + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    with dial(tight) as line:
        line.sendall(chat("x-long", ',"max_tokens":45') + second)
        line.sendall(body)
        said = rest(line)
    assert statuses(said) == [200, 200]


@pytest.mark.parametrize("queued", [b"", ALIVE], ids=["one in flight", "one more queued"])
def test_garbage_behind_a_running_stream_never_gets_into_it(tight: Served, queued: bytes) -> None:
    with dial(tight) as line:
        line.sendall(chat("x-slow", ',"stream":true'))
        said = line.recv(4_096)
        line.sendall(queued + b"\x00\x01 nonsense\r\n\r\n")
        said += rest(line)
    assert len(statuses(said)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: 3\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 3\r\n",
        b"content-length: 3\r\ncontent-length: 4\r\n",
        b"content-length: +3\r\n",
        b"content-length: 99999999999999999999999\r\n",
        b"transfer-encoding: chunked, identity\r\n",
        b"transfer-encoding: xchunked\r\n",
        b"transfer-encoding : chunked\r\n",
    ],
)
def test_conflicting_or_odd_framing_is_refused(tight: Served, lines: bytes) -> None:
    with dial(tight) as line:
        line.sendall(CHAT + lines + b"\r\n" + b"3\r\nabc\r\n0\r\n\r\n" + ALIVE)
        said = rest(line)
    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 ")), said[:100]
    assert len(statuses(said)) == 1


@pytest.mark.parametrize("junk", [b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_not_http_is_refused_in_the_dialect(tight: Served, junk: bytes) -> None:
    with dial(tight) as line:
        line.sendall(junk)
        said = rest(line)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b'{"error":{"message":"not a valid HTTP/1.1 request"' in said


def test_http_1_0_gets_whole_answers_and_no_streams(tight: Served) -> None:
    old = chat("own-good").replace(b"HTTP/1.1", b"HTTP/1.0")
    with dial(tight) as line:
        line.sendall(old)
        said = rest(line)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding" not in said
    with dial(tight) as line:
        line.sendall(chat("own-good", ',"stream":true').replace(b"HTTP/1.1", b"HTTP/1.0"))
        said = rest(line)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"a stream needs HTTP/1.1" in said


def test_an_offer_to_upgrade_is_refused_in_words(tight: Served) -> None:
    """As Java's client makes unless it is told to speak HTTP/1.1."""
    asked = chat("own-good").replace(b"host: x\r\n", b"host: x\r\nconnection: Upgrade\r\nupgrade: h2c\r\n")
    with dial(tight) as line:
        line.sendall(asked)
        said = rest(line)
    assert statuses(said) == [400]
    assert b"send no Upgrade header" in said


def test_expect_100_continue(tight: Served) -> None:
    body = chat("own-good").partition(b"\r\n\r\n")[2]
    head = CHAT + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n"
    with dial(tight) as line:
        line.sendall(head % len(body))
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(body)
        assert line.recv(4_096).startswith(b"HTTP/1.1 200 ")
    with dial(tight) as line:
        line.sendall(head % 2_000_000)
        assert line.recv(100).startswith(b"HTTP/1.1 413 ")
