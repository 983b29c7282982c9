"""A pack opened: its manifest, its files and its records, each held to what was signed."""

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from signalbox.evidence.plain.notes import (
    Bad,
    Checkpoint,
    Key,
    Note,
    canonical,
    from_base64,
    read_checkpoint,
    read_key,
    read_note,
)
from signalbox.evidence.plain.trees import check_consistency

TITLE: Final = "signalbox evidence pack, version 1"
MANIFEST: Final = "MANIFEST"
CHECKPOINT: Final = "checkpoint"
INCLUSION: Final = "inclusion"
WINDOW: Final = "records/tenant.jsonl"
OTHERS: Final = "records/others.jsonl"
CONTENTS: Final = "contents/"
STATEMENTS: Final = "approvals/"
REPORT: Final = "report.html"
README: Final = "README.md"
LOG, SWITCHES, GOVERNANCE = "$log", "$switches", "$governance"
GENESIS: Final = "0" * 64
MANIFEST_BYTES_MAX: Final = 1 << 26
_ABOUT: Final = {
    "act": "act",
    "decision": "decision",
    "denial": "decision",
    "hit": "decision",
    "intent": "attempt",
    "key": "next",
    "kill": "change",
    "outcome": "attempt",
    "restore": "change",
    "withdrawn": "attempt",
}
_LEAF: Final = {
    "commit": str,
    "kind": str,
    "prev": str,
    "ref": str,
    "seq": int,
    "tenant": str,
    "time_us": int,
    "v": int,
}

Json: TypeAlias = dict[str, Any]


class Entry(NamedTuple):
    """A record of the pack. `body` is None where it was erased, or is outside what the pack is about."""

    number: int
    leaf: Json
    hashed: str
    body: Json | None


class Claim(NamedTuple):
    """What the manifest says that the pack is. `closed`: a later record of the tenant stands at its end."""

    origin: str
    tenant: str
    from_us: int
    to_us: int
    made_us: int
    closed: bool

    @property
    def lines(self) -> str:
        return (
            f"{TITLE}\nlog {self.origin}\ntenant {self.tenant}\nfrom_us {self.from_us}\nto_us {self.to_us}\n"
            f"made_us {self.made_us}\nend {'closed' if self.closed else 'open'}\n"
        )

    def covers(self, time_us: int) -> bool:
        return self.from_us <= time_us < self.to_us


