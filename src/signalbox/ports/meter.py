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

    def attempt(
        self,
        endpoint: str,
        status: str,
        failure: str,
        authorised: str,
        elapsed_us: int,
        tokens_in: int,
        tokens_out: int,
        cost_nanos: int,
    ) -> None:
        """An attempt ended. `authorised` says whether who answered is who was authorised: confirmed, mismatch
        or unverified; empty if nothing was sent. Tokens and cost: of one that went well, else 0."""

    def breaker(self, endpoint: str, state: str) -> None: ...

    def hop(self, endpoint: str, hop: str) -> None:
        """An attempt leaves that is not a request's first: `hop` says why it does."""

    def quarantine(self, endpoint: str) -> None:
        """An endpoint was put in quarantine."""
