"""A tenant's key in AWS KMS: `Encrypt` and `Decrypt` over the JSON protocol, signed with our own signer.

The context travels as encryption context, which KMS binds to what it encrypts and writes to CloudTrail: the
tenant's id and the subject's pseudonym, no name. What was encrypted names its key and the version of it, so
that rotations by KMS need nothing done here.
"""

import base64
import binascii
from typing import Final

import msgspec

from signalbox.adapters.http.client import HttpClient
from signalbox.adapters.http.origin import parse_base_url
from signalbox.adapters.keys.answers import Said, post
from signalbox.adapters.providers.aws_access.sigv4 import Identities, Signer
from signalbox.adapters.providers.exchange import Unsigned
from signalbox.domain.failure import ProviderFailure
from signalbox.ports.clock import Clock
from signalbox.ports.tenant_keys import TenantKeyRefused, TenantKeyUnavailable, WrapContext

SERVICE: Final = "kms"
_TYPE: Final = "application/x-amz-json-1.1"
_PASSING: Final = frozenset(
    (
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    )
)
_EXPIRED: Final = frozenset(("ExpiredTokenException", "UnrecognizedClientException"))


class KmsKey:
    """Implements `ports.tenant_keys.TenantKeys`. `key` is an ARN, an id or an alias; without `base_url` it is
    the region's public endpoint. `client` and `identities` are closed by whoever made them."""

    def __init__(
        self, key: str, region: str, base_url: str, client: HttpClient, identities: Identities, clock: Clock
    ) -> None:
        self._key = key
        self._region = region
        self._url = f"{base_url or endpoint_of(region)}/"
        self._origin, _ = parse_base_url(self._url.rstrip("/"))
        self._client = client
        self._identities = identities
        self._clock = clock

    async def wrap(self, data_key: bytes, context: WrapContext) -> bytes:
        said = await self._call("Encrypt", {"Plaintext": _text(data_key), **self._common(context)})
        return _bytes(said, "CiphertextBlob")

    async def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        said = await self._call("Decrypt", {"CiphertextBlob": _text(wrapped), **self._common(context)})
        return _bytes(said, "Plaintext")

    async def aclose(self) -> None:
        """Nothing of its own is open."""

    def _common(self, context: WrapContext) -> dict[str, object]:
        bound = {"signalbox-subject": context.subject, "signalbox-tenant": context.tenant}
        return {"EncryptionContext": bound, "KeyId": self._key}

    async def _call(self, operation: str, asked: dict[str, object]) -> Said:
        """Once, and once more where our credentials had expired."""
        body = msgspec.json.encode(asked)
        said = await self._send(operation, body, anew=False)
        if _type_of(said) in _EXPIRED:
            said = await self._send(operation, body, anew=True)
        if said.status == 200:
            return said
        kind = _type_of(said)
        words = f"AWS KMS answered {said.status} {kind} to {operation} with `{self._key}`"
        if said.status >= 500 or said.status == 429 or kind in _PASSING:
            raise TenantKeyUnavailable("the key service cannot do it now", operator=words)
        raise TenantKeyRefused("the key service refuses the tenant's key", operator=words)

    async def _send(self, operation: str, body: bytes, *, anew: bool) -> Said:
        try:
            identity = await self._identities.identity(anew=anew)
        except ProviderFailure as failure:
            raise TenantKeyUnavailable(
                "there are no credentials for the key service", operator=failure.detail
            ) from failure
        headers = (("content-type", _TYPE), ("x-amz-target", f"TrentService.{operation}"))
        signer = Signer(identity, self._region, SERVICE)
        signed = signer.sign(Unsigned("POST", self._url, headers, body), self._clock.now_us() // 1_000_000)
        return await post(self._client, self._clock, self._origin, "/", (*headers, *signed), body)


def endpoint_of(region: str) -> str:
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://kms.{region}.{domain}"


def _type_of(said: Said) -> str:
    """`com.amazonaws.kms#InvalidCiphertextException` or the name alone; empty where nothing is wrong."""
    return "" if said.status == 200 else said.text("__type").rpartition("#")[2]


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(said: Said, field: str) -> bytes:
    try:
        value = base64.b64decode(said.text(field), validate=True)
    except binascii.Error:
        value = b""
    if not value:
        raise TenantKeyUnavailable("the key service's answer cannot be read", operator=f"it has no `{field}`")
    return value
