"""Who we are to AWS: botocore's standard chain of credentials, asked off the event loop.

The chain is the environment, profile files (with SSO, assumed roles and processes), web identity tokens, a
container's endpoint, and the instance's metadata service, in botocore's order. INVARIANT: what it asks over
the network (STS, SSO, a container's endpoint, the metadata service) is egress of ours that carries no word
of a user's; it is the only egress that is not an attempt, and no policy is asked of it. Botocore renews what
expires and judges when; it is asked anew every minute, which costs nothing while there is nothing to renew.

botocore is the extra `bedrock`, and is imported here alone, on first need.
"""

import asyncio
from typing import Any, Final

from signalbox.adapters.providers.aws_access.sigv4 import Identity
from signalbox.domain.failure import FailureKind, ProviderFailure

_NONE_FOUND: Final = (
    "no AWS credentials: the standard chain found none in the environment, the profile files, a web identity "
    "token, the container's endpoint or the instance's metadata service"
)


class StandardChain:
    """One chain for the process. Used from one event loop; what may block runs in a thread."""

    def __init__(self) -> None:
        self._credentials: Any = None  # botocore's, which renew themselves when asked
        self._asking: asyncio.Task[Identity] | None = None

    async def identity(self, *, anew: bool = False) -> Identity:
        """Who we are now; asked for once however many wait. `anew`: look the whole chain over again.

        Raises `ProviderFailure` (CREDENTIAL).
        """
        if self._asking is None:
            self._asking = asyncio.ensure_future(asyncio.to_thread(self._ask, anew))
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    async def aclose(self) -> None:
        """Return when the thread that asks, if any, is done: it cannot be stopped."""
        if self._asking is not None:
            await asyncio.wait([self._asking])

    def _asked(self, task: "asyncio.Task[Identity]") -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # it is raised to those who wait; if nobody does any more, it is no news

    def _ask(self, anew: bool) -> Identity:
        try:
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra, and slow
            from botocore.session import Session  # noqa: PLC0415 - the same
        except ImportError:
            words = "signing for AWS needs botocore: install `signalbox[bedrock]`, or name a bearer key"
            raise ProviderFailure(FailureKind.CREDENTIAL, words) from None
        try:
            if self._credentials is None or anew:
                self._credentials = Session().get_credentials()
            if self._credentials is None:
                raise ProviderFailure(FailureKind.CREDENTIAL, _NONE_FOUND)
            frozen = self._credentials.get_frozen_credentials()
        # botocore's own, STS's, or a RuntimeError for a renewal that brought nothing new.
        except (BotoCoreError, ClientError, RuntimeError, OSError, ValueError) as error:
            words = f"AWS credentials could not be fetched ({type(error).__name__})"
            raise ProviderFailure(FailureKind.CREDENTIAL, words) from None
        if not frozen.access_key or not frozen.secret_key:
            raise ProviderFailure(FailureKind.CREDENTIAL, _NONE_FOUND)
        return Identity(frozen.access_key, frozen.secret_key, frozen.token or "")
