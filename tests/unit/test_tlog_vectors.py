"""The public specifications' own figures: RFC 6962's hashes and proofs, notes, keys and names of tiles."""

from base64 import b64decode

import pytest

from signalbox.tlog.checkpoint import Checkpoint, read_checkpoint, seen
from signalbox.tlog.cosignature import cosign, cosigned
from signalbox.tlog.edge import Edge
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from signalbox.tlog.note import (
    COSIGNATURE,
    Note,
    make_skey,
    read_note,
    read_skey,
    read_vkey,
    signed,
    signer,
    signers_of,
)
from signalbox.tlog.paths import TileOf, consistency_proof, inclusion_proof
from signalbox.tlog.proof import Proof, read_proof
from signalbox.tlog.tiles import Place, bundle, bundle_path, tiles_of, unbundled
from signalbox.tlog.witness import Asked, read_asked, witnessed

# The eight entries and the roots that Certificate Transparency's implementations have tested with since 2012.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CONSISTENCY = {
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
# The key and the note of the reference implementation of signed notes (Go's sumdb).
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = (  # as published
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
WITNESSED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501 - as it stands in the specification of cosignatures


def tree_of(entries: list[bytes]) -> tuple[Edge, TileOf]:
    hashes = b"".join(leaf_hash(entry) for entry in entries)
    return Edge().extended(hashes)[0], lambda level, number: {(0, 0): hashes}[level, number]


def test_roots_of_rfc_6962() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [tree_of(ENTRIES[:size])[0].root().hex() for size in range(1, 9)] == ROOTS


@pytest.mark.parametrize(("place", "path"), INCLUSION.items())
def test_inclusion_proofs_of_rfc_6962(place: tuple[int, int], path: list[str]) -> None:
    index, size = place
    _, tiles = tree_of(ENTRIES)
    made = inclusion_proof(tiles, index, size)
    assert [each.hex() for each in made] == path
    verify_inclusion(index, size, leaf_hash(ENTRIES[index]), made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("sizes", "proof"), CONSISTENCY.items())
def test_consistency_proofs_of_rfc_6962(sizes: tuple[int, int], proof: list[str]) -> None:
    old, new = sizes
    _, tiles = tree_of(ENTRIES)
    made = consistency_proof(tiles, old, new)
    assert [each.hex() for each in made] == proof
    verify_consistency(old, new, made, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]))


def test_the_reference_note_is_made_and_read() -> None:
    key = read_skey(SKEY)
    assert key.verifier.vkey == VKEY
    assert make_skey("PeterNeumann", b64decode(SKEY.split("+", 4)[4])[1:]) == SKEY
    assert str(signed(TEXT, [key])) == TEXT + "\n" + LINE
    note = read_note(TEXT + "\n" + LINE)
    assert (note.text, signers_of(note, [read_vkey(VKEY)])) == (TEXT, (read_vkey(VKEY),))


def test_a_key_that_is_cut_or_changed_is_refused() -> None:
    for begin in range(len(VKEY)):
        for end in range(begin + 1, len(VKEY) + 1):
            if (begin, end) != (0, len(VKEY)):
                with pytest.raises(Invalid):
                    read_vkey(VKEY[begin:end])
    for at in range(len(VKEY)):
        with pytest.raises(Invalid):
            read_vkey(VKEY[:at] + chr(ord(VKEY[at]) + 1) + VKEY[at + 1 :])
    for wrong in (
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ):
        with pytest.raises(Invalid):
            read_vkey(wrong)
    for at in range(len(SKEY)):
        with pytest.raises(Invalid) as refused:
            read_skey(SKEY[:at])
        assert SKEY[-20:] not in str(refused.value)


