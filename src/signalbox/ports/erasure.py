"""Emptying records of the log: salt and body go, and the leaf stays and still verifies."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class ErasableStore(Protocol):
    """A `LogStore` that can empty records. Called from the thread that the store is called from."""

    def erase(self, numbers: Sequence[int]) -> None:
        """Empty salt and body of the records of these global numbers; those emptied already stay so.

        All or none, durable when it returns, and then no byte of them is left in what the store keeps, its
        own journals included. Raises `LogUnavailable`, also where a reader is in the way of the last: then
        the records are empty, and it has to be called again. Idempotent.
        """


class ErasableLog(Protocol):
    """The log as its writer has it."""

    async def erase(self, numbers: Sequence[int]) -> None:
        """As the store's; records handed in meanwhile are written before or after. Raises `LogUnavailable`,
        also where this log's store cannot do it."""
