"""An operation: what a user did once, and what takes several decisions, as a long document's summary does.

Its decisions share an id, the releases that were in force when it began, and one deadline. What was seen of
the content counts for all that follows: a document whose first part is confidential is so to its end. Every
hop is still asked of the releases and the kill switch of its own moment, which is not this one's duty.
"""

from msgspec.structs import replace

from signalbox.dispatch.interlock import Release
from signalbox.domain.errors import DeadlineExceeded
from signalbox.domain.traits import Sensitivity, Traits


class Operation:
    """`deadline_us` is monotonic. INVARIANT: `sensitivity` and `categories` only ever grow."""

    __slots__ = ("categories", "deadline_us", "id", "release", "sensitivity")

    def __init__(self, ident: str, release: Release, deadline_us: int) -> None:
        self.id = ident
        self.release = release
        self.deadline_us = deadline_us
        self.sensitivity = Sensitivity.PUBLIC
        self.categories: frozenset[str] = frozenset()

    def seen(self, traits: Traits, now_us: int) -> Traits:
        """What a request's own traits come to within the operation. Raises `DeadlineExceeded`."""
        left_ms = (self.deadline_us - now_us) // 1_000
        if left_ms <= 0:
            raise DeadlineExceeded("the time for the whole operation is over")
        self.sensitivity = max(self.sensitivity, traits.sensitivity)
        self.categories |= frozenset(traits.categories)
        return replace(
            traits,
            sensitivity=self.sensitivity,
            categories=tuple(sorted(self.categories)),
            deadline_ms=min(traits.deadline_ms, left_ms),
        )
