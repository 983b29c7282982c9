"""Azure OpenAI on the loopback: deployments with an api-version, and the `/openai/v1` surface.

async with AzureOpenAIVendor() as vendor:
    client = openai.AsyncAzureOpenAI(
        azure_endpoint=vendor.azure_endpoint, api_key="any", api_version="2024-10-21"
    )
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.reply import Event, Reply
from signalbox.simulate.vendors import azure_words
from signalbox.simulate.vendors.limits import Standing
from signalbox.simulate.vendors.openai import OpenAIVendor
from signalbox.simulate.vendors.openai_speech import ChatSpeech
from signalbox.simulate.vendors.openai_words import rate_headers
from signalbox.simulate.vendors.scenario import Fault
from signalbox.simulate.vendors.speech import Trouble
from signalbox.simulate.vendors.vendor import Headers, Refused, Turn, Visit, key_of


class AzureOpenAIVendor(OpenAIVendor):
    """A deployment's name stands for its model. The region is said in `x-ms-region`."""

    name: ClassVar[str] = "azure-openai"
    path: ClassVar[str] = "/openai/v1"

    @property
    def azure_endpoint(self) -> str:
        """What Azure's clients are given."""
        return self.base_url.removesuffix(self.path)

    def settings_url(self, region: str) -> str:
        return self.origin_of(region)

    def admit(self, visit: Visit) -> None:
        key = key_of(visit.heard, b"api-key", b"authorization")
        if not key or (self.api_keys and key not in self.api_keys):
            # A token that is not known cannot be told from one that has run out.
            raise Refused("unauthenticated" if visit.heard.header(b"api-key") else "expired")

    def read(self, visit: Visit) -> Turn | bytes:
        match visit.steps:
            case ["openai", "v1", *rest]:
                return self.call(visit, rest)
            case ["openai", "deployments", deployment, *rest] if visit.query.get("api-version"):
                return self.call(_addressed(visit, deployment), rest)
            case ["openai", *rest] if visit.query.get("api-version"):
                return self.call(visit, rest)
        return self.nowhere(visit)

    def nowhere(self, visit: Visit) -> Turn:
        raise Refused("not_found", "Resource not found", code="404")

    def chat_speech(self, number: int, *, stream: bool, include_usage: bool) -> ChatSpeech:
        return AzureChatSpeech(number, stream=stream, include_usage=include_usage)

    def trouble(self, fault: Fault, model: str) -> Trouble:
        return azure_words.trouble(fault, model)

    def error_body(self, trouble: Trouble) -> bytes:
        return azure_words.error_body(trouble)

    def headers(self, visit: Visit, standing: Standing) -> Headers:
        return [
            ("apim-request-id", f"00000000-0000-4000-8000-{visit.number:012x}"),
            ("x-request-id", f"00000000-0000-4000-8000-{visit.number:012x}"),
            ("x-ms-region", visit.region or "Emulated"),
            *rate_headers(standing),
        ]


class AzureChatSpeech(ChatSpeech):
    """With the content filter's verdicts."""

    def whole(self, reply: Reply) -> bytes:
        return azure_words.filtered_reply(super().whole(reply))

    def frames(self, events: Sequence[Event]) -> list[bytes]:
        return azure_words.filtered_chunks(super().frames(events))

    def trouble(self, trouble: Trouble) -> bytes:
        return b"data: " + azure_words.error_body(trouble) + b"\n\n"


def _addressed(visit: Visit, deployment: str) -> Visit:
    """The visit with the deployment as its body's model: at this address Azure goes by the path alone."""
    try:
        body = msgspec.json.decode(visit.heard.body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise MalformedRequest("We could not parse the JSON body of your request.") from error
    body["model"] = msgspec.Raw(msgspec.json.encode(deployment))
    heard = msgspec.structs.replace(visit.heard, body=msgspec.json.encode(body))
    return msgspec.structs.replace(visit, heard=heard)
