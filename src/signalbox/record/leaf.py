"""The bytes that are hashed: one leaf per record, version 1.

A leaf is canonical JSON (RFC 8785) with its fields in alphabetical order::

    {"commit":"<hex>","kind":"intent","prev":"<hex>","ref":"<id>","seq":7,"tenant":"acme","time_us":1,"v":1}

`commit` is SHA-256(salt ‖ body), so that erasing salt and body leaves nothing to guess from; `prev` is
the leaf hash of the tenant's previous leaf (64 zeros before the first); `seq` counts the tenant's records
from 0. A leaf's hash is SHA-256(0x00 ‖ leaf), as RFC 6962 §2.1 hashes a Merkle leaf.

It does not draw salts, keep heads or store anything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from signalbox.domain.records import RECORD_VERSION, Body, Record
from signalbox.ports.log import StoredRecord

SALT_BYTES: Final = 16
GENESIS: Final = "0" * 64

Entry = tuple[Record, bytes]
"""A record with its canonical body."""
Place = tuple[int, str]
"""Where a tenant's sequence stands: how many records it has, and the hash of the last one's leaf."""
_BEGINNING: Final[Place] = (0, GENESIS)
_LEAF_HASH: Final = sha256(b"\0")
"""A leaf's hash as it begins: a copy is quicker had than a new one."""


class Leaf(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """INVARIANT: fields in alphabetical order, so that msgspec's encoding of a leaf is its canonical form."""

    commit: str
    kind: str
    prev: str
    ref: str
    seq: int
    tenant: str
    time_us: int
    v: int


_decoder: Final = msgspec.json.Decoder(Leaf)
_encode: Final = msgspec.json.Encoder().encode


body_bytes: Final[Callable[[Body], bytes]] = _encode
"""The canonical bytes of a record's body. Raises `ValueError` for text that UTF-8 cannot carry."""


def seal(
    entries: Sequence[Entry], salts: Iterable[bytes], heads: Mapping[str, Place]
) -> tuple[list[StoredRecord], list[str], dict[str, Place]]:
    """The records as they are kept, their leaf hashes in lower-case hex, and the heads that they move.

    There is a salt for each record; `heads` say where the tenants' sequences stand.
    """
    stored: list[StoredRecord] = []
    hashes: list[str] = []
    moved: dict[str, Place] = {}
    tenant: str | None = None  # whose head is being moved; it is put by when the tenant changes
    seq, prev = _BEGINNING
    for (record, body), salt in zip(entries, salts, strict=True):
        if record.tenant != tenant:
            if tenant is not None:
                moved[tenant] = (seq, prev)
            tenant = record.tenant
            seq, prev = moved.get(tenant) or heads.get(tenant, _BEGINNING)
        commit = sha256(salt + body).hexdigest()
        leaf = _encode(
            Leaf(commit, record.kind, prev, record.ref, seq, tenant, record.time_us, RECORD_VERSION)
        )
        hashed = _LEAF_HASH.copy()
        hashed.update(leaf)
        prev = hashed.hexdigest()
        seq += 1
        stored.append(StoredRecord(leaf, salt, body))
        hashes.append(prev)
    if tenant is not None:
        moved[tenant] = (seq, prev)
    return stored, hashes, moved


def leaf_hash(leaf: bytes) -> str:
    """Lower-case hex SHA-256(0x00 ‖ leaf)."""
    return sha256(b"\0" + leaf).hexdigest()


def commitment(salt: bytes, body: bytes) -> str:
    """Lower-case hex SHA-256(salt ‖ body)."""
    return sha256(salt + body).hexdigest()


def read_leaf(leaf: bytes) -> Leaf:
    """Parse a leaf. Raises `ValueError` unless it is the canonical form of a version 1 leaf."""
    read = _decoder.decode(leaf)
    if read.v != RECORD_VERSION:
        raise ValueError(f"a leaf of version `{read.v}`, where {RECORD_VERSION} was expected")
    if _encode(read) != leaf:
        raise ValueError("a leaf that is not in canonical form")
    return read
