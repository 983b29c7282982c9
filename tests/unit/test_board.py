"""The board: acts are done on what is known, heard of everywhere, obeyed once, and copied to the log once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import msgspec
import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.board import Board
from signalbox.domain.acts import Act, ActContent, Proposal
from signalbox.domain.errors import NotPermitted
from signalbox.domain.records import GOVERNANCE_TENANT, ActBody, Record
from signalbox.ports.acts import ActsMoved, ActsUnavailable
from signalbox.testing.memory_act_store import MemoryActStore
from signalbox.testing.recording_log import RecordingLog


class Said(ActContent, frozen=True):
    kind: ClassVar[str] = "test.said"
    personal: ClassVar[tuple[str, ...]] = ("to", "about")

    words: str
    to: str = ""
    about: tuple[str, ...] = ()


class Heard:
    """A projection: the words, in order."""

    kinds: Sequence[type[ActContent]] = (Said,)

    def __init__(self) -> None:
        self.words: list[str] = []
        self.numbers: list[int] = []

    def obey(self, act: Act) -> None:
        self.words.append(Said.of(act).words)
        self.numbers.append(act.number)


class Node:
    def __init__(self, store: MemoryActStore, *, logs: bool = False) -> None:
        self.log = RecordingLog()
        self.heard = Heard()
        was_logged = self._was_logged if logs else None
        self.board = Board(store, self.log, SystemClock(), projections=[self.heard], was_logged=was_logged)

    def _was_logged(self, record: Record) -> bool:
        return any(known.ref == record.ref for known in self.log.records)

    async def say(self, words: str, *, by: str = "ada", tenant: str = "acme", **more: Any) -> tuple[Act, ...]:
        return await self.board.act(by, lambda: [Proposal(tenant, Said(words, **more))])

    def acts(self) -> list[Record]:
        return [record for record in self.log.records if record.kind == "act"]


@asynccontextmanager
async def running(*nodes: Node) -> AsyncIterator[None]:
    for node in nodes:
        await node.board.open()
    try:
        yield
    finally:
        for node in nodes:
            await node.board.aclose()


async def until(reached: Any) -> None:
    async with asyncio.timeout(10):
        while not reached():
            await asyncio.sleep(0.01)


async def test_an_act_is_in_force_when_it_returns_and_is_heard_of_elsewhere() -> None:
    store = MemoryActStore()
    here, there = Node(store), Node(store)
    told: list[int] = []
    there.board.changed.append(lambda: told.append(there.board.number))
    async with running(here, there):
        (done,) = await here.say("first")
        assert (done.number, done.by, done.tenant, done.kind) == (1, "ada", "acme", "test.said")
        assert here.heard.words == ["first"]
        await until(lambda: there.heard.words == ["first"])
        assert told == [1]


async def test_who_acts_thinks_on_what_others_did_meanwhile() -> None:
    store = MemoryActStore()
    here, there = Node(store), Node(store)
    async with running(here, there):
        await here.say("one")

        def propose() -> list[Proposal]:
            if "one" in there.heard.words:
                raise NotPermitted("it was said")
            return [Proposal("acme", Said("one"))]

        with pytest.raises(NotPermitted):
            await there.board.act("bob", propose)
    assert here.heard.words == ["one"]


async def test_of_acts_at_the_same_time_each_is_done_once_and_in_the_same_order_everywhere() -> None:
    store = MemoryActStore()
    nodes = [Node(store) for _ in range(3)]
    async with running(*nodes):
        await asyncio.gather(*[nodes[at % 3].say(str(at)) for at in range(30)])
        await until(lambda: all(len(node.heard.words) == 30 for node in nodes))
    assert sorted(nodes[0].heard.words, key=int) == [str(at) for at in range(30)]
    assert nodes[0].heard.words == nodes[1].heard.words == nodes[2].heard.words
    assert nodes[0].heard.numbers == list(range(1, 31))


async def test_who_always_comes_second_is_told_so() -> None:
    store = MemoryActStore()
    node = Node(store)

    def outrun() -> list[Proposal]:
        last = len(store.read(0))
        store.append([_said(last + 1, "meanwhile")], after=last)
        return [Proposal("acme", Said("too late"))]

    async with running(node):
        with pytest.raises(ActsMoved):
            await node.board.act("ada", outrun)
        assert "too late" not in node.heard.words


async def test_nothing_proposed_is_nothing_done() -> None:
    store = MemoryActStore()
    node = Node(store)
    async with running(node):
        assert await node.board.act("ada", lambda: []) == ()
    assert store.read(0) == ()


async def test_an_act_of_a_newer_version_stops_the_reading_and_the_acting() -> None:
    store = MemoryActStore()
    node = Node(store)
    async with running(node):
        await node.say("known")
        store.append([_said(2, "x", kind="test.not_invented_yet")], after=1)
        with pytest.raises(Exception, match="does not know"):
            await node.say("after")
        await until(lambda: "does not know" in node.board.trouble)
        assert (node.heard.words, node.board.number) == (["known"], 1)
    assert len(store.read(0)) == 2


async def test_an_act_whose_content_cannot_be_read_is_not_folded() -> None:
    store = MemoryActStore()
    node = Node(store)
    store.append([msgspec.structs.replace(_said(1, "x"), content=b'{"words":7}')], after=0)
    async with running(node):
        assert (node.heard.words, node.board.number) == ([], 0)
        assert "cannot be read" in node.board.trouble


async def test_a_store_that_is_gone_and_comes_back() -> None:
    store = MemoryActStore()
    node = Node(store)
    store.trouble = "it burns"
    async with running(node):
        assert node.board.trouble == "it burns"
        with pytest.raises(ActsUnavailable):
            await node.say("nothing")
        store.trouble = ""
        await until(lambda: not node.board.trouble)
        await node.say("again")
        assert node.heard.words == ["again"]


async def test_the_log_has_every_act_once_with_pseudonyms_for_users() -> None:
    store = MemoryActStore()
    before, writer = Node(store), Node(store, logs=True)
    async with running(before):
        await before.say("unlogged", to="bea", about=("carl", "dora"))
        await before.say("the platform's", tenant="")
    async with running(writer):
        await writer.say("third")
        await until(lambda: len(writer.acts()) == 3)
    assert [record.ref for record in writer.acts()] == ["act-1", "act-2", "act-3"]
    assert [record.tenant for record in writer.acts()] == ["acme", GOVERNANCE_TENANT, "acme"]
    body = writer.acts()[0].body
    assert isinstance(body, ActBody)
    names = [writer.log.pseudonym("acme", "user", name) for name in ("ada", "bea", "carl", "dora")]
    assert body.by == names[0]
    assert msgspec.json.decode(body.content) == {"words": "unlogged", "to": names[1], "about": names[2:]}
    assert store.logged() == 3
    again = Node(store, logs=True)
    async with running(again):
        await again.say("fourth")
        await until(lambda: store.logged() == 4)
    assert [record.ref for record in again.acts()] == ["act-4"]


def _said(number: int, words: str, kind: str = "test.said") -> Act:
    content = msgspec.json.encode({"about": [], "to": "", "words": words})
    return Act(number=number, kind=kind, tenant="acme", by="eve", time_us=1, content=content)
