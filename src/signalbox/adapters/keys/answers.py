"""One call to a key service, in JSON: what leaves, what comes back, and how it failed in the port's words."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from signalbox.adapters.http.client import HttpClient
from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.origin import Origin
from signalbox.domain.failure import ProviderFailure
from signalbox.ports.clock import Clock
from signalbox.ports.tenant_keys import TenantKeyUnavailable

KEY_LIMITS: Final = ClientLimits(connections_per_origin=8, body_bytes_max=64 * 1024)
_DEADLINE_US: Final = 5_000_000
_CONNECT_MS: Final = 2_000


class Said(Struct, frozen=True):
    """`body` is empty where it was no JSON object."""

    status: int
    body: dict[str, Any]

    def text(self, field: str) -> str:
        value = self.body.get(field)
        return value if isinstance(value, str) else ""


async def post(
    client: HttpClient,
    clock: Clock,
    origin: Origin,
    target: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
) -> Said:
    """Raises `TenantKeyUnavailable` where nobody answers in time. Nothing is sent twice, and no redirect is
    followed."""
    try:
        response = await client.send(
            origin,
            "POST",
            target,
            headers,
            body,
            deadline_us=clock.monotonic_us() + _DEADLINE_US,
            connect_timeout_ms=_CONNECT_MS,
            idle_timeout_ms=_DEADLINE_US // 1_000,
            sending=_nothing,
        )
        content = await response.read()
    except ProviderFailure as failure:
        raise TenantKeyUnavailable("the key service does not answer", operator=failure.detail) from failure
    try:
        read = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        read = None
    return Said(response.status, read if isinstance(read, dict) else {})


def _nothing() -> None:
    """Nobody has to be told: what leaves is a key, and no word of a request."""
