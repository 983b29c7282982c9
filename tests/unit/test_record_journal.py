"""The journal between the event loop and the store: order, group commit, and what a refusing disk does."""

import asyncio
import hashlib
import hmac
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import OutcomeBody, Record
from signalbox.ports.log import Batch
from signalbox.record.journal import Journal, JournalLimits
from signalbox.record.leaf import read_leaf
from signalbox.record.verify import verify
from signalbox.testing.memory_log_store import MemoryDisk, MemoryLogStore
from signalbox.testing.records import BEGAN_US, decision, denial, intent, journey, outcome


class StoppedClock:
    def now_us(self) -> int:
        return BEGAN_US + 10_000

    def monotonic_us(self) -> int:
        return 0


class GatedStore(MemoryLogStore):
    """An append waits for its turn: `gate` is open unless a test closes it; `entered` counts arrivals."""

    def __init__(self, disk: MemoryDisk) -> None:
        super().__init__(disk)
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def append(self, batch: Batch) -> None:
        self.entered.release()
        assert self.gate.wait(10)
        super().append(batch)


QUICK = JournalLimits(window_ms=1, retry_ms_min=1, retry_ms_max=2)


@asynccontextmanager
async def opened(
    disk: MemoryDisk,
    *,
    may_lag: frozenset[str] = frozenset(),
    limits: JournalLimits = QUICK,
    store: MemoryLogStore | None = None,
    failpoint: Callable[[str], None] = lambda place: None,
) -> AsyncIterator[Journal]:
    journal = Journal(
        store or MemoryLogStore(disk), StoppedClock(), may_lag=may_lag, limits=limits, failpoint=failpoint
    )
    await journal.open(["acme"])
    try:
        yield journal
    finally:
        await journal.aclose()


async def entered(store: GatedStore) -> None:
    """The writer thread has reached its next append."""
    assert await asyncio.to_thread(store.entered.acquire, True, 10)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def refs(disk: MemoryDisk) -> list[tuple[str, str]]:
    leaves = (read_leaf(stored.leaf) for _, stored in MemoryLogStore(disk).scan())
    return [(leaf.kind, leaf.ref) for leaf in leaves]


def told(*records: Record) -> list[tuple[str, str]]:
    return [(record.kind, record.ref) for record in records]


def assert_sound(disk: MemoryDisk) -> None:
    report = verify(MemoryLogStore(disk).scan(), tuple(disk.heads.values()))
    assert report.findings == ()


async def test_records_are_kept_in_the_order_in_which_they_were_handed_in() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        journal.post([decision(1)])
        await journal.commit([intent(1), decision(2, "other")])
        assert told(decision(1), intent(1), decision(2)) == refs(disk)
        journal.post([outcome(1)])
    assert told(decision(1), intent(1), decision(2), outcome(1)) == refs(disk)
    assert_sound(disk)


async def test_a_post_becomes_durable_by_itself() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        journal.post([decision(1)])
        await until(lambda: disk.next == 1)


async def test_commits_that_arrive_during_an_append_share_the_next_one() -> None:
    disk = MemoryDisk()
    store = GatedStore(disk)
    async with opened(disk, store=store) as journal:
        store.gate.clear()
        first = asyncio.create_task(journal.commit([decision(0)]))
        await entered(store)
        rest = [asyncio.create_task(journal.commit([decision(n)])) for n in range(1, 20)]
        await asyncio.sleep(0)
        assert not first.done()
        store.gate.set()
        await asyncio.gather(first, *rest)
    assert [len(batch.records) for _, batch in disk.batches] == [1, 19]


async def test_a_commit_of_nothing_waits_for_what_was_posted() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        await journal.commit([])
        journal.post([decision(1)])
        await journal.commit([])
        assert disk.next == 1


async def test_a_large_backlog_is_written_in_bounded_batches() -> None:
    disk = MemoryDisk()
    async with opened(disk, limits=JournalLimits(batch_records_max=4)) as journal:
        for number in range(10):
            journal.post([decision(number, subject=f"u-{10**number}")])  # no two of one size
        journal.pin(hashlib.sha256(b"a release").hexdigest(), b"a release")
        await journal.commit([decision(10), decision(11)])
        assert journal._bytes == 0
    assert [len(batch.records) for _, batch in disk.batches] == [4, 4, 4]
    assert_sound(disk)


async def test_a_refused_commit_is_told_and_never_written() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        journal.post([decision(1)])
        disk.trouble = "no space is left"
        with pytest.raises(LogUnavailable) as refused:
            await journal.commit([intent(1)])
        assert "no space" in refused.value.operator
        assert "space" not in refused.value.message
        assert not journal.healthy
        with pytest.raises(LogUnavailable):
            await journal.commit([intent(1, attempt=2)])
        with pytest.raises(LogUnavailable):
            journal.post([decision(2)])
        disk.trouble = ""
        await until(lambda: journal.healthy)
        await journal.commit([decision(3)])
    assert told(decision(1), decision(3)) == refs(disk)
    assert_sound(disk)