def test_signatures_of_the_unknown_are_ignored_and_those_of_the_known_must_verify() -> None:
    peter, other = read_skey(SKEY), signer("other.example", b"\x07" * 32)
    both = signed(TEXT, [other, peter])
    assert signers_of(both, [peter.verifier]) == (peter.verifier,)
    assert signers_of(both, [peter.verifier, other.verifier]) == (peter.verifier, other.verifier)
    with pytest.raises(Invalid, match="none of the known keys"):
        signers_of(both, [signer("third.example", b"\x08" * 32).verifier])
    spoiled = Note(TEXT, (both.signatures[0]._replace(signature=b"\0" * 64), both.signatures[1]))
    assert signers_of(spoiled, [peter.verifier]) == (peter.verifier,)
    with pytest.raises(Invalid, match="does not verify"):
        signers_of(spoiled, [peter.verifier, other.verifier])
    again = read_note(str(both))
    assert again == both


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "text\n\n",
        "no blank line\n— a AAAAAAA=\n",
        TEXT + LINE,
        TEXT + "\n" + LINE[:-1],
        TEXT + "\n" + LINE.replace("— ", "- "),
        TEXT + "\n" + LINE + "not a signature\n",
        TEXT + "\n" + LINE.replace("PeterNeumann", "Peter+Neumann"),
        TEXT + "\n" + LINE.replace("PeterNeumann", "Peter\u2003Neumann"),
        TEXT + "\n— PeterNeumann AAAAAA==\n",
        TEXT + "\n— PeterNeumann !!!!\n",
        TEXT.replace(" ", "\t") + "\n" + LINE,
        TEXT + "\n" + LINE * 101,
    ],
)
def test_what_is_no_note_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid):
        read_note(wrong)


def test_a_note_may_have_many_signatures_and_empty_lines_in_its_text() -> None:
    keys = [signer(f"key{n}.example", bytes([n]) * 32) for n in range(16)]
    note = signed("one\n\ntwo\n", keys)
    assert signers_of(read_note(str(note)), [keys[15].verifier]) == (keys[15].verifier,)


def test_checkpoints_are_read_and_written_as_specified() -> None:
    found = seen(WITNESSED)
    assert (found.checkpoint.origin, found.checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert found.checkpoint.text == found.note.text
    assert str(found.note) == WITNESSED
    assert [signature.key_id.hex() for signature in found.note.signatures] == ["033de0ae", "8d66cf3f"]
    assert int.from_bytes(found.note.signatures[1].signature[:8]) == 1679315147
    extended = Checkpoint("o", 0, EMPTY_ROOT, ("an extension",))
    assert read_checkpoint(extended.text) == extended
    root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    for wrong in (
        f"o\n01\n{root}\n",
        f"o\n-1\n{root}\n",
        f"o\n+1\n{root}\n",
        f"\n1\n{root}\n",
        "o\n1\n\n",
        "o\n1\nAAAA\n",
        f"o\n1\n{root}",
        f"o\n1\n{root}\n\n",
        f"o\n1\n{root[:-2]}3=\n",
    ):
        with pytest.raises(Invalid):
            read_checkpoint(wrong)


def test_a_cosignature_is_over_what_the_specification_says() -> None:
    witness = signer("witness.example/w1", b"\x05" * 32, COSIGNATURE)
    text = seen(WITNESSED).note.text
    made = cosign(text, witness, 1679315147)
    message = f"cosignature/v1\ntime 1679315147\n{text}".encode()
    witness.verifier.check(message, made.signature[8:])
    assert made.signature[:8] == (1679315147).to_bytes(8)
    found = cosigned(Note(text, (made,)), witness.verifier)
    assert found is not None
    assert found.time_s == 1679315147
    assert cosigned(Note(text, ()), witness.verifier) is None
    earlier = made._replace(signature=(1679315146).to_bytes(8) + made.signature[8:])
    with pytest.raises(Invalid, match="does not verify"):
        cosigned(Note(text, (earlier,)), witness.verifier)
    with pytest.raises(Invalid, match="not a witness"):
        cosign(text, read_skey(SKEY), 1)
    with pytest.raises(Invalid, match="seconds since the epoch"):
        cosign(text, witness, 0)


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_of(70_000))
    by_level = {level: [tile for tile in tiles if tile.level == level] for level in range(4)}
    assert [len(by_level[level]) for level in range(4)] == [274, 2, 1, 0]
    assert [by_level[level][-1].width for level in range(3)] == [112, 17, 1]
    assert list(tiles_of(256)) == [Place(0, 0, 256), Place(1, 0, 1)]
    assert list(tiles_of(0)) == []
    assert Place(0, 1234067, 256).path == "tile/0/x001/x234/067"
    assert Place(1, 5, 17).path == "tile/1/005.p/17"
    assert bundle_path(1000, 112) == "tile/entries/x001/000.p/112"


