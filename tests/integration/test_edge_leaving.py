"""Clients that leave: the vendor's work stops, the books are closed, the place is given back."""

import socket
from collections.abc import Callable

import msgspec
import pytest

from signalbox.simulate.scenario import Behaviour
from signalbox.testing.served import Served, Vendor, eventually


def ask(served: Served, model: str, *, stream: bool) -> socket.socket:
    body = msgspec.json.encode(
        {"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    )
    line = socket.create_connection(("127.0.0.1", served.port), timeout=15)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sb-anna\r\n"
    line.sendall(head + b"content-length: %d\r\n\r\n%s" % (len(body), body))
    return line


def reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    line.close()


def outcomes(served: Served, endpoint: str) -> list[str]:
    records = [r for r in served.records() if r["kind"] == "outcome" and r["endpoint"] == endpoint]
    return [record["status"] for record in records]


def serves(served: Served) -> None:
    """The one place is free again."""
    answer = served.chat("sb-anna", {"X-Signalbox-Deadline-Ms": "3000"}, model="one-place")
    assert answer.status == 200, answer.body
    served.settled(answer.headers["x-signalbox-decision"])


@pytest.fixture
def slow_place(vendor: Vendor) -> Behaviour:
    """What `one-place`, which takes one request at a time, does next: 20 s of talk."""
    return Behaviour(token_ms=100, tokens=200)


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["closed", "reset"])
@pytest.mark.parametrize("stream", [False, True], ids=["mid-request", "mid-stream"])
def test_a_client_that_leaves_stops_the_vendor_and_frees_the_place(
    served: Served,
    vendor: Vendor,
    slow_place: Behaviour,
    stream: bool,
    leave: Callable[[socket.socket], None],
) -> None:
    before = len(outcomes(served, "one-place"))
    vendor.scenario.queue.append(slow_place)
    line = ask(served, "one-place", stream=stream)
    eventually(lambda: vendor.emulator.running == 1)
    if stream:
        assert line.recv(4_096).startswith(b"HTTP/1.1 200 ")
    leave(line)
    vendor.idle(3)
    last = vendor.emulator.receipts.kept[-1]
    assert (last.event, last.finished) == ("ended", False)
    eventually(lambda: outcomes(served, "one-place")[before:] == ["cancelled"])
    serves(served)


def test_a_client_that_leaves_while_it_waits_for_a_place_takes_none(
    served: Served, vendor: Vendor, slow_place: Behaviour
) -> None:
    vendor.scenario.queue.append(slow_place)
    with ask(served, "one-place", stream=True) as holder:
        assert holder.recv(4_096).startswith(b"HTTP/1.1 200 ")
        received = vendor.emulator.served
        decisions = len([r for r in served.records() if r["kind"] == "decision"])
        waiting = ask(served, "one-place", stream=False)
        eventually(lambda: len([r for r in served.records() if r["kind"] == "decision"]) > decisions)
        waiting.close()
    vendor.idle(3)
    serves(served)
    assert vendor.emulator.served == received + 1, "the one that left was never sent"


def test_a_client_that_leaves_before_its_body_is_whole_costs_nothing(served: Served, vendor: Vendor) -> None:
    received = vendor.emulator.served
    line = socket.create_connection(("127.0.0.1", served.port))
    line.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sb-anna\r\n"
        b'content-length: 500\r\n\r\n{"model"'
    )
    line.close()
    assert served.chat("sb-anna", model="own-good").status == 200
    assert vendor.emulator.served == received + 1


def test_no_connection_to_the_vendor_is_leaked(served: Served, vendor: Vendor) -> None:
    """What is left open is what the pool keeps for the next request."""
    for _ in range(3):
        line = ask(served, "x-slow", stream=True)
        assert line.recv(4_096).startswith(b"HTTP/1.1 200 ")
        line.close()
    vendor.idle(3)
    kept = len(vendor.emulator.connections)
    for _ in range(5):
        assert served.chat("sb-anna", model="own-good").status == 200
    assert len(vendor.emulator.connections) <= max(kept, 1)
    assert vendor.emulator.running == 0
