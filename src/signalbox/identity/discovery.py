"""Where an issuer's keys are, as its own configuration says (OpenID Connect Discovery 1.0, section 4).

INVARIANT: the configuration is of the issuer that was asked for, to the letter, and points to keys over
https: whoever could answer for it, or change the keys on the way, could be anyone.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from signalbox.domain.errors import MalformedRequest
from signalbox.identity.key_set import KeySetInvalid
from signalbox.ports.key_sets import KeySetSource
from signalbox.wires.strict_json import decode_strict

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_LOOPBACK: Final = frozenset(("127.0.0.1", "::1", "localhost"))
_SHOWN_MAX: Final = 200


class DiscoveredKeySet:
    """Implements `ports.key_sets.KeySetSource`: asks anew each time, so that keys may move. `at` gives what
    fetches from an address."""

    def __init__(self, issuer: str, at: Callable[[str], KeySetSource]) -> None:
        self._issuer = issuer
        self._at = at

    async def fetch(self) -> bytes:
        """Raises `KeySetUnavailable`, and `KeySetInvalid` for a configuration that is not to be followed."""
        configuration = await self._at(configuration_of(self._issuer)).fetch()
        return await self._at(jwks_uri_of(configuration, self._issuer)).fetch()


def configuration_of(issuer: str) -> str:
    """The address of its configuration."""
    return issuer.rstrip("/") + _WELL_KNOWN


def jwks_uri_of(configuration: bytes, issuer: str) -> str:
    """Where the keys are. Raises `KeySetInvalid`."""
    try:
        said = decode_strict(configuration)
    except MalformedRequest as error:
        raise KeySetInvalid(f"no configuration of an issuer: {error.message}") from None
    if not isinstance(said, dict):
        raise KeySetInvalid("no configuration of an issuer: expected an object")
    if said.get("issuer") != issuer:
        found = str(said.get("issuer"))[:_SHOWN_MAX]
        raise KeySetInvalid(f"the configuration is of `{found}`, not of `{issuer}`")
    uri = said.get("jwks_uri")
    if not isinstance(uri, str) or not is_safe_address(uri) or _is_plain(uri) > _is_plain(issuer):
        raise KeySetInvalid(f"`jwks_uri` is no `https://` address: `{str(uri)[:_SHOWN_MAX]}`")
    return uri


def is_safe_address(url: str) -> bool:
    """https; http only to this machine; without a user or a fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        sound = parts.port != 0 and "@" not in parts.netloc and not parts.fragment
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    return bool(sound and plain and host and safe)


def _is_plain(url: str) -> bool:
    return not url.lower().startswith("https:")
