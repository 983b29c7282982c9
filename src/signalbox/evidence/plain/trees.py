"""Merkle trees as RFC 6962 §2.1 hashes them: that many entries are in one, and that one continues another."""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from signalbox.evidence.plain.notes import Bad, Checkpoint


def root_over(leaves: Mapping[int, bytes], size: int, siblings: Sequence[bytes]) -> bytes:
    """The root of a tree of `size` entries of which `leaves` are known (by number), and of the rest the roots
    of the largest subtrees that have none of them, left to right."""
    numbers = sorted(leaves)
    if not numbers or numbers[0] < 0 or numbers[-1] >= size:
        raise Bad("the pack holds no record, or one that its checkpoint does not cover")
    given = iter(siblings)

    def over(begin: int, end: int, low: int, high: int) -> bytes:
        """`numbers[low:high]` are those in the range."""
        if low == high:
            found = next(given, None)
            if found is None:
                raise Bad("the inclusion proof is too short")
            return found
        if end - begin == 1:
            return leaves[begin]
        middle = begin + (1 << ((end - begin - 1).bit_length() - 1))
        cut = bisect_left(numbers, middle, low, high)
        left = over(begin, middle, low, cut)
        return _node(left, over(middle, end, cut, high))

    root = over(0, size, 0, len(numbers))
    if next(given, None) is not None:
        raise Bad("the inclusion proof is too long")
    return root


def check_consistency(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """The old tree is where the new one begins, or `Bad` (RFC 6962 §2.1.2)."""
    if old.size > new.size:
        raise Bad("the older checkpoint is larger than the newer one")
    if old.size == new.size or not old.size:
        if proof or (old.size and old.root != new.root):
            raise Bad("two trees of one size differ")
        return
    rest = list(proof) if old.size & (old.size - 1) else [old.root, *proof]
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not rest:
        raise Bad("a consistency proof is too short")
    was = now = rest[0]
    for sibling in rest[1:]:
        if not last:
            raise Bad("a consistency proof is too long")
        if at & 1 or at == last:
            was, now = _node(sibling, was), _node(sibling, now)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            now = _node(now, sibling)
        at, last = at >> 1, last >> 1
    if last or (was, now) != (old.root, new.root):
        raise Bad("the consistency proof does not join the two trees")


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
