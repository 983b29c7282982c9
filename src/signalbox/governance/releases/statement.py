"""What an approver signs: exactly this release, on exactly this base, in exactly this house.

The bytes begin with what they are for, so that a signature over them is worth nothing anywhere else.
Ed25519 (RFC 8032) over RFC 8785 JSON. Private keys are not handled here.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from signalbox.domain.canonical import canonical
from signalbox.governance.releases.refusals import ApprovalInvalid

_PURPOSE: Final = b"signalbox: approval of a release, version 1\n"
_KEY_PREFIX: Final = "ed25519:"
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64


class Statement(Struct, frozen=True, kw_only=True):
    """`approver` and `author` are subjects; `key` is the approver's public key as text."""

    approver: str
    author: str
    base: int
    base_hash: str
    hash: str
    key: str
    log: str
    nonce: str
    number: int

    @property
    def bytes(self) -> bytes:
        """What is signed."""
        return _PURPOSE + canonical(self)


def key_text(public: bytes) -> str:
    """A public key as settings have it: `ed25519:` and base64."""
    return _KEY_PREFIX + b64encode(public).decode()


def public_bytes(key: str) -> bytes:
    """Raises `ValueError`, which says what a key looks like."""
    try:
        public = b64decode(key.removeprefix(_KEY_PREFIX), validate=True)
    except (Base64Error, ValueError):
        public = b""
    if not key.startswith(_KEY_PREFIX) or len(public) != _KEY_BYTES or key_text(public) != key:
        raise ValueError(
            "expected a public key such as `signalbox release keygen` prints: `ed25519:` and 44 characters"
        )
    return public


def check_signature(statement: Statement, signature: str) -> None:
    """Raises `ApprovalInvalid` unless the statement's key signed it. `signature` is base64."""
    try:
        raw = b64decode(signature, validate=True)
        if len(raw) != _SIGNATURE_BYTES or b64encode(raw).decode() != signature:
            raise ValueError("not a signature")
        Ed25519PublicKey.from_public_bytes(public_bytes(statement.key)).verify(raw, statement.bytes)
    except (InvalidSignature, Base64Error, ValueError) as error:
        raise ApprovalInvalid(
            f"the signature does not hold: it is not by `{statement.key[:60]}`, or is over another release, "
            "another base, another house or other content"
        ) from error
