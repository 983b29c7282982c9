"""The kill switch in a process: heard of, obeyed, leased, cut, and copied to the log once."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.switches import SWITCHES_FILE, SqliteSwitchStore
from signalbox.dispatch.switchboard import Switchboard, changes_of
from signalbox.domain.errors import AttemptsExhausted, MalformedRequest
from signalbox.domain.records import SwitchBody
from signalbox.domain.reply import Event
from signalbox.domain.switches import NOTHING_STOPPED, SwitchState, folded, selector_of, selectors_of
from signalbox.ports.switches import SwitchesUnavailable, SwitchStore
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import endpoint, principal, ranked, request, tenant

LEASE_US = 2_000_000
A = endpoint("a", vendor="v", cloud="azure", region="west")
B = endpoint("b", vendor="w")
WHOSE = f"tenant:{tenant().id}"


def house() -> House:
    return House(PERMIT_ALL, ranked(A, B), [tenant()])


@asynccontextmanager
async def board(
    rooms: House, store: SwitchStore, *, logged: Callable[[object], bool] | None = lambda record: False
) -> AsyncIterator[Switchboard]:
    made = Switchboard(
        store,
        rooms.interlock,
        rooms.log,
        rooms.clock,
        lease_us=LEASE_US,
        changed=rooms.dispatcher.cut_off,
        was_logged=logged,
    )
    await made.open()
    try:
        yield made
    finally:
        await made.aclose()


async def ask(rooms: House) -> str:
    _, delivery = await rooms.pipeline.run(request(), principal())
    return delivery.endpoint.id


def switches(rooms: House) -> list[SwitchBody]:
    return [record.body for record in rooms.log.records if isinstance(record.body, SwitchBody)]


def throw(data_dir: Path, *selectors: str, cut: bool = False) -> SwitchState:
    """As another process does."""
    with closing(SqliteSwitchStore(data_dir)) as store:
        return store.change(changes_of("kill", selectors, "another", "a drill", 1, cut=cut))


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "selector",
    [
        "vendor:v",
        "model:acme-small",
        "endpoint:a",
        "cloud:azure",
        "region:west",
        "processor:self",
        "place:local",
    ],
)
def test_every_kind_of_selector_stops_what_it_names(selector: str) -> None:
    assert selector in selectors_of(A)


async def test_a_kill_is_in_force_when_it_returns_and_restored_when_that_does(tmp_path: Path) -> None:
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)) as switchboard:
        assert await ask(rooms) == "a"
        await switchboard.kill([" Vendor: v "], by="olga", reason="a drill", cut=False)
        assert await ask(rooms) == "b"
        await switchboard.kill([WHOSE], by="olga", reason="a drill", cut=False)
        with pytest.raises(AttemptsExhausted) as raised:
            await ask(rooms)
        assert raised.value.code == "withdrawn"
        await switchboard.restore([WHOSE, "vendor:v"], by="olga", reason="over")
        assert await ask(rooms) == "a"
    told = [(each.epoch, each.selector, each.reason) for each in switches(rooms)]
    assert told == [
        (1, "vendor:v", "a drill"),
        (2, WHOSE, "a drill"),
        (3, WHOSE, "over"),
        (4, "vendor:v", "over"),
    ]
    assert all(each.by != "olga" for each in switches(rooms)), "a pseudonym"


async def test_what_another_process_throws_is_heard_of_and_copied_to_the_log_once(tmp_path: Path) -> None:
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)):
        throw(tmp_path, "vendor:v")
        await until(lambda: rooms.interlock.kill_epoch == 1)
        assert await ask(rooms) == "b"
        await until(lambda: switches(rooms))
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)):
        assert await ask(rooms) == "b", "a start finds it as it was left"
    assert switches(rooms) == []


async def test_a_change_that_the_log_has_already_is_not_written_again(tmp_path: Path) -> None:
    """A writer may die between the log and the mark that it is there."""
    throw(tmp_path, "vendor:v")
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path), logged=lambda record: True):
        pass
    assert switches(rooms) == []
    with closing(SqliteSwitchStore(tmp_path)) as store:
        assert store.logged() == 1


async def test_who_does_not_write_the_log_copies_nothing(tmp_path: Path) -> None:
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path), logged=None) as switchboard:
        await switchboard.kill(["vendor:v"], by="olga", reason="a drill", cut=False)
    assert switches(rooms) == []
    with closing(SqliteSwitchStore(tmp_path)) as store:
        assert store.logged() == 0


async def test_a_store_that_hangs_costs_the_lease_and_gives_it_back(tmp_path: Path) -> None:
    """Another process holds the file's lock and never lets go: what is known grows old."""
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)) as switchboard:
        with closing(sqlite3.connect(tmp_path / SWITCHES_FILE, isolation_level=None)) as frozen:
            frozen.execute("BEGIN EXCLUSIVE")
            await until(lambda: switchboard.trouble)
            assert await ask(rooms) == "a", "the lease is not over yet"
            rooms.clock.advance(LEASE_US + 1)
            assert not switchboard.heard
            with pytest.raises(AttemptsExhausted):
                await ask(rooms)
            assert "longer than its lease" in rooms.log.withdrawn[-1].reasons[0]
            with pytest.raises(SwitchesUnavailable):
                await switchboard.kill(["vendor:v"], by="olga", reason="a drill", cut=False)
        await until(lambda: switchboard.heard)
        assert await ask(rooms) == "a"


