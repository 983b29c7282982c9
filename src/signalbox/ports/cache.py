"""Where whole answers are kept for a while, so that the same question need not be asked twice."""

from typing import Protocol

from msgspec import Struct

from signalbox.domain.errors import SignalboxError


class CacheUnavailable(SignalboxError):
    """The cache did not answer in time, or not at all. No caller is told: a request goes on as a miss."""

    code = "cache_unavailable"
    status = 503


class Place(Struct, frozen=True):
    """Where an answer stands: `partition` is what must be equal before anything is looked for in it, `key`
    the question. Both are lower-case hex digests, so that neither says what was asked."""

    partition: str
    key: str


class Kept(Struct, frozen=True):
    """An answer with what it can be purged by. `subject` is a digest of the user whose request it answered,
    `release` one of the releases under which it was given. `content` is opaque here."""

    tenant: str
    subject: str
    release: str
    content: bytes


class Found(Struct, frozen=True):
    """`ttl_ms`: how long it will still be kept."""

    content: bytes
    ttl_ms: int


class Cache(Protocol):
    """Keeps what it is given until its time is over, or for less long: it may forget anything at any time.

    INVARIANT: what `get` returns was put at exactly that place, and was not purged since. Every method
    raises `CacheUnavailable`, and returns or raises within the time that the adapter states, whatever
    becomes of what it depends on.
    """

    @property
    def bytes_held(self) -> int:
        """What is kept in this process; 0 where it is kept elsewhere."""

    async def get(self, place: Place) -> Found | None:
        """What stands there; None if nothing does, or no longer."""

    async def put(self, place: Place, kept: Kept, ttl_ms: int) -> bool:
        """Keep it, in place of what stood there. False where it is larger than is ever kept."""

    async def purge(self, *, tenant: str = "", subject: str = "", release: str = "") -> int:
        """Forget all that matches every name given (an empty one matches all); how many there were."""

    async def aclose(self) -> None:
        """Release connections."""
