"""A subject erased: one order, then steps that may each be repeated, then the word that it is done.

    1  the order is in the history of acts, unless a legal hold forbids it       from here on it will be done
    2  the subject's data key is destroyed, on disk                              its content says nothing now
    3  its ciphertext is deleted, some at a time
    4  its answers are forgotten by the cache
    5  salts and bodies of its decisions, denials and hits are emptied in the log   leaves still verify
    6  `subject.erased` is in the history

INVARIANT: whoever dies in between leaves an erasure that is under way, and `resume` goes through all steps
again: there is no point from which it does not end in the same state. What was decided after the order stays.

The name of the user is known in `erase` alone and is not written down, so that a cache which cannot be asked
by pseudonym forgets all of the tenant's answers when an erasure is resumed.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from signalbox.domain.acts import Act, Proposal
from signalbox.domain.errors import LogUnavailable, NotFound
from signalbox.domain.records import DecisionBody, DenialBody, HitBody
from signalbox.governance import holds as rules
from signalbox.governance.holds import Erasure, Holds
from signalbox.histories import StoreThread
from signalbox.keeping.data_keys import DataKeys
from signalbox.ports.erasure import ErasableLog
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.log import DecisionLog, StoredRecord
from signalbox.ports.payloads import PayloadStore
from signalbox.record.leaf import read_leaf

SWEEP: Final = "signalbox"
"""Who finishes an erasure: the process itself."""
_PAGE: Final = 200
_ABOUT: Final[dict[str, type[DecisionBody | DenialBody | HitBody]]] = {
    "decision": DecisionBody,
    "denial": DenialBody,
    "hit": HitBody,
}
_decoders: Final = {kind: msgspec.json.Decoder(body) for kind, body in _ABOUT.items()}

Records = Callable[[], Iterator[tuple[int, StoredRecord]]]
Mentioning = Callable[[str], Iterator[tuple[int, StoredRecord]]]
"""Records of the log whose bytes mention a text; opens a reader of its own, and closes it. Blocks."""


class Acting(Protocol):
    async def act(self, by: str, propose: Callable[[], Sequence[Proposal]]) -> tuple[Act, ...]: ...


class Forgetful(Protocol):
    """The stage that keeps answers."""

    async def erase(self, tenant: str, subject: str = "") -> int:
        """Forget a user's answers, or all of a tenant's; how many. Raises `CacheUnavailable`."""


class Erased(Struct, frozen=True, kw_only=True):
    """What became of it. `done`: all steps are through; else it goes on by itself, and `left` says what is
    still to do. `cached` answers were forgotten."""

    subject: str
    order: int
    done: bool
    keys: int
    payloads: int
    records: int
    cached: int
    left: str = ""


class Eraser:
    """`log` empties records; None where another process writes the log, which then finishes what is begun
    here. `failpoint` is called between the steps."""

    def __init__(
        self,
        board: Acting,
        holds: Holds,
        store: PayloadStore,
        thread: StoreThread,
        keys: DataKeys,
        cache: Forgetful,
        names: DecisionLog,
        *,
        log: ErasableLog | None,
        mentioning: Mentioning,
        all_records: Records,
        failpoint: Failpoint = passing,
    ) -> None:
        self._board = board
        self._holds = holds
        self._store = store
        self._thread = thread
        self._keys = keys
        self._cache = cache
        self._names = names
        self._log = log
        self._mentioning = mentioning
        self._all_records = all_records
        self._failpoint = failpoint
        self._working = asyncio.Lock()

    def subject_of(self, tenant: str, user: str) -> str:
        """The pseudonym under which the log, the store and the history know a user."""
        return self._names.pseudonym(tenant, "user", user)

    async def erase(self, tenant: str, user: str, *, by: str, reason: str) -> Erased:
        """Raises `Held` where a legal hold forbids it, `MalformedRequest` without a reason, and whatever
        keeps a step from being done: what has been ordered goes on by itself then."""
        subject = self.subject_of(tenant, user)
        kept = await self._thread.run(partial(self._store.key, tenant, subject))
        key = kept.id if kept is not None else ""
        await self._board.act(by, lambda: rules.order_erasure(self._holds, tenant, subject, reason, key=key))
        self._failpoint("erase.ordered")
        async with self._working:
            erasure = self._holds.erasure(tenant, subject)
            if erasure is None:
                raise NotFound("the erasure was finished by another process meanwhile")
            return await self._carry_out(erasure, user)

    async def resume(self) -> int:
        """Go on with what is under way; how many were finished. Raises what keeps one from it."""
        finished = 0
        async with self._working:
            for erasure in tuple(self._holds.under_way.values()):
                finished += (await self._carry_out(erasure, "")).done
        return finished

    async def _carry_out(self, erasure: Erasure, user: str) -> Erased:
        tenant, subject = erasure.tenant, erasure.subject
        keys = await self._thread.run(partial(self._store.destroy_keys, tenant, subject, erasure.time_us))
        self._keys.forget(tenant, subject)
        self._failpoint("erase.key_destroyed")
        payloads = 0
        delete = partial(self._store.delete_unreadable, tenant, subject, _PAGE)
        while deleted := await self._thread.run(delete):
            payloads += deleted
            self._failpoint("erase.deleting")
        cached = await self._cache.erase(tenant, user)
        self._failpoint("erase.forgotten")
        if self._log is None:
            left = "the process that writes the log has yet to empty its records of this subject"
            return Erased(
                subject=subject,
                order=erasure.order,
                done=False,
                keys=keys,
                payloads=payloads,
                records=0,
                cached=cached,
                left=left,
            )
        records = await self._empty_records(self._log, erasure)
        self._failpoint("erase.emptied")
        await self._board.act(
            SWEEP,
            lambda: rules.erasure_done(self._holds, erasure, payloads=payloads, records=records),
        )
        return Erased(
            subject=subject,
            order=erasure.order,
            done=True,
            keys=keys,
            payloads=payloads,
            records=records,
            cached=cached,
        )

    async def _empty_records(self, log: ErasableLog, erasure: Erasure) -> int:
        """How many were emptied now."""
        numbers = await asyncio.to_thread(self._numbers_of, erasure)
        await self._empty(log, numbers)
        return len(numbers)

    async def catch_up(self) -> int:
        """Empty what this log has of subjects that any node has erased; how many. Where nodes write logs of
        their own, the one that finishes an erasure has emptied only its own."""
        if self._log is None or not self._holds.ordered:
            return 0
        numbers = await asyncio.to_thread(self._numbers_of_all)
        await self._empty(self._log, numbers)
        return len(numbers)

    async def _empty(self, log: ErasableLog, numbers: Sequence[int]) -> None:
        for start in range(0, len(numbers), _PAGE):
            await log.erase(numbers[start : start + _PAGE])
            self._failpoint("erase.emptying")
        if not numbers:
            await log.erase(())  # what an earlier pass emptied may still stand in the store's journal

    def _numbers_of(self, erasure: Erasure) -> list[int]:
        """Records about the subject that were made up to the order. Blocks; raises `LogUnavailable`."""
        return [
            number
            for number, stored in self._mentioning(erasure.subject)
            if stored.body and _is_about(stored, erasure)
        ]

    def _numbers_of_all(self) -> list[int]:
        """The same of every subject that was ever erased, in one reading."""
        ordered = dict(self._holds.ordered)
        return [
            number for number, stored in self._all_records() if stored.body and _erased_by(stored, ordered)
        ]


def _is_about(stored: StoredRecord, erasure: Erasure) -> bool:
    return _erased_by(stored, {(erasure.tenant, erasure.subject): erasure})


def _erased_by(stored: StoredRecord, ordered: Mapping[tuple[str, str], Erasure]) -> bool:
    """Whether it is about a subject that was erased after it. Raises `LogUnavailable`."""
    try:
        leaf = read_leaf(stored.leaf)
        decoder = _decoders.get(leaf.kind)
        if decoder is None:
            return False
        body = decoder.decode(stored.body)
    except ValueError as error:
        raise LogUnavailable("a record of the decision log cannot be read", operator=str(error)) from error
    erasure = ordered.get((leaf.tenant, body.subject))
    return erasure is not None and body.clock_us <= erasure.time_us
