"""Laws of trees and proofs: every proof verifies at every size, and nothing else does."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.tlog.checkpoint import Checkpoint, seen
from signalbox.tlog.edge import Edge
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import leaf_hash, node_hash, split, verify_consistency, verify_inclusion
from signalbox.tlog.note import signed, signer, signers_of
from signalbox.tlog.paths import TileOf, consistency_proof, edge_of, inclusion_proof, root_of
from signalbox.tlog.tiles import tiles_of

UNHURRIED = settings(deadline=None, max_examples=40)
MOST = 300
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(70_000)]
KEY = signer("log.example", b"\x01" * 32)


def grown(size: int, at_once: list[int]) -> tuple[Edge, dict[tuple[int, int], bytes]]:
    """A tree grown by appends of these many leaves in turn, and its tiles as a store would keep them."""
    edge, kept, start, turn = Edge(), {}, 0, 0
    while start < size:
        end = min(size, start + at_once[turn % len(at_once)])
        edge, tiles = edge.extended(b"".join(LEAVES[start:end]))
        kept.update({(tile.level, tile.number): tile.hashes for tile in tiles})
        start, turn = end, turn + 1
    if size % 256:
        kept[0, size // 256] = edge.levels[0]
    return edge, kept


def tile_of(kept: dict[tuple[int, int], bytes]) -> TileOf:
    return lambda level, number: kept[level, number]


TREE = tile_of(grown(MOST, [MOST])[1])


def by_definition(begin: int, end: int) -> bytes:
    """The Merkle tree hash as RFC 6962 §2.1 writes it down."""
    if end - begin == 1:
        return LEAVES[begin]
    middle = begin + split(end - begin)
    return node_hash(by_definition(begin, middle), by_definition(middle, end))


def test_roots_are_those_of_the_definition() -> None:
    assert all(root_of(TREE, size) == by_definition(0, size) for size in range(1, MOST + 1))


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
@pytest.mark.parametrize("at_once", [[1_000], [1, 7, 300]], ids=str)
def test_however_it_grew_it_is_the_same_tree_of_the_specified_tiles(size: int, at_once: list[int]) -> None:
    edge, kept = grown(size, at_once)
    assert edge.root() == root_of(tile_of(kept), size) == by_definition(0, size)
    assert edge_of(tile_of(kept), size) == edge
    widths = {(level, number): len(hashes) // 32 for (level, number), hashes in kept.items()}
    assert widths == {(place.level, place.number): place.width for place in tiles_of(size)}


def test_every_entry_is_proved_in_every_tree() -> None:
    for size in range(1, MOST + 1):
        root = root_of(TREE, size)
        for index in range(0, size, 1 if size < 40 or size > 250 else 7):
            path = inclusion_proof(TREE, index, size)
            assert len(path) <= (size - 1).bit_length()
            verify_inclusion(index, size, LEAVES[index], path, root)


def test_every_tree_is_proved_to_begin_every_later_one() -> None:
    roots = [root_of(TREE, size) for size in range(MOST + 1)]
    for new in range(MOST + 1):
        for old in range(0, new + 1, 1 if new < 40 or new > 250 else 7):
            proof = consistency_proof(TREE, old, new)
            verify_consistency(old, new, proof, roots[old], roots[new])


@st.composite
def spoiled(draw: st.DrawFn, data: bytes) -> bytes:
    """With one bit changed."""
    bit = draw(st.integers(0, len(data) * 8 - 1))
    whole = bytearray(data)
    whole[bit // 8] ^= 1 << bit % 8
    return bytes(whole)


@UNHURRIED
@given(data=st.data(), size=st.integers(1, MOST))
def test_an_inclusion_proof_with_any_bit_changed_fails(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion_proof(TREE, index, size), root_of(TREE, size)
    parts = [LEAVES[index], root, *path]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = data.draw(spoiled(parts[which]))
    with pytest.raises(Invalid):
        verify_inclusion(index, size, parts[0], parts[2:], parts[1])
    for wrong_path in (path[:-1], (*path, root), path[1:]):
        if wrong_path != path:
            with pytest.raises(Invalid):
                verify_inclusion(index, size, LEAVES[index], wrong_path, root)
    other = data.draw(st.integers(0, size + 1).filter(lambda number: number != index))
    with pytest.raises(Invalid):
        verify_inclusion(other, size, LEAVES[index], path, root)


@UNHURRIED
@given(data=st.data(), new=st.integers(2, MOST))
def test_a_consistency_proof_with_any_bit_changed_fails(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new - 1))
    proof = consistency_proof(TREE, old, new)
    parts = [root_of(TREE, old), root_of(TREE, new), *proof]
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = data.draw(spoiled(parts[which]))
    with pytest.raises(Invalid):
        verify_consistency(old, new, parts[2:], parts[0], parts[1])
    for wrong in (proof[:-1], (*proof, parts[0]), ()):
        if wrong != proof:
            with pytest.raises(Invalid):
                verify_consistency(old, new, wrong, root_of(TREE, old), root_of(TREE, new))


@UNHURRIED
@given(data=st.data())
def test_a_checkpoint_with_any_bit_changed_is_not_signed(data: st.DataObject) -> None:
    whole = str(signed(Checkpoint("log.example", 300, root_of(TREE, 300)).text, [KEY])).encode()
    with pytest.raises(Invalid):
        signers_of(seen(data.draw(spoiled(whole))).note, [KEY.verifier])


@pytest.mark.soak
def test_proofs_in_large_trees() -> None:
    random = Random(6962)
    tree = tile_of(grown(70_000, [4_096])[1])
    for _ in range(2_000):
        new = random.randrange(2, 70_001)
        old = random.randrange(1, new)
        verify_inclusion(old, new, LEAVES[old], inclusion_proof(tree, old, new), root_of(tree, new))
        proof = consistency_proof(tree, old, new)
        verify_consistency(old, new, proof, root_of(tree, old), root_of(tree, new))