async def test_a_lease_that_ends_between_intent_and_first_byte_stops_the_send(tmp_path: Path) -> None:
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)):

        def at(place: str) -> None:
            if place == "dispatch.after_intent":
                rooms.interlock.lease_until_us = rooms.clock.monotonic_us() - 1

        rooms.at = at
        with pytest.raises(AttemptsExhausted):
            await ask(rooms)
    assert {(o.status, o.failure, o.billed) for o in rooms.log.outcomes} == {("failed", "withdrawn", "no")}


async def test_nothing_is_sent_before_the_first_reading(tmp_path: Path) -> None:
    rooms = house()
    (tmp_path / SWITCHES_FILE).write_bytes(b"this is no database, whatever its name is" * 100)
    async with board(rooms, SqliteSwitchStore(tmp_path)):
        with pytest.raises(AttemptsExhausted):
            await ask(rooms)
    assert rooms.provider.calls == []


async def test_a_history_that_was_cut_short_restores_nothing(tmp_path: Path) -> None:
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)) as switchboard:
        await switchboard.kill(["vendor:v"], by="olga", reason="a drill", cut=False)
        (tmp_path / SWITCHES_FILE).unlink()
        await until(lambda: "epoch 0" in switchboard.trouble)
        assert await ask(rooms) == "b"
        rooms.clock.advance(LEASE_US + 1)
        assert not switchboard.heard


@pytest.mark.parametrize("cut", [False, True])
async def test_a_stream_under_way_ends_by_itself_unless_it_is_cut(tmp_path: Path, cut: bool) -> None:
    rooms = house()
    rooms.provider.will("a", Script(word_ms=20))
    async with board(rooms, SqliteSwitchStore(tmp_path)) as switchboard:
        _, delivery = await rooms.pipeline.run(request(stream=True), principal())
        assert delivery.events is not None
        read: list[Event] = []

        async def reader() -> None:
            assert delivery.events is not None
            async for event in delivery.events:
                read.append(event)

        reading = asyncio.create_task(reader())
        await until(lambda: len(read) > 2)
        await switchboard.kill(["vendor:v"], by="olga", reason="a drill", cut=cut)
        (ended,) = await asyncio.gather(reading, return_exceptions=True)
    (outcome,) = rooms.log.outcomes
    if cut:
        assert "killed: vendor:v" in str(ended)
        told = (outcome.status, outcome.failure, outcome.detail, outcome.billed)
        assert told == ("cancelled", "withdrawn", "killed: vendor:v", "maybe")
        assert not reading.cancelled()
    else:
        assert ended is None
        assert (outcome.status, outcome.failure) == ("ok", "")
    assert rooms.provider.running == 0
    assert rooms.places_taken(A) == 0


