"""The issuers in force and their keys, which outlive a reload of the settings.

It deliberately knows no source by name: the composition root says how an issuer's keys are fetched.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from signalbox.domain.principal import Tenant
from signalbox.identity.issuer import Issuer
from signalbox.identity.issuer_keys import IssuerKeys
from signalbox.identity.tokens import Tokens
from signalbox.ports.clock import Clock
from signalbox.ports.key_sets import KeySetSource

_Origin = tuple[str, str, str, str, int, int]


class Trust:
    """Used from one event loop."""

    def __init__(self, source: Callable[[Issuer], KeySetSource], clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._keys: dict[_Origin, IssuerKeys] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def tokens(self, issuers: Iterable[Issuer], tenants: Mapping[str, Tenant]) -> Tokens:
        """Trust these and no others. An issuer that stays keeps its keys: a reload while the issuer's server
        is down locks nobody out."""
        before, self._keys = self._keys, {}
        trusted = []
        for issuer in issuers:
            where = (issuer.jwks_url, issuer.jwks_file, issuer.discovery)
            origin = (issuer.id, *where, issuer.refresh_us, issuer.max_age_us)
            keys = before.pop(origin, None) or self._begin(issuer)
            self._keys[origin] = keys
            trusted.append((issuer, keys))
        for left in before.values():
            task = asyncio.create_task(left.aclose())
            self._closing.add(task)  # the loop itself keeps no task alive
            task.add_done_callback(self._closing.discard)
        return Tokens(trusted, tenants)

    async def aclose(self) -> None:
        closing = [keys.aclose() for keys in self._keys.values()]
        await asyncio.gather(*closing, *self._closing)

    def _begin(self, issuer: Issuer) -> IssuerKeys:
        keys = IssuerKeys(
            issuer.id,
            self._source(issuer),
            self._clock,
            refresh_us=issuer.refresh_us,
            max_age_us=issuer.max_age_us,
        )
        keys.start()
        return keys
