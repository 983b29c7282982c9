"""Hashing and verifying, as RFC 6962 §2.1 defines both.

A leaf's hash is SHA-256(0x00 ‖ entry), a node's SHA-256(0x01 ‖ left ‖ right); a tree of n > 1 leaves splits
at the largest power of two below n. What proofs are made from is `paths`' business.
"""

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct
from typing import Final

from signalbox.tlog.invalid import Invalid

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256().digest()
_NODE_HASH: Final = sha256(b"\1")
"""A node's hash as it begins: a copy is quicker had than a new one."""
_pairs: Final = Struct(f"{2 * HASH_BYTES}s")


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def perfect_root(hashes: bytes) -> bytes:
    """The root over 2^k concatenated hashes, all of one height."""
    while len(hashes) > HASH_BYTES:
        parents: list[bytes] = []
        for (pair,) in _pairs.iter_unpack(hashes):
            parent = _NODE_HASH.copy()
            parent.update(pair)
            parents.append(parent.digest())
        hashes = b"".join(parents)
    return hashes


def folded(peaks: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees of falling height, left to right; at least one."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """Entry `index`, of leaf hash `leaf`, is in the tree of `size` entries under `root`, or `Invalid`."""
    if not 0 <= index < size:
        raise Invalid(f"entry {index} is not in a tree of {size}")
    at, last, seen = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise Invalid("the inclusion proof is too long")
        if at & 1 or at == last:
            seen = node_hash(sibling, seen)
            while at and not at & 1:  # a right edge: it stands alone on these levels
                at, last = at >> 1, last >> 1
        else:
            seen = node_hash(seen, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Invalid("the inclusion proof is too short")
    if seen != root:
        raise Invalid("the inclusion proof does not lead to the root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """The first `old` entries of the tree of `new` entries are the tree under `old_root`, or `Invalid`."""
    if not 0 <= old <= new:
        raise Invalid(f"a tree of {old} entries does not come before one of {new}")
    if old in (0, new):
        if proof:
            raise Invalid("the consistency proof should be empty")
        if old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise Invalid("the roots of one size differ")
        return
    was, now = _joined(old, new, list(proof) if old & (old - 1) else [old_root, *proof])
    if (was, now) != (old_root, new_root):
        raise Invalid("the consistency proof does not join the two roots")


def _joined(old: int, new: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of both trees, from the largest subtree that ends where the old one does and the siblings
    on the way up from it."""
    if not hashes:
        raise Invalid("the consistency proof is too short")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    was = now = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            raise Invalid("the consistency proof is too long")
        if at & 1 or at == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Invalid("the consistency proof is too short")
    return was, now
