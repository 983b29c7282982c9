"""Which of the two an endpoint at Azure takes: its `api-key`, or a token of Entra ID."""

from collections.abc import Callable

from signalbox.adapters.providers.azure_access.entra import EntraTokens
from signalbox.adapters.providers.azure_access.identity import Token, fetch
from signalbox.adapters.providers.exchange import Authoriser, Grant, KeyedBy, Refused
from signalbox.domain.endpoint import Endpoint
from signalbox.ports.clock import Clock
from signalbox.ports.secrets import Secrets


class AzureAccess:
    """Implements `Authoriser`."""

    def __init__(self, secrets: Secrets, clock: Clock, fetch: Callable[[], Token] = fetch) -> None:
        self._keys = KeyedBy(secrets, "api-key", "")
        self._tokens = EntraTokens(fetch, clock)

    def holds(self, grant: Grant, endpoint: Endpoint) -> bool:
        return self._of(endpoint).holds(grant, endpoint)

    async def grant(self, endpoint: Endpoint) -> Grant:
        return await self._of(endpoint).grant(endpoint)

    async def renew(self, endpoint: Endpoint, grant: Grant, refused: Refused) -> bool:
        return await self._of(endpoint).renew(endpoint, grant, refused)

    async def aclose(self) -> None:
        await self._tokens.aclose()

    def _of(self, endpoint: Endpoint) -> Authoriser:
        return self._tokens if endpoint.transport.authentication == "entra" else self._keys
