"""The decision log's writer: from the event loop to the disk, a group commit at a time.

The event loop encodes and queues; one writer thread numbers, hashes and appends, and wakes everyone who
waits with a single call back into the loop. While an append runs, the next batch gathers.

What becomes of records when the disk refuses:

- posted records are kept, in order and bounded, and tried again with back-off until they are written;
- records of a `commit` that was told `LogUnavailable` are dropped, because their caller sends nothing;
  an outcome handed in later for such an attempt is dropped too, so that no outcome lacks its intent
  (should a refused intent be found on disk after all, after a crash, the sweep closes it as unknown);
- while the log is unhealthy an outcome is still taken if there is room: what has left is written down;
- an append in doubt (`LogInDoubt`) is settled before the next: if it was taken after all, the log goes on
  behind it, and an intent in it that was refused is closed as never sent.

It does not decide what is owed a durable write (dispatch does) nor how bytes are kept (a store does).
"""

import asyncio
import hashlib
import os
from collections.abc import Callable, Container, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from msgspec import Struct

from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import BODIES, Record
from signalbox.ports.clock import Clock
from signalbox.ports.erasure import ErasableStore
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.log import LogInDoubt, LogStore
from signalbox.record.leaf import body_bytes
from signalbox.record.notary import Notary
from signalbox.record.pseudonym import pseudonym
from signalbox.record.sequencer import Draft, Entry, Sequencer
from signalbox.record.sweep import closing, never_left, open_attempts
from signalbox.record.tree import resumed

_REMEMBERED_MAX: Final = 16_384


class JournalLimits(Struct, frozen=True, kw_only=True):
    """`window_ms` is how long a posted record may wait for company; a commit waits for nobody but the
    append before it. The backlog bounds what is held in memory, whether the disk is slow or refuses."""

    window_ms: int = 20
    batch_records_max: int = 1_024
    backlog_records_max: int = 100_000
    backlog_bytes_max: int = 64 * 1024 * 1024
    retry_ms_min: int = 50
    retry_ms_max: int = 5_000


DEFAULT_LIMITS: Final = JournalLimits()


class _Waiter(Struct, frozen=True):
    """A commit in waiting: its records are number `start` to `end` (exclusive) of all handed in."""

    start: int
    end: int
    done: asyncio.Future[None]


class _Batch(Struct, frozen=True):
    entries: list[Entry]
    blobs: list[tuple[str, bytes]]
    certify: bool = False  # with a checkpoint of the log after it


