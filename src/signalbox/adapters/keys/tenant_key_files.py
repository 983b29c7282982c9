"""Tenants' wrapping keys as files beside the data: one a tenant, readable by its owner alone.

A key wraps with AES-256-GCM, the context as additional data. It lies on the machine that keeps what it wraps:
who copies both reads all that is not erased. Where that is too little, a key service holds it instead.

`rotate` puts another key in force; the one before it still unwraps until `forget` overwrites it, when every
data key has been wrapped anew. From then on no copy made earlier opens with what is here.
"""

import asyncio
import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from signalbox.domain.canonical import canonical
from signalbox.ports.tenant_keys import TenantKeyRefused, TenantKeyUnavailable, WrapContext

DIRECTORY: Final = "tenant-keys"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_ID_BYTES: Final = 8


class TenantKeyFile:
    """Implements `ports.tenant_keys.TenantKeys` with `data_dir/tenant-keys/TENANT.key`, made when it is first
    wanted for wrapping. A file holds one key a line in hex, the one in force first."""

    def __init__(self, data_dir: Path, tenant: str) -> None:
        self._path = data_dir / DIRECTORY / f"{tenant}.key"

    async def wrap(self, data_key: bytes, context: WrapContext) -> bytes:
        return await asyncio.to_thread(self._wrap, data_key, context)

    async def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        return await asyncio.to_thread(self._unwrap, wrapped, context)

    async def aclose(self) -> None:
        """Nothing is open."""

    def rotate(self) -> None:
        """Put a new key in force; the ones before still unwrap. Blocks."""
        self._write([secrets.token_bytes(_KEY_BYTES), *self._keys()])

    def forget(self) -> int:
        """Overwrite every key but the one in force; how many there were. Blocks."""
        keys = self._keys()
        self._write(keys[:1])
        return len(keys) - 1

    def _wrap(self, data_key: bytes, context: WrapContext) -> bytes:
        keys = self._keys()
        if not keys:
            self._make()
            keys = self._keys()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _id(keys[0]) + nonce + AESGCM(keys[0]).encrypt(nonce, data_key, canonical(context))

    def _unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        named, rest = wrapped[:_ID_BYTES], wrapped[_ID_BYTES:]
        key = next((key for key in self._keys() if _id(key) == named), None)
        if key is None:
            raise TenantKeyRefused(
                f"the key under which this was wrapped is not in `{self._path.name}` any more",
                operator=f"`{self._path}` does not hold the key `{named.hex()}`",
            )
        try:
            return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], canonical(context))
        except (InvalidTag, ValueError) as error:
            raise TenantKeyRefused("what was wrapped was changed, or is somebody else's") from error

    def _keys(self) -> list[bytes]:
        try:
            keys = [bytes.fromhex(line) for line in self._path.read_text("ascii").split()]
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise self._unavailable(error) from error
        if any(len(key) != _KEY_BYTES for key in keys):
            raise TenantKeyRefused(f"`{self._path}` holds something that is no key")
        return keys

    def _make(self) -> None:
        """Of two processes that make one at once, whoever links the file first wins."""
        passing = self._written([secrets.token_bytes(_KEY_BYTES)])
        try:
            self._path.hardlink_to(passing)
            self._sync_directory()
        except FileExistsError:
            pass
        except OSError as error:
            raise self._unavailable(error) from error
        finally:
            passing.unlink()

    def _write(self, keys: list[bytes]) -> None:
        """In place of what is there, whose bytes are overwritten first as far as the medium lets us."""
        passing = self._written(keys)
        try:
            if self._path.exists():
                with self._path.open("r+b") as old:  # if we die here, the new file is complete beside it
                    passing.replace(self._path)
                    self._sync_directory()
                    old.write(b"0" * os.fstat(old.fileno()).st_size)
                    old.flush()
                    os.fsync(old.fileno())
            else:
                passing.replace(self._path)
                self._sync_directory()
        except OSError as error:
            raise self._unavailable(error) from error

    def _written(self, keys: list[bytes]) -> Path:
        passing = self._path.with_name(f"{self._path.name}.{secrets.token_hex(8)}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "w", encoding="ascii") as file:
                file.write("".join(f"{key.hex()}\n" for key in keys))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unavailable(error) from error
        return passing

    def _sync_directory(self) -> None:
        directory = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _unavailable(self, error: Exception) -> TenantKeyUnavailable:
        return TenantKeyUnavailable(
            "the tenant's key cannot be read or written", operator=f"`{self._path}`: {error}"
        )


def _id(key: bytes) -> bytes:
    """Names a key without telling it."""
    return sha256(b"signalbox tenant key\0" + key).digest()[:_ID_BYTES]
