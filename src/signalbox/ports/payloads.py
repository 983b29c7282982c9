"""Where content is kept for tenants that want it kept: ciphertext, and the wrapped keys that open it.

A store sees neither text nor a key that opens one. It never decides what may be kept, or for how long.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from signalbox.domain.errors import SignalboxError


class PayloadsUnavailable(SignalboxError):
    """The store cannot be read or written. Requests go on; what was to be kept waits, or is dropped and
    counted."""

    code = "payloads_unavailable"
    status = 503


class SubjectKey(Struct, frozen=True):
    """A subject's data key as it is kept. `id`: 32 lower-case hex digits, never used twice. `wrapped`: the
    key under its tenant's, opaque here."""

    id: str
    wrapped: bytes


class Address(Struct, frozen=True, order=True):
    """Where a payload is found: one decision of a tenant has at most one."""

    tenant: str
    decision: str


class Payload(Struct, frozen=True, kw_only=True):
    """What was said in one decision. `subject` is a pseudonym, `key` the id of the subject's key that seals
    both parts; `prompt` and `reply` are ciphertext, empty where there was none. Times are wall clock: when it
    was decided, and from when on it is to be deleted."""

    address: Address
    subject: str
    key: str
    time_us: int
    until_us: int
    sensitivity: int
    prompt: bytes
    reply: bytes


class Due(Struct, frozen=True, order=True):
    """A payload whose time is over at `until_us`. In the order in which a sweep sees them."""

    until_us: int
    address: Address
    subject: str


class PayloadStore(Protocol):
    """Shared by processes and nodes. Called from one thread at a time; every method may block for a bounded
    time, is atomic, and raises `PayloadsUnavailable`. What a method has done is durable when it returns, and
    seen by every call that begins after it.

    INVARIANT: what `destroy_keys` and the deleting methods take away is overwritten in what the store keeps,
    its own journals included, before they return.
    """

    def key(self, tenant: str, subject: str) -> SubjectKey | None:
        """The subject's key that is in force."""

    def add_key(self, tenant: str, subject: str, key: SubjectKey, time_us: int) -> SubjectKey:
        """Put a key in force where there is none; the one in force after the call, whoever made it."""

    def keys_after(self, tenant: str, subject: str, limit: int) -> tuple[tuple[str, SubjectKey], ...]:
        """Keys of a tenant with their subjects, from the first subject after `subject`, in order."""

    def rewrap(self, tenant: str, subject: str, key: SubjectKey) -> bool:
        """Put `key.wrapped` in place of what is kept of the key of that id, which is overwritten; False if
        there is no such key any more."""

    def put(self, payloads: Sequence[Payload]) -> tuple[bool, ...]:
        """Keep each whose key is in force, unless its subject was erased at its time or later: whether it is
        kept. What already stands at an address stays as it is, and is kept if it is of the same key."""

    def get(self, address: Address) -> Payload | None: ...

    def scan(self, tenant: str, after: str, limit: int) -> tuple[Payload, ...]:
        """A tenant's payloads of decisions after `after`, in order of their ids."""

    def destroy_keys(self, tenant: str, subject: str, time_us: int) -> int:
        """Destroy the subject's keys that were added at `time_us` or before; how many there were. From then
        on nothing decided at `time_us` or before is taken for this subject. Idempotent."""

    def delete_unreadable(self, tenant: str, subject: str, limit: int) -> int:
        """Delete payloads of the subject whose key is destroyed; how many, `limit` at most."""

    def due(self, now_us: int, after: Due | None, limit: int) -> tuple[Due, ...]:
        """Payloads whose time is over, in order, those after `after`."""

    def delete(self, addresses: Sequence[Address]) -> int:
        """How many there were."""

    def unlogged(self, limit: int) -> tuple[Payload, ...]:
        """Payloads of which `set_logged` has not been told, the oldest first."""

    def set_logged(self, addresses: Sequence[Address]) -> None:
        """The decision log has a record of these."""

    def close(self) -> None:
        """Idempotent."""
