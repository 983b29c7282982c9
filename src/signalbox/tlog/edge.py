"""The right edge of a growing tree: all that an append needs to know of what stands before it.

Per level it holds the hashes of the tile that is not full yet: at most 8 KiB a level, four levels for four
billion entries. An append is a value in, a value out, so that one that fails leaves nothing to undo.
"""

from typing import NamedTuple

from signalbox.tlog.merkle import EMPTY_ROOT, HASH_BYTES, folded, perfect_root
from signalbox.tlog.tiles import TILE_BYTES, Tile


class Edge(NamedTuple):
    """`levels[l]` are the hashes of the partial tile of level l, empty where the last one is full."""

    size: int = 0
    levels: tuple[bytes, ...] = ()

    def extended(self, hashes: bytes) -> tuple["Edge", tuple[Tile, ...]]:
        """The edge after these leaf hashes, and the tiles to be kept: those of level 0 once they are full,
        those above whenever they change (the last one of a level replaces its shorter self)."""
        if not hashes:
            return self, ()
        size = self.size + len(hashes) // HASH_BYTES
        first = self.levels[0] + hashes if self.levels else hashes
        if len(first) < TILE_BYTES:  # nearly every append
            return Edge(size, (first, *self.levels[1:])), ()
        levels = list(self.levels)
        tiles: list[Tile] = []
        level = 0
        rising = hashes
        while rising:
            if level == len(levels):
                levels.append(b"")
            held = levels[level] + rising
            number = self.size >> (8 * (level + 1))
            whole = len(held) - len(held) % TILE_BYTES
            roots = []
            for at in range(0, whole, TILE_BYTES):
                full = held[at : at + TILE_BYTES]
                tiles.append(Tile(level, number, full))
                roots.append(perfect_root(full))
                number += 1
            rest = levels[level] = held[whole:]
            if level and rest:
                tiles.append(Tile(level, number, rest))
            rising = b"".join(roots)
            level += 1
        return Edge(size, tuple(levels)), tuple(tiles)

    def root(self) -> bytes:
        """The tree's root hash; at most 255 hashes a level are made for it."""
        peaks: list[bytes] = []
        for hashes in reversed(self.levels):
            at, left = 0, len(hashes) // HASH_BYTES
            while left:
                width = 1 << (left.bit_length() - 1)
                end = at + width * HASH_BYTES
                peaks.append(perfect_root(hashes[at:end]))
                at, left = end, left - width
        return folded(peaks) if peaks else EMPTY_ROOT
