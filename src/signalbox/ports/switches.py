"""Where the kill switch is kept, so that every process and every start finds it as it was left."""

from collections.abc import Sequence
from typing import Protocol

from signalbox.domain.errors import SignalboxError
from signalbox.domain.switches import SwitchChange, SwitchState


class SwitchesUnavailable(SignalboxError):
    """The state cannot be read or changed. Whoever cannot read it denies once its lease is over."""

    code = "switches_unavailable"
    status = 503


class SwitchStore(Protocol):
    """An append-only history, shared by processes. Called from one thread at a time; every method may block,
    and raises `SwitchesUnavailable`.

    A change is durable when the call returns, and seen by every `read` that begins after it.
    """

    def read(self, known: SwitchState) -> SwitchState:
        """The state now: `known` itself where nothing has changed since."""

    def change(self, changes: Sequence[SwitchChange]) -> SwitchState:
        """Append, all or none, each with the next epoch in place of its own; the state after them."""

    def history(self, after: int = 0) -> tuple[SwitchChange, ...]:
        """Changes with an epoch greater than `after`, in order."""

    def logged(self) -> int:
        """Up to which epoch changes are in the decision log."""

    def set_logged(self, epoch: int) -> None: ...

    def close(self) -> None: ...
