"""Whatever is done to a log, its verifier notices; erasing a body is not doing anything to it."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signalbox.domain.records import BODIES, SWITCH_TENANT, Record, SwitchBody
from signalbox.ports.log import Head, StoredRecord
from signalbox.record.leaf import body_bytes, read_leaf
from signalbox.record.sequencer import Sequencer
from signalbox.record.verify import Report, verify
from signalbox.testing.records import (
    act,
    decision,
    denial,
    hit,
    intent,
    journey,
    new_key,
    outcome,
    payload,
    withdrawn,
)
from signalbox.tlog.edge import Edge

SWITCHES = {"kill", "restore"}

UNHURRIED = settings(deadline=None, max_examples=60)
Log = list[StoredRecord]


def log_of(records: list[Record], seed: int = 0) -> tuple[Log, tuple[Head, ...]]:
    sequencer = Sequencer((), Edge(), Random(seed).randbytes)
    kept: Log = []
    heads: dict[str, Head] = {}
    for start in range(0, len(records), 4):
        draft = sequencer.draft([(r, body_bytes(r.body)) for r in records[start : start + 4]], ())
        sequencer.adopt(draft)
        kept += draft.batch.records
        heads.update((head.tenant, head) for head in draft.batch.heads)
    return kept, tuple(heads.values())


def checked(log: Log, heads: tuple[Head, ...] = ()) -> Report:
    return verify(enumerate(log), heads)


RECORDS = [
    *journey(1),
    *journey(2, "other"),
    decision(3),
    intent(3),
    outcome(3, status="failed"),
    intent(3, attempt=2, endpoint="in-house"),
    denial(4, "other"),
    outcome(3, attempt=2),
    decision(5),
    intent(5),
]
LOG, HEADS = log_of(RECORDS)


def test_an_untouched_log_is_sound() -> None:
    report = checked(LOG, HEADS)
    assert (report.findings, report.sound) == ((), True)
    assert (len(RECORDS), 0) == (report.records, report.erased)
    assert sorted(HEADS, key=lambda head: head.tenant) == list(report.heads)
    assert (intent(5).ref,) == report.open_attempts


def test_it_is_sound_against_every_head_it_ever_had() -> None:
    for end in range(len(LOG) + 1):
        assert checked(LOG, checked(LOG[:end]).heads).sound


@pytest.mark.parametrize("part", ["leaf", "salt", "body"])
@UNHURRIED
@given(data=st.data())
def test_any_changed_byte_is_found(part: str, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(LOG) - 1))
    was = getattr(LOG[number], part)
    at = data.draw(st.integers(0, len(was) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != was[at]))
    assert not checked(changed(number, part, was[:at] + bytes([byte]) + was[at + 1 :]), HEADS).sound


@pytest.mark.soak
@pytest.mark.parametrize("part", ["leaf", "salt", "body"])
def test_every_flipped_bit_is_found(part: str) -> None:
    for number, stored in enumerate(LOG):
        was = getattr(stored, part)
        for bit in range(8 * len(was)):
            flipped = bytearray(was)
            flipped[bit // 8] ^= 1 << bit % 8
            assert not checked(changed(number, part, bytes(flipped)), HEADS).sound, (number, bit)


@UNHURRIED
@given(number=st.integers(0, len(LOG) - 1), renumbered=st.booleans())
def test_a_dropped_record_is_found(number: int, renumbered: bool) -> None:
    rest = [(n, s) for n, s in enumerate(LOG) if n != number]
    if renumbered:
        rest = [(n, s) for n, (_, s) in enumerate(rest)]
    assert not verify(rest, HEADS).sound


@UNHURRIED
@given(number=st.integers(0, len(LOG) - 1), to=st.integers(0, len(LOG)))
def test_a_doubled_record_is_found(number: int, to: int) -> None:
    assert not checked([*LOG[:to], LOG[number], *LOG[to:]], HEADS).sound


@UNHURRIED
@given(st.permutations(range(len(LOG))))
def test_an_order_in_which_a_tenants_records_moved_is_found(order: list[int]) -> None:
    moved = [LOG[n] for n in order]
    tenants = ({n for n, r in enumerate(RECORDS) if r.tenant == t} for t in ("acme", "other"))
    kept = all([n for n in order if n in own] == sorted(own) for own in tenants)
    assert kept == checked(moved, HEADS).sound


@UNHURRIED
@given(st.integers(0, len(LOG) - 1))
def test_a_cut_off_end_is_found_by_who_kept_the_heads(end: int) -> None:
    assert checked(LOG[:end]).sound
    assert not checked(LOG[:end], HEADS).sound


@UNHURRIED
@given(st.integers(1, 2**32))
def test_a_log_that_was_made_anew_is_found_by_who_kept_the_heads(seed: int) -> None:
    forged, _ = log_of(RECORDS, seed)
    assert checked(forged).sound
    assert not checked(forged, HEADS).sound


@UNHURRIED
@given(st.sets(st.integers(0, len(LOG) - 1)))
def test_an_erased_body_verifies_as_erased(numbers: set[int]) -> None:
    log = [StoredRecord(s.leaf, b"", b"") if n in numbers else s for n, s in enumerate(LOG)]
    report = checked(log, HEADS)
    assert (report.findings, len(numbers)) == ((), report.erased)


def changed(number: int, part: str, bytes_: bytes) -> Log:
    parts: dict[str, bytes] = {name: getattr(LOG[number], name) for name in ("leaf", "salt", "body")}
    parts[part] = bytes_
    return [*LOG[:number], StoredRecord(**parts), *LOG[number + 1 :]]


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([decision(1), outcome(1)], "an outcome without an intent"),
        ([*journey(1), outcome(1)], "a second outcome"),
        ([decision(1), intent(1), intent(1)], "a second intent"),
        ([intent(1), outcome(1)], "no decision"),
        ([*journey(1), decision(1)], "a second decision"),
        ([*journey(1), decision(2, "other"), outcome(1, "other")], "an outcome without an intent"),
        ([Record("acme", "decision", "elsewhere", 1, decision(1).body)], "the leaf is about"),
        ([Record("acme", "denial", decision(1).ref, 1, decision(1).body)], "not of kind `denial`"),
        ([Record("acme", "rumour", decision(1).ref, 1, decision(1).body)], "unknown kind `rumour`"),
    ],
)
def test_a_senseless_story_is_found_in_a_well_chained_log(records: list[Record], words: str) -> None:
    log, heads = log_of(records)
    report = checked(log, heads)
    assert any(words in finding.words for finding in report.findings), report.findings
    assert all(finding.number >= 0 for finding in report.findings)


def test_every_kind_of_record_is_understood() -> None:
    log, heads = log_of(
        [*journey(1), decision(2), withdrawn(2), denial(3), hit(4), new_key("b", "a"), act(5), payload(2)]
    )
    kinds = {read_leaf(stored.leaf).kind for stored in log}
    assert set(BODIES) == kinds | SWITCHES
    assert checked(log, heads).sound


def test_changes_of_the_kill_switch_are_understood() -> None:
    body = SwitchBody(by="u-1", change="switch-1", cut=False, epoch=1, reason="a drill", selector="vendor:v")
    log, heads = log_of([Record(SWITCH_TENANT, what, "switch-1", 1, body) for what in sorted(SWITCHES)])
    assert checked(log, heads).sound
