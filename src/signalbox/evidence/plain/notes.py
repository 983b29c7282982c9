"""Signed notes, their keys, and checkpoints: c2sp.org/signed-note and /tlog-checkpoint, read alone.

What the house itself uses for these is `signalbox.tlog`, which rests on `cryptography`.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import NamedTuple

from signalbox.evidence.plain.ed25519 import ed25519_verifies


class Bad(Exception):
    """Something is not as it was signed; its text says what."""


class Key(NamedTuple):
    name: str
    ident: bytes
    public: bytes


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


class Note(NamedTuple):
    """`signatures`: name, key id, signature."""

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def signers(self, keys: Sequence[Key]) -> list[Key]:
        """Raises `Bad` if a known key's signature does not verify; unknown keys count for nothing."""
        found = []
        for name, ident, signature in self.signatures:
            for key in keys:
                if (key.name, key.ident) == (name, ident):
                    if not ed25519_verifies(key.public, self.text.encode(), signature):
                        raise Bad(f"the signature of `{name}+{ident.hex()}` does not verify")
                    found.append(key)
        return found


def canonical(value: object) -> bytes:
    """RFC 8785, for what has string keys in ASCII and no floats."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def from_base64(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise Bad("what should be base64 is not") from error
    if b64encode(data).decode() != text:
        raise Bad("base64 that is not in its one form")
    return data


def read_key(text: str) -> Key:
    """`<name>+<id in hex>+<base64>`."""
    name, _, rest = text.strip().partition("+")
    ident, _, coded = rest.partition("+")
    material = from_base64(coded)
    if material[:1] != b"\x01" or len(material) != 33:
        raise Bad("a key of another kind than a log's Ed25519 key")
    if hashlib.sha256(name.encode() + b"\n" + material).hexdigest()[:8] != ident:
        raise Bad("the key does not have the id that it claims: it was cut or mistyped")
    return Key(name, bytes.fromhex(ident), material[1:])


def key_text(key: Key) -> str:
    """What `read_key` reads."""
    return f"{key.name}+{key.ident.hex()}+{b64encode(bytes([1]) + key.public).decode()}"


def read_note(data: bytes) -> Note:
    try:
        text, separator, lines = data.decode().rpartition("\n\n")
    except UnicodeDecodeError as error:
        raise Bad("a signed note is not UTF-8") from error
    if not separator or not lines.endswith("\n"):
        raise Bad("a signed note has no signatures, or was cut short")
    signatures = []
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—":
            raise Bad("a line after a note's text is not a signature")
        signed = from_base64(parts[2])
        signatures.append((parts[1], signed[:4], signed[4:]))
    return Note(text + "\n", tuple(signatures))


def read_checkpoint(note: Note) -> Checkpoint:
    lines = note.text.split("\n")
    if len(lines) < 4 or not (lines[1].isascii() and lines[1].isdecimal()) or len(lines[1]) > 19:
        raise Bad("what should be a checkpoint is none")
    root = from_base64(lines[2])
    if len(root) != 32:
        raise Bad("a checkpoint's root is no SHA-256 hash")
    return Checkpoint(lines[0], int(lines[1]), root)
