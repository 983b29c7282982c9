"""The doubter's side, with Python and `cryptography` alone: is this the log that was signed?

Entries are handed in one by one, in order. The tree is made anew from them; the checkpoints that came with
the log, those that the verifier kept, and the cosignatures of witnesses are held against it, and so are the
tiles that proofs are made from. Each tenant's records are counted and linked on their own.

It reads entries only. That a body is what its entry committed to is `record.verify`'s business.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from signalbox.tlog.checkpoint import Seen, seen
from signalbox.tlog.cosignature import cosigned
from signalbox.tlog.edge import Edge
from signalbox.tlog.invalid import Invalid
from signalbox.tlog.keyring import Handover, KeyRing
from signalbox.tlog.merkle import leaf_hash
from signalbox.tlog.note import Verifier, read_vkey
from signalbox.tlog.paths import TileOf
from signalbox.tlog.tiles import WIDTH, Tile

FINDINGS_MAX: Final = 1_000
LOG_TENANT: Final = "$log"
_GENESIS: Final = "0" * 64
_FIELDS: Final = {
    "commit": str,
    "kind": str,
    "prev": str,
    "ref": str,
    "seq": int,
    "tenant": str,
    "time_us": int,
}


class Kept(NamedTuple):
    """A checkpoint from outside the log, and the words for where it is from."""

    place: str
    seen: Seen


class Witnessed(NamedTuple):
    """At `time_s`, in seconds since the epoch, the first `size` records were all that the witness knew of
    this log, and they continued whatever it had seen before."""

    witness: str
    size: int
    time_s: int


class Report(NamedTuple):
    """`said`: what was verified, a sentence each. `findings`: what is not as it was signed, at most
    `FINDINGS_MAX` of `findings_total`. `unsigned`: records that no signed checkpoint covers yet.
    `tenants`: how many records each has, and the hash of the last in hex."""

    size: int
    root: bytes
    tenants: dict[str, tuple[int, str]]
    said: tuple[str, ...]
    witnessed: tuple[Witnessed, ...]
    findings: tuple[str, ...]
    findings_total: int
    unsigned: int

    @property
    def sound(self) -> bool:
        return not self.findings_total


class Audit:
    """`keys`: log keys that the verifier trusts; `kept`: checkpoints that the verifier kept; `witnesses`:
    keys of which each must have cosigned one of these or the log's own latest checkpoint.

    `checkpoint_of(size)` is what came with the log, `checkpoint_of(None)` the latest. `tile_of`: the tiles
    that came with the log; without it none are looked at.
    """

    def __init__(
        self,
        keys: Sequence[Verifier],
        checkpoint_of: Callable[[int | None], str | None],
        *,
        kept: Sequence[Kept] = (),
        witnesses: Sequence[Verifier] = (),
        tile_of: TileOf | None = None,
    ) -> None:
        self._keys = tuple(keys)
        self._checkpoint_of = checkpoint_of
        self._witnesses = tuple(witnesses)
        self._tile_of = tile_of
        self._findings: list[str] = []
        self._findings_total = 0
        self._said: list[str] = []
        self._edge = Edge()
        self._rising: list[bytes] = []
        self._size = 0
        self._tenants: dict[str, tuple[int, str]] = {}
        self._handovers: list[tuple[int, Verifier]] = []
        self._kept = tuple(kept)
        latest = self._read(checkpoint_of(None), "that came with the log")
        self._latest = Kept("that came with the log", latest) if latest else None
        self._roots: dict[int, bytes] = {}
        self._wanted = {each.seen.checkpoint.size for each in self._notes}

    @property
    def _notes(self) -> tuple[Kept, ...]:
        return (*self._kept, self._latest) if self._latest else self._kept

    def add(self, entry: bytes) -> None:
        hashed = leaf_hash(entry)
        self._rising.append(hashed)
        number = self._size
        self._size += 1
        self._link(number, entry, hashed.hex())
        if len(self._rising) == WIDTH or self._size in self._wanted:
            self._grow()
        if self._size in self._wanted:
            self._roots[self._size] = self._edge.root()

    def report(self) -> Report:
        """After the last entry; once."""
        self._grow()
        self._roots[0] = Edge().root()
        if self._tile_of is not None:
            for level, hashes in enumerate(self._edge.levels):
                if hashes:
                    self._compare(Tile(level, self._size >> (8 * (level + 1)), hashes))
            if not self._findings_total:
                self._said.append("the tiles that proofs are made from are those of these records")
        ring = KeyRing(self._keys, [self._handover(size, key) for size, key in self._handovers])
        for each in self._notes:
            self._hold(each, ring)
        if self._latest is None:
            self._find("no signed checkpoint came with the log")
        witnessed = [found for witness in self._witnesses if (found := self._ask(witness))]
        covered = [each.seen.checkpoint.size for each in self._notes]
        return Report(
            self._size,
            self._edge.root(),
            dict(sorted(self._tenants.items())),
            tuple(self._said),
            tuple(witnessed),
            tuple(self._findings),
            self._findings_total,
            max(0, self._size - max(covered, default=0)),
        )

    def _find(self, words: str) -> None:
        self._findings_total += 1
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(words)

    def _read(self, text: str | None, place: str) -> Seen | None:
        try:
            return seen(text) if text is not None else None
        except Invalid as error:
            self._find(f"the checkpoint {place} cannot be read: {error}")
            return None

    def _grow(self) -> None:
        self._edge, tiles = self._edge.extended(b"".join(self._rising))
        self._rising = []
        if self._tile_of is not None:
            for tile in tiles:
                if tile.width == WIDTH:
                    self._compare(tile)

    def _compare(self, tile: Tile) -> None:
        assert self._tile_of is not None  # noqa: S101 - asked by both callers
        try:
            same = self._tile_of(tile.level, tile.number)[: len(tile.hashes)] == tile.hashes
        except Invalid as error:
            self._find(str(error))
            return
        if not same:
            self._find(f"tile {tile.number} of level {tile.level} does not hold the hashes of these records")

    def _link(self, number: int, entry: bytes, hashed: str) -> None:
        """The tenant's own sequence. After a break it goes on from what was found: a break is told once."""
        try:
            said: Any = json.loads(entry)
            if not all(type(said[name]) is type_ for name, type_ in _FIELDS.items()):
                raise Invalid("a field is of the wrong type")
        except (ValueError, KeyError, TypeError) as error:
            self._find(f"record {number} cannot be read: {error}")
            return
        tenant, seq = said["tenant"], said["seq"]
        count, last = self._tenants.get(tenant, (0, _GENESIS))
        if seq != count:
            self._find(f"record {number}: tenant `{tenant}` has its number {seq} where {count} belongs")
        if said["prev"] != last:
            self._find(f"record {number}: tenant `{tenant}`: it does not name the record before it")
        self._tenants[tenant] = (seq + 1, hashed)
        if tenant == LOG_TENANT and said["kind"] == "key":
            try:
                self._handovers.append((self._size, read_vkey(said["ref"])))
                self._wanted.add(self._size)
            except Invalid as error:
                self._find(f"record {number} names no key: {error}")

    def _handover(self, size: int, key: Verifier) -> Handover:
        signed = self._read(self._checkpoint_of(size), f"of {size} records")
        if signed is None or (signed.checkpoint.size, signed.checkpoint.root) != (size, self._roots[size]):
            return Handover(size, key, None)
        return Handover(size, key, signed)

    def _hold(self, each: Kept, ring: KeyRing) -> None:
        checkpoint = each.seen.checkpoint
        if checkpoint.size > self._size:
            self._find(
                f"the log has {self._size} records, and the checkpoint {each.place} was signed over "
                f"{checkpoint.size}: its end is missing"
            )
            return
        if self._roots[checkpoint.size] != checkpoint.root:
            self._find(
                f"the first {checkpoint.size} records are not those that the checkpoint {each.place} was "
                "signed over"
            )
            return
        try:
            signers = ring.signers(each.seen)
        except Invalid as error:
            self._find(f"the checkpoint {each.place}: {error}")
            return
        if checkpoint.origin not in {key.name for key in signers}:
            self._find(f"the checkpoint {each.place} is of `{checkpoint.origin}`, which is not its key's log")
            return
        names = ", ".join(f"{key.name}+{key.key_id.hex()}" for key in signers)
        self._said.append(
            f"the first {checkpoint.size} records are those of the checkpoint {each.place}, signed by {names}"
        )

    def _ask(self, witness: Verifier) -> Witnessed | None:
        best: Witnessed | None = None
        for each in self._notes:
            try:
                found = cosigned(each.seen.note, witness)
            except Invalid as error:
                self._find(f"the checkpoint {each.place}: {error}")
                continue
            if found is not None:
                seen_now = Witnessed(witness.name, each.seen.checkpoint.size, found.time_s)
                best = max(best or seen_now, seen_now)
        if best is None:
            self._find(f"the witness `{witness.name}` has cosigned none of these checkpoints")
        return best
