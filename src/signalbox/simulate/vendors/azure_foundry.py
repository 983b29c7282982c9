"""Azure AI Foundry's model inference on the loopback: models of many vendors behind one address."""

from typing import ClassVar, Final

import msgspec

from signalbox.domain.request import ThinkingFormat
from signalbox.simulate.score import page
from signalbox.simulate.vendors.answer import Nature
from signalbox.simulate.vendors.azure_openai import AzureOpenAIVendor
from signalbox.simulate.vendors.scenario import Fault
from signalbox.simulate.vendors.speech import Trouble
from signalbox.simulate.vendors.vendor import Turn, Visit

_FOUNDRY: Final = Nature(shown=True)
"""Its reasoning models show what they think, unsigned, as `reasoning_content`."""


class AzureFoundryVendor(AzureOpenAIVendor):
    name: ClassVar[str] = "azure-foundry"
    thinking: ClassVar[ThinkingFormat] = ""
    path: ClassVar[str] = "/models"

    def read(self, visit: Visit) -> Turn | bytes:
        match visit.steps:
            case ["openai", "v1", *rest]:
                return self.call(visit, rest)
            case ["models", "info"] if visit.heard.method == "GET" and visit.query.get("api-version"):
                about = {
                    "model_name": self.models(visit.region)[0],
                    "model_type": "chat-completion",
                    "model_provider_name": "emulator",
                }
                return page(200, msgspec.json.encode(about))
            case ["models", *rest] if visit.query.get("api-version"):
                return self.call(visit, rest)
        return self.nowhere(visit)

    def chat(self, visit: Visit) -> Turn:
        return msgspec.structs.replace(super().chat(visit), nature=_FOUNDRY)

    def trouble(self, fault: Fault, model: str) -> Trouble:
        found = super().trouble(fault, model)
        if fault.kind == "rate_limited":
            return msgspec.structs.replace(found, code="RateLimitReached")
        if fault.kind == "not_found" and not fault.message:
            return Trouble(404, "", f"Model `{model}` is not deployed here.", "unknown_model")
        return found
