"""All emulated vendors at once, each with a port of its own for every region of the scenario."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec

from signalbox.simulate.receipts import Receipts
from signalbox.simulate.vendors.anthropic import AnthropicVendor
from signalbox.simulate.vendors.azure_foundry import AzureFoundryVendor
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.simulate.vendors.scenario import Scenario
from signalbox.simulate.vendors.vendor import Vendor


def vendor_classes() -> list[type[Vendor]]:
    """Without Bedrock where botocore, which checks its signatures, is not installed."""
    classes: list[type[Vendor]] = [OpenAIVendor, AzureOpenAIVendor, AzureFoundryVendor, AnthropicVendor]
    if find_spec("botocore") is not None:
        from signalbox.simulate.vendors.bedrock import BedrockVendor  # noqa: PLC0415 - an extra, imported where it is used

        classes.append(BedrockVendor)
    return classes


@asynccontextmanager
async def fleet(
    scenario: Scenario, *, host: str = "127.0.0.1", port_base: int = 0, receipts: Receipts | None = None
) -> AsyncIterator[list[Vendor]]:
    """Every vendor, serving one `scenario` (its queue is common to them). `port_base` 0: any free ports."""
    width = max(1, len(scenario.regions))
    async with AsyncExitStack() as stack:
        vendors = []
        for place, kind in enumerate(vendor_classes()):
            port = port_base and port_base + place * width
            vendor = kind(scenario, host=host, port=port, receipts=receipts)
            vendors.append(await stack.enter_async_context(vendor))
        yield vendors