class Journal:
    """Implements `ports.log.DecisionLog` over a `LogStore`. One event loop; not thread-safe.

    `may_lag` holds the tenants whose records may wait in memory while the log cannot be written.
    `notary` signs checkpoints; without one there are none.
    `randomness(n)` returns n bytes fit for salts. `failpoint` is called in the writer thread.
    """

    def __init__(
        self,
        store: LogStore,
        clock: Clock,
        *,
        may_lag: Container[str] = frozenset(),
        notary: Notary | None = None,
        randomness: Callable[[int], bytes] = os.urandom,
        failpoint: Failpoint = passing,
        limits: JournalLimits = DEFAULT_LIMITS,
    ) -> None:
        self._store = store
        self._clock = clock
        self._may_lag = may_lag
        self._notary = notary
        self._randomness = randomness
        self._failpoint = failpoint
        self._limits = limits
        self._records_max = limits.backlog_records_max
        self._bytes_max = limits.backlog_bytes_max
        # The store is only ever called from this thread.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signalbox-log")
        self._loop: asyncio.AbstractEventLoop
        self._sequencer: Sequencer
        # The writer thread's own: an append in doubt; what is in the log although the loop still holds it;
        # and outcomes of intents that are there although they were refused.
        self._doubted: tuple[list[Entry], Draft] | None = None
        self._there: list[Entry] = []
        self._owed: list[Entry] = []

        self._pending: list[Entry] = []
        self._blobs: list[tuple[str, bytes]] = []
        self._waiters: list[_Waiter] = []
        self._flying: _Batch | None = None
        self._settled = 0  # records written or dropped, of all handed in
        self._bytes = 0  # of bodies and blobs pending or flying

        self._guarded = True  # post and commit have to ask first: not open, closed, or unhealthy
        self._closed = True
        self._healthy = True
        self._trouble = ""  # the operator's words for why it is not healthy
        self._retry_ms = limits.retry_ms_min
        self._armed = False  # a flush is due within the window
        self._hurried = False  # a flush is due at the end of this turn of the loop
        self._overdue = False  # the window ended while an append was under way
        self._certifying = False  # a checkpoint is due within the notary's cadence
        self._certify_due = False  # with the next append

        self._pinned: dict[str, None] = {}
        self._refused: dict[str, None] = {}  # attempts whose intent was refused
        self._keys: dict[str, bytes] = {}
        self._names: dict[tuple[str, str, str], str] = {}

    # -- opening and closing

    async def open(self, tenants: Iterable[str] = ()) -> int:
        """Take the lease, close what a dead process left open; return how many attempts that were.

        Pseudonym keys of `tenants` are loaded, so that none is fetched while requests wait.
        Raises `LogUnavailable` if another process writes this log or it cannot be read or written.
        """
        self._loop = asyncio.get_running_loop()
        swept = await self._loop.run_in_executor(self._thread, self._open_store, tuple(tenants))
        self._closed = self._guarded = False
        return swept

    async def aclose(self) -> None:
        """Write what is pending and give back the lease. Raises `LogUnavailable` if records were lost."""
        if self._closed:
            return
        self._closed = self._guarded = True
        await self._drain()
        if self._uncertified and not self._pending:
            self._certify_due = True
            await self._drain()
        lost = len(self._pending)
        await self._loop.run_in_executor(self._thread, self._store.release)
        self._thread.shutdown(wait=False)
        if lost:
            raise LogUnavailable(
                f"{lost} records could not be written before the log was closed", operator=self._trouble
            )

    async def _drain(self) -> None:
        """Write what is pending; returns early if it cannot be written."""
        while self._pending or self._flying or self._certify_due:
            end = self._settled + self._handed_in
            waiter = _Waiter(end, end, self._loop.create_future())  # no records of its own to drop
            self._waiters.append(waiter)
            self._flush()
            try:
                await waiter.done
            except LogUnavailable:
                return

    def _open_store(self, tenants: Sequence[str]) -> int:
        """In the writer thread."""
        store = self._store
        store.acquire()
        try:
            edge = resumed(store)
            self._sequencer = Sequencer(store.heads(), edge, self._randomness)
            left_open = open_attempts(store.scan(store.low_water()))
            records = closing(left_open, self._clock.now_us())
            if self._notary is not None:
                # INVARIANT: a record of a new key is the last one under the checkpoint that both keys sign.
                records += self._notary.open(store, edge, self._clock.now_us())
            if records or self._uncertified:
                entries = [(record, body_bytes(record.body)) for record in records]
                self._write(_Batch(entries, [], certify=self._notary is not None))
            self._keys = {tenant: store.tenant_key(tenant) for tenant in tenants}
        except ValueError as error:
            store.release()
            raise LogUnavailable("the decision log cannot be read", operator=str(error)) from error
        except LogUnavailable:
            store.release()
            raise
        return len(left_open)

    # -- ports.log.DecisionLog

    @property
    def healthy(self) -> bool:
        return self._healthy

    def post(self, records: Sequence[Record]) -> None:
        if self._refused:
            records = self._without_refused(records)
        if self._guarded and not self._may_wait(records):
            raise self._refusal(records)
        self._take(records)
        if not self._armed:
            self._armed = True
            self._loop.call_later(self._limits.window_ms / 1000, self._window_ended)

    async def commit(self, records: Sequence[Record]) -> None:
        if self._refused:
            records = self._without_refused(records)
        if self._guarded:
            raise self._refusal(records)
        start = self._settled + self._handed_in
        self._take(records)
        end = self._settled + self._handed_in
        if end == self._settled:
            return
        waiter = _Waiter(start, end, self._loop.create_future())
        self._waiters.append(waiter)
        if self._flying is None and not self._hurried:
            self._hurried = True
            self._loop.call_soon(self._turn_ended)
        await waiter.done

    def pin(self, digest: str, content: bytes) -> None:
        """Raises `ValueError` unless `digest` is the content's SHA-256, `LogUnavailable` without room."""
        if digest in self._pinned:
            return
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"`{digest}` is not the SHA-256 of the content that was to be pinned")
        if not self._has_room():
            raise self._refusal(())
        if len(self._pinned) >= _REMEMBERED_MAX:
            self._pinned.clear()  # pinning again is harmless: a store keeps the first
        self._pinned[digest] = None
        self._blobs.append((digest, content))
        self._bytes += len(content)

    def pseudonym(self, tenant: str, kind: str, name: str) -> str:
        """See `record.pseudonym`. The first name of a tenant unknown to `open` waits for the writer."""
        asked = (tenant, kind, name)
        known = self._names.get(asked)
        if known is not None:
            return known
        key = self._keys.get(tenant)
        if key is None:
            key = self._keys[tenant] = self._thread.submit(self._store.tenant_key, tenant).result()
        if len(self._names) >= _REMEMBERED_MAX:
            self._names.clear()
        made = self._names[asked] = pseudonym(key, kind, name)
        return made

    async def erase(self, numbers: Sequence[int]) -> None:
        """Implements `ports.erasure.ErasableLog`."""
        store = self._store
        if self._closed:
            raise LogUnavailable("the decision log is closed")
        if not isinstance(store, ErasableStore):
            raise LogUnavailable("the store of the decision log cannot empty records")
        await self._loop.run_in_executor(self._thread, store.erase, tuple(numbers))

    # -- taking records in

    @property
    def _handed_in(self) -> int:
        """Records pending or flying."""
        return len(self._pending) + (len(self._flying.entries) if self._flying else 0)

    def _take(self, records: Sequence[Record]) -> None:
        """All of them or none. Raises `ValueError` for a body of another kind than its record's, or one that
        cannot be written."""
        if not self._has_room():
            raise self._refusal(records)
        taken: list[Entry] = []
        size = 0
        for record in records:
            body = record.body
            if not isinstance(body, BODIES.get(record.kind, ())):
                raise ValueError(f"a record of kind `{record.kind}` cannot hold `{type(body).__name__}`")
            written = body_bytes(body)
            size += len(written)
            taken.append((record, written))
        self._bytes += size
        self._pending += taken

    def _has_room(self) -> bool:
        return len(self._pending) < self._records_max and self._bytes < self._bytes_max

    def _may_wait(self, records: Sequence[Record]) -> bool:
        """Whether records are taken although they cannot be written now."""
        if self._closed:
            return False
        return all(record.kind == "outcome" or record.tenant in self._may_lag for record in records)

    def _refusal(self, records: Sequence[Record]) -> LogUnavailable:
        self._forswear(records)
        if self._closed:
            return LogUnavailable("the decision log is closed")
        if self._healthy:
            return LogUnavailable(
                "the decision log cannot keep up", operator=f"{self._bytes} bytes are pending"
            )
        return LogUnavailable("the decision log cannot be written", operator=self._trouble)

    def _forswear(self, records: Iterable[Record]) -> None:
        """Remember attempts whose intent will not be written: neither may their outcome be."""
        for record in records:
            if record.kind == "intent":
                self._refused[record.ref] = None
        while len(self._refused) > _REMEMBERED_MAX:
            del self._refused[next(iter(self._refused))]

    def _without_refused(self, records: Sequence[Record]) -> Sequence[Record]:
        kept = [record for record in records if record.kind != "outcome" or record.ref not in self._refused]
        for record in records:
            if record.kind == "outcome":
                self._refused.pop(record.ref, None)
        return kept

    # -- flushing

    def _window_ended(self) -> None:
        self._armed = False
        self._overdue = self._flying is not None
        if self._healthy:
            self._flush()

    def _turn_ended(self) -> None:
        self._hurried = False
        if self._healthy:
            self._flush()

    def _retry(self) -> None:
        if not self._closed:
            self._flush(probe=True)

    def _certify(self) -> None:
        self._certifying, self._certify_due = False, True
        if self._healthy and not self._closed:
            self._flush()

    @property
    def _uncertified(self) -> bool:
        return self._notary is not None and self._notary.covered < self._sequencer.size

    def _flush(self, *, probe: bool = False) -> None:
        """Start an append unless one is under way. A probe is an empty one: it asks whether writing works."""
        if self._flying is not None or not (self._pending or probe or self._certify_due):
            return
        most = self._limits.batch_records_max
        batch = _Batch(self._pending[:most], self._blobs, self._certify_due)
        self._certify_due = False
        self._pending, self._blobs, self._flying = self._pending[most:], [], batch
        self._thread.submit(self._write, batch).add_done_callback(self._wrote)

    def _write(self, batch: _Batch) -> None:
        """In the writer thread."""
        if self._doubted is not None:
            self._settle_doubt(batch.entries)
        entries = batch.entries
        if self._there:
            there = {id(entry) for entry in self._there}
            entries = self._owed + [entry for entry in entries if id(entry) not in there]
        notary = self._notary if batch.certify else None
        draft = self._sequencer.draft(entries, batch.blobs, notary.certify if notary else None)
        self._failpoint("log.before_commit")
        try:
            self._store.append(draft.batch)
        except LogInDoubt:
            self._doubted = (entries, draft)
            raise
        self._took(draft)
        self._there, self._owed = [], []
        self._failpoint("log.after_commit")

    def _took(self, draft: Draft) -> None:
        """In the writer thread: the log now stands behind this draft."""
        self._sequencer.adopt(draft)
        if self._notary and draft.batch.checkpoint:
            self._notary.published(draft.edge.size, draft.batch.checkpoint)

    def _settle_doubt(self, entries: list[Entry]) -> None:
        """In the writer thread: find out what became of the append in doubt. `entries` are those that the
        loop wants written now: what it kept of those in doubt comes first. Raises `LogUnavailable` while
        nobody can tell."""
        assert self._doubted is not None  # noqa: S101 - the caller looked
        doubted, draft = self._doubted
        taken = self._store.next_number() == draft.edge.size
        self._doubted = None
        if not taken or not doubted:
            return
        self._took(draft)
        kept = {id(entry) for entry in entries}
        refused = [entry[0] for entry in doubted if entry[0].kind == "intent" and id(entry) not in kept]
        closing_now = never_left(refused, self._clock.now_us())
        self._owed = [(record, body_bytes(record.body)) for record in closing_now]
        self._there += doubted

    def _wrote(self, result: "Future[None]") -> None:
        """In the writer thread; the one call into the loop that a batch makes."""
        with suppress(RuntimeError):  # the loop has been closed without `aclose`: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: "Future[None]") -> None:
        batch, self._flying = self._flying, None
        assert batch is not None  # noqa: S101 -- only a flying batch is settled
        error = result.exception()
        if error is not None:
            self._fail(batch, error)
            return
        self._settled += len(batch.entries)
        self._bytes -= _size(batch)
        self._healthy, self._guarded = True, self._closed
        self._retry_ms = self._limits.retry_ms_min
        self._wake()
        if self._notary is not None and not self._certifying and self._uncertified:
            self._certifying = True
            self._loop.call_later(self._notary.cadence_ms / 1000, self._certify)
        if (
            self._waiters
            or self._overdue
            or self._certify_due
            or len(self._pending) >= self._limits.batch_records_max
        ):
            self._overdue = False
            self._flush()
        elif self._pending and not self._armed:
            self._armed = True
            self._loop.call_later(self._limits.window_ms / 1000, self._window_ended)

    def _wake(self) -> None:
        waiting = []
        for waiter in self._waiters:
            if waiter.end > self._settled:
                waiting.append(waiter)
            elif not waiter.done.done():
                waiter.done.set_result(None)
        self._waiters = waiting

    def _fail(self, batch: _Batch, error: BaseException) -> None:
        """Keep what was posted, drop what was to be committed and is refused, tell those who wait."""
        if not isinstance(error, LogUnavailable):
            self._loop.call_exception_handler(
                {"message": "the decision log's writer failed", "exception": error}
            )
        self._healthy, self._guarded = False, True
        self._trouble = error.operator if isinstance(error, LogUnavailable) else repr(error)
        entries = batch.entries + self._pending
        self._bytes -= sum(len(body) for _, body in entries)
        for waiter in reversed(self._waiters):
            if waiter.done.done():  # its caller was cancelled, not refused: the records stay
                continue
            dropped = slice(max(waiter.start - self._settled, 0), waiter.end - self._settled)
            waiter.done.set_exception(self._refusal([record for record, _ in entries[dropped]]))
            del entries[dropped]
        self._waiters = []
        self._pending = entries
        self._blobs = batch.blobs + self._blobs
        self._bytes += sum(len(body) for _, body in entries)
        self._loop.call_later(self._retry_ms / 1000, self._retry)
        self._retry_ms = min(self._retry_ms * 2, self._limits.retry_ms_max)


def _size(batch: _Batch) -> int:
    return sum(len(body) for _, body in batch.entries) + sum(len(content) for _, content in batch.blobs)
