"""OpenAICompatible passes the conformance suite against the emulator, over TCP and a unix socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.openai_compatible.provider import OpenAICompatible
from signalbox.adapters.providers.openai_dialects.expressed import CHAT
from signalbox.domain.endpoint import Transport
from signalbox.domain.failure import FailureKind
from signalbox.domain.request import Message, Request, Sampling, Text
from signalbox.domain.traits import Capability, with_implied
from signalbox.simulate.openai_compatible import Emulator
from signalbox.simulate.scenario import Behaviour, Scenario
from signalbox.testing.provider import ProviderConformance
from signalbox.testing.samples import sample_endpoint

PROVOCATIONS = {
    FailureKind.RESET: Behaviour(fault="reset_mid"),
    FailureKind.IDLE: Behaviour(fault="hang"),
    FailureKind.RATE_LIMITED: Behaviour(fault="status", status=429, retry_after="7"),
    FailureKind.OVERLOADED: Behaviour(fault="status", status=503),
    FailureKind.SERVER_ERROR: Behaviour(fault="status", status=500),
    FailureKind.BAD_REPLY: Behaviour(fault="truncated_json"),
    FailureKind.CREDENTIAL: Behaviour(fault="status", status=401),
    FailureKind.CALLER_FAULT: Behaviour(fault="status", status=400),
    FailureKind.CONTENT_FILTER: Behaviour(fault="status", status=400, code="content_filter"),
}


ABLE = with_implied(CHAT & ~Capability.THINKING)


class EmulatorHarness:
    """The vendor speaks a word every 5 ms, so `long_request` takes 6 s."""

    def __init__(self, vendor: Emulator) -> None:
        self.vendor = vendor
        self.endpoint = sample_endpoint(capabilities=ABLE)
        self.clock = SystemClock()
        self.provider = OpenAICompatible(
            HttpClient(self.clock), EnvironmentSecrets({"EMULATED_KEY": "k"}), self.clock
        )
        self.long_request = Request(
            target="auto",
            messages=(Message("user", (Text("go on and on"),)),),
            sampling=Sampling(max_tokens=1_200),
        )
        self.provokes = frozenset(PROVOCATIONS)

    def use(self, transport: Transport) -> None:
        self.endpoint = sample_endpoint(capabilities=ABLE, transport=transport)

    async def provoke(self, kind: FailureKind) -> None:
        self.vendor.scenario.queue.append(PROVOCATIONS[kind])

    async def quiet(self) -> None:
        await self.vendor.idle()


@asynccontextmanager
async def serve(vendor: Emulator) -> AsyncIterator[EmulatorHarness]:
    async with vendor:
        harness = EmulatorHarness(vendor)
        harness.use(
            Transport(
                base_url=vendor.base_url,
                credential="EMULATED_KEY",
                deployment="deployed",
                idle_timeout_ms=500,
            )
        )
        try:
            yield harness
        finally:
            await harness.provider.aclose()


def slow_speaker() -> Scenario:
    return Scenario(default=Behaviour(tokens=1_200, token_ms=5))


class TestOverTcp(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[EmulatorHarness]:
        async with serve(Emulator(slow_speaker(), api_key="k")) as harness:
            yield harness


class TestOverUnixSocket(ProviderConformance):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[EmulatorHarness]:
        async with serve(Emulator(slow_speaker(), api_key="k", unix=str(tmp_path / "v.sock"))) as harness:
            yield harness


async def test_nothing_arrives_when_sending_refuses() -> None:
    """What the suite cannot see from outside: the vendor's own count."""
    async with asyncio.timeout(10), Emulator() as vendor:
        suite = ProviderConformance()
        harness = EmulatorHarness(vendor)
        harness.use(Transport(base_url=vendor.base_url))
        await suite.test_what_sending_raises_stops_the_request(harness)
        await harness.provider.aclose()
        assert vendor.served == 0
