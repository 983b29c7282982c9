"""The log as a Merkle tree: its tiles as a store keeps them, and its right edge when a writer opens it.

The tiles of level 0 that are not full, one at most, are made from the entries themselves. Hashing and
proofs are `tlog`'s.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final, Protocol

from signalbox.ports.log import Batch, LogStore, StoredRecord
from signalbox.tlog.edge import Edge
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import leaf_hash
from signalbox.tlog.paths import edge_of
from signalbox.tlog.tiles import WIDTH

_REBUILT_AT_ONCE: Final = 64 * WIDTH


class Tiled(Protocol):
    """What is read here of a log: a writer's store, or a reader beside it."""

    def scan(self, first: int = 0) -> Iterator[tuple[int, StoredRecord]]: ...

    def tile(self, level: int, number: int) -> bytes | None: ...


class StoredTiles:
    """`tlog.paths.TileOf` over a log of which `size` entries count."""

    def __init__(self, log: Tiled, size: int) -> None:
        self._log = log
        self._size = size
        self._seen: dict[tuple[int, int], bytes] = {}  # a proof asks for few, some of them twice

    def __call__(self, level: int, number: int) -> bytes:
        place = (level, number)
        if place not in self._seen:
            self._seen[place] = self._read(level, number)
        return self._seen[place]

    def _read(self, level: int, number: int) -> bytes:
        if level == 0 and number == self._size // WIDTH:
            entries = islice(self._log.scan(number * WIDTH), self._size % WIDTH)
            return b"".join(leaf_hash(stored.leaf) for _, stored in entries)
        hashes = self._log.tile(level, number)
        if hashes is None:
            raise Invalid(f"tile {number} of level {level} is missing")
        return hashes


def resumed(store: LogStore) -> Edge:
    """Where the tree of the log ends. Its tiles are made anew from the entries if they are not there: in a
    log that was written before it had any."""
    size = store.next_number()
    try:
        return edge_of(StoredTiles(store, size), size)
    except Invalid:
        return _rebuilt(store, size)


def _rebuilt(store: LogStore, size: int) -> Edge:
    edge = Edge()
    entries = store.scan()
    low_water = store.low_water()
    while hashes := b"".join(leaf_hash(stored.leaf) for _, stored in islice(entries, _REBUILT_AT_ONCE)):
        edge, tiles = edge.extended(hashes)
        store.append(Batch(size, (), (), (), low_water, 0, 0, tiles))
    return edge
