"""A way to reach endpoints of one kind."""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from msgspec import Struct

from signalbox.domain.endpoint import Endpoint
from signalbox.domain.reply import Event, Reply
from signalbox.domain.request import Request


def _unheard(note: str) -> None:
    """Nobody keeps notes of this call."""


class Call(Struct, frozen=True):
    """One attempt. `deadline_us` is on the monotonic clock. `attempt` may travel as a request id.

    `sending` is called once, right before the first byte of the request is handed to the transport:
    a failure raised without that call is known not to have been billed. `note` is told what could not be
    said exactly in the vendor's dialect, in the words of `domain.notes`.
    """

    endpoint: Endpoint
    request: Request
    attempt: str
    deadline_us: int
    sending: Callable[[], None]
    note: Callable[[str], None] = _unheard


class Provider(Protocol):
    """Sends exactly one vendor request per call: no retry, no fallback, no cache of its own.

    Raises `ProviderFailure` for everything that goes wrong, whatever the vendor or the network did, and
    `asyncio.CancelledError` when cancelled, after releasing its connection (a cancelled call leaves no
    request running at the vendor where the transport can say so). Both methods end by `call.deadline_us`.
    """

    async def complete(self, call: Call) -> Reply:
        """The whole reply; its `vectors` where the request asks for an embedding."""

    def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        """Events as they come, in the order that `domain.reply.Event` states.

        A stream that ends without a `Finished` for every choice raises BAD_REPLY. Closing the
        iterator (`aclose`) releases the connection and stops the vendor's work.
        """

    async def ready(self, endpoint: Endpoint) -> bool:
        """Whether a call could be served now; starts what has to be started, without waiting for it."""

    async def aclose(self) -> None:
        """Release connections and child processes. Calls in flight fail with CANCELLED."""