def test_entry_bundles_are_length_prefixed() -> None:
    assert bundle([b"ab", b""]) == b"\x00\x02ab\x00\x00"
    assert unbundled(b"\x00\x02ab\x00\x00") == (b"ab", b"")
    for wrong in (b"", b"\x00", b"\x00\x02a", b"\x00\x00" * 257):
        with pytest.raises(Invalid):
            unbundled(wrong)
    with pytest.raises(Invalid):
        bundle([b"x" * 65_536])


def test_a_proof_file_is_laid_out_as_specified() -> None:
    key = read_skey(SKEY)
    edge, tiles = tree_of(ENTRIES)
    note = signed(Checkpoint("PeterNeumann", 8, edge.root()).text, [key])
    proof = Proof(0, inclusion_proof(tiles, 0, 8), note, b"extra")
    lines = str(proof).split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "extra ZXh0cmE=", "index 0"]
    assert lines[6:9] == ["", "PeterNeumann", "8"]
    assert read_proof(str(proof)) == proof
    assert read_proof(str(proof._replace(extra=None))).extra is None
    proof.verify(ENTRIES[0])
    for wrong in (proof._replace(number=1), proof._replace(path=proof.path[:-1]), proof._replace(path=())):
        with pytest.raises(Invalid):
            wrong.verify(ENTRIES[0])
    for text in ("", str(proof).replace("index 0", "index 00"), str(proof).replace("v1", "v2")):
        with pytest.raises(Invalid):
            read_proof(text)


def test_a_witness_signs_only_what_continues_what_it_saw() -> None:
    log, witness = read_skey(SKEY), signer("witness.example/w1", b"\x05" * 32, COSIGNATURE)
    keys = [log.verifier]
    _, tiles = tree_of(ENTRIES)

    def at(size: int, entries: list[bytes] = ENTRIES) -> Note:
        return signed(Checkpoint("PeterNeumann", size, tree_of(entries[:size])[0].root()).text, [log])

    first = Asked(0, (), seen(str(at(5))))
    last = seen(str(witnessed(read_asked(str(first)), None, keys, witness, 1_000)))
    found = cosigned(last.note, witness.verifier)
    assert found is not None
    asked = Asked(5, consistency_proof(tiles, 5, 8), seen(str(at(8))))
    assert str(asked).startswith("old 5\n")
    after = witnessed(read_asked(str(asked)), last, keys, witness, 2_000)
    assert len(after.signatures) == 2
    forked = [*ENTRIES[:4], b"other", *ENTRIES[5:]]
    for wrong, words in (
        (asked._replace(new=seen(str(at(8, forked)))), "does not join"),
        (asked._replace(proof=asked.proof[:-1]), "too short|does not join"),
        (Asked(0, (), asked.new), "5 were witnessed last"),
        (Asked(5, (), seen(str(at(5, forked)))), "roots of one size differ"),
        (Asked(5, (), seen(str(at(4)))), "does not come before"),
    ):
        with pytest.raises(Invalid, match=words):
            witnessed(wrong, last, keys, witness, 2_000)
    with pytest.raises(Invalid, match="none of the known keys"):
        witnessed(asked, last, [signer("PeterNeumann", b"\x01" * 32).verifier], witness, 2_000)
    stranger = signed(Checkpoint("another", 8, tree_of(ENTRIES)[0].root()).text, [log])
    with pytest.raises(Invalid, match="none of the logs"):
        witnessed(asked._replace(new=seen(str(stranger))), last, keys, witness, 2_000)
