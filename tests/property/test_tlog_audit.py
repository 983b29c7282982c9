"""What is done to a log, by its key's holder too, is noticed by who kept a checkpoint and knows the key."""

from collections.abc import Callable
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.domain.records import Record
from signalbox.record.leaf import GENESIS, body_bytes, leaf_hash
from signalbox.testing.records import decision, denial, intent, journey, new_key, sealed
from signalbox.tlog.audit import Audit, Kept, Report
from signalbox.tlog.checkpoint import Checkpoint, seen
from signalbox.tlog.cosignature import cosign
from signalbox.tlog.edge import Edge
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import leaf_hash as tree_leaf
from signalbox.tlog.note import COSIGNATURE, Note, Signer, Verifier, signed, signer

UNHURRIED = settings(deadline=None, max_examples=60)
ORIGIN = "log.example"
FIRST, SECOND, THIRD = (signer(ORIGIN, bytes([n]) * 32) for n in (1, 2, 3))
WITNESS = signer("witness.example", b"\x09" * 32, COSIGNATURE)
Entries = list[bytes]


def entries_of(records: list[Record]) -> Entries:
    """Leaves as a writer makes them."""
    heads: dict[str, tuple[int, str]] = {}
    entries = []
    for number, record in enumerate(records):
        count, last = heads.get(record.tenant, (0, GENESIS))
        stored, hashed = sealed(record, body_bytes(record.body), number.to_bytes(16), count, last)
        heads[record.tenant] = (count + 1, hashed)
        entries.append(stored.leaf)
    return entries


@cache
def root(entries: tuple[bytes, ...]) -> bytes:
    return Edge().extended(b"".join(map(tree_leaf, entries)))[0].root()


def note(entries: Entries, *keys: Signer, origin: str = ORIGIN, size: int | None = None) -> str:
    size = len(entries) if size is None else size
    return str(signed(Checkpoint(origin, size, root(tuple(entries[:size]))).text, keys or [FIRST]))


def audited(
    entries: Entries,
    notes: dict[int, str],
    *,
    keys: tuple[Verifier, ...] = (FIRST.verifier,),
    kept: tuple[str, ...] = (),
    witnesses: tuple[Verifier, ...] = (),
    tile_of: Callable[[int, int], bytes] | None = None,
) -> Report:
    audit = Audit(
        keys,
        lambda size: notes.get(max(notes, default=0) if size is None else size),
        kept=[Kept("that you kept", seen(each)) for each in kept],
        witnesses=witnesses,
        tile_of=tile_of,
    )
    for entry in entries:
        audit.add(entry)
    return audit.report()


RECORDS = [
    *journey(1),
    *journey(2, "other"),
    decision(3),
    intent(3),
    denial(4, "other"),
    decision(5),
    denial(6),
    decision(7, "other"),
]
LOG = entries_of(RECORDS)
KEPT = note(LOG, size=9)  # three records were written after it
LATEST = {len(LOG): note(LOG)}


def test_a_log_as_it_was_signed_is_sound() -> None:
    report = audited(LOG, LATEST, kept=(KEPT,))
    assert (report.findings, report.unsigned, report.size) == ((), 0, 12)
    assert len(report.said) == 2
    heads = {tenant: count for tenant, (count, _) in report.tenants.items()}
    assert heads == {"acme": 7, "other": 5}
    assert report.tenants["other"][1] == leaf_hash(LOG[-1])


def test_records_after_the_last_checkpoint_are_said_to_be_unsigned() -> None:
    assert audited(LOG, {9: KEPT}, kept=(KEPT,)).unsigned == 3


