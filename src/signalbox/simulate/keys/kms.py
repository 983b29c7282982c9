"""AWS KMS on the loopback: Encrypt, Decrypt and GenerateDataKey of symmetric keys, behind SigV4.

async with KmsVendor() as vendor:
    client = boto3.client("kms", region_name="eu-central-1", endpoint_url=vendor.origin,
                          aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY)

Ciphertext names its key and version inside, as the service's does; its form is our own. There are no grants,
no policies and no asymmetric keys.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from signalbox.domain.canonical import canonical
from signalbox.simulate import sigv4
from signalbox.simulate.score import Step, page
from signalbox.simulate.server import Heard, LoopbackServer

ACCESS_KEY: Final = "AKIDEMULATED"
SECRET_KEY: Final = "emulated-secret-key"  # noqa: S105 - of an emulator, known to everybody
REGION: Final = "eu-central-1"
SERVICE: Final = "kms"
ACCOUNT: Final = "123456789012"
_JSON: Final = b"application/x-amz-json-1.1"
_PLAINTEXT_MAX: Final = 4_096
_STATUS: Final = {
    "KMSInvalidStateException": 409,
    "DependencyTimeoutException": 503,
    "KMSInternalException": 500,
    "KeyUnavailableException": 500,
}


class _Refused(Exception):
    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.message = message


class KmsKeyState(Struct):
    """`materials` has the key's versions, the one in force last. `state`: Enabled, Disabled or
    PendingDeletion."""

    id: str
    materials: list[bytes]
    state: str = "Enabled"

    @property
    def arn(self) -> str:
        return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{self.id}"


class KmsVendor(LoopbackServer):
    """`keys` by id, `aliases` to ids; both, and `fail_with` (the next errors, by name), may be changed while
    it runs. `asked` keeps each operation with what was asked."""

    name: ClassVar[str] = "aws-kms"

    def __init__(
        self,
        *,
        secrets_: Mapping[str, str] | None = None,
        clock_s: Callable[[], float] = time.time,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.secrets = dict(secrets_) if secrets_ is not None else {ACCESS_KEY: SECRET_KEY}
        self.expired_tokens: set[str] = set()
        self.keys: dict[str, KmsKeyState] = {}
        self.aliases: dict[str, str] = {}
        self.fail_with: list[str] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._clock_s = clock_s

    def make_key(self, alias: str = "") -> KmsKeyState:
        made = KmsKeyState(secrets.token_hex(16), [AESGCM.generate_key(256)])
        self.keys[made.id] = made
        if alias:
            self.aliases[f"alias/{alias}"] = made.id
        return made

    def conduct(self, heard: Heard, number: int) -> tuple[str, Iterator[Step]]:
        try:
            status, said = 200, self._answer(heard)
        except _Refused as refused:
            status = _STATUS.get(refused.kind, 400)
            said = {"__type": refused.kind, "message": refused.message}
        headers = f"x-amzn-requestid: 00000000-0000-4000-8000-{number:012x}\r\n".encode()
        return "", iter((page(status, msgspec.json.encode(said), kind=_JSON, headers=headers), "keep"))

    def _answer(self, heard: Heard) -> dict[str, Any]:
        self._admit(heard)
        target = heard.header(b"x-amz-target")
        if heard.method != "POST" or heard.target != "/" or not target.startswith("TrentService."):
            raise _Refused("UnknownOperationException")
        if heard.header(b"content-type") != _JSON.decode():
            raise _Refused("SerializationException", "the content type is not that of this protocol")
        try:
            asked = msgspec.json.decode(heard.body, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise _Refused("SerializationException") from error
        operation = target.removeprefix("TrentService.")
        self.asked.append((operation, asked))
        if self.fail_with:
            raise _Refused(self.fail_with.pop(0))
        context = asked.get("EncryptionContext", {})
        if not all(isinstance(item, str) for pair in context.items() for item in pair):
            raise _Refused("SerializationException")
        match operation:
            case "Encrypt":
                return self._encrypt(asked, _blob(asked, "Plaintext"), context)
            case "GenerateDataKey":
                plaintext = secrets.token_bytes(int(asked.get("NumberOfBytes", 32)))
                told = self._encrypt(asked, plaintext, context)
                told.pop("EncryptionAlgorithm")
                return {**told, "Plaintext": _text(plaintext)}
            case "Decrypt":
                return self._decrypt(asked, _blob(asked, "CiphertextBlob"), context)
        raise _Refused("UnknownOperationException")

    def _admit(self, heard: Heard) -> None:
        claim = sigv4.read_claim(heard)
        if claim is None:
            raise _Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
        if claim.region != REGION:
            raise _Refused("InvalidSignatureException", "Credential should be scoped to a valid region.")
        if heard.header(b"x-amz-security-token") in self.expired_tokens:
            raise _Refused("ExpiredTokenException", "The security token included in the request is expired")
        flaw = sigv4.flaw(heard, claim, secrets=self.secrets, service=SERVICE, now_s=self._clock_s())
        if flaw == "unknown_key":
            raise _Refused(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        if flaw is not None:
            raise _Refused("InvalidSignatureException", flaw)

    def _encrypt(self, asked: dict[str, Any], plaintext: bytes, context: dict[str, str]) -> dict[str, Any]:
        if not 1 <= len(plaintext) <= _PLAINTEXT_MAX:
            raise _Refused("ValidationException")
        key = self._usable(self._named(asked.get("KeyId", "")))
        version, nonce = len(key.materials) - 1, secrets.token_bytes(12)
        sealed = AESGCM(key.materials[version]).encrypt(nonce, plaintext, canonical([key.id, context]))
        blob = bytes.fromhex(key.id) + bytes([version]) + nonce + sealed
        return {"CiphertextBlob": _text(blob), "KeyId": key.arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def _decrypt(self, asked: dict[str, Any], blob: bytes, context: dict[str, str]) -> dict[str, Any]:
        key = self.keys.get(blob[:16].hex())
        if key is None or len(blob) < 30 or blob[16] >= len(key.materials):
            raise _Refused("InvalidCiphertextException")
        if asked.get("KeyId") and self._named(asked["KeyId"]) is not key:
            raise _Refused("IncorrectKeyException", "The key ID in the request does not identify a CMK")
        self._usable(key)
        try:
            plaintext = AESGCM(key.materials[blob[16]]).decrypt(
                blob[17:29], blob[29:], canonical([key.id, context])
            )
        except InvalidTag as error:
            raise _Refused("InvalidCiphertextException") from error
        return {"KeyId": key.arn, "Plaintext": _text(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def _named(self, name: str) -> KmsKeyState:
        short = name.rpartition(":key/")[2] if ":key/" in name else name
        if ":alias/" in name:
            short = f"alias/{name.rpartition(':alias/')[2]}"
        key = self.keys.get(self.aliases.get(short, short))
        if key is None:
            raise _Refused("NotFoundException", f"Key '{name}' does not exist")
        return key

    def _usable(self, key: KmsKeyState) -> KmsKeyState:
        if key.state == "Disabled":
            raise _Refused("DisabledException", f"{key.arn} is disabled.")
        if key.state != "Enabled":
            raise _Refused("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return key


def _blob(asked: dict[str, Any], field: str) -> bytes:
    try:
        return base64.b64decode(asked.get(field, ""), validate=True)
    except (binascii.Error, TypeError) as error:
        raise _Refused("SerializationException") from error


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
