"""Writes of one turn are made together at its end, in order, and never more than a bound is held."""

import asyncio
from collections.abc import Callable
from typing import Any

from signalbox.outbox import BYTES_MAX, Outbox


class Peer:
    def __init__(self, name: str, written: list[tuple[str, bytes]]) -> None:
        self._name = name
        self._written = written

    def write(self, data: bytes) -> None:
        self._written.append((self._name, data))


async def test_the_writes_of_a_turn_are_made_once_it_is_over_and_in_order() -> None:
    written: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    one, other = Peer("one", written), Peer("other", written)

    outbox.put(one.write, b"1")
    outbox.put(other.write, b"2")
    outbox.put(one.write, b"3")
    assert written == []

    await asyncio.sleep(0)
    assert written == [("one", b"1"), ("other", b"2"), ("one", b"3")]

    outbox.put(one.write, b"4")
    await asyncio.sleep(0)
    assert written[3:] == [("one", b"4")]


async def test_a_flush_writes_at_once_and_nothing_twice() -> None:
    written: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    peer = Peer("one", written)

    outbox.put(peer.write, b"1")
    outbox.flush()
    assert written == [("one", b"1")]

    outbox.put(peer.write, b"2")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert written == [("one", b"1"), ("one", b"2")]


async def test_a_write_that_writes_waits_for_the_next_turn() -> None:
    written: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    peer = Peer("one", written)

    def echo(data: bytes) -> None:
        peer.write(data)
        if len(written) < 3:
            outbox.put(echo, data + b"!")

    outbox.put(echo, b"a")
    await asyncio.sleep(0)
    assert written == [("one", b"a")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert written == [("one", b"a"), ("one", b"a!"), ("one", b"a!!")]


async def test_no_more_than_the_bound_is_held() -> None:
    written: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    peer: Callable[[bytes], None] = Peer("one", written).write
    piece = bytes(BYTES_MAX // 4)

    for _ in range(4):
        outbox.put(peer, piece)
    assert written == []
    outbox.put(peer, b"1")
    assert len(written) == 5


async def test_a_write_that_raises_is_told_and_keeps_none_of_the_others() -> None:
    loop = asyncio.get_running_loop()
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))
    written: list[tuple[str, bytes]] = []
    outbox = Outbox(loop)
    broken = OSError("the transport is broken")

    def fail(data: bytes) -> None:
        raise broken

    outbox.put(fail, b"1")
    outbox.put(Peer("other", written).write, b"2")
    await asyncio.sleep(0)

    assert written == [("other", b"2")]
    assert [context["exception"] for context in told] == [broken]
