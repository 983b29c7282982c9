"""OpenAI on the loopback: chat completions, responses, embeddings, models; its keys, limits and words.

async with OpenAIVendor() as vendor:
    client = openai.AsyncOpenAI(base_url=vendor.base_url, api_key="any")
"""

from typing import Any, ClassVar, Final

import msgspec

from signalbox.domain.request import ThinkingFormat
from signalbox.simulate.answers import CREATED_S
from signalbox.simulate.score import page
from signalbox.simulate.vendors import openai_words
from signalbox.simulate.vendors.answer import Nature
from signalbox.simulate.vendors.limits import Standing
from signalbox.simulate.vendors.openai_speech import ChatSpeech, EmbeddingsSpeech, ResponseSpeech
from signalbox.simulate.vendors.scenario import Fault
from signalbox.simulate.vendors.speech import Trouble
from signalbox.simulate.vendors.vendor import Headers, Refused, Turn, Vendor, Visit
from signalbox.wires import openai_embeddings, openai_responses
from signalbox.wires.openai_chat import read_request

_encode: Final = msgspec.json.Encoder().encode
CHAT: Final = Nature()
RESPONSES: Final = Nature(thinking="openai", shown=True)


class OpenAIVendor(Vendor):
    name: ClassVar[str] = "openai"
    thinking: ClassVar[ThinkingFormat] = "openai"
    path: ClassVar[str] = "/v1"

    def admit(self, visit: Visit) -> None:
        scheme, _, key = visit.heard.header(b"authorization").partition(" ")
        if scheme != "Bearer" or not key.strip():
            raise Refused("unauthenticated", "You didn't provide an API key.", code="missing_api_key")
        if self.api_keys and key not in self.api_keys:
            raise Refused("unauthenticated")

    def read(self, visit: Visit) -> Turn | bytes:
        match visit.steps:
            case ["v1", *rest]:
                return self.call(visit, rest)
        return self.nowhere(visit)

    def call(self, visit: Visit, steps: list[str]) -> Turn | bytes:
        """The operation that these last segments of the path name."""
        match visit.heard.method, steps:
            case "POST", ["chat", "completions"]:
                return self.chat(visit)
            case "POST", ["responses"]:
                return self.responses(visit)
            case "POST", ["embeddings"]:
                return self.embeddings(visit)
            case "GET", ["models"]:
                return self.model_list(visit)
            case "GET", ["models", model]:
                return self.model(visit, model)
        return self.nowhere(visit)

    def chat(self, visit: Visit) -> Turn:
        call = read_request(visit.heard.body)
        speech = self.chat_speech(visit.number, stream=call.request.stream, include_usage=call.include_usage)
        return Turn(call.request.target, call.request, speech, CHAT, "automatic")

    def chat_speech(self, number: int, *, stream: bool, include_usage: bool) -> ChatSpeech:
        return ChatSpeech(number, stream=stream, include_usage=include_usage)

    def responses(self, visit: Visit) -> Turn:
        call = openai_responses.read_request(visit.heard.body)
        speech = ResponseSpeech(visit.number, call)
        return Turn(call.request.target, call.request, speech, RESPONSES, "automatic")

    def embeddings(self, visit: Visit) -> Turn:
        call = openai_embeddings.read_request(visit.heard.body)
        return Turn(call.request.target, call.request, EmbeddingsSpeech(base64=call.base64), CHAT)

    def model_list(self, visit: Visit) -> bytes:
        models = [model_object(name) for name in self.models(visit.region)]
        return page(200, _encode({"object": "list", "data": models}))

    def model(self, visit: Visit, name: str) -> bytes:
        if name not in self.models(visit.region):
            raise Refused("not_found", f"The model '{name}' does not exist", param="model")
        return page(200, _encode(model_object(name)))

    def nowhere(self, visit: Visit) -> Turn:
        raise Refused("not_found", f"Invalid URL ({visit.heard.method} {visit.path})", code="unknown_url")

    def trouble(self, fault: Fault, model: str) -> Trouble:
        return openai_words.trouble(fault, model)

    def error_body(self, trouble: Trouble) -> bytes:
        return openai_words.error_body(trouble)

    def headers(self, visit: Visit, standing: Standing) -> Headers:
        return [
            ("x-request-id", f"req_emulated{visit.number}"),
            ("openai-version", "2020-10-01"),
            ("openai-processing-ms", "1"),
            *openai_words.rate_headers(standing),
        ]


def model_object(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED_S, "owned_by": "emulator"}