async def test_a_stream_that_nobody_reads_is_cut_at_the_next_event(tmp_path: Path) -> None:
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)) as switchboard:
        _, delivery = await rooms.pipeline.run(request(stream=True), principal())
        assert delivery.events is not None
        await switchboard.kill(["endpoint:a"], by="olga", reason="a drill", cut=True)
        with pytest.raises(Exception, match="killed: endpoint:a"):
            await anext(delivery.events)
    assert [(o.status, o.failure) for o in rooms.log.outcomes] == [("cancelled", "withdrawn")]
    assert rooms.provider.running == 0


async def test_a_reply_that_is_waited_for_is_cut_and_comes_from_elsewhere(tmp_path: Path) -> None:
    rooms = house()
    rooms.provider.will("a", Script(wait_ms=60_000))
    async with board(rooms, SqliteSwitchStore(tmp_path)) as switchboard:
        asking = asyncio.create_task(ask(rooms))
        await until(lambda: rooms.provider.calls)
        await asyncio.sleep(0)
        await switchboard.kill(["endpoint:b"], by="olga", reason="a drill", cut=True)
        assert not asking.done(), "another endpoint's kill is not its business"
        await switchboard.restore(["endpoint:b"], by="olga", reason="over")
        await switchboard.kill(["endpoint:a"], by="olga", reason="a drill", cut=True)
        assert await asking == "b"
    first, second = rooms.log.outcomes
    assert (first.status, first.detail, first.billed) == ("cancelled", "killed: endpoint:a", "maybe")
    assert second.status == "ok"


async def test_after_a_sleep_the_switch_is_read_before_anybody_is_refused(tmp_path: Path) -> None:
    rooms = house()
    async with board(rooms, SqliteSwitchStore(tmp_path)):
        rooms.clock.advance(3_600_000_000)
        assert rooms.clock.monotonic_us() > rooms.interlock.lease_until_us
        assert await ask(rooms) == "a"
        rooms.clock.advance(3_600_000_000)
        throw(tmp_path, "vendor:v")
        assert await ask(rooms) == "b", "what was thrown meanwhile is obeyed"


async def test_who_leaves_while_the_switch_cuts_has_left(tmp_path: Path) -> None:
    rooms = house()
    rooms.provider.will("a", Script(wait_ms=60_000))
    async with board(rooms, SqliteSwitchStore(tmp_path)) as switchboard:
        asking = asyncio.create_task(ask(rooms))
        await until(lambda: rooms.provider.calls)
        await asyncio.sleep(0)
        killing = asyncio.create_task(switchboard.kill(["vendor:v"], by="o", reason="a drill", cut=True))
        await until(lambda: rooms.interlock.kill_epoch or asking.done())
        asking.cancel()
        await killing
        await asyncio.gather(asking, return_exceptions=True)
        assert asking.done()
    assert all(outcome.status in ("cancelled", "ok") for outcome in rooms.log.outcomes)


@pytest.mark.parametrize("written", ["", "vendor", "vendor:", "anthropic", "planet:mars", "vendor:a\nb"])
def test_what_names_nothing_is_refused(written: str) -> None:
    with pytest.raises(MalformedRequest, match="names nothing that can be stopped"):
        selector_of(written)


def test_a_reason_is_owed() -> None:
    with pytest.raises(MalformedRequest, match="say why"):
        changes_of("kill", ["vendor:v"], "olga", "  ", 1)


def test_the_history_is_append_only_and_folds_to_the_state(tmp_path: Path) -> None:
    state = throw(tmp_path, "vendor:v", "cloud:azure", cut=True)
    assert [(kill.selector, kill.cut) for kill in state.kills] == [("vendor:v", True), ("cloud:azure", True)]
    with closing(SqliteSwitchStore(tmp_path)) as store:
        assert store.read(NOTHING_STOPPED) == state == folded(store.history())
        assert store.read(state) is state
        later = store.change(changes_of("restore", ["vendor:v"], "olga", "over", 2))
        assert (later.epoch, [kill.selector for kill in later.kills]) == (3, ["cloud:azure"])
        assert len(store.history(after=2)) == 1
    with closing(sqlite3.connect(tmp_path / SWITCHES_FILE)) as connection:
        for statement in ("DELETE FROM change", "UPDATE change SET selector = 'vendor:w'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
