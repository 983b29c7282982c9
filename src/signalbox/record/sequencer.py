"""From records in the order they were handed in to the batch of one group commit.

Numbers, hashes and the sweep's low-water mark are drafted from what was last committed and adopted only
when the store has taken the batch: a failed append leaves no gap and no number used twice.

It does not write, wait or retry: `journal` does.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from struct import iter_unpack
from typing import Final

from msgspec import Struct

from signalbox.domain.records import DecisionBody, IntentBody, OutcomeBody
from signalbox.ports.log import Batch, Head
from signalbox.record.leaf import SALT_BYTES, Entry, Place, seal
from signalbox.tlog.edge import Edge

DECISIONS_MAX: Final = 8_192


class Draft(Struct, frozen=True):
    """A batch, and how the tree and the attempts owed an outcome stand once the store has taken it."""

    batch: Batch
    edge: Edge
    heads: dict[str, Place]
    opened: dict[str, int]
    closed: set[str]
    oldest: tuple[int, str]


class Sequencer:
    """Where the log stands: the next number, the heads, the tree, and the attempts whose outcome is owed.

    Used by the writer thread alone. `randomness(n)` returns n bytes that are fit for salts.
    """

    __slots__ = ("_decisions", "_edge", "_heads", "_oldest", "_open", "_randomness")

    def __init__(self, heads: Iterable[Head], edge: Edge, randomness: Callable[[int], bytes]) -> None:
        self._heads = {head.tenant: (head.count, head.leaf_hash) for head in heads}
        self._edge = edge  # its size is the next number
        self._randomness = randomness
        self._open: dict[str, int] = {}  # attempt → the oldest record that the sweep would read for it
        # The lowest of these numbers and whose it is: nobody has to look for it again before that one ends.
        self._oldest = (edge.size, "")
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
        first = self._edge.size
        drawn = self._randomness(SALT_BYTES * len(entries))
        salts = chain.from_iterable(iter_unpack(f"{SALT_BYTES}s", drawn))
        stored, hashes, heads = seal(entries, salts, self._heads)
        opened, closed = self._followed(entries, first)
        oldest = self._oldest_after(opened, closed, first + len(entries))
        edge, tiles = self._edge.extended(bytes.fromhex("".join(hashes)))
        times = [record.time_us for record, _ in entries] or [0]
        batch = Batch(
            first,
            tuple(stored),
            tuple(Head(tenant, count, leaf_hash) for tenant, (count, leaf_hash) in heads.items()),
            tuple(blobs),
            oldest[0],
            min(times),
            max(times),
            tiles,
            certify(edge) if certify else "",
        )
        return Draft(batch, edge, heads, opened, closed, oldest)

    def adopt(self, draft: Draft) -> None:
        """The store has taken the draft's batch: the log now stands behind it."""
        self._edge = draft.edge
        self._heads.update(draft.heads)
        self._open.update(draft.opened)
        for attempt in draft.closed:
            self._open.pop(attempt, None)
        self._oldest = draft.oldest
        if len(self._decisions) > DECISIONS_MAX:  # denied, or never sent: no outcome will name them
            for decision in list(islice(self._decisions, DECISIONS_MAX // 2)):
                del self._decisions[decision]

    def _followed(self, entries: Sequence[Entry], first: int) -> tuple[dict[str, int], set[str]]:
        """Which attempts these records leave owed an outcome, and which no longer. What `_decisions` holds is
        a hint: a draft that is not adopted may leave a number in it that is too low or too high by a batch,
        never a wrong record."""
        opened: dict[str, int] = {}
        closed: set[str] = set()
        decisions = self._decisions
        for number, (record, _) in enumerate(entries, first):
            body = record.body
            if type(body) is OutcomeBody:
                closed.add(record.ref)
                if body.status == "ok":
                    decisions.pop(body.decision, None)
            elif type(body) is IntentBody:
                decided = decisions.get(body.decision, number)
                opened[record.ref] = decided if decided < number else number
            elif type(body) is DecisionBody:
                decisions[record.ref] = number
        return opened, closed

    def _oldest_after(self, opened: dict[str, int], closed: set[str], end: int) -> tuple[int, str]:
        """`_oldest` as it then stands; nobody's, and the log's end, where nothing is owed."""
        low, holder = self._oldest
        if holder and holder not in closed:
            among = [opened]
        else:
            low, holder = end, ""
            among = [self._open, opened]
        for attempts in among:
            for attempt, number in attempts.items():
                if number < low and attempt not in closed:
                    low, holder = number, attempt
        return low, holder
