"""Many entries proved to be in one tree at once: what `tlog` makes, the plain verifier reads."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signalbox.evidence.plain.notes import Bad, Checkpoint
from signalbox.evidence.plain.trees import check_consistency, root_over
from signalbox.tlog.edge import Edge
from signalbox.tlog.merkle import leaf_hash
from signalbox.tlog.paths import TileOf, consistency_proof, inclusion_proof, joint_proof, root_of

SOME = settings(deadline=None, max_examples=80)


def grown(size: int) -> TileOf:
    """Tiles of a tree of this size, as a store would hand them over."""
    edge, tiles = Edge().extended(b"".join(leaf_hash(b"%d" % number) for number in range(size)))
    kept = {(tile.level, tile.number): tile.hashes for tile in tiles}
    if edge.levels and edge.levels[0]:
        kept[0, size // 256] = edge.levels[0]
    return lambda level, number: kept[level, number]


@st.composite
def chosen(draw: st.DrawFn) -> tuple[int, list[int]]:
    size = draw(st.integers(1, 700))
    return size, sorted(draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=40)))


@SOME
@given(chosen())
def test_all_chosen_entries_lead_to_the_root(case: tuple[int, list[int]]) -> None:
    size, numbers = case
    tiles = grown(size)
    proof = joint_proof(tiles, numbers, size)
    leaves = {number: leaf_hash(b"%d" % number) for number in numbers}
    assert root_over(leaves, size, proof) == root_of(tiles, size)
    if len(numbers) == 1:
        assert sorted(proof) == sorted(inclusion_proof(tiles, numbers[0], size))


def test_a_proof_of_every_entry_is_empty() -> None:
    assert joint_proof(grown(300), range(300), 300) == ()


@SOME
@given(chosen(), st.data())
def test_no_other_entry_and_no_other_proof_leads_there(
    case: tuple[int, list[int]], data: st.DataObject
) -> None:
    """Of a tree of this size, that is: root and size are signed together."""
    size, numbers = case
    tiles = grown(size)
    root, proof = root_of(tiles, size), list(joint_proof(tiles, numbers, size))
    leaves = {number: leaf_hash(b"%d" % number) for number in numbers}
    what = data.draw(st.sampled_from(("edit", "drop", "move", "swap", "cut", "longer")))
    number = data.draw(st.sampled_from(numbers))
    if what == "edit":
        leaves[number] = leaf_hash(b"another")
    elif what == "drop":
        del leaves[number]
    elif what == "move":
        free = data.draw(st.integers(0, size + 1))
        assume(free not in leaves)
        leaves[free] = leaves.pop(number)
    elif what == "swap":
        other = data.draw(st.sampled_from(numbers))
        assume(other != number)
        leaves[number], leaves[other] = leaves[other], leaves[number]
    elif what == "cut":
        assume(proof)
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    else:
        proof.insert(data.draw(st.integers(0, len(proof))), leaf_hash(b"more"))
    try:
        found = root_over(leaves, size, proof)
    except Bad:
        return
    assert found != root


@SOME
@given(st.integers(1, 600), st.integers(0, 600), st.data())
def test_consistency_is_read_as_tlog_makes_it(new: int, older: int, data: st.DataObject) -> None:
    old = min(older, new)
    tiles = grown(new)
    was, now = Checkpoint("o", old, root_of(tiles, old)), Checkpoint("o", new, root_of(tiles, new))
    proof = list(consistency_proof(tiles, old, new))
    check_consistency(was, now, proof)
    with pytest.raises(Bad):
        check_consistency(was, now, [*proof, leaf_hash(b"more")])
    if proof:
        with pytest.raises(Bad):
            check_consistency(was, now, proof[:-1])
    if old:
        with pytest.raises(Bad):
            check_consistency(was._replace(root=leaf_hash(b"fork")), now, proof)
