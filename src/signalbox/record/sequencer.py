"""From records in the order they were handed in to the batch of one group commit.

Numbers, hashes and the sweep's low-water mark are drafted from what was last committed and adopted only
when the store has taken the batch: a failed append leaves no gap and no number used twice.

It does not write, wait or retry: `journal` does.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Final

from msgspec import Struct

from signalbox.domain.records import DecisionBody, IntentBody, OutcomeBody, Record
from signalbox.ports.log import Batch, Head, StoredRecord
from signalbox.record.leaf import GENESIS, SALT_BYTES, seal
from signalbox.tlog.edge import Edge

Entry = tuple[Record, bytes]
"""A record with its canonical body."""

DECISIONS_MAX: Final = 8_192


class Draft(Struct, frozen=True):
    """A batch, and how the tree and the attempts owed an outcome stand once the store has taken it."""

    batch: Batch
    edge: Edge
    heads: dict[str, tuple[int, str]]
    opened: dict[str, int]
    closed: set[str]


class Sequencer:
    """Where the log stands: the next number, the heads, the tree, and the attempts whose outcome is owed.

    Used by the writer thread alone. `randomness(n)` returns n bytes that are fit for salts.
    """

    __slots__ = ("_decisions", "_edge", "_heads", "_open", "_randomness")

    def __init__(self, heads: Iterable[Head], edge: Edge, randomness: Callable[[int], bytes]) -> None:
        self._heads = {head.tenant: (head.count, head.leaf_hash) for head in heads}
        self._edge = edge  # its size is the next number
        self._randomness = randomness
        self._open: dict[str, int] = {}  # attempt → the oldest record that the sweep would read for it
        self._decisions: dict[str, int] = {}  # decision → its number, while attempts may still follow

    @property
    def size(self) -> int:
        """How many records the log has."""
        return self._edge.size

    def draft(
        self,
        entries: Sequence[Entry],
        blobs: Sequence[tuple[str, bytes]],
        certify: Callable[[Edge], str] | None = None,
    ) -> Draft:
        """The batch that continues the log with `entries`. Changes nothing that a later draft rests on.
        `certify` makes the checkpoint of the tree as it then stands."""
        first = number = self._edge.size
        heads: dict[str, tuple[int, str]] = {}
        opened: dict[str, int] = {}
        closed: set[str] = set()
        stored: list[StoredRecord] = []
        hashes: list[str] = []
        salts = self._randomness(SALT_BYTES * len(entries))
        at = 0
        tenant, seq, prev = "", 0, ""  # the head that is being moved; it is put by when the tenant changes
        for record, body in entries:
            if record.tenant != tenant or not prev:
                if prev:
                    heads[tenant] = (seq, prev)
                tenant = record.tenant
                seq, prev = heads.get(tenant) or self._heads.get(tenant, (0, GENESIS))
            kept, prev = seal(record, body, salts[at : at + SALT_BYTES], seq, prev)
            stored.append(kept)
            hashes.append(prev)
            self._follow(record, number, opened, closed)
            at += SALT_BYTES
            seq += 1
            number += 1
        if prev:
            heads[tenant] = (seq, prev)
        edge, tiles = self._edge.extended(bytes.fromhex("".join(hashes)))
        times = [record.time_us for record, _ in entries] or [0]
        batch = Batch(
            first,
            tuple(stored),
            tuple(Head(tenant, count, leaf_hash) for tenant, (count, leaf_hash) in heads.items()),
            tuple(blobs),
            self._low_water(number, opened, closed),
            min(times),
            max(times),
            tiles,
            certify(edge) if certify else "",
        )
        return Draft(batch, edge, heads, opened, closed)

    def adopt(self, draft: Draft) -> None:
        """The store has taken the draft's batch: the log now stands behind it."""
        self._edge = draft.edge
        self._heads.update(draft.heads)
        self._open.update(draft.opened)
        for attempt in draft.closed:
            self._open.pop(attempt, None)
        if len(self._decisions) > DECISIONS_MAX:  # denied, or never sent: no outcome will name them
            for decision in list(islice(self._decisions, DECISIONS_MAX // 2)):
                del self._decisions[decision]

    def _follow(self, record: Record, number: int, opened: dict[str, int], closed: set[str]) -> None:
        """Note which attempts are owed an outcome. What `_decisions` holds is a hint: a draft that is
        not adopted may leave a number in it that is too low or too high by a batch, never a wrong record."""
        body = record.body
        if type(body) is DecisionBody:
            self._decisions[record.ref] = number
        elif type(body) is IntentBody:
            decided = self._decisions.get(body.decision, number)
            opened[record.ref] = decided if decided < number else number
        elif type(body) is OutcomeBody:
            closed.add(record.ref)
            if body.status == "ok":
                self._decisions.pop(body.decision, None)

    def _low_water(self, end: int, opened: dict[str, int], closed: set[str]) -> int:
        low = end
        for attempts in (self._open, opened):
            for attempt, number in attempts.items():
                if number < low and attempt not in closed:
                    low = number
        return low
