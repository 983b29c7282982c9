"""What a forger who recomputes every hash still cannot get past the verifier."""

from signalbox.ports.log import Head, StoredRecord
from signalbox.record.leaf import GENESIS, body_bytes
from signalbox.record.verify import FINDINGS_MAX, verify
from signalbox.testing.records import decision, sealed

SALT = b"s" * 16


def words(*records: tuple[int, StoredRecord]) -> list[str]:
    return [finding.words for finding in verify(records).findings]


def first(body: bytes = body_bytes(decision(1).body), salt: bytes = SALT, seq: int = 0) -> StoredRecord:
    return sealed(decision(1), body, salt, seq, GENESIS)[0]


def test_a_plain_record_is_sound() -> None:
    assert words((0, first())) == []


def test_a_number_out_of_its_tenants_sequence() -> None:
    assert words((0, first(seq=1))) == ["tenant `acme`: sequence number 1 stands where 0 belongs"]


def test_a_global_number_that_was_skipped() -> None:
    assert words((1, first())) == ["record 0 was expected here: records are missing, doubled or moved"]


def test_a_body_that_is_not_canonical_though_committed_to() -> None:
    body = body_bytes(decision(1).body)
    for changed in (
        body.replace(b",", b", ", 1),
        body[:-1] + b',"zzz":1}',
        body.replace(b"excel", b"\\u0065xcel"),
    ):
        assert words((0, first(changed))) == ["the body is not in canonical form"]


def test_a_body_that_is_not_of_its_kind() -> None:
    (said,) = words((0, first(b'{"app":1}')))
    assert said.startswith("the body is not of kind `decision`")


def test_a_salt_too_short_to_hide_anything() -> None:
    assert words((0, first(salt=b"s" * 8))) == ["the salt has 8 bytes, not 16"]


def test_a_body_without_its_salt_is_not_an_erasure() -> None:
    stored = first()
    for half in (StoredRecord(stored.leaf, b"", stored.body), StoredRecord(stored.leaf, SALT, b"")):
        assert "the body is not what the leaf committed to" in words((0, half))


def test_a_retained_head_of_a_tenant_that_is_gone() -> None:
    report = verify([(0, first())], [Head("other", 3, "ab" * 32)])
    (finding,) = report.findings
    assert finding.number == -1
    assert "tenant `other` had 3 records" in finding.words
    assert "now stands at 0" in finding.words


def test_two_retained_heads_that_contradict_each_other() -> None:
    sound = verify([(0, first())])
    assert not verify([(0, first())], [*sound.heads, Head("acme", 1, "ab" * 32)]).sound


def test_findings_are_all_counted_and_only_so_many_kept() -> None:
    report = verify((number, StoredRecord(b"noise", b"", b"")) for number in range(FINDINGS_MAX + 10))
    assert (len(report.findings), report.findings_total) == (FINDINGS_MAX, FINDINGS_MAX + 10)
    assert not report.sound
