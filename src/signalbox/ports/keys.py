"""The key that signs the log's checkpoints, wherever it is kept: in a file, or in a machine that never
shows it."""

from typing import Protocol

from msgspec import Struct

from signalbox.tlog.note import Signer


class Following(Struct, frozen=True):
    """The key that is to sign next. `replaces`: the one before it is lost or no longer to be trusted, so that
    it does not vouch for this one."""

    signer: Signer
    replaces: bool


class LogKeys(Protocol):
    """The keys of one log. Called from the log's writer thread; every method may block.

    Every method, and a signer's `sign`, raises `LogUnavailable` if the key cannot be had or used, with
    what to do in `operator`.
    """

    def current(self) -> Signer | None:
        """The key that signs now, None if there is none."""

    def make(self) -> Signer:
        """The first key of a new log."""

    def following(self) -> Following | None:
        """The key that a rotation has prepared, if one has."""

    def promote(self) -> None:
        """The following key is the current one from now on, and the one before it is forgotten."""


class KeptCheckpoint(Protocol):
    """The latest signed checkpoint, kept apart from the log: what shows that a log was put back."""

    def read(self) -> str | None:
        """Raises `LogUnavailable` if there is one and it cannot be read."""

    def keep(self, note: str) -> None:
        """In place of the one before, durable when it returns. Raises `LogUnavailable`."""
