"""Whatever is asked of them in whatever order, the SQLite store does as its model in memory does."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from signalbox.adapters.stores.sqlite.lease import LOCK_FILE
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.domain.errors import LogUnavailable
from signalbox.ports.log import Batch, Head, LogStore, StoredRecord
from signalbox.testing.memory_log_store import MemoryDisk, MemoryLogStore

WORDS = st.sampled_from(["ref-1", "ref-2", "ref-3"])
HANDLES = st.integers(0, 1)
MINUTE = 60_000_000


class BothStores(RuleBasedStateMachine):
    """Two handles on each of two places; what one store answers or refuses, so does the other."""

    @initialize()
    def begin(self) -> None:
        self.data_dir = Path(tempfile.mkdtemp(prefix="signalbox-test-"))
        self.disk = MemoryDisk()
        self.sqlite = [SqliteLogStore(self.data_dir) for _ in range(2)]
        self.memory = [MemoryLogStore(self.disk) for _ in range(2)]
        self.holds = [False, False]

    def teardown(self) -> None:
        for store in self.sqlite:
            store.release()
        shutil.rmtree(self.data_dir)

    def same(self, who: int, ask: Callable[[LogStore], Any]) -> Any:
        answers = []
        for store in (self.memory[who], self.sqlite[who]):
            try:
                answers.append(ask(store))
            except LogUnavailable:
                answers.append(LogUnavailable)
        assert answers[0] == answers[1]
        return answers[0]

    @rule(who=HANDLES)
    def acquire(self, who: int) -> None:
        if not self.holds[who]:
            self.holds[who] = self.same(who, lambda store: store.acquire()) is not LogUnavailable

    @rule(who=HANDLES)
    def release(self, who: int) -> None:
        self.same(who, lambda store: store.release())
        self.holds[who] = False

    @rule(who=HANDLES)
    def steal(self, who: int) -> None:
        if not self.holds[who]:
            (self.data_dir / LOCK_FILE).unlink(missing_ok=True)
            self.disk.holder = ""
            self.same(who, lambda store: store.acquire())
            self.holds[who] = True

    @rule(
        who=HANDLES,
        words=st.lists(WORDS, max_size=3),
        off=st.sampled_from([0, 0, 0, 0, -1, 1]),
        minutes=st.integers(0, 9),
        spread=st.integers(0, 3),
        low_water=st.integers(0, 50),
        digest=st.sampled_from(["a", "b", ""]),
    )
    def append(
        self, who: int, words: list[str], off: int, minutes: int, spread: int, low_water: int, digest: str
    ) -> None:
        first = self.disk.next + off
        records = tuple(StoredRecord(b"leaf", b"\x00salt\xff", word.encode()) for word in words)
        heads = tuple(Head(word, first, f"{first:064x}") for word in sorted(set(words)))
        blobs = ((digest, f"content {first}".encode()),) if digest else ()
        times = (minutes * MINUTE, (minutes + spread) * MINUTE)
        batch = Batch(first, records, heads, blobs, low_water, *times)
        self.same(who, lambda store: store.append(batch))

    @rule(ref=WORDS, minutes=st.integers(0, 12), first=st.integers(0, 30))
    def read(self, ref: str, minutes: int, first: int) -> None:
        for who in (0, 1):
            if self.holds[who]:
                self.same(who, lambda store: list(store.find(ref, minutes * MINUTE)))
                self.same(who, lambda store: list(store.scan(first)))
                self.same(who, lambda store: (store.blob("a"), store.blob("b"), store.blob("c")))

    @invariant()
    def they_stand_alike(self) -> None:
        for who in (0, 1):
            if self.holds[who]:
                self.same(who, lambda store: (store.heads(), store.next_number(), store.low_water()))


BothStores.TestCase.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)
TestBothStores = BothStores.TestCase
