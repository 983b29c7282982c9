"""What doors of the admin API need of the board."""

from collections.abc import Callable, Sequence
from typing import Protocol

from signalbox.domain.acts import Act, Proposal


class Acting(Protocol):
    async def act(self, by: str, propose: Callable[[], Sequence[Proposal]]) -> tuple[Act, ...]:
        """Do what `propose` answers, on what is known when it is called; it may be called again. Durable, and
        in force here, when it returns. Raises what `propose` raises, and `ActsUnavailable`."""
