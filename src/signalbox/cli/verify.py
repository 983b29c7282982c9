"""`signalbox verify`: a copy of the log, an exported one or a single proof, held to keys and checkpoints
that the verifier brings. It reads the files that it is given, and nothing else."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from signalbox.adapters.stores.sqlite.database import LOG_FILE
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.tile_directory import TileDirectory
from signalbox.cli.common import CommandFailed, console
from signalbox.ports.log import StoredRecord
from signalbox.record.tree import StoredTiles
from signalbox.record.verify import verify as verify_records
from signalbox.tlog.audit import Audit, Kept, Report
from signalbox.tlog.checkpoint import read_checkpoint, seen
from signalbox.tlog.cosignature import cosigned
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.note import Verifier, read_vkey, signers_of
from signalbox.tlog.proof import HEADER, read_proof

LIMITS: Final = (
    "What this cannot show: that the key's holder showed somebody else another log, unless witnesses or "
    "other readers compare checkpoints; that a request was sent which was never written down; where a vendor "
    "truly ran the model."
)
NOTHING_KEPT: Final = (
    "You brought no checkpoint and no witness: whoever holds the key could have written all of this anew."
)


def run(path: Path, keys: Sequence[str], checkpoints: Sequence[Path], witnesses: Sequence[str]) -> None:
    """Exit 1 on any finding."""
    try:
        log_keys, witness_keys = [_key(key) for key in keys], [_key(key) for key in witnesses]
        kept = [Kept(f"in {file}", seen(_text(file))) for file in checkpoints]
        if path.is_file() and _text(path).startswith(HEADER.encode()):
            _proof(path, log_keys, witness_keys)
            return
        findings, report = _audit(path, Brought(log_keys, kept, witness_keys))
    except Invalid as error:
        raise CommandFailed(f"`{path}`: {error}") from error
    _show(report, findings, brought=bool(kept or witness_keys))
    if findings or not report.sound:
        raise SystemExit(1)


class Brought(NamedTuple):
    """What the verifier has from elsewhere."""

    keys: list[Verifier]
    kept: list[Kept]
    witnesses: list[Verifier]


def _audit(path: Path, brought: Brought) -> tuple[list[str], Report]:
    """Findings about bodies, which only a copy of the database has; and the report on entries."""
    if TileDirectory.is_one(path):
        directory = TileDirectory(path)
        audit = Audit(
            brought.keys,
            directory.checkpoint,
            kept=brought.kept,
            witnesses=brought.witnesses,
            tile_of=directory.tile,
        )
        for entry in directory.entries():
            audit.add(entry)
        return [], audit.report()
    log = SqliteLogReader.open(path.parent if path.name == LOG_FILE else path)
    size = log.next_number()  # a server may be writing: what comes later is for the next verification
    audit = Audit(
        brought.keys,
        log.checkpoint,
        kept=brought.kept,
        witnesses=brought.witnesses,
        tile_of=StoredTiles(log, size),
    )

    def through(records: Iterator[tuple[int, StoredRecord]]) -> Iterator[tuple[int, StoredRecord]]:
        for number, stored in records:
            audit.add(stored.leaf)
            yield number, stored

    bodies = verify_records(through(islice(log.scan(), size)))
    words = [f"record {each.number}: {each.words}" for each in bodies.findings]
    return words, audit.report()


def _show(report: Report, findings: Sequence[str], *, brought: bool) -> None:
    out = console()
    told = (*findings, *(each for each in report.findings if each not in findings))
    for words in told:
        out.print(words, soft_wrap=True)
    for words in report.said:
        out.print(words, soft_wrap=True)
    for each in report.witnessed:
        out.print(
            f"the witness {each.witness} saw {each.size} records, which continue all that it saw before, on "
            f"{_when(each.time_s)}",
            soft_wrap=True,
        )
    for tenant, (count, last) in report.tenants.items():
        out.print(f"tenant {tenant}: {count} records without a gap, head {last}", soft_wrap=True)
    if report.unsigned:
        out.print(
            f"no signed checkpoint covers the last {report.unsigned} records yet: they could be cut off",
            soft_wrap=True,
        )
    if told:
        out.print(f"NOT AS IT WAS SIGNED: {len(told)} findings in {report.size} records")
        return
    if not brought:
        out.print(NOTHING_KEPT, soft_wrap=True)
    out.print(f"verified: {report.size} records\n{LIMITS}", soft_wrap=True)


def _proof(path: Path, keys: Sequence[Verifier], witnesses: Sequence[Verifier]) -> None:
    proof = read_proof(_text(path))
    if proof.extra is None:
        raise Invalid("the proof does not carry the entry that it is about")
    proof.verify(proof.extra)
    signers = signers_of(proof.note, keys)
    checkpoint = read_checkpoint(proof.note.text)
    if checkpoint.origin not in {key.name for key in signers}:
        raise Invalid(f"the checkpoint is of `{checkpoint.origin}`, which is not its key's log")
    out = console()
    for witness in witnesses:
        found = cosigned(proof.note, witness)
        if found is None:
            raise Invalid(f"the witness `{witness.name}` has not cosigned its checkpoint")
        out.print(
            f"the witness {witness.name} saw the first {checkpoint.size} records on {_when(found.time_s)}"
        )
    out.print(
        f"verified: record {proof.number} of {checkpoint.origin}, among the first {checkpoint.size}, is",
        soft_wrap=True,
    )
    out.file.write(proof.extra.decode(errors="backslashreplace") + "\n")


def _key(text: str) -> Verifier:
    """A public key, or the name of a file that has one."""
    file = Path(text)
    return read_vkey(_text(file).decode() if len(text) < 200 and file.is_file() else text)


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandFailed(f"`{file}` cannot be read: {error.strerror}") from error


def _when(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