async def test_an_outcome_of_a_refused_intent_is_not_written() -> None:
    disk = MemoryDisk()
    async with opened(disk, may_lag=frozenset({"acme"})) as journal:
        journal.post([decision(1)])
        disk.trouble = "no space is left"
        for attempt in (1, 2):
            with pytest.raises(LogUnavailable):
                await journal.commit([intent(1, attempt=attempt)])
            journal.post([outcome(1, attempt=attempt, status="failed")])
        disk.trouble = ""
        await until(lambda: journal.healthy)
    assert told(decision(1)) == refs(disk)
    assert_sound(disk)


async def test_what_has_left_is_written_down_though_the_log_was_down_meanwhile() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        await journal.commit([decision(1), intent(1)])
        disk.trouble = "no space is left"
        with pytest.raises(LogUnavailable):
            await journal.commit([decision(2)])
        journal.post([outcome(1)])
        disk.trouble = ""
        await until(lambda: disk.next == 3)
    assert told(*journey(1)) == refs(disk)


async def test_tenants_that_may_lag_are_served_from_memory_until_the_disk_is_back() -> None:
    disk = MemoryDisk()
    async with opened(disk, may_lag=frozenset({"acme"})) as journal:
        disk.trouble = "no space is left"
        journal.post([decision(1)])
        await until(lambda: not journal.healthy)
        journal.post([intent(1)])
        with pytest.raises(LogUnavailable):
            journal.post([decision(2, "other")])
        with pytest.raises(LogUnavailable):
            await journal.commit([decision(3)])
        journal.post([outcome(1)])
        disk.trouble = ""
        await until(lambda: disk.next == 3 and journal.healthy)  # the loop hears of it after the disk
    assert told(*journey(1)) == refs(disk)
    assert_sound(disk)


@pytest.mark.parametrize(
    "limits",
    [
        JournalLimits(backlog_records_max=3, retry_ms_min=1),
        JournalLimits(backlog_bytes_max=2_700, retry_ms_min=1),
    ],
)
async def test_the_backlog_is_bounded_in_records_and_in_bytes(limits: JournalLimits) -> None:
    disk = MemoryDisk()
    store = GatedStore(disk)
    async with opened(disk, may_lag=frozenset({"acme"}), limits=limits, store=store) as journal:
        store.gate.clear()
        for number in range(3):
            journal.post([decision(number)])
        with pytest.raises(LogUnavailable, match="cannot keep up"):
            journal.post([decision(3)])
        with pytest.raises(LogUnavailable, match="cannot keep up"):
            await journal.commit([decision(3)])
        with pytest.raises(LogUnavailable, match="cannot keep up"):
            journal.pin(hashlib.sha256(b"x").hexdigest(), b"x")
        store.gate.set()
        await until(lambda: disk.next == 3)
        await asyncio.sleep(0)
        await until(journal._has_room)
        await journal.commit([decision(4)])
    assert journal._bytes == 0


async def test_a_cancelled_commit_may_be_written_and_its_outcome_is() -> None:
    disk = MemoryDisk()
    store = GatedStore(disk)
    async with opened(disk, store=store) as journal:
        store.gate.clear()
        waiting = asyncio.create_task(journal.commit([decision(1), intent(1)]))
        await entered(store)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        journal.post([outcome(1, status="cancelled")])
        store.gate.set()
    assert told(*journey(1)) == refs(disk)
    assert_sound(disk)


async def test_a_cancelled_commit_survives_a_failed_append() -> None:
    disk = MemoryDisk()
    store = GatedStore(disk)
    async with opened(disk, store=store) as journal:
        store.gate.clear()
        waiting = asyncio.create_task(journal.commit([decision(1), intent(1)]))
        other = asyncio.create_task(journal.commit([decision(2), intent(2)]))
        await entered(store)
        waiting.cancel()
        await asyncio.sleep(0)
        disk.trouble = "no space is left"
        store.gate.set()
        with pytest.raises(LogUnavailable):
            await other
        journal.post([outcome(1, status="cancelled")])
        journal.post([outcome(2, status="cancelled")])
        disk.trouble = ""
        await until(lambda: journal.healthy)
    assert told(*journey(1)) == refs(disk)
    assert_sound(disk)


async def test_a_writer_that_breaks_is_told_to_the_operator_and_refuses() -> None:
    disk = MemoryDisk()
    broken = [True]

    def failpoint(place: str) -> None:
        if broken[0]:
            raise ZeroDivisionError(place)

    seen: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append(context["exception"]))
    async with opened(disk, failpoint=failpoint) as journal:
        with pytest.raises(LogUnavailable) as refused:
            await journal.commit([decision(1)])
        assert "ZeroDivisionError" in refused.value.operator
        broken[0] = False
        await until(lambda: journal.healthy)
        await journal.commit([decision(2)])
    assert isinstance(seen[0], ZeroDivisionError)
    assert told(decision(2)) == refs(disk)


async def test_the_failpoints_stand_around_the_commit() -> None:
    disk = MemoryDisk()
    seen: list[tuple[str, int]] = []
    async with opened(disk, failpoint=lambda place: seen.append((place, disk.next))) as journal:
        await journal.commit([decision(1)])
    assert seen == [("log.before_commit", 0), ("log.after_commit", 1)]


