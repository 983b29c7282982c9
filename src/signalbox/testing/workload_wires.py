"""The same broken replies over every vendor's wire: `bear(trial, broken, stage)` with the stage of a way.

    async with on_stage(way) as stage:
        await bear(TRIAL, broken, stage)

A **way** is a kind of provider as it is asked: which of the vendor's interfaces, whole or as a stream, by a
schema or by a tool that must be called. The house and its provider are the real ones, the vendor is its
emulator in this process. `ENDINGS` are replies that only a vendor's dialect has words for.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.embedded.kind import address
from signalbox.adapters.providers.exchange import HttpProvider, KeyedBy
from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.dispatch.interlock import Release
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.domain.reply import Event, Reply
from signalbox.domain.traits import Capability, with_implied
from signalbox.normalise.collect import Collector
from signalbox.ports.provider import Call, Provider
from signalbox.ports.provider_kind import LocalModels, Surroundings
from signalbox.simulate.vendors.anthropic import AnthropicVendor
from signalbox.simulate.vendors.azure_foundry import AzureFoundryVendor
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.simulate.vendors.bedrock import BedrockVendor
from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.simulate.vendors.scenario import Line, Scenario
from signalbox.simulate.vendors.vendor import Vendor
from signalbox.testing.house import HandClock, House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import endpoint, ranked, tenant
from signalbox.testing.workload_replies import (
    BROKEN,
    MODELS,
    REPAIRED,
    Broken,
    Played,
    Run,
    asker_of,
)

_SECRETS: Final = {"KEY": "k", "AWS_BEARER_TOKEN_BEDROCK": "k"}
_KINDS: Final = InstalledKinds()

ENDINGS: Final = (
    Broken(
        name="cut off at the limit",
        becomes=REPAIRED,
        make=lambda good, _: Line(good[: len(good) // 2], "cut"),
    ),
    Broken(
        name="declined",
        becomes=REPAIRED,
        make=lambda *_: Line("I'm sorry, but I can't help with that request.", "refused"),
    ),
    Broken(
        name="filtered",
        becomes=REPAIRED,
        make=lambda good, _: Line(good[: len(good) // 2], "filtered"),
    ),
)
FORMS: Final = (*BROKEN, *ENDINGS)


class Way(Struct, frozen=True, kw_only=True):
    """`by_tool`: the models have no schemas of their own, and are made to call a tool. `path` follows the
    emulator's origin in the endpoint's base URL."""

    name: str
    kind: str
    vendor: type[Vendor]
    path: str = ""
    surface: Literal["chat", "responses"] = "chat"
    api_version: str = ""
    by_tool: bool = False
    streamed: bool = False

    def __str__(self) -> str:
        return f"{self.name}, streamed" if self.streamed else self.name


_WHOLE: Final = (
    Way(name="OpenAI, chat", kind="openai", vendor=OpenAIVendor, path="/v1"),
    Way(name="OpenAI, responses", kind="openai", vendor=OpenAIVendor, path="/v1", surface="responses"),
    Way(name="Azure OpenAI, chat", kind="azure-openai", vendor=AzureOpenAIVendor, api_version="2024-10-21"),
    Way(name="Azure OpenAI, responses", kind="azure-openai", vendor=AzureOpenAIVendor, surface="responses"),
    Way(
        name="Azure AI Foundry",
        kind="azure-foundry",
        vendor=AzureFoundryVendor,
        api_version="2024-05-01-preview",
    ),
    Way(name="Anthropic, schema", kind="anthropic", vendor=AnthropicVendor),
    Way(name="Anthropic, tool", kind="anthropic", vendor=AnthropicVendor, by_tool=True),
    Way(name="Bedrock Converse, schema", kind="bedrock", vendor=BedrockVendor),
    Way(name="Bedrock Converse, tool", kind="bedrock", vendor=BedrockVendor, by_tool=True),
    Way(name="OpenAI-compatible, schema", kind="openai-compatible", vendor=OpenAIVendor, path="/v1"),
    Way(
        name="OpenAI-compatible, tool",
        kind="openai-compatible",
        vendor=OpenAIVendor,
        path="/v1",
        by_tool=True,
    ),
    Way(name="Embedded's dialect", kind="embedded", vendor=OpenAIVendor, path="/v1"),
)
WAYS: Final = tuple(replace(way, streamed=streamed) for way in _WHOLE for streamed in (False, True))


class Streamed:
    """Implements `Provider`: asks another for a stream where it is asked for a whole reply. Workloads ask for
    whole replies alone, so that no stream would be read otherwise."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def complete(self, call: Call) -> Reply:
        """Raises as the other does, and `IncompleteStream`."""
        collected = Collector()
        async for event in self.stream(replace(call, request=replace(call.request, stream=True))):
            collected.add(event)
        return collected.reply()

    def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        return self._provider.stream(call)

    async def ready(self, endpoint: Endpoint) -> bool:
        return await self._provider.ready(endpoint)

    async def aclose(self) -> None:
        await self._provider.aclose()


