"""Whatever becomes of an append of which nobody knows, every record that was taken is in the log once, every
intent in it has one outcome, and the log is sound."""

import asyncio
from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import Record
from signalbox.ports.log import Batch, LogInDoubt
from signalbox.record.journal import Journal, JournalLimits
from signalbox.record.leaf import read_leaf
from signalbox.record.verify import verify
from signalbox.testing.memory_log_store import MemoryDisk, MemoryLogStore
from signalbox.testing.records import BEGAN_US, decision, denial, intent, outcome

QUICK = JournalLimits(window_ms=1, retry_ms_min=1, retry_ms_max=1, batch_records_max=3)
FATES = ["taken", "taken", "in doubt, taken", "in doubt, lost", "refused"]


class Clock:
    def now_us(self) -> int:
        return BEGAN_US + 10_000

    def monotonic_us(self) -> int:
        return 0


class DoubtfulStore(MemoryLogStore):
    """Each append meets the next fate of `fates`, and is taken once there are none left. After a doubt the
    store cannot be asked for `silent` calls."""

    def __init__(self, disk: MemoryDisk, fates: list[str], silent: int) -> None:
        super().__init__(disk)
        self.fates = fates
        self.silent = silent
        self.away = 0

    def append(self, batch: Batch) -> None:
        assert not self.away, "nothing is appended while a doubt is not settled"
        fate = self.fates.pop(0) if self.fates else "taken"
        if fate == "refused":
            raise LogUnavailable("refused")
        if fate != "in doubt, lost":
            super().append(batch)
        if fate != "taken":
            self.away = self.silent
            raise LogInDoubt("lost sight of it")

    def next_number(self) -> int:
        if self.away:
            self.away -= 1
            raise LogUnavailable("not there yet")
        return super().next_number()


@given(
    st.lists(st.sampled_from(FATES), max_size=12),
    st.integers(0, 2),
    st.lists(st.sampled_from(["post", "commit", "pause"]), min_size=1, max_size=14),
)
def test_an_append_in_doubt_is_settled_once(fates: list[str], silent: int, calls: list[str]) -> None:
    asyncio.run(play(fates, silent, calls))


async def play(fates: list[str], silent: int, calls: list[str]) -> None:
    disk = MemoryDisk()
    store = DoubtfulStore(disk, fates, silent)
    journal = Journal(store, Clock(), may_lag=frozenset(["acme"]), limits=QUICK)
    await journal.open(["acme"])
    taken: list[str] = []
    refused: list[str] = []
    sends: list[asyncio.Task[None]] = []

    async def send(number: int, *, durable: bool) -> None:
        """As dispatch does: nothing is sent, and no outcome told, where the intent was refused."""
        announced = intent(number)
        journal.post([decision(number)])
        try:
            if durable:
                await journal.commit([announced])
            else:
                journal.post([announced])
        except LogUnavailable:
            refused.append(announced.ref)
            return
        taken.append(announced.ref)
        await asyncio.sleep(0)
        journal.post([outcome(number)])

    for number, call in enumerate(calls):
        if call == "pause":
            await asyncio.sleep(0.003)
        else:
            sends.append(asyncio.create_task(send(number, durable=call == "commit")))
            await asyncio.sleep(0)
    await asyncio.gather(*sends)
    more = count(1_000)
    async with asyncio.timeout(10):
        while not await written(journal, denial(next(more))) or store.fates:
            await asyncio.sleep(0.002)
    await journal.aclose()

    report = verify(MemoryLogStore(disk).scan())
    assert report.sound, report.findings
    assert not report.open_attempts
    seen = Counter(
        (leaf.kind, leaf.ref)
        for leaf in (read_leaf(stored.leaf) for _, stored in MemoryLogStore(disk).scan())
    )
    assert set(seen.values()) <= {1}
    for ref in taken:
        assert seen["intent", ref] == seen["outcome", ref] == 1
    for ref in refused:
        assert seen["intent", ref] == seen["outcome", ref]


async def written(journal: Journal, record: Record) -> bool:
    try:
        await journal.commit([record])
    except LogUnavailable:
        return False
    return True
