"""Where an issuer's public keys come from."""

from typing import Protocol


class KeySetSource(Protocol):
    async def fetch(self) -> bytes:
        """The JWKS (RFC 7517) as it stands now, within a few seconds. Raises `KeySetUnavailable`."""


class KeySetUnavailable(Exception):
    """`str` of it says where was asked and what happened, for the process log."""
