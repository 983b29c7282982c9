"""Azure Key Vault on the loopback: reading an RSA key, `wrapkey` and `unwrapkey`, behind a bearer token.

Its challenge is that of the service, which its SDKs ask for before they send a token. There are no roles, no
other algorithms than RSA-OAEP-256, and no certificates or secrets.
"""

import base64
import binascii
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from msgspec import Struct

from signalbox.simulate.score import Step, page
from signalbox.simulate.server import Heard, LoopbackServer

TOKEN: Final = "emulated-token"  # noqa: S105 - of an emulator, known to everybody
ALGORITHM: Final = "RSA-OAEP-256"
_OAEP: Final = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_CHALLENGE: Final = (
    b'www-authenticate: Bearer authorization="https://login.microsoftonline.com/'
    b'00000000-0000-0000-0000-000000000000", resource="https://vault.azure.net"\r\n'
)


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


class Version(Struct):
    id: str
    key: rsa.RSAPrivateKey
    enabled: bool = True


class KeyVaultVendor(LoopbackServer):
    """`keys`: by name, their versions, the one in force last. `tokens` are those taken; `fail_with` has the
    next statuses to answer with. All may be changed while it runs."""

    name: ClassVar[str] = "azure-key-vault"

    def __init__(self, *, tokens: Sequence[str] = (TOKEN,), **more: Any) -> None:
        super().__init__(**more)
        self.tokens = set(tokens)
        self.keys: dict[str, list[Version]] = {}
        self.fail_with: list[int] = []
        self.asked: list[str] = []

    def make_version(self, name: str) -> str:
        """Another version of a key, in force from now on; its id."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        version = Version(secrets.token_hex(16), key)
        self.keys.setdefault(name, []).append(version)
        return version.id

    def identifier(self, name: str, version: str = "") -> str:
        return f"{self.origin}/keys/{name}" + (f"/{version}" if version else "")

    def conduct(self, heard: Heard, number: int) -> tuple[str, Iterator[Step]]:
        headers = b"x-ms-request-id: 00000000-0000-4000-8000-%012x\r\n" % number
        try:
            status, said = 200, self._answer(heard)
        except _Refused as refused:
            status, said = refused.status, {"error": {"code": refused.code, "message": refused.message}}
            headers += _CHALLENGE if refused.status == 401 else b""
        return "", iter((page(status, msgspec.json.encode(said), headers=headers), "keep"))

    def _answer(self, heard: Heard) -> dict[str, Any]:
        path, _, query = heard.target.partition("?")
        if heard.header(b"authorization").removeprefix("Bearer ") not in self.tokens:
            raise _Refused(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
        self.asked.append(path)
        if not query.startswith("api-version="):
            raise _Refused(400, "BadParameter", "api-version is missing")
        if self.fail_with:
            raise _Refused(self.fail_with.pop(0), "Throttled")
        match heard.method, path.strip("/").split("/"):
            case "GET", ["keys", name, *rest]:
                return self._shown(name, self._version(name, rest))
            case "POST", ["keys", name, *rest, "wrapkey"]:
                return self._wrap(name, self._version(name, rest), heard.body)
            case "POST", ["keys", name, *rest, "unwrapkey"]:
                return self._unwrap(name, self._version(name, rest), heard.body)
        raise _Refused(404, "NotFound")

    def _version(self, name: str, rest: Sequence[str]) -> Version:
        versions = self.keys.get(name, [])
        wanted = [each for each in versions if each.id == rest[0]] if rest and rest[0] else versions[-1:]
        if not wanted:
            raise _Refused(404, "KeyNotFound", f"A key with (name/id) {name} was not found in this key vault")
        return wanted[0]

    def _wrap(self, name: str, version: Version, body: bytes) -> dict[str, Any]:
        value = _value(body)
        if not version.enabled:
            raise _Refused(403, "Forbidden", "Operation wrapKey is not allowed on a disabled key.")
        wrapped = version.key.public_key().encrypt(value, _OAEP)
        return {"kid": self.identifier(name, version.id), "value": _text(wrapped)}

    def _unwrap(self, name: str, version: Version, body: bytes) -> dict[str, Any]:
        value = _value(body)
        if not version.enabled:
            raise _Refused(403, "Forbidden", "Operation unwrapKey is not allowed on a disabled key.")
        try:
            opened = version.key.decrypt(value, _OAEP)
        except ValueError as error:
            raise _Refused(400, "BadParameter", "The parameter is incorrect.") from error
        return {"kid": self.identifier(name, version.id), "value": _text(opened)}

    def _shown(self, name: str, version: Version) -> dict[str, Any]:
        numbers = version.key.public_key().public_numbers()
        return {
            "key": {
                "kid": self.identifier(name, version.id),
                "kty": "RSA",
                "key_ops": ["wrapKey", "unwrapKey"],
                "n": _text(numbers.n.to_bytes(256)),
                "e": _text(numbers.e.to_bytes(3)),
            },
            "attributes": {"enabled": version.enabled},
        }


def _value(body: bytes) -> bytes:
    try:
        asked = msgspec.json.decode(body, type=dict[str, Any])
        if asked.get("alg") != ALGORITHM:
            raise _Refused(400, "BadParameter", "Key algorithm is not supported here")
        text = asked["value"]
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (msgspec.DecodeError, binascii.Error, KeyError, TypeError) as error:
        raise _Refused(400, "BadParameter") from error


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
