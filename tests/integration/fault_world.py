"""A house with four emulated vendors behind it, and one more that policy forbids."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from signalbox.app import Signalbox
from signalbox.dispatch.delivery import Delivery
from signalbox.domain.errors import SignalboxError
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.request import Declared, Message, Request, ResponseFormat, Sampling, Text
from signalbox.simulate.vendors.anthropic import AnthropicVendor
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.simulate.vendors.bedrock import BedrockVendor
from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.simulate.vendors.scenario import FAULT_KINDS, Behaviour, Chance, Fault, Scenario
from signalbox.simulate.vendors.vendor import Vendor
from signalbox.testing.site import Log

POLICIES = Path(__file__).parents[2] / "policies"
HUNG_S = 20.0
FAULTS = tuple(kind for kind in FAULT_KINDS if kind not in ("none", "status"))

SETTINGS = """
[server]
data_dir = "data"

[dispatch]
attempts_max = 5
retries = 1
backoff = "5ms"
wait_max = "40ms"
health_cadence = "10ms"

[dispatch.breaker]
failures = 3
open_for = "30ms"
open_for_max = "60ms"

[policy]
files = ["policies/*.cedar"]
schema = "policies/signalbox.cedarschema"

[places]
eu = "the Union"
us = "the United States"

[boundaries]
eu = ["eu"]
world = ["eu", "us"]

[[tenants]]
id = "acme"
default_boundary = "eu"
durable_from = "confidential"
home_cloud = "azure"
"""

VENDOR = """
[[vendors]]
id = "{name}"
name = "{name}"

[[models]]
id = "{name}-model"
vendor = "{name}"
version = "1"
quality = {{ default = 0.{quality} }}
"""

ENDPOINT = """
[[endpoints]]
id = "{id}"
vendor = "{vendor}"
model = "{vendor}-model"
provider = "{kind}"
cloud = "{cloud}"
region = "eu-central-1"
operator = "{vendor}"
processor = "{vendor}"
inference_places = ["{place}"]
storage_places = []
retention = "none"
trains_on_data = false
contract = "dpa"
terms_version = "1"
certifications = []
served_names = ["emulated"]
capabilities = ["streaming", "tools", "forced-tool", "json-schema", "sampling"]
limits = {{ context_tokens = 100_000, output_tokens = 8_000, concurrency = 32 }}
speed = {{ first_token = "5ms", input_tokens_per_s = 90_000, output_tokens_per_s = 9_000 }}
price = {{ currency = "USD", input_per_mtok = "1", output_per_mtok = "2" }}
lifecycle = {{ available_from = 2025-01-01 }}

[endpoints.transport]
base_url = "{url}"
credential = "KEY"
deployment = "emulated"
idle_timeout = "150ms"
{more}
"""


class Ended(Struct, frozen=True):
    """How one request ended: `served`, `broken` (a stream that had begun), or the error's code."""

    how: str
    confidential: bool


class World:
    def __init__(self, box: Signalbox, vendors: dict[str, Vendor], data_dir: Path) -> None:
        self.box = box
        self.vendors = vendors
        self.data_dir = data_dir

    @property
    def permitted(self) -> list[Vendor]:
        return [vendor for name, vendor in self.vendors.items() if name != "outside"]

    async def books(self) -> Log:
        """The log, with all that was written down so far."""
        await self.box.log.commit([])
        return Log(self.data_dir)

    def set_faults(self, draw: random.Random, healthy: int) -> None:
        """Every permitted vendor fails in a way of its own, all the time or half of it, but for `healthy`.
        Azure is healthy first: it is the only one that may have what is confidential."""
        order = [
            self.vendors["azure"],
            *(v for n, v in self.vendors.items() if n not in ("azure", "outside")),
        ]
        for place, vendor in enumerate(order):
            behaviour = Behaviour(tokens=6)
            if place >= healthy:
                fault = Fault(draw.choice(FAULTS), retry_after_ms=draw.choice((-1, 1, 20, 5_000)), drip_ms=40)
                behaviour = replace(behaviour, chances=(Chance(fault, draw.choice((0.5, 1.0))),))
                if draw.random() < 0.1:
                    behaviour = replace(behaviour, served_model="somebody-else")
            vendor.scenario = Scenario(seed=draw.getrandbits(32), default=behaviour)

    async def ask(self, draw: random.Random) -> Ended:
        confidential = draw.random() < 0.3
        request = Request(
            target="auto",
            messages=(Message("user", (Text(f"Rewrite paragraph {draw.getrandbits(32)} politely."),)),),
            sampling=Sampling(max_tokens=50, temperature=draw.choice((None, 0.2))),
            stream=draw.random() < 0.5,
            response_format=_wanted(draw),
            declared=Declared(
                app="word",
                feature="rewrite",
                label="confidential" if confidential else "general",
                deadline_ms=1_500,
            ),
        )
        try:
            async with asyncio.timeout(HUNG_S):
                _, delivery = await self.box.run(request)
                return Ended(await received(delivery), confidential)
        except SignalboxError as error:
            return Ended(error.code, confidential)
        except TimeoutError:
            return Ended("hung", confidential)

    async def settle(self) -> None:
        """No reply is under way, every vendor is well again, and each endpoint has shown that it is."""
        for vendor in self.vendors.values():
            vendor.scenario = Scenario(default=Behaviour(tokens=1))
        async with asyncio.timeout(HUNG_S):
            for vendor in self.vendors.values():
                await vendor.idle()
            for endpoint in self.box.interlock.release.catalogue.endpoints:
                self.box.health.release(endpoint)
                if endpoint.vendor != "outside":
                    await self._recover(endpoint.id)

    async def _recover(self, endpoint: str) -> None:
        request = Request(target=endpoint, messages=(Message("user", (Text("Hello"),)),))
        while True:
            with contextlib.suppress(SignalboxError):
                await self.box.run(request)
                return
            await asyncio.sleep(0.01)


