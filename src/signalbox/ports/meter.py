"""Counting what happens, for `/metrics`. Cheap enough for the hot path: plain additions."""

from typing import Protocol

from msgspec import Struct


class EndpointState(Struct, frozen=True, kw_only=True):
    """How an endpoint stands, live. `concurrency` is how many requests it is trusted with now, of the
    `concurrency_max` that the registry says; `quarantined` is the reason, empty if it is not."""

    endpoint: str
    breaker: str
    quarantined: str
    in_flight: int
    waiting: int
    concurrency: int
    concurrency_max: int
    retries_left: int


class Meter(Protocol):
    def request(self, tenant: str, dialect: str, code: str, elapsed_us: int) -> None:
        """One request ended; `code` is `ok` or an error code."""

    def attempt(self, endpoint: str, status: str, failure: str, elapsed_us: int) -> None: ...

    def authorised(self, endpoint: str, how: str) -> None:
        """An attempt that was sent ended; `how` says whether who answered is who was authorised: confirmed,
        mismatch or unverified."""

    def tokens(self, endpoint: str, input_tokens: int, output_tokens: int, cost_nanos: int) -> None: ...

    def breaker(self, endpoint: str, state: str) -> None: ...

    def hop(self, endpoint: str, hop: str) -> None:
        """An attempt leaves that is not a request's first: `hop` says why it does."""

    def quarantine(self, endpoint: str) -> None:
        """An endpoint was put in quarantine."""
