"""One bearer token for all endpoints that take one, renewed before it expires.

While a token is good, a new one is fetched beside the requests; only without a good one do they wait, all for
the same fetch. A token that the vendor refuses is replaced at once. It does not know where tokens come from.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from signalbox.adapters.providers.azure_access.identity import NoToken, Token
from signalbox.adapters.providers.exchange import Grant, Refused
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.ports.clock import Clock

EARLY_US: Final = 300_000_000
"""A token is replaced this long before it expires."""
MARGIN_US: Final = 10_000_000
"""A token that expires sooner than this might do so on its way."""
AGAIN_US: Final = 30_000_000
"""After a fetch that failed, the next one waits this long, as long as the old token is good."""


class EntraTokens:
    """Implements `Authoriser`. `fetch` blocks and is called in a thread, one at a time."""

    def __init__(self, fetch: Callable[[], Token], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._grant: Grant | None = None
        self._due_us = 0
        self._fetching: asyncio.Task[Grant] | None = None

    def holds(self, grant: Grant, endpoint: Endpoint) -> bool:
        return grant is self._grant and self._clock.now_us() < self._due_us

    async def grant(self, endpoint: Endpoint) -> Grant:
        now_us = self._clock.now_us()
        grant = self._grant
        if grant is not None and now_us < self._due_us:
            return grant
        fetching = self._begin()
        if grant is not None and now_us < grant.until_us - MARGIN_US:
            return grant
        try:
            return await asyncio.shield(fetching)
        except NoToken as error:
            raise ProviderFailure(FailureKind.CREDENTIAL, f"`{endpoint.id}`: {error}") from None
        except asyncio.CancelledError:
            if fetching.cancelled():  # by `aclose`, and not the caller
                raise ProviderFailure(FailureKind.CANCELLED, f"`{endpoint.id}`: it was closed") from None
            raise

    async def renew(self, endpoint: Endpoint, grant: Grant, refused: Refused) -> bool:
        """Only 401 speaks of the token; 403 says what its bearer may not do, and so would any other's."""
        if refused.status != 401:
            return False
        if self._grant is grant:
            try:
                await asyncio.shield(self._begin())
            except NoToken:
                return False
        return self._grant is not None and self._grant.secret != grant.secret

    async def aclose(self) -> None:
        """A fetch under way is left behind: its thread ends with it, and nobody is told."""
        if self._fetching is not None:
            self._fetching.cancel()

    def _begin(self) -> asyncio.Task[Grant]:
        """The fetch under way, or a new one."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._renewed())
            self._fetching.add_done_callback(self._over)
        return self._fetching

    async def _renewed(self) -> Grant:
        token = await asyncio.to_thread(self._fetch)
        until_us = token.expires_s * 1_000_000
        self._grant = Grant(
            headers=(("authorization", f"Bearer {token.text}"),), secret=token.text, until_us=until_us
        )
        # One that lives shorter than the usual margin is used for half of its life.
        now_us = self._clock.now_us()
        self._due_us = max(until_us - EARLY_US, (now_us + until_us) // 2)
        return self._grant

    def _over(self, fetching: asyncio.Task[Grant]) -> None:
        self._fetching = None
        if not fetching.cancelled() and fetching.exception() is not None:
            self._due_us = self._clock.now_us() + AGAIN_US