class Wired:
    """A `Stage`: each play in a house of its own, for what is learnt of a model must not outlast it.
    `requests` is what the vendor heard during the last."""

    def __init__(self, way: Way, vendor: Vendor, provider: Provider) -> None:
        self._vendor = vendor
        self._provider = provider
        self._catalogue = ranked(*[_endpoint(way, vendor, model) for model in MODELS])
        self._kind = way.kind
        self._served_before = 0
        self._release: Release | None = None

    async def play(self, run: Run, lines: Mapping[str, tuple[Line, ...]], rest: Line) -> Played:
        vendor = self._vendor
        vendor.scenario = Scenario(
            lines=[replace(line, model=model) for model, said in lines.items() for line in said],
            refrain=rest,
        )
        self._served_before = vendor.served
        others = {self._kind: self._provider}
        house = House(PERMIT_ALL, self._catalogue, [tenant()], others=others, begun=self._release)
        self._release = house.interlock.release
        result = await run(asker_of(house))
        return Played(result, self.requests)

    @property
    def requests(self) -> int:
        return self._vendor.served - self._served_before


@asynccontextmanager
async def on_stage(way: Way) -> AsyncIterator[Wired]:
    clock = HandClock()
    async with AsyncExitStack() as opened:
        vendor = way.vendor(clock_s=lambda: clock.now_us() / 1_000_000)
        await opened.enter_async_context(vendor)
        provider = _provider(way, clock)
        opened.push_async_callback(provider.aclose)
        yield Wired(way, vendor, Streamed(provider) if way.streamed else provider)


def _provider(way: Way, clock: HandClock) -> Provider:
    secrets = EnvironmentSecrets(_SECRETS)
    if way.kind == "embedded":
        # Without the child that runs the model: what it is asked, and how it is read, is the same.
        return HttpProvider(HttpClient(clock), address, KeyedBy(secrets), clock)
    models = LocalModels(models_dir=Path(), log_dir=Path(), threads=1, prefix_cache=False, load_timeout_ms=1)
    return _KINDS.kind(way.kind).make(Surroundings(clock=clock, secrets=secrets, local_models=models))


def _endpoint(way: Way, vendor: Vendor, model: str) -> Endpoint:
    transport = Transport(
        base_url=vendor.origin + way.path,
        credential="AWS_BEARER_TOKEN_BEDROCK" if way.kind == "bedrock" else "KEY",
        deployment=model,
        surface=way.surface,
        api_version=way.api_version,
    )
    # A grammar is what a decoder is held to: what comes of it cannot be broken in these ways.
    able = _KINDS.kind(way.kind).expresses(transport) & ~Capability.GRAMMAR
    if way.by_tool:
        able &= ~(Capability.JSON_SCHEMA | Capability.JSON_OBJECT)
    return endpoint(
        model,
        provider=way.kind,
        region="us-east-1",
        transport=transport,
        served_names=(model,),
        capabilities=with_implied(able) | Capability.CHAT,
    )
