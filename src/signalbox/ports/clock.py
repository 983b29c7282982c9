"""Time and identity, handed in so that a test can decide a million requests without either."""

from typing import Protocol


class Clock(Protocol):
    def now_us(self) -> int:
        """Wall clock, microseconds since the epoch, UTC. May step."""

    def monotonic_us(self) -> int:
        """Microseconds from an arbitrary start; never steps back. For durations and deadlines."""


class Ids(Protocol):
    def new(self, now_us: int) -> str:
        """32 lower-case hex digits, UUIDv7 layout: unique, and ordered by `now_us` to the millisecond."""
