"""A tenant's key in Azure Key Vault or Managed HSM: `wrapKey` and `unwrapKey` with RSA-OAEP-256.

RSA binds no context: that a wrapped key is another subject's shows when the content does not open with it.
What is kept is the version that wrapped beside what it wrapped, so that the key may be rotated in the vault.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from signalbox.adapters.http.client import HttpClient
from signalbox.adapters.http.origin import parse_base_url
from signalbox.adapters.keys.answers import Said, post
from signalbox.adapters.providers.azure_access.identity import NoToken, Token
from signalbox.ports.clock import Clock
from signalbox.ports.tenant_keys import TenantKeyRefused, TenantKeyUnavailable, WrapContext

API_VERSION: Final = "7.4"
ALGORITHM: Final = "RSA-OAEP-256"
_EARLY_S: Final = 300


class _Wrapped(Struct, frozen=True, array_like=True):
    """`version` of the key, as the vault names it."""

    version: str
    value: bytes


_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final = msgspec.msgpack.Decoder(_Wrapped)


class KeyVaultKey:
    """Implements `ports.tenant_keys.TenantKeys`. `key` is the key's identifier, with or without a version to
    wrap with. `fetch(scope)` gives a token and blocks. `client` is closed by whoever made it.

    INVARIANT: nothing is ever sent to another key than the configured one, whatever the store says.
    """

    def __init__(self, key: str, client: HttpClient, fetch: Callable[[str], Token], clock: Clock) -> None:
        parts = urlsplit(key)
        self._name = key
        self._origin, _ = parse_base_url(f"{parts.scheme}://{parts.netloc}")
        _, _, name, *version = parts.path.split("/")
        self._path = f"/keys/{name}"
        self._version = version[0] if version else ""
        self._scope = scope_of(parts.hostname or "")
        self._client = client
        self._fetch = fetch
        self._clock = clock
        self._token: Token | None = None
        self._fetching = asyncio.Lock()

    async def wrap(self, data_key: bytes, context: WrapContext) -> bytes:
        said = await self._call(self._version, "wrapkey", data_key)
        version = said.text("kid").rpartition("/")[2]
        if not version.isalnum():
            raise _unreadable("kid")
        return _encode(_Wrapped(version, _bytes(said)))

    async def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        try:
            kept = _decoder.decode(wrapped)
        except msgspec.DecodeError as error:
            raise TenantKeyRefused("what was wrapped was changed") from error
        if not (kept.version.isascii() and kept.version.isalnum()):
            raise TenantKeyRefused("what was wrapped was changed")
        return _bytes(await self._call(kept.version, "unwrapkey", kept.value))

    async def aclose(self) -> None:
        """Nothing of its own is open."""

    async def _call(self, version: str, operation: str, value: bytes) -> Said:
        """Once, and once more where our token was refused."""
        path = f"{self._path}{'/' + version if version else ''}/{operation}?api-version={API_VERSION}"
        body = msgspec.json.encode({"alg": ALGORITHM, "value": _text(value)})
        token = await self._bearer(None)
        said = await self._send(path, token, body)
        if said.status == 401:
            said = await self._send(path, await self._bearer(token), body)
        if said.status == 200:
            return said
        error = said.body.get("error")
        code = error.get("code", "") if isinstance(error, dict) else ""
        words = f"Azure Key Vault answered {said.status} {code} to {operation} with `{self._name}`"
        if said.status >= 500 or said.status in (401, 408, 429):
            raise TenantKeyUnavailable("the key service cannot do it now", operator=words)
        raise TenantKeyRefused("the key service refuses the tenant's key", operator=words)

    async def _send(self, path: str, token: Token, body: bytes) -> Said:
        headers = (("authorization", f"Bearer {token.text}"), ("content-type", "application/json"))
        return await post(self._client, self._clock, self._origin, path, headers, body)

    async def _bearer(self, refused: Token | None) -> Token:
        """A token that is good for some minutes, not the refused one; fetched once however many wait."""
        async with self._fetching:
            known = self._token
            fresh = known is not None and known.expires_s - _EARLY_S > self._clock.now_us() // 1_000_000
            if known is not None and fresh and known is not refused:
                return known
            try:
                self._token = await asyncio.to_thread(self._fetch, self._scope)
            except NoToken as error:
                raise TenantKeyUnavailable(
                    "there is no token for the key service", operator=str(error)
                ) from error
            return self._token


def scope_of(host: str) -> str:
    """What a token is asked for: the service that the vault's name ends in, of whichever cloud."""
    service = host.partition(".")[2] if host.endswith((".net", ".cn", ".us", ".de")) else "vault.azure.net"
    return f"https://{service}/.default"


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(said: Said) -> bytes:
    text = said.text("value")
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        value = b""
    if not value:
        raise _unreadable("value")
    return value


def _unreadable(field: str) -> TenantKeyUnavailable:
    return TenantKeyUnavailable("the key service's answer cannot be read", operator=f"it has no `{field}`")
