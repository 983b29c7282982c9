"""Key sets fetched with our HTTP client, or read from a file. They keep nothing and try once."""

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from signalbox.adapters.http.client import HttpClient
from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.origin import parse_base_url
from signalbox.domain.failure import ProviderFailure
from signalbox.ports.clock import Clock
from signalbox.ports.key_sets import KeySetUnavailable

_BYTES_MAX: Final = 1 << 20
_DEADLINE_US: Final = 5_000_000
_CONNECT_MS: Final = 2_000
_HEADERS: Final = (("accept", "application/jwk-set+json, application/json"),)
KEY_SET_LIMITS: Final = ClientLimits(connections_per_origin=2, body_bytes_max=_BYTES_MAX)


class HttpKeySet:
    """`client` is made with `KEY_SET_LIMITS` and closed by whoever made it. Redirects are not followed."""

    def __init__(self, url: str, client: HttpClient, clock: Clock) -> None:
        parts = urlsplit(url)
        self._origin, _ = parse_base_url(f"{parts.scheme}://{parts.netloc}")
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._client = client
        self._clock = clock

    async def fetch(self) -> bytes:
        try:
            response = await self._client.send(
                self._origin,
                "GET",
                self._path,
                _HEADERS,
                b"",
                deadline_us=self._clock.monotonic_us() + _DEADLINE_US,
                connect_timeout_ms=_CONNECT_MS,
                idle_timeout_ms=_DEADLINE_US // 1_000,
                sending=_nothing,
            )
            if response.status != 200:
                response.close()
                raise KeySetUnavailable(f"{self._origin.label} answered {response.status}")
            return await response.read()
        except ProviderFailure as failure:
            raise KeySetUnavailable(failure.detail) from failure


class FileKeySet:
    def __init__(self, path: Path) -> None:
        self._path = path

    async def fetch(self) -> bytes:
        try:
            return await asyncio.to_thread(self._path.read_bytes)
        except OSError as error:
            raise KeySetUnavailable(f"cannot read `{self._path}`: {error.strerror or error}") from error


def _nothing() -> None:
    """Nobody has to be told that these bytes leave: a key set is asked for with nothing of a request."""
