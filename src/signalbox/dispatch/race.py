"""Who answers first, where two attempts are under way for one request.

INVARIANT: one attempt at most wins a race, decided in the very moment of its answer, with no await between
the answer and the claim.
"""

from signalbox.domain.failure import FailureKind, ProviderFailure


class Beaten(ProviderFailure):
    """The other one has answered."""

    def __init__(self) -> None:
        super().__init__(FailureKind.CANCELLED, "another endpoint answered first")


class Race:
    __slots__ = ("_winner",)

    def __init__(self) -> None:
        self._winner = 0

    def claim(self, number: int) -> None:
        """Attempt `number` (from 1) has its answer. Raises `Beaten` if another had one before."""
        if not self._winner:
            self._winner = number
        elif self._winner != number:
            raise Beaten

    @property
    def over(self) -> bool:
        return self._winner != 0
