"""The key of a tenant, under which the keys of its subjects are kept: in a file, or in a service that never
shows it."""

from typing import Protocol, runtime_checkable

from msgspec import Struct

from signalbox.domain.errors import SignalboxError


class TenantKeyUnavailable(SignalboxError):
    """The key cannot be used now: nobody answers, or no longer in time. It may be tried again."""

    code = "tenant_key_unavailable"
    status = 503


class TenantKeyRefused(SignalboxError):
    """The key may not be used, or what was wrapped is not of this key and context. Trying again is no use."""

    code = "tenant_key_refused"
    status = 503


class WrapContext(Struct, frozen=True):
    """Whose data key it is: what was wrapped for one subject does not unwrap as another's, where the key's
    service can bind it (RSA keys of Azure cannot: there the content's own binding shows it)."""

    tenant: str
    subject: str


class TenantKeys(Protocol):
    """One tenant's wrapping key. Used from one event loop; every method ends within a few seconds, and raises
    `TenantKeyUnavailable` or `TenantKeyRefused`. No data key is in an error or a log.

    INVARIANT: what leaves this process is a data key, never content.
    """

    async def wrap(self, data_key: bytes, context: WrapContext) -> bytes:
        """At most 2 KiB, which `unwrap` takes for as long as the key exists, rotations of it included."""

    async def unwrap(self, wrapped: bytes, context: WrapContext) -> bytes:
        """The data key. Raises `TenantKeyRefused` for what was changed or wrapped in another context."""

    async def aclose(self) -> None:
        """Release connections. Idempotent."""


@runtime_checkable
class Rotating(Protocol):
    """Tenant keys that are ours to rotate; a key service rotates its own. Both methods block and raise as
    `TenantKeys` does."""

    def rotate(self) -> None:
        """Another key wraps from now on; the ones before still unwrap."""

    def forget(self) -> int:
        """Destroy every key but the one that wraps now; how many there were."""
