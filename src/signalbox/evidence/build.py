"""Makes a pack: one ZIP file of records, proofs, contents, reports, the verifier and a signed manifest.

The same log, period, moment and key make the same bytes. Memory grows with the records of the period, some
hundred bytes each, not with their bodies.

INVARIANT: a pack that is handed over verifies: the verifier's checks were made on the way, and a log that was
tampered with makes none.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec
from msgspec import Struct

from signalbox.evidence.bundle import bundled
from signalbox.evidence.gather import EvidenceLog, Gathering, NothingToShow, Shown, Span, latest
from signalbox.evidence.plain.notes import Bad
from signalbox.evidence.plain.pack import (
    CHECKPOINT,
    CONTENTS,
    INCLUSION,
    LOG,
    MANIFEST,
    OTHERS,
    README,
    REPORT,
    STATEMENTS,
    WINDOW,
    Claim,
    Entry,
    Json,
    check_others,
    check_window,
    read_entry,
)
from signalbox.evidence.plain.page import page, readme
from signalbox.evidence.plain.releases import APPROVED
from signalbox.evidence.plain.tally import REGISTER, SUMMARY, Tally
from signalbox.evidence.plain.trees import root_over
from signalbox.record.tree import StoredTiles
from signalbox.tlog.checkpoint import Seen, seen
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import verify_consistency
from signalbox.tlog.note import Signer, signed
from signalbox.tlog.paths import consistency_proof, joint_proof

VERIFIER: Final = "verify.py"
_LEVEL: Final = 3  # of deflate: half of a record is hashes, which no level makes smaller
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_DIGEST: Final = re.compile(r"\b[0-9a-f]{64}\b")


class Wanted(Struct, frozen=True, kw_only=True):
    """`since`: checkpoints that the auditor kept, which the pack is to be joined to. `statements`: what
    approvers of releases signed, by the number of the act (`evidence.statements`). `made_us` is now."""

    span: Span
    since: Sequence[str] = ()
    statements: Mapping[int, bytes] = msgspec.field(default_factory=dict)
    made_us: int


class Made(Struct, frozen=True):
    """`summary` as the pack has it. `closed`: nothing of the period can have been left out at its end."""

    records: int
    size: int
    closed: bool
    summary: Json


class _Writer:
    def __init__(self, out: IO[bytes]) -> None:
        self._zip = ZipFile(out, "w", ZIP_DEFLATED, compresslevel=_LEVEL)
        self._lines: list[str] = []

    def add(self, name: str, parts: Iterable[bytes]) -> None:
        digest, size = sha256(), 0
        with self._zip.open(_info(name), "w", force_zip64=True) as file:
            for part in parts:
                digest.update(part)
                size += len(part)
                file.write(part)
        self._lines.append(f"file {digest.hexdigest()} {size} {name}\n")

    def close(self, claim: Claim, signer: Signer) -> None:
        note = signed(claim.lines + "".join(self._lines), [signer])
        self._zip.writestr(_info(MANIFEST), str(note))
        self._zip.close()


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, _LONG_AGO)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def build(
    log: EvidenceLog,
    content: Callable[[str], bytes | None],
    wanted: Wanted,
    signer: Signer,
    out: IO[bytes],
) -> Made:
    """Write the pack to `out`. `content(digest)` finds what acts refer to and the log does not keep.

    Raises `NothingToShow` for a log without a checkpoint, one that was tampered with, and a checkpoint to be
    joined that is not of this log; `LogUnavailable`.
    """
    newest = latest(log)
    try:
        return _Builder(log, content, wanted, newest, out).build(signer)
    except (Bad, Invalid) as error:
        raise NothingToShow(f"no pack can be made of this log: {error}; see `signalbox verify`") from error


class _Builder:
    def __init__(
        self,
        log: EvidenceLog,
        content: Callable[[str], bytes | None],
        wanted: Wanted,
        newest: Seen,
        out: IO[bytes],
    ) -> None:
        self._log = log
        self._content = content
        self._wanted = wanted
        self._note = newest.note
        self._checkpoint = newest.checkpoint
        self._tiles = StoredTiles(log, self._checkpoint.size)
        self._writer = _Writer(out)
        self._leaves: dict[int, bytes] = {}
        self._digests: set[str] = set()
        self._approvals: set[int] = set()

    def build(self, signer: Signer) -> Made:
        span, checkpoint = self._wanted.span, self._checkpoint
        gathering = Gathering(self._log, span, checkpoint.size)
        # Whether the end is closed is known once the window was read, and no sum depends on it.
        draft = Claim(checkpoint.origin, span.tenant, span.from_us, span.to_us, self._wanted.made_us, False)
        tally, window, others = Tally(draft), list[Entry](), list[Entry]()
        self._writer.add(WINDOW, self._lines(gathering.window(), tally, window))
        self._writer.add(OTHERS, self._lines(gathering.others, tally, others))
        claim = draft._replace(closed=gathering.closed)
        check_window(claim, window)
        check_others(claim, window, others, tally.kill_epoch)
        proof = joint_proof(self._tiles, sorted(self._leaves), checkpoint.size) if self._leaves else ()
        if root_over(self._leaves, checkpoint.size, proof) != checkpoint.root:
            raise Bad("its records are not those that its checkpoint was signed over")
        self._writer.add(CHECKPOINT, [str(self._note).encode()])
        self._writer.add(INCLUSION, [_hashes(proof)])
        self._join(others)
        contents, statements = self._contents(tally), self._statements()
        reports = tally.files(contents.get, statements)
        for name in sorted(reports):
            self._writer.add(name, [reports[name]])
        summary = msgspec.json.decode(reports[SUMMARY])
        register = msgspec.json.decode(reports[REGISTER])
        self._writer.add(REPORT, [page(claim, summary, register, len(window), checkpoint.size)])
        self._writer.add(README, [readme(claim, signer.verifier.vkey)])
        self._writer.add(VERIFIER, [bundled()])
        self._writer.close(claim, signer)
        return Made(len(self._leaves), checkpoint.size, claim.closed, summary)

    def _lines(self, shown: Iterable[Shown], tally: Tally, entries: list[Entry]) -> Iterable[bytes]:
        for each in shown:
            line = each.line
            try:
                entry = read_entry(line[:-1])
            except (ValueError, KeyError, TypeError) as error:
                raise Bad(f"record {each.number} cannot be read: {error}") from error
            tally.add(entry)
            if entry.leaf["kind"] == "act" and entry.body is not None:
                self._digests.update(_DIGEST.findall(entry.body["content"]))
                if entry.body["what"] == APPROVED:
                    self._approvals.add(entry.body["number"])
            self._leaves[each.number] = bytes.fromhex(entry.hashed)
            entries.append(entry._replace(body=None))
            yield line

    def _contents(self, tally: Tally) -> dict[str, bytes]:
        """Writes the releases that were in force and whatever acts refer to."""
        contents: dict[str, bytes] = {}
        for digest in sorted(self._digests | {digest for _, digest in tally.releases}):
            content = self._log.blob(digest) or self._content(digest)
            if content is not None and sha256(content).hexdigest() == digest:
                self._writer.add(CONTENTS + digest, [content])
                contents[digest] = content
        return contents

    def _statements(self) -> dict[int, bytes]:
        """Writes what the approvals in the pack were signed over."""
        known = self._wanted.statements
        statements = {number: known[number] for number in sorted(self._approvals) if number in known}
        for number, statement in statements.items():
            self._writer.add(f"{STATEMENTS}{number}", [statement])
        return statements

    def _join(self, others: Sequence[Entry]) -> None:
        """To checkpoints that were kept, and to those with which another key began."""
        handovers = {
            entry.number + 1
            for entry in others
            if (entry.leaf["tenant"], entry.leaf["kind"]) == (LOG, "key")
            and self._log.checkpoint(entry.number + 1) is not None
        }
        kept = {old.size: old for old in (seen(text).checkpoint for text in self._wanted.since)}
        for size in sorted(handovers | set(kept)):
            if size == self._checkpoint.size and size not in handovers:
                if kept[size].root != self._checkpoint.root:
                    raise Bad(f"the checkpoint over {size} records is of another log")
                continue
            proof = consistency_proof(self._tiles, size, self._checkpoint.size)
            if size in kept:
                old = kept[size]
                verify_consistency(size, self._checkpoint.size, proof, old.root, self._checkpoint.root)
            self._writer.add(f"consistency/{size}", [_hashes(proof)])
        for size in sorted(handovers):
            self._writer.add(f"handover/{size}", [(self._log.checkpoint(size) or "").encode()])


def _hashes(proof: Sequence[bytes]) -> bytes:
    return b"".join(b64encode(each) + b"\n" for each in proof)
