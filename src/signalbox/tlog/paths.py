"""Proofs made from tiles: inclusion (RFC 6962 §2.1.1) and consistency (§2.1.2), in O(log n) tiles.

`TileOf` hands over the hashes of a tile, as many as it has or more than the tree in question knows of;
only those that belong to a tree of the asked size are looked at.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from signalbox.tlog.edge import Edge
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import EMPTY_ROOT, HASH_BYTES, folded, perfect_root, split
from signalbox.tlog.tiles import WIDTH

TileOf = Callable[[int, int], bytes]
"""(level, number) → hashes. Raises `Invalid` for a tile that is not there."""


def root_of(tile_of: TileOf, size: int) -> bytes:
    return _range(tile_of, 0, size) if size else EMPTY_ROOT


def edge_of(tile_of: TileOf, size: int) -> Edge:
    """The right edge of the first `size` entries."""
    levels: list[bytes] = []
    while hashes := size >> (8 * len(levels)):
        width = hashes % WIDTH
        levels.append(_slice(tile_of, len(levels), hashes - width, width) if width else b"")
    return Edge(size, tuple(levels))


def inclusion_proof(tile_of: TileOf, index: int, size: int) -> tuple[bytes, ...]:
    """From the leaf's sibling up to the root's child."""
    if not 0 <= index < size:
        raise Invalid(f"entry {index} is not in a tree of {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            path.append(_range(tile_of, middle, end))
            end = middle
        else:
            path.append(_range(tile_of, begin, middle))
            begin = middle
    return tuple(reversed(path))


def consistency_proof(tile_of: TileOf, old: int, new: int) -> tuple[bytes, ...]:
    """That the tree of `old` entries is where the tree of `new` entries begins; empty for 0 or equals."""
    if not 0 <= old <= new:
        raise Invalid(f"a tree of {old} entries does not come before one of {new}")
    if old in (0, new):
        return ()
    proof: list[bytes] = []
    begin, end = 0, new
    while old != end:
        middle = begin + split(end - begin)
        if old <= middle:
            proof.append(_range(tile_of, middle, end))
            end = middle
        else:
            proof.append(_range(tile_of, begin, middle))
            begin = middle
    if begin:  # else the verifier knows this root: it is the old tree's
        proof.append(_range(tile_of, begin, end))
    return tuple(reversed(proof))


def joint_proof(tile_of: TileOf, numbers: Sequence[int], size: int) -> tuple[bytes, ...]:
    """That all these entries, rising, are in a tree of `size`: the roots of the largest subtrees that have
    none of them, left to right. With one entry it has the hashes of its inclusion proof."""
    if not numbers or numbers[0] < 0 or numbers[-1] >= size:
        raise Invalid(f"the entries asked for are not all in a tree of {size}")
    found: list[bytes] = []
    ranges = [(0, size, 0, len(numbers))]
    while ranges:
        begin, end, low, high = ranges.pop()
        if low == high:
            found.append(_range(tile_of, begin, end))
        elif end - begin > high - low:  # else every entry of it is asked for
            middle = begin + split(end - begin)
            cut = bisect_left(numbers, middle, low, high)
            ranges += [(middle, end, cut, high), (begin, middle, low, cut)]
    return tuple(found)


def _range(tile_of: TileOf, begin: int, end: int) -> bytes:
    """The root over entries `begin` to `end`, where `begin` is a multiple of the power of two next to the
    range's length: the only kind of range that proofs speak of."""
    peaks = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        level, rise = divmod(height, 8)
        peaks.append(perfect_root(_slice(tile_of, level, begin >> (8 * level), 1 << rise)))
        begin += 1 << height
    return folded(peaks)


def _slice(tile_of: TileOf, level: int, first: int, count: int) -> bytes:
    """`count` hashes of a level from the one numbered `first` on, within one tile."""
    number, at = divmod(first, WIDTH)
    found = tile_of(level, number)[at * HASH_BYTES : (at + count) * HASH_BYTES]
    if len(found) != count * HASH_BYTES:
        raise Invalid(f"tile {number} of level {level} has too few hashes")
    return found
