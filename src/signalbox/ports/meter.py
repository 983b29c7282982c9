"""Counting what happens, for `/metrics`. Cheap enough for the hot path: plain additions."""

from typing import Protocol


class Meter(Protocol):
    def request(self, tenant: str, dialect: str, code: str, elapsed_us: int) -> None:
        """One request ended; `code` is `ok` or an error code."""

    def attempt(self, endpoint: str, status: str, failure: str, elapsed_us: int) -> None: ...

    def tokens(self, endpoint: str, input_tokens: int, output_tokens: int, cost_nanos: int) -> None: ...

    def breaker(self, endpoint: str, state: str) -> None: ...
