"""What lets requests in at Bedrock: a signature over each, or a bearer key that `transport.credential` names.

A refusal is learnt from. Where the vendor's clock and ours differ, its `date` header tells by how much, and
the next signature is made by its clock; where credentials have expired, the chain is looked over again. It
does not send the request again: that is dispatch's, which is told that it would be worth it.
"""

from email.utils import parsedate_to_datetime
from typing import Final

from signalbox.adapters.providers.aws_access.sigv4 import Identities, Identity, Signer
from signalbox.adapters.providers.exchange import Grant, Header, KeyedBy, Refused, Unsigned
from signalbox.adapters.providers.exchange.address import Pairs
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import ProviderFailure
from signalbox.ports.clock import Clock
from signalbox.ports.secrets import Secrets

ASK_AGAIN_US: Final = 60_000_000
SKEW_US_MIN: Final = 30_000_000
"""A difference to the vendor's clock below which it is no reason for a refusal; AWS allows five minutes."""

EXPIRED: Final = frozenset(
    ("ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException", "InvalidClientTokenId")
)
_CLOCK: Final = frozenset(("RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"))
_SIGNATURE: Final = frozenset(("InvalidSignatureException", "SignatureDoesNotMatch"))


class Authoriser:
    """Implements `exchange.Authoriser`."""

    def __init__(self, secrets: Secrets, identities: Identities, clock: Clock) -> None:
        self._bearer = KeyedBy(secrets)
        self._identities = identities
        self._clock = clock
        self._grants: dict[str, Grant] = {}
        self._skew_us: dict[str, int] = {}

    def holds(self, grant: Grant, endpoint: Endpoint) -> bool:
        if endpoint.transport.credential:
            return self._bearer.holds(grant, endpoint)
        return self._grants.get(endpoint.id) is grant and self._clock.now_us() < grant.until_us

    async def grant(self, endpoint: Endpoint) -> Grant:
        if endpoint.transport.credential:
            return await self._bearer.grant(endpoint)
        grant = self._grants[endpoint.id] = self._signed_by(await self._identities.identity(), endpoint)
        return grant

    async def renew(self, endpoint: Endpoint, grant: Grant, refused: Refused) -> bool:
        if endpoint.transport.credential:
            return await self._bearer.renew(endpoint, grant, refused)
        if not self.holds(grant, endpoint):
            return True  # another call has seen to it meanwhile, or its time was over
        error = refused.error
        if error.type in _CLOCK or (error.type in _SIGNATURE and _speaks_of_time(error.message)):
            return self._set_clock(endpoint, refused.header)
        if error.type not in EXPIRED and "token included in the request is expired" not in error.message:
            return False
        try:
            identity = await self._identities.identity(anew=True)
        except ProviderFailure:
            return False
        renewed = self._grants[endpoint.id] = self._signed_by(identity, endpoint)
        return renewed.secret != grant.secret

    async def aclose(self) -> None:
        await self._identities.aclose()

    def _signed_by(self, identity: Identity, endpoint: Endpoint) -> Grant:
        signer = Signer(identity, endpoint.region)
        skew_us = self._skew_us.get(endpoint.id, 0)
        now_us = self._clock.now_us

        def sign(request: Unsigned) -> Pairs:
            return signer.sign(request, (now_us() + skew_us) // 1_000_000)

        made_of = f"{identity.access_key} {identity.secret_key} {identity.token}"
        return Grant(sign=sign, secret=made_of, until_us=now_us() + ASK_AGAIN_US)

    def _set_clock(self, endpoint: Endpoint, header: Header) -> bool:
        """Sign by the vendor's clock from now on; False if that would change nothing."""
        try:
            theirs_us = int(parsedate_to_datetime(header("date") or "").timestamp()) * 1_000_000
        except (ValueError, OverflowError):
            return False
        skew_us = theirs_us - self._clock.now_us()
        if abs(skew_us - self._skew_us.get(endpoint.id, 0)) < SKEW_US_MIN:
            return False
        self._skew_us[endpoint.id] = skew_us
        self._grants.pop(endpoint.id, None)
        return True


def _speaks_of_time(message: str) -> bool:
    """``Signature expired: … is now earlier than …`` and ``Signature not yet current: …``."""
    return message.startswith(("Signature expired", "Signature not yet current"))
