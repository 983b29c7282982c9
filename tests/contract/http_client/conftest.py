"""These tests run on the standard event loop and on uvloop, which differ in timers, EOF and TLS."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from signalbox.testing.http_caller import HttpCaller


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def caller() -> AsyncIterator[HttpCaller]:
    async with HttpCaller() as caller:
        yield caller
