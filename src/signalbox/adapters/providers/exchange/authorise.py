"""What lets our requests in: a key, a token that expires, a signature over each request.

A `Grant` is what an endpoint's requests have in common; it is kept with the endpoint's route, and asked of
the authoriser again only when that says it no longer holds. No secret is in an error or a log.
"""

from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

from signalbox.adapters.providers.exchange.address import Pairs
from signalbox.adapters.providers.exchange.wire import Header
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.ports.secrets import Secrets
from signalbox.wires.errors import VendorError


class Unsigned(Struct, frozen=True):
    """A request about to leave. `headers` are those it has, `host` and `content-length` aside."""

    method: str
    url: str
    headers: Pairs
    body: bytes


class Grant(Struct, frozen=True):
    """`headers` are the same for all requests; `sign` says which more a single request needs. `secret` is
    what it was made from, and `until_us` (wall clock) when it is over, for the authoriser's own use."""

    headers: Pairs = ()
    sign: Callable[[Unsigned], Pairs] | None = None
    secret: str | None = None
    until_us: int = 2**62


class Refused(Struct, frozen=True):
    """How a vendor refused a credential."""

    status: int
    header: Header
    error: VendorError


class Authoriser(Protocol):
    """One for all endpoints of a provider. Used from one event loop."""

    def holds(self, grant: Grant, endpoint: Endpoint) -> bool:
        """Whether `grant` can still be used as it is. Asked for every request: cheap, and no waiting."""

    async def grant(self, endpoint: Endpoint) -> Grant:
        """A grant that can be used now; fetched if need be, once however many wait for it.

        Raises `ProviderFailure` (CREDENTIAL, or how the fetching failed). May be cancelled.
        """

    async def renew(self, endpoint: Endpoint, grant: Grant, refused: Refused) -> bool:
        """The vendor refused `grant`: whether the next request would go with something else, and better.

        It may wait for a new token, or learn the vendor's clock. Raises nothing but cancellation.
        """

    async def aclose(self) -> None: ...


class KeyedBy:
    """Implements `Authoriser` with a key in one header: `header` and what stands before the key in it.

    The key is read at each use, so that a rotated one counts at once. An endpoint without
    `transport.credential` gets no header.
    """

    def __init__(self, secrets: Secrets, header: str = "authorization", before: str = "Bearer ") -> None:
        self._secrets = secrets
        self._header: Final = header
        self._before: Final = before

    def holds(self, grant: Grant, endpoint: Endpoint) -> bool:
        name = endpoint.transport.credential
        return (self._secrets.get(name) if name else None) == grant.secret

    async def grant(self, endpoint: Endpoint) -> Grant:
        if not endpoint.transport.credential:
            return Grant()
        secret = named_secret(self._secrets, endpoint)
        return Grant(headers=((self._header, self._before + secret),), secret=secret)

    async def renew(self, endpoint: Endpoint, grant: Grant, refused: Refused) -> bool:
        """Whether the key was rotated while the request was under way."""
        return not self.holds(grant, endpoint)

    async def aclose(self) -> None:
        """It holds nothing."""


def named_secret(secrets: Secrets, endpoint: Endpoint) -> str:
    """What `transport.credential` names. Raises CREDENTIAL if it is not there, or could not be a header."""
    name = endpoint.transport.credential
    secret = secrets.get(name)
    if not secret:
        raise ProviderFailure(
            FailureKind.CREDENTIAL, f"`{endpoint.id}`: its credential `{name}` is not set in the environment"
        )
    if not (secret.isascii() and secret.isprintable()):
        raise ProviderFailure(
            FailureKind.CREDENTIAL, f"`{endpoint.id}`: its credential `{name}` is not printable ASCII"
        )
    return secret
