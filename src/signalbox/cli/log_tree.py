"""`signalbox log checkpoint`, `prove`, `export` and `key`: the log as a tree that others can verify."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from signalbox.adapters.keys.log_key_files import VKEY_FILE, LogKeyFiles
from signalbox.adapters.stores.tile_directory import write_tiles
from signalbox.cli.common import CommandFailed, console, open_log, settings_of
from signalbox.domain.records import LOG_TENANT
from signalbox.ports.log import LogReader
from signalbox.record.tree import StoredTiles
from signalbox.tlog.checkpoint import Seen, seen
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.merkle import verify_consistency
from signalbox.tlog.paths import consistency_proof, inclusion_proof
from signalbox.tlog.proof import Proof
from signalbox.tlog.witness import Asked

_PREFIX = "dec-"


def checkpoint(config: Path, out: Path | None) -> None:
    _write(out, str(_latest(open_log(settings_of(config))).note))


def prove(config: Path, record: int | None, decision: str, since: Path | None, out: Path | None) -> None:
    """Exactly one of `record`, `decision` and `since`; to `out`, else to standard output."""
    if (record is not None) + bool(decision) + (since is not None) != 1:
        raise CommandFailed("say what to prove: one of `--record N`, `--decision ID` and `--since FILE`")
    log = open_log(settings_of(config))
    latest = _latest(log)
    try:
        if since is not None:
            made = str(_continued(log, latest, since))
        else:
            made = str(_proof(log, latest, _number_of(log, decision) if record is None else record))
    except Invalid as error:
        raise CommandFailed(f"nothing is proved: {error}") from error
    _write(out, made)


def export(config: Path, directory: Path) -> None:
    log = open_log(settings_of(config))
    latest = _latest(log)
    size = latest.checkpoint.size
    handovers = [note for end in _handover_sizes(log, size) if (note := log.checkpoint(end)) is not None]
    entries = (stored.leaf for _, stored in log.scan())
    try:
        write_tiles(directory, str(latest.note), entries, StoredTiles(log, size), handovers)
    except Invalid as error:
        raise CommandFailed(f"the log cannot be exported: {error}; see `signalbox verify`") from error
    console().print(
        f"{size} records in {directory}: entries, tiles and checkpoint; no bodies", soft_wrap=True
    )


def key(config: Path, out: Path | None, *, rotate: bool, replace: bool) -> None:
    """The public key, or else prepares the one that signs from the next start on."""
    if rotate and replace:
        raise CommandFailed("choose one: `--rotate`, where the old key vouches for the new, or `--replace`")
    settings = settings_of(config)
    keys = LogKeyFiles(settings.data_dir, settings.log.origin)
    if rotate or replace:
        if rotate and keys.current() is None:
            raise CommandFailed("there is no key to rotate: start the server once, and it makes one")
        prepared = keys.prepare(replaces=replace)
        if prepared.replaces != replace:
            raise CommandFailed(
                "another key is prepared already, of the other kind: restart the server, or remove it by hand"
            )
        _write(out, f"{prepared.signer.verifier.vkey}\n")
        console().print("signs from the server's next start on")
        return
    file = settings.data_dir / VKEY_FILE
    try:
        vkey = file.read_text("utf-8")
    except OSError as error:
        raise CommandFailed(f"no key at `{file}`: start the server once, and it makes one") from error
    _write(out, vkey)


def _write(out: Path | None, text: str) -> None:
    """To standard output without a file."""
    if out is None:
        console().file.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"`{out}` cannot be written: {error.strerror}") from error


def _latest(log: LogReader) -> Seen:
    text = log.checkpoint()
    if text is None:
        raise CommandFailed(
            "the log has no checkpoint yet: one is signed soon after the first record, and at close"
        )
    return seen(text)


def _proof(log: LogReader, latest: Seen, number: int) -> Proof:
    size = latest.checkpoint.size
    if not 0 <= number < size:
        raise CommandFailed(
            f"no checkpoint covers record {number}: the latest covers {size}. The next one is due within "
            "the time that `checkpoint` under [log] says"
        )
    ((_, stored),) = islice(log.scan(number), 1)
    path = inclusion_proof(StoredTiles(log, size), number, size)
    proof = Proof(number, path, latest.note, stored.leaf)
    proof.verify(stored.leaf)  # a log that was tampered with proves nothing
    return proof


def _continued(log: LogReader, latest: Seen, since: Path) -> Asked:
    """What a witness is asked. `since` is the checkpoint that it cosigned last; empty: its first."""
    try:
        data = since.read_bytes()
    except OSError as error:
        raise CommandFailed(f"`{since}` cannot be read: {error.strerror}") from error
    if not data.strip():
        return Asked(0, (), latest)
    old, new = seen(data).checkpoint, latest.checkpoint
    proof = consistency_proof(StoredTiles(log, new.size), old.size, new.size)
    verify_consistency(old.size, new.size, proof, old.root, new.root)
    return Asked(old.size, proof, latest)


def _number_of(log: LogReader, decision: str) -> int:
    """The record of a decision, or of a denial."""
    ident = decision if decision.startswith(_PREFIX) else _PREFIX + decision.removeprefix("chatcmpl-")
    try:
        time_us = int(ident.removeprefix(_PREFIX)[:12], 16) * 1_000
    except ValueError:
        raise CommandFailed(f"`{decision[:64]}` is not the id of a decision") from None
    for number, stored in log.find(ident, time_us):
        leaf = msgspec.json.decode(stored.leaf)
        if leaf["ref"] == ident and leaf["kind"] in ("decision", "denial"):
            return number
    raise CommandFailed(f"the log has no decision `{ident[:64]}`")


def _handover_sizes(log: LogReader, size: int) -> Iterator[int]:
    for number, stored in islice(log.scan(), size):
        if b'"kind":"key"' in stored.leaf:
            leaf = msgspec.json.decode(stored.leaf)
            if (leaf["tenant"], leaf["kind"]) == (LOG_TENANT, "key"):
                yield number + 1
