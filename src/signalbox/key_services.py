"""Settings → the wrapping keys of tenants that have content kept. Nothing is asked before it is used."""

from signalbox.adapters.http.client import HttpClient
from signalbox.adapters.keys.answers import KEY_LIMITS
from signalbox.adapters.keys.aws_kms import KmsKey
from signalbox.adapters.keys.azure_key_vault import KeyVaultKey
from signalbox.adapters.keys.tenant_key_files import TenantKeyFile
from signalbox.adapters.providers.azure_access.identity import fetch
from signalbox.adapters.providers.bedrock.identity import StandardChain
from signalbox.config import Settings
from signalbox.ports.clock import Clock
from signalbox.ports.tenant_keys import TenantKeys


class KeyServices:
    """The ways to where keys are; to be closed after everything that uses a key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._http = HttpClient(clock, limits=KEY_LIMITS)
        self._identities = StandardChain()

    def of(self, settings: Settings) -> dict[str, TenantKeys]:
        """By tenant. One without a key of its own in the settings has one in a file."""
        return {
            tenant: self._key(settings, tenant, payloads.key)
            for tenant, payloads in settings.tenant_payloads.items()
        }

    def _key(self, settings: Settings, tenant: str, name: str) -> TenantKeys:
        named = settings.payloads.keys.get(name)
        if named is None or named.kind == "file":
            return TenantKeyFile(settings.data_dir, tenant)
        if named.kind == "aws-kms":
            return KmsKey(named.key, named.region, named.base_url, self._http, self._identities, self._clock)
        return KeyVaultKey(named.key, self._http, fetch, self._clock)

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._identities.aclose()
