"""What the conformance suite of `ports.provider` asks of a vendor behind an adapter, and how it calls it."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Protocol

from msgspec import structs

from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind
from signalbox.domain.reply import Event
from signalbox.domain.request import Request
from signalbox.ports.clock import Clock
from signalbox.ports.provider import Call, Provider

PATIENCE_S = 60
"""After this long a test has hung; it is no measure of speed."""


class Harness(Protocol):
    """An adapter under test, with a vendor behind it.

    `endpoint` is served by `provider`. `long_request` takes more than two seconds when nobody stops it.
    `provokes` names the kinds of failure that `provoke` can bring about.
    """

    @property
    def provider(self) -> Provider: ...

    @property
    def endpoint(self) -> Endpoint: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def long_request(self) -> Request: ...

    @property
    def provokes(self) -> frozenset[FailureKind]: ...

    async def provoke(self, kind: FailureKind) -> None:
        """Arrange that the next call, whole or streamed, fails with `kind`, and only that one."""

    async def quiet(self) -> None:
        """Return once the vendor is doing no work for us; raise or hang if it goes on."""


class Sendings:
    """Counts `Call.sending`; `begun` is set by the first."""

    def __init__(self) -> None:
        self.count = 0
        self.begun = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self.begun.set()


def make_call(
    harness: Harness,
    request: Request,
    sendings: Sendings | None = None,
    *,
    within_ms: int = PATIENCE_S * 1000,
) -> Call:
    deadline_us = harness.clock.monotonic_us() + within_ms * 1000
    return Call(harness.endpoint, request, f"{0xC0FFEE:032x}", deadline_us, sendings or Sendings())


def event_stream(harness: Harness, call: Call) -> AsyncGenerator[Event, None]:
    request = structs.replace(call.request, stream=True)
    return harness.provider.stream(structs.replace(call, request=request))


def check(condition: bool, expectation: str) -> None:
    if not condition:
        raise AssertionError(expectation)
