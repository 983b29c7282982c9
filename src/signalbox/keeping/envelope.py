"""Content and a data key → ciphertext: AES-256-GCM, bound to where it belongs.

What is sealed opens nowhere else: the additional data is the canonical form (RFC 8785) of tenant, subject,
decision and part. A sealed part is a nonce of 12 bytes, the ciphertext, and a tag of 16. It draws no
randomness and keeps nothing.
"""

from hashlib import sha256
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from signalbox.domain.canonical import canonical
from signalbox.domain.errors import SignalboxError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""Random nonces: a key is good for 2^32 parts (NIST SP 800-38D, section 8.3); a subject has fewer."""

Part = Literal["prompt", "reply"]


class Altered(SignalboxError):
    """What is kept is not what was sealed there."""

    code = "content_altered"
    status = 500


class Binding(Struct, frozen=True, kw_only=True):
    """Where a sealed part belongs; `subject` is the pseudonym."""

    decision: str
    part: Part
    subject: str
    tenant: str
    v: int = 1


def seal(data_key: bytes, nonce: bytes, content: bytes, binding: Binding) -> bytes:
    """INVARIANT: `nonce` is used once with this key."""
    return nonce + AESGCM(data_key).encrypt(nonce, content, canonical(binding))


def unseal(data_key: bytes, sealed: bytes, binding: Binding) -> bytes:
    """Raises `Altered` unless it was sealed with this key for this very place, and is unchanged since."""
    try:
        nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return AESGCM(data_key).decrypt(nonce, ciphertext, canonical(binding))
    except (InvalidTag, ValueError) as error:
        raise Altered(
            f"the {binding.part} that is kept of `{binding.decision}` is not what was sealed there"
        ) from error


def digest(sealed: bytes) -> str:
    """Lower-case hex SHA-256 of a sealed part, by which the log knows it; empty of nothing."""
    return sha256(sealed).hexdigest() if sealed else ""