def _wanted(draw: random.Random) -> ResponseFormat | None:
    if draw.random() < 0.8:
        return None
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    }
    return ResponseFormat("json_schema", "rewritten", schema)


async def received(delivery: Delivery) -> str:
    if delivery.events is None:
        return "served"
    try:
        async for _ in delivery.events:
            pass
    except ProviderFailure:
        return "broken"
    finally:
        await delivery.events.aclose()
    return "served"


@asynccontextmanager
async def world(directory: Path) -> AsyncIterator[World]:
    """Everything started; at its end every connection is closed again, which the caller may hold us to."""
    vendors: dict[str, Vendor] = {
        "openai": OpenAIVendor(api_keys=["k"]),
        "azure": AzureOpenAIVendor(api_keys=["k"]),
        "anthropic": AnthropicVendor(api_keys=["k"]),
        "bedrock": BedrockVendor(api_keys=["k"]),
        "outside": OpenAIVendor(api_keys=["k"]),
    }
    async with AsyncExitStack() as opened:
        for vendor in vendors.values():
            await opened.enter_async_context(vendor)
        directory.mkdir(parents=True, exist_ok=True)
        link_policies(directory)
        settings = directory / "signalbox.toml"
        settings.write_text(_settings(vendors))
        async with Signalbox.from_config(settings, env={"KEY": "k"}) as box:
            box.tokenizer.warm()  # loading it would take as long as a request here may
            yield World(box, vendors, directory / "data")
        async with asyncio.timeout(HUNG_S):
            while sum(len(vendor.connections) for vendor in vendors.values()):
                await asyncio.sleep(0.01)


def link_policies(directory: Path) -> None:
    """The shipped rules, without the pilot that keeps Claude to one group."""
    chosen = directory / "policies"
    chosen.mkdir()
    for file in POLICIES.iterdir():
        if "opt-in" not in file.name:
            (chosen / file.name).symlink_to(file)


def _settings(vendors: dict[str, Vendor]) -> str:
    text = SETTINGS
    for quality, name in enumerate(vendors, 5):
        text += VENDOR.format(name=name, quality=quality)
    for name, kind, cloud, place, more in (
        ("openai", "openai", "openai", "eu", ""),
        ("azure", "azure-openai", "azure", "eu", 'api_version = "2024-10-21"'),
        ("anthropic", "anthropic", "anthropic", "eu", 'api_version = "2023-06-01"'),
        ("bedrock", "bedrock", "aws", "eu", ""),
        ("outside", "openai", "azure", "us", ""),
    ):
        url = vendors[name].settings_url(vendors[name].places[0])
        text += ENDPOINT.format(
            id=f"at-{name}", vendor=name, kind=kind, cloud=cloud, place=place, url=url, more=more
        )
    return text


def unbalanced(log: Log) -> Counter[str]:
    """What is wrong with the books: intents without exactly one outcome, decisions served twice."""
    wrong: Counter[str] = Counter()
    outcomes = Counter(outcome["attempt"] for outcome in log.of("outcome"))
    intents = Counter(intent["attempt"] for intent in log.of("intent"))
    wrong["intents without exactly one outcome"] = sum(outcomes[attempt] != 1 for attempt in intents)
    wrong["outcomes without an intent"] = sum(attempt not in intents for attempt in outcomes)
    wrong["intents twice"] = sum(count != 1 for count in intents.values())
    served = Counter(outcome["decision"] for outcome in log.of("outcome") if outcome["status"] == "ok")
    wrong["decisions served twice"] = sum(count > 1 for count in served.values())
    return +wrong
