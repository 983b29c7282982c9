"""The doubter's side: does this log still say what was written?

Recomputes every commitment, leaf hash and link, holds leaves and bodies to their canonical form, and asks
that the story makes sense. What a log cannot show alone is that its end, or all of it, was replaced: that
takes heads which the verifier kept from an earlier reading (`retained`).

It opens no file and trusts no stored head: hand it records as a store scans them.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from signalbox.domain.records import BODIES, Body, IntentBody, WithdrawnBody
from signalbox.ports.log import Head, StoredRecord
from signalbox.record.leaf import GENESIS, SALT_BYTES, Leaf, commitment, leaf_hash, read_leaf

FINDINGS_MAX: Final = 1_000
_encoder: Final = msgspec.json.Encoder()
_decoders: Final = {kind: msgspec.json.Decoder(type_) for kind, type_ in BODIES.items()}
_ID_FIELD: Final = {
    "act": "act",
    "decision": "decision",
    "denial": "decision",
    "hit": "decision",
    "intent": "attempt",
    "key": "next",
    "kill": "change",
    "outcome": "attempt",
    "payload": "decision",
    "restore": "change",
    "withdrawn": "attempt",
}


class Finding(Struct, frozen=True):
    """Something that is not as it was written. `number` is the record's, -1 for the log as a whole."""

    number: int
    words: str


class Report(Struct, frozen=True):
    """`heads` are what to retain for the next verification. `findings` holds the first `FINDINGS_MAX`
    of `findings_total`; the log is sound if there are none. `open_attempts` await their outcomes."""

    records: int
    erased: int
    heads: tuple[Head, ...]
    open_attempts: tuple[str, ...]
    findings: tuple[Finding, ...]
    findings_total: int

    @property
    def sound(self) -> bool:
        return not self.findings_total


def verify(records: Iterable[tuple[int, StoredRecord]], retained: Sequence[Head] = ()) -> Report:
    """Check a whole log, from record 0, against itself and against heads retained from earlier.

    Memory grows with the number of decisions and attempts (about 0.3 KB each), not with their size.
    """
    verifier = _Verifier(retained)
    for number, stored in records:
        verifier.record(number, stored)
    return verifier.report()


class _Verifier:
    def __init__(self, retained: Sequence[Head]) -> None:
        self._findings: list[Finding] = []
        self._findings_total = 0
        self._retained: dict[tuple[str, int], list[str]] = {}
        for head in retained:
            self._retained.setdefault((head.tenant, head.count), []).append(head.leaf_hash)
        self._records = 0
        self._erased = 0
        self._next = 0
        self._heads: dict[str, tuple[int, str]] = {}
        self._seen: set[tuple[str, str, str]] = set()  # kind, tenant, id
        self._open: dict[tuple[str, str], None] = {}

    def record(self, number: int, stored: StoredRecord) -> None:
        self._records += 1
        if number != self._next:
            self._find(
                number, f"record {self._next} was expected here: records are missing, doubled or moved"
            )
        self._next = number + 1
        try:
            leaf = read_leaf(stored.leaf)
        except (msgspec.DecodeError, ValueError) as error:
            self._find(number, f"the leaf cannot be read: {error}")
            return
        self._link(number, leaf, leaf_hash(stored.leaf))
        body = self._open_commitment(number, leaf, stored)
        self._story(number, leaf, body)

    def report(self) -> Report:
        for (tenant, count), hashes in self._retained.items():
            reached = self._heads.get(tenant, (0, GENESIS))[0]
            if count == 0 and hashes == [GENESIS]:
                continue
            self._find(
                -1,
                f"tenant `{tenant}` had {count} records when its head was retained, and that head is not in "
                f"its sequence, which now stands at {reached}",
            )
        return Report(
            records=self._records,
            erased=self._erased,
            heads=tuple(Head(tenant, count, last) for tenant, (count, last) in sorted(self._heads.items())),
            open_attempts=tuple(attempt for _, attempt in self._open),
            findings=tuple(self._findings),
            findings_total=self._findings_total,
        )

    def _find(self, number: int, words: str) -> None:
        self._findings_total += 1
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(number, words))

    def _link(self, number: int, leaf: Leaf, hashed: str) -> None:
        """The tenant's sequence. After a break it goes on from what was found, so a break is told once."""
        count, last = self._heads.get(leaf.tenant, (0, GENESIS))
        if leaf.seq != count:
            self._find(
                number, f"tenant `{leaf.tenant}`: sequence number {leaf.seq} stands where {count} belongs"
            )
        if leaf.prev != last:
            self._find(number, f"tenant `{leaf.tenant}`: the record before this one is not the one it names")
        self._heads[leaf.tenant] = (leaf.seq + 1, hashed)
        if self._retained:
            hashes = self._retained.get((leaf.tenant, leaf.seq + 1), [])
            if hashes and set(hashes) == {hashed}:
                del self._retained[leaf.tenant, leaf.seq + 1]

    def _open_commitment(self, number: int, leaf: Leaf, stored: StoredRecord) -> Body | None:
        """The body, if it is there and is what the leaf committed to."""
        if not stored.salt and not stored.body:
            self._erased += 1
            return None
        if len(stored.salt) != SALT_BYTES:
            self._find(number, f"the salt has {len(stored.salt)} bytes, not {SALT_BYTES}")
        if commitment(stored.salt, stored.body) != leaf.commit:
            self._find(number, "the body is not what the leaf committed to")
            return None
        decoder = _decoders.get(leaf.kind)
        if decoder is None:
            return None  # `_story` says that the kind is unknown
        try:
            body: Body = decoder.decode(stored.body)
        except (msgspec.DecodeError, ValueError) as error:
            self._find(number, f"the body is not of kind `{leaf.kind}`: {error}")
            return None
        if _encoder.encode(body) != stored.body:
            self._find(number, "the body is not in canonical form")
        if getattr(body, _ID_FIELD[leaf.kind]) != leaf.ref:
            self._find(number, f"the leaf is about `{leaf.ref}` and the body is not")
        return body

    def _story(self, number: int, leaf: Leaf, body: Body | None) -> None:
        if leaf.kind not in BODIES:
            self._find(number, f"unknown kind `{leaf.kind}`")
            return
        key = (leaf.kind, leaf.tenant, leaf.ref)
        if key in self._seen:
            self._find(number, f"a second {leaf.kind} for `{leaf.ref}`")
            return
        self._seen.add(key)
        if (
            isinstance(body, IntentBody | WithdrawnBody)
            and ("decision", leaf.tenant, body.decision) not in self._seen
        ):
            self._find(number, f"no decision `{body.decision}` came before this {leaf.kind}")
        if leaf.kind == "intent":
            self._open[leaf.tenant, leaf.ref] = None
        elif leaf.kind == "outcome":
            if ("intent", leaf.tenant, leaf.ref) not in self._seen:
                self._find(number, f"an outcome without an intent: `{leaf.ref}`")
            self._open.pop((leaf.tenant, leaf.ref), None)
