"""How the log names users, keys and groups: keyed per tenant, so that erasing the key unlinks them all."""

import hmac
from typing import Final

DIGITS: Final = 32


def pseudonym(key: bytes, kind: str, name: str) -> str:
    """`<initial of kind>-<32 hex digits>`: HMAC-SHA256 under the tenant's key, truncated."""
    digest = hmac.digest(key, f"{kind}\0{name}".encode("utf-8", "surrogatepass"), "sha256")
    return f"{kind[:1]}-{digest.hex()[:DIGITS]}"
