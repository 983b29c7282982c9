"""Where acts of governance are kept, so that every process and every start finds the same history."""

from collections.abc import Sequence
from typing import Protocol

from signalbox.domain.acts import Act
from signalbox.domain.errors import SignalboxError


class ActsUnavailable(SignalboxError):
    """The history cannot be read or added to. What was known stays in force; nothing can be changed."""

    code = "acts_unavailable"
    status = 503


class ActsMoved(SignalboxError):
    """Somebody else acted first: read on, and think again."""

    code = "acts_moved"
    status = 409


class ActStore(Protocol):
    """An append-only history, shared by processes and nodes. Called from one thread at a time; every method
    may block for a bounded time, and raises `ActsUnavailable`.

    What `append` took is durable when it returns, and seen by every `read` that begins after it.
    """

    def read(self, after: int) -> tuple[Act, ...]:
        """Acts with a number greater than `after`, in order and without a gap."""

    def append(self, acts: Sequence[Act], *, after: int) -> None:
        """All or none. Their numbers follow `after` one by one. Raises `ActsMoved` where `after` is not the
        last number any more."""

    def keep(self, digest: str, content: bytes) -> None:
        """Content-addressed bytes that acts refer to, as a release. Idempotent; durable on return."""

    def content(self, digest: str) -> bytes | None:
        """What was kept under this digest."""

    def logged(self) -> int:
        """Up to which number the decision log has a copy."""

    def set_logged(self, number: int) -> None: ...

    def close(self) -> None:
        """Idempotent."""
