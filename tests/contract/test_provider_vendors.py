"""Every provider over HTTP passes the conformance suite against the emulator of its vendor."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.domain.endpoint import Limits, Transport
from signalbox.domain.failure import FailureKind
from signalbox.domain.request import Message, Request, Sampling, Text
from signalbox.domain.traits import Capability, with_implied
from signalbox.ports.provider_kind import LocalModels, Surroundings
from signalbox.simulate.vendors.anthropic import AnthropicVendor
from signalbox.simulate.vendors.azure_foundry import AzureFoundryVendor
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.simulate.vendors.scenario import Behaviour, Fault, FaultKind, Fixed, Scenario
from signalbox.simulate.vendors.vendor import Vendor
from signalbox.testing import values
from signalbox.testing.provider import ProviderConformance

MODEL = "emulated"
KINDS = InstalledKinds()
COMMON: dict[FailureKind, FaultKind] = {
    FailureKind.RATE_LIMITED: "rate_limited",
    FailureKind.QUOTA: "quota",
    FailureKind.OVERLOADED: "overloaded",
    FailureKind.SERVER_ERROR: "server_error",
    FailureKind.TIMEOUT: "gateway_timeout",
    FailureKind.CREDENTIAL: "unauthenticated",
    FailureKind.CALLER_FAULT: "bad_request",
    FailureKind.RESET: "reset_mid",
    FailureKind.IDLE: "hang",
    FailureKind.BAD_REPLY: "wrong_type",
}
FILTERED: dict[FailureKind, FaultKind] = {FailureKind.CONTENT_FILTER: "content_filter"}


class VendorHarness:
    """The vendor speaks a word every 10 ms, so `long_request` takes 12 s."""

    def __init__(
        self,
        kind: str,
        vendor: Vendor,
        base_url: str,
        provokes: dict[FailureKind, FaultKind],
        **transport: Any,
    ) -> None:
        self.vendor = vendor
        self.clock = SystemClock()
        self._faults = provokes
        around = Surroundings(
            clock=self.clock,
            secrets=EnvironmentSecrets({"KEY": "k"}),
            local_models=LocalModels(
                models_dir=Path(), log_dir=Path(), threads=1, prefix_cache=False, load_timeout_ms=1
            ),
        )
        found = KINDS.kind(kind)
        self.provider = found.make(around)
        said = Transport(
            base_url=base_url, credential="KEY", deployment=MODEL, idle_timeout_ms=500, **transport
        )
        self.endpoint = values.endpoint(
            kind,
            transport=said,
            capabilities=with_implied(found.expresses(said)) | Capability.CHAT,
            limits=Limits(context_tokens=128_000, output_tokens=16_000, concurrency=8),
        )
        self.long_request = Request(
            target="auto",
            messages=(Message("user", (Text("go on and on"),)),),
            sampling=Sampling(max_tokens=1_200),
        )
        self.provokes = frozenset(provokes)

    async def provoke(self, kind: FailureKind) -> None:
        self.vendor.scenario.queue.append(Fault(self._faults[kind]))

    async def quiet(self) -> None:
        await self.vendor.idle()


@asynccontextmanager
async def serve(
    kind: str, vendor: Vendor, provokes: dict[FailureKind, FaultKind], **transport: Any
) -> AsyncIterator[VendorHarness]:
    async with AsyncExitStack() as opened:
        await opened.enter_async_context(vendor)
        base_url = f"{vendor.origin}/v1" if kind.startswith("openai") else vendor.origin
        harness = VendorHarness(kind, vendor, base_url, provokes, **transport)
        opened.push_async_callback(harness.provider.aclose)
        yield harness


def slow() -> Scenario:
    return Scenario(default=Behaviour(tokens=1_200, token=Fixed(10)))


class TestOpenAI(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[VendorHarness]:
        async with serve("openai", OpenAIVendor(slow(), api_keys=["k"]), COMMON | FILTERED) as harness:
            yield harness


class TestOpenAIResponses(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[VendorHarness]:
        vendor = OpenAIVendor(slow(), api_keys=["k"])
        async with serve("openai", vendor, COMMON, surface="responses") as harness:
            yield harness


class TestOpenAICompatible(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[VendorHarness]:
        async with serve("openai-compatible", OpenAIVendor(slow(), api_keys=["k"]), COMMON) as harness:
            yield harness


class TestAzureDeployment(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[VendorHarness]:
        vendor = AzureOpenAIVendor(slow(), api_keys=["k"])
        async with serve("azure-openai", vendor, COMMON | FILTERED, api_version="2024-10-21") as harness:
            yield harness


class TestAzureResponses(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[VendorHarness]:
        vendor = AzureOpenAIVendor(slow(), api_keys=["k"])
        async with serve("azure-openai", vendor, COMMON, surface="responses") as harness:
            yield harness


class TestFoundry(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[VendorHarness]:
        vendor = AzureFoundryVendor(slow(), api_keys=["k"])
        async with serve("azure-foundry", vendor, COMMON, api_version="2024-05-01-preview") as harness:
            yield harness


class TestAnthropic(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[VendorHarness]:
        async with serve("anthropic", AnthropicVendor(slow(), api_keys=["k"]), COMMON) as harness:
            yield harness