async def test_closing_a_log_that_cannot_be_written_says_what_was_lost() -> None:
    disk = MemoryDisk()
    journal = Journal(MemoryLogStore(disk), StoppedClock(), limits=QUICK)
    await journal.open()
    journal.post([decision(1)])
    disk.trouble = "no space is left"
    with pytest.raises(LogUnavailable, match="1 records could not be written"):
        await journal.aclose()
    assert disk.holder == ""
    with pytest.raises(LogUnavailable, match="closed"):
        journal.post([decision(2)])
    with pytest.raises(LogUnavailable, match="closed"):
        await journal.commit([decision(2)])


async def test_a_log_that_another_writes_is_not_opened() -> None:
    disk = MemoryDisk()
    async with opened(disk, store=MemoryLogStore(disk, address="127.0.0.1:8484")):
        with pytest.raises(LogUnavailable, match="8484"):
            await Journal(MemoryLogStore(disk), StoppedClock()).open()


async def test_pinned_content_is_stored_with_the_first_record_after_it() -> None:
    disk = MemoryDisk()
    content = b"a release"
    digest = hashlib.sha256(content).hexdigest()
    async with opened(disk) as journal:
        disk.trouble = "no space is left"
        journal.pin(digest, content)
        journal.pin(digest, content)
        with pytest.raises(LogUnavailable):
            await journal.commit([decision(1)])
        disk.trouble = ""
        await until(lambda: journal.healthy)
        await journal.commit([decision(2)])
        assert disk.blobs == {digest: content}
        with pytest.raises(ValueError, match="not the SHA-256"):
            journal.pin("0" * 64, content)


async def test_a_record_that_is_not_what_it_says_is_refused_and_harms_nobody() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        wrong = Record("acme", "denial", decision(1).ref, 1, decision(1).body)
        with pytest.raises(ValueError, match="cannot hold `DecisionBody`"):
            journal.post([denial(1), wrong])
        with pytest.raises(ValueError, match="surrogates"):
            journal.post([decision(1, subject="\ud800")])
        await journal.commit([decision(2)])
    assert told(decision(2)) == refs(disk)


async def test_a_pseudonym_is_stable_keyed_and_typed() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        ann = journal.pseudonym("acme", "user", "ann")
        expected = hmac.digest(disk.keys["acme"], b"user\0ann", "sha256").hex()[:32]
        assert f"u-{expected}" == ann == journal.pseudonym("acme", "user", "ann")
        group = journal.pseudonym("acme", "group", "ann")
        others = {
            ann,
            group,
            journal.pseudonym("acme", "user", "bob"),
            journal.pseudonym("new", "user", "ann"),
        }
        assert len(others) == 4
        assert group.startswith("g-")
    async with opened(disk) as journal:
        assert ann == journal.pseudonym("acme", "user", "ann")


async def test_attempts_that_a_dead_process_left_open_are_closed_once() -> None:
    disk = MemoryDisk()
    journal = Journal(MemoryLogStore(disk), StoppedClock(), limits=QUICK)
    await journal.open()
    await journal.commit([*journey(1), *journey(2, "other"), decision(3), intent(3, endpoint="in-house")])
    await journal.commit([decision(4), intent(4, "acme"), decision(5)])
    disk.holder = ""  # it died: nobody closed it, and the lock died with it

    second = Journal(MemoryLogStore(disk), StoppedClock(), limits=QUICK)
    assert await second.open() == 2
    await second.aclose()
    third = Journal(MemoryLogStore(disk), StoppedClock(), limits=QUICK)
    assert await third.open() == 0
    await third.aclose()

    report = verify(MemoryLogStore(disk).scan())
    assert (report.findings, report.open_attempts) == ((), ())
    closed = [msgspec.json.decode(s.body, type=OutcomeBody) for _, s in MemoryLogStore(disk).scan(11)]
    assert [intent(3).ref, intent(4).ref] == [body.attempt for body in closed]
    told_of = {(b.status, b.billed, b.failure, b.tokens_estimated, b.tokens_in, b.currency) for b in closed}
    assert {("unknown", "maybe", "process_died", True, 320, "USD")} == told_of
    assert [body.cost_nanos for body in closed] == [4_001, 4_000]
    with pytest.raises(LogUnavailable):
        await journal.commit([outcome(3)])  # the one who was believed dead is fenced
    assert disk.low_water == disk.next


async def test_the_low_water_mark_follows_the_oldest_open_attempt_back_to_its_decision() -> None:
    disk = MemoryDisk()
    async with opened(disk) as journal:
        marks = []
        for records in (
            journey(1),
            [decision(2)],
            [decision(3), intent(3)],
            [intent(2), *journey(4)],
            [outcome(2, status="failed"), outcome(3)],
            [intent(2, attempt=2)],
            [outcome(2, attempt=2)],
        ):
            await journal.commit(records)
            marks.append(disk.low_water)
        assert marks == [3, 4, 4, 3, 12, 3, 14]