@st.composite
def meddled(draw: st.DrawFn) -> Entries:
    """The log with something done to what the kept checkpoint covers."""
    log = list(LOG)
    at = draw(st.integers(0, 8))
    match draw(st.sampled_from(["edit", "drop", "swap", "double", "cut", "insert"])):
        case "edit":
            bit = draw(st.integers(0, len(log[at]) * 8 - 1))
            changed = bytearray(log[at])
            changed[bit // 8] ^= 1 << bit % 8
            log[at] = bytes(changed)
        case "drop":
            del log[at : at + draw(st.integers(1, 4))]
        case "swap":
            other = draw(st.integers(0, len(log) - 1).filter(lambda each: each != at))
            log[at], log[other] = log[other], log[at]
        case "double":
            log.insert(draw(st.integers(0, 8)), log[at])
        case "cut":
            del log[at:]
        case _:
            log.insert(at, b'{"an":"entry"}')
    return log


@UNHURRIED
@given(log=meddled())
def test_what_is_done_without_the_key_is_noticed_without_anything_kept(log: Entries) -> None:
    assert not audited(log, LATEST).sound


@UNHURRIED
@given(log=meddled())
def test_what_is_done_with_the_key_is_noticed_by_who_kept_a_checkpoint(log: Entries) -> None:
    notes = {len(log): note(log)}  # the key's holder signs anything
    assert not audited(log, notes, kept=(KEPT,)).sound


@st.composite
def rewritten(draw: st.DrawFn) -> Entries:
    """Another history, made by the writer itself: every link and number in it is right."""
    records = list(RECORDS)
    at = draw(st.integers(0, 8))
    match draw(st.sampled_from(["change", "leave out", "swap"])):
        case "change":
            records[at] = denial(99, records[at].tenant)
        case "leave out":
            del records[at]
        case _:
            records[at], records[at + 1] = records[at + 1], records[at]
    return entries_of(records)


@UNHURRIED
@given(log=rewritten())
def test_a_fork_is_sound_in_itself_and_noticed_by_who_kept_a_checkpoint(log: Entries) -> None:
    notes = {len(log): note(log)}
    assert audited(log, notes).sound  # what the key's holder alone can do
    report = audited(log, notes, kept=(KEPT,))
    assert not report.sound
    assert "not those that the checkpoint that you kept was signed over" in report.findings[0]


@UNHURRIED
@given(log=rewritten())
def test_a_fork_is_noticed_by_who_knows_a_witness(log: Entries) -> None:
    text, signatures = seen(KEPT).note
    witnessed = str(Note(text, (*signatures, cosign(text, WITNESS, 1_000))))
    true = audited(LOG, LATEST, kept=(witnessed,), witnesses=(WITNESS.verifier,))
    assert (true.sound, true.witnessed[0].size, true.witnessed[0].time_s) == (True, 9, 1_000)
    for notes in ({len(log): note(log)}, {len(log): witnessed}):
        assert not audited(log, notes, witnesses=(WITNESS.verifier,)).sound


def test_an_omission_shows_in_its_tenants_own_sequence() -> None:
    at = next(n for n, record in enumerate(RECORDS) if record.ref == RECORDS[4].ref)
    log = [*LOG[:at], *LOG[at + 1 :]]
    words = audited(log, {len(log): note(log)}).findings
    assert any("tenant `other`" in each and "where 1 belongs" in each for each in words)
    assert not any("tenant `acme`" in each for each in words)


def test_a_truncated_log_is_told_from_a_changed_one() -> None:
    report = audited(LOG[:7], {7: note(LOG[:7])}, kept=(KEPT,))
    assert report.findings == (
        "the log has 7 records, and the checkpoint that you kept was signed over 9: its end is missing",
    )


def test_a_log_without_a_checkpoint_is_not_sound() -> None:
    assert audited(LOG, {}).findings == ("no signed checkpoint came with the log",)


def test_keys_names_and_witnesses_are_held_to() -> None:
    assert not audited(LOG, LATEST, keys=(SECOND.verifier,)).sound
    elsewhere = signer("elsewhere.example", b"\x01" * 32)
    strange = {12: note(LOG, elsewhere, origin=ORIGIN)}
    assert not audited(LOG, strange, keys=(elsewhere.verifier,)).sound
    assert not audited(LOG, LATEST, witnesses=(WITNESS.verifier,)).sound
    with pytest.raises(Invalid, match="witness's key"):
        audited(LOG, LATEST, keys=(WITNESS.verifier,))
    bad = seen(LATEST[12]).note
    spoiled = str(Note(bad.text, (bad.signatures[0]._replace(signature=bytes(64)),)))
    assert not audited(LOG, {12: spoiled}).sound


def test_tiles_are_those_of_the_entries() -> None:
    hashes = b"".join(map(tree_leaf, LOG))
    assert audited(LOG, LATEST, tile_of=lambda level, number: hashes).sound
    assert not audited(LOG, LATEST, tile_of=lambda level, number: hashes[:-1] + b"\0").sound

    def missing(level: int, number: int) -> bytes:
        raise Invalid("tile 0 of level 0 is missing")

    assert audited(LOG, LATEST, tile_of=missing).findings == ("tile 0 of level 0 is missing",)


@UNHURRIED
@given(
    junk=st.recursive(st.none() | st.integers() | st.text(), st.lists) | st.dictionaries(st.text(), st.text())
)
def test_entries_that_are_no_records_are_findings_and_no_surprise(junk: object) -> None:
    for entry in (msgspec.json.encode(junk), b"\xff", b""):
        assert "cannot be read" in audited([entry], {1: note([entry])}).findings[0]


# -- one key after the other

HANDED = entries_of(
    [decision(1), decision(2), new_key(SECOND.verifier.vkey, FIRST.verifier.vkey), decision(3)]
)
TWICE = entries_of(
    [
        decision(1),
        new_key(SECOND.verifier.vkey, FIRST.verifier.vkey),
        decision(3),
        new_key(THIRD.verifier.vkey, SECOND.verifier.vkey),
        decision(4),
    ]
)
BOTH = note(HANDED, FIRST, SECOND, size=3)


def test_who_knows_the_first_key_follows_to_the_next() -> None:
    notes = {3: BOTH, 4: note(HANDED, SECOND)}
    assert audited(HANDED, notes, kept=(note(HANDED, FIRST, size=2),)).sound
    assert audited(HANDED, notes, kept=(BOTH,)).sound
    through = {
        2: note(TWICE, FIRST, SECOND, size=2),
        4: note(TWICE, SECOND, THIRD, size=4),
        5: note(TWICE, THIRD),
    }
    assert audited(TWICE, through).sound
    assert not audited(TWICE, {**through, 4: note(TWICE, THIRD, size=4)}).sound
    assert not audited(TWICE, {**through, 2: note(TWICE, SECOND, size=2)}).sound


def test_who_knows_the_last_key_follows_back_to_keys_that_the_log_names() -> None:
    through = {
        2: note(TWICE, FIRST, SECOND, size=2),
        4: note(TWICE, SECOND, THIRD, size=4),
        5: note(TWICE, THIRD),
    }
    kept = note(TWICE, SECOND, size=3)
    assert audited(TWICE, through, keys=(THIRD.verifier,), kept=(kept,)).sound
    oldest = note(TWICE, FIRST, size=1)
    report = audited(TWICE, through, keys=(THIRD.verifier,), kept=(oldest,))
    assert "give that key, too" in report.findings[0]
    assert audited(TWICE, through, keys=(THIRD.verifier, FIRST.verifier), kept=(oldest,)).sound


def test_the_tree_that_ends_with_the_handover_is_the_new_keys_too() -> None:
    notes = {3: BOTH, 4: note(HANDED, SECOND)}
    for kept in (BOTH, note(HANDED, SECOND, size=3)):
        assert audited(HANDED, notes, keys=(SECOND.verifier,), kept=(kept,)).sound


def test_a_key_signs_nothing_after_it_handed_over_and_nothing_before() -> None:
    assert not audited(HANDED, {3: BOTH, 4: note(HANDED, FIRST)}).sound
    notes = {3: BOTH, 4: note(HANDED, SECOND)}
    early = note(HANDED, SECOND, size=2)
    assert not audited(HANDED, notes, keys=(FIRST.verifier, SECOND.verifier), kept=(early,)).sound


def test_a_thief_cannot_hand_over_to_a_key_of_his_own_behind_a_kept_checkpoint() -> None:
    kept = note(HANDED, SECOND)
    stolen = entries_of(
        [decision(1), decision(2), new_key(THIRD.verifier.vkey, FIRST.verifier.vkey), decision(3)]
    )
    notes = {3: note(stolen, FIRST, THIRD, size=3), 4: note(stolen, THIRD)}
    assert audited(stolen, notes).sound  # to who kept nothing, a stolen key is as good as the log's
    assert not audited(stolen, notes, kept=(kept,)).sound
    assert not audited(stolen, notes, keys=(SECOND.verifier,)).sound


def test_a_replaced_key_vouches_for_nothing() -> None:
    notes = {3: note(HANDED, SECOND, size=3), 4: note(HANDED, SECOND)}
    report = audited(HANDED, notes)
    assert "give that key, too" in report.findings[0]
    kept = note(HANDED, FIRST, size=2)
    assert audited(HANDED, notes, keys=(FIRST.verifier, SECOND.verifier), kept=(kept,)).sound


def test_a_tenant_cannot_hand_over() -> None:
    posing = entries_of([decision(1), replace(new_key(SECOND.verifier.vkey, ""), tenant="acme")])
    assert not audited(posing, {2: note(posing, FIRST, SECOND), 3: note([*posing, b""], SECOND)}).sound
    assert audited(posing, {2: note(posing, FIRST)}).sound
