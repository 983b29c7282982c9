"""Signed notes and their keys, as c2sp.org/signed-note says; Ed25519 only.

A note is a text and signatures over it. Signatures of unknown keys are kept and ignored; one of a known key
that does not verify spoils the note. What the text means is `checkpoint`'s business; signatures of witnesses
are over other bytes, and `cosignature`'s.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signalbox.tlog.invalid import Invalid

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
SIGNATURES_MAX: Final = 100
_KEY_BYTES: Final = 32
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f]")
_PRIVATE: Final = "PRIVATE+KEY+"


class Verifier(NamedTuple):
    """A public key. `name` and `key_id` together say which; `algorithm` is the note format's type byte."""

    name: str
    key_id: bytes
    algorithm: int
    public: bytes

    @property
    def vkey(self) -> str:
        """As it is handed to people: `<name>+<key id in hex>+<base64 of algorithm and key>`."""
        material = b64encode(bytes([self.algorithm]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def check(self, message: bytes, signature: bytes) -> None:
        """Raises `Invalid` unless this key made the signature."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise Invalid(f"the signature of `{self.name}+{self.key_id.hex()}` does not verify") from error


class Signer(NamedTuple):
    """A key that can sign; `sign` may ask a machine elsewhere."""

    verifier: Verifier
    sign: Callable[[bytes], bytes]


class Signature(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.signature).decode()}\n"

    def is_by(self, key: Verifier) -> bool:
        return (self.name, self.key_id) == (key.name, key.key_id)


class Note(NamedTuple):
    """`text` ends in a newline."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line for signature in self.signatures)


def verifier(name: str, public: bytes, algorithm: int = ED25519) -> Verifier:
    """Raises `Invalid` for a name that notes cannot carry or a key of another length."""
    if not _is_name(name):
        raise Invalid(f"`{name[:80]}` cannot name a key: it is empty, or has a space or a `+`")
    if len(public) != _KEY_BYTES:
        raise Invalid(f"an Ed25519 key has {_KEY_BYTES} bytes, not {len(public)}")
    digest = sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()
    return Verifier(name, digest[:4], algorithm, public)


def read_vkey(text: str) -> Verifier:
    """Raises `Invalid` unless it is an Ed25519 key, of a signer or of a witness, under its own id."""
    name, _, rest = text.strip().partition("+")
    return _read_key(name, rest)


def make_skey(name: str, seed: bytes, algorithm: int = ED25519) -> str:
    """The private key as one line of text. `seed`: 32 bytes from a source that is fit for keys."""
    key = signer(name, seed, algorithm).verifier
    return f"{_PRIVATE}{name}+{key.key_id.hex()}+{b64encode(bytes([algorithm]) + seed).decode()}"


def read_skey(text: str) -> Signer:
    """Raises `Invalid` unless it is a private Ed25519 key under its own id. The message has none of it."""
    text = text.strip()
    if not text.startswith(_PRIVATE):
        raise Invalid(f"a private key begins with `{_PRIVATE}`")
    name, _, rest = text.removeprefix(_PRIVATE).partition("+")
    key_id, algorithm, seed = _material(rest)
    made = signer(name, seed, algorithm)
    if made.verifier.key_id != key_id:
        raise Invalid(f"the private key of `{name[:80]}` does not have the id it claims")
    return made


def signer(name: str, seed: bytes, algorithm: int = ED25519) -> Signer:
    """Raises `Invalid` as `verifier` does."""
    if len(seed) != _KEY_BYTES:
        raise Invalid(f"an Ed25519 key has {_KEY_BYTES} bytes, not {len(seed)}")
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return Signer(verifier(name, private.public_key().public_bytes_raw(), algorithm), private.sign)


def read_note(data: bytes | str) -> Note:
    """Takes the form apart and verifies nothing. Raises `Invalid`."""
    try:
        whole = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise Invalid("the note is not UTF-8") from error
    if _CONTROL.search(whole):
        raise Invalid("the note has control characters")
    text, separator, signed = whole.rpartition("\n\n")
    if not separator or not signed.endswith("\n"):
        raise Invalid("the note has no signatures, or does not end in a newline")
    lines = signed[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise Invalid(f"the note has {len(lines)} signatures, where at most {SIGNATURES_MAX} are read")
    return Note(text + "\n", tuple(_read_signature(line) for line in lines))


def signed(text: str, signers: Sequence[Signer]) -> Note:
    """Raises `Invalid` for a text that a note cannot carry."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Invalid("a note's text ends in a newline and has no control characters")
    made = [Signature(key.verifier.name, key.verifier.key_id, key.sign(text.encode())) for key in signers]
    return Note(text, tuple(made))


def signers_of(note: Note, known: Sequence[Verifier]) -> tuple[Verifier, ...]:
    """Which of the known keys signed. Raises `Invalid` if a signature of one of them does not verify, or
    if none of them signed; signatures of other keys count for nothing."""
    found = []
    for key in known:
        for signature in note.signatures:
            if signature.is_by(key):
                key.check(note.text.encode(), signature.signature)
                found.append(key)
    if not found:
        raise Invalid("none of the known keys signed it")
    return tuple(dict.fromkeys(found))


def from_base64(text: str) -> bytes:
    """Raises `Invalid` unless the text is the one base64 form of its bytes."""
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise Invalid("what should be base64 is not") from error
    if b64encode(data).decode() != text:
        raise Invalid("base64 that is not in its one form")
    return data


def _read_signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not _is_name(parts[1]):
        raise Invalid("a line after the note's text is not a signature")
    data = from_base64(parts[2])
    if len(data) < 5:
        raise Invalid("a signature of the note is too short")
    return Signature(parts[1], data[:4], data[4:])


def _read_key(name: str, rest: str) -> Verifier:
    key_id, algorithm, public = _material(rest)
    made = verifier(name, public, algorithm)
    if made.key_id != key_id:
        raise Invalid(f"the key of `{name[:80]}` does not have the id it claims: it was cut or mistyped")
    return made


def _material(rest: str) -> tuple[bytes, int, bytes]:
    """`<id>+<base64>`: id, algorithm, key."""
    hexed, plus, coded = rest.partition("+")
    if not plus or not re.fullmatch("[0-9a-f]{8}", hexed):
        raise Invalid("a key is written `<name>+<8 hex digits>+<base64>`")
    data = from_base64(coded)
    if not data or data[0] not in (ED25519, COSIGNATURE):
        raise Invalid("a key of another kind than Ed25519")
    return bytes.fromhex(hexed), data[0], data[1:]


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name) and not _CONTROL.search(name)