class Pack:
    """Its files are what the manifest lists, in that order, once `check_files` has returned."""

    def __init__(self, path: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
            raise Bad(f"`{path}` is no pack, or was cut short: {error}") from error
        if any(
            each.file_size > MANIFEST_BYTES_MAX for each in self._zip.infolist() if each.filename == MANIFEST
        ):
            raise Bad(f"`{MANIFEST}` is too large")
        self.note = read_note(self.read(MANIFEST))
        self.claim, self.files = read_manifest(self.note)

    def close(self) -> None:
        self._zip.close()

    def read(self, name: str) -> bytes:
        try:
            return self._zip.read(name)
        except (
            KeyError,
            OSError,
            EOFError,
            RuntimeError,
            ValueError,
            NotImplementedError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise Bad(f"`{name}` is missing or damaged") from error

    def check_files(self) -> None:
        if self._zip.namelist() != [*self.files, MANIFEST]:
            raise Bad("the pack's files are not those that its manifest lists, in that order")
        for name, (digest, size) in self.files.items():
            if self._zip.getinfo(name).file_size != size:
                raise Bad(f"`{name}` is not of the size that the manifest states")
            if hashlib.sha256(self.read(name)).hexdigest() != digest:
                raise Bad(f"`{name}` is not what the manifest was signed over")
            if name.startswith(CONTENTS) and name != CONTENTS + digest:
                raise Bad(f"`{name}` is not what has that hash")

    def hashes(self, name: str) -> list[bytes]:
        found = [from_base64(line) for line in self.read(name).decode("ascii", "replace").splitlines()]
        if any(len(each) != 32 for each in found):
            raise Bad(f"a line of `{name}` is no SHA-256 hash")
        return found

    def entries(self, name: str) -> Iterator[Entry]:
        for at, line in enumerate(self.read(name).split(b"\n")[:-1], 1):
            try:
                yield read_entry(line)
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise Bad(f"line {at} of `{name}` is no record") from error
            except Bad as bad:
                raise Bad(f"line {at} of `{name}`: {bad}") from None

    def content(self, digest: str) -> bytes | None:
        return self.read(CONTENTS + digest) if CONTENTS + digest in self.files else None

    @property
    def statements(self) -> dict[int, bytes]:
        """What approvers signed, by the number of the act."""
        names = [name for name in self.files if name.startswith(STATEMENTS)]
        return {int(name.removeprefix(STATEMENTS)): self.read(name) for name in names}


def read_manifest(note: Note) -> tuple[Claim, dict[str, tuple[str, int]]]:
    """The claim, and each file's SHA-256 and size."""
    lines = note.text.split("\n")
    files: dict[str, tuple[str, int]] = {}
    try:
        origin, tenant, begin, end, made, closed = (line.split(" ", 1)[1] for line in lines[1:7])
        claim = Claim(origin, tenant, int(begin), int(end), int(made), closed == "closed")
        for line in lines[7:-1]:
            word, digest, size, path = line.split(" ", 3)
            if word != "file" or path in files:
                raise ValueError(path)
            files[path] = (digest, int(size))
    except (ValueError, IndexError) as error:
        raise Bad(f"`{MANIFEST}` is not in its form") from error
    if not note.text.startswith(claim.lines):
        raise Bad(f"`{MANIFEST}` is not in its form")
    return claim, files


def read_entry(line: bytes) -> Entry:
    """One line of a file of records. Raises `Bad`, and what `json` raises."""
    said = json.loads(line)
    number, leaf, salt, body = said["number"], said["leaf"], bytes.fromhex(said["salt"]), said["body"]
    if (
        type(number) is not int
        or {name: type(value) for name, value in leaf.items()} != _LEAF
        or leaf["v"] != 1
    ):
        raise Bad("a leaf of another form")
    if body is not None:
        if hashlib.sha256(salt + canonical(body)).hexdigest() != leaf["commit"]:
            raise Bad("the body is not what the leaf committed to")
        if body.get(_ABOUT.get(leaf["kind"], ""), leaf["ref"]) != leaf["ref"]:
            raise Bad("leaf and body are about different things")
    elif salt:
        raise Bad("a salt without its body")
    if line != canonical({"body": body, "leaf": leaf, "number": number, "salt": salt.hex()}):
        raise Bad("a line that is not in canonical form")
    return Entry(number, leaf, hashlib.sha256(b"\0" + canonical(leaf)).hexdigest(), body)


def check_window(claim: Claim, entries: Sequence[Entry]) -> None:
    """The tenant's records without a gap, from before the period (or from its first) to its end."""
    if not entries:
        if claim.closed:
            raise Bad("the end of the period is said to be closed, and no record stands there")
        return
    first, last = entries[0].leaf, entries[-1].leaf
    if first["seq"] and first["time_us"] >= claim.from_us:
        raise Bad("the tenant's records begin inside the period, and not with its first: some are missing")
    if not first["seq"] and first["prev"] != GENESIS:
        raise Bad("the tenant's first record names one before it")
    _check_links(claim.tenant, entries)
    if claim.closed and last["time_us"] < claim.to_us:
        raise Bad("the tenant's records end inside the period: some are missing")


def check_others(claim: Claim, window: Sequence[Entry], entries: Sequence[Entry], kill_epoch: int) -> None:
    """The sequences that are no tenant's are whole from their first record on; of the tenant there may be
    single records from outside of its window. `kill_epoch`: as many changes of the kill switch there were
    when something was sent."""
    numbers = [entry.number for entry in entries]
    if numbers != sorted(set(numbers)) or set(numbers) & {entry.number for entry in window}:
        raise Bad("records are doubled, or not in the log's order")
    if any(entry.leaf["tenant"] not in (LOG, SWITCHES, GOVERNANCE, claim.tenant) for entry in entries):
        raise Bad("the pack has a record of another tenant")
    for name in (LOG, SWITCHES, GOVERNANCE):
        own = [entry for entry in entries if entry.leaf["tenant"] == name]
        if own and (own[0].leaf["seq"] or own[0].leaf["prev"] != GENESIS):
            raise Bad(f"the records of `{name}` do not begin with the first")
        _check_links(name, own)
    if sum(entry.leaf["tenant"] == SWITCHES for entry in entries) < kill_epoch:
        raise Bad(
            f"something was sent after {kill_epoch} changes of the kill switch: some of them are missing"
        )


def _check_links(tenant: str, entries: Sequence[Entry]) -> None:
    before: Entry | None = None
    for entry in entries:
        if entry.leaf["tenant"] != tenant:
            raise Bad("the pack has a record of another tenant")
        if before is not None and (
            (entry.leaf["seq"], entry.leaf["prev"]) != (before.leaf["seq"] + 1, before.hashed)
            or entry.number <= before.number
        ):
            raise Bad(f"record {entry.leaf['seq']} of `{tenant}` does not follow the one before it")
        before = entry


def check_signers(pack: Pack, given: Sequence[Key], new: Checkpoint, others: Sequence[Entry]) -> Key:
    """The trusted key that signed checkpoint and manifest. Trust goes on to a later key where an earlier one
    that is trusted signed the tree that ends with the record that names the later."""
    trusted = list(given)
    for entry in others:
        handover = f"handover/{entry.number + 1}"
        if (entry.leaf["tenant"], entry.leaf["kind"]) == (LOG, "key") and handover in pack.files:
            signed = read_note(pack.read(handover))
            old = read_checkpoint(signed)
            if (old.origin, old.size) == (new.origin, entry.number + 1) and signed.signers(trusted):
                check_consistency(old, new, pack.hashes(f"consistency/{old.size}"))
                trusted.append(read_key(entry.leaf["ref"]))
    signers = read_note(pack.read(CHECKPOINT)).signers(trusted)
    for key in signers:
        if key.name == new.origin == pack.claim.origin and key in pack.note.signers(trusted):
            return key
    raise Bad("none of the keys you trust, nor one that they vouch for, signed both checkpoint and manifest")
