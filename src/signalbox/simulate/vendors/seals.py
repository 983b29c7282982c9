"""Signatures on thinking, as a vendor makes and checks them."""

import base64
import hashlib
import hmac


class Sealer:
    """Seals are of one vendor's key and bound to the text; a redacted block's seal is all there is of it."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def seal(self, text: str, *, redacted: bool = False) -> str:
        # 64 characters that carry a nonce-like digest of the text, and its code under the key.
        digest = hashlib.sha256((b"redacted\x00" if redacted else b"open\x00") + text.encode()).digest()
        return base64.b64encode(digest + self._code(digest)).decode()

    def holds(self, text: str, seal: str, *, redacted: bool = False) -> bool:
        return seal == self.seal(text, redacted=redacted)

    def ours(self, seal: str) -> bool:
        """Whether this key made it, for whatever text."""
        try:
            raw = base64.b64decode(seal, validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(raw[32:], self._code(raw[:32]))

    def _code(self, digest: bytes) -> bytes:
        return hmac.new(self._key, digest, hashlib.sha256).digest()
