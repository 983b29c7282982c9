"""Claude at Anthropic: the Messages API. Addressing and a key; all else is the exchange's and the wire's."""

from typing import Final

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.exchange import (
    Address,
    EventReader,
    Header,
    HttpProvider,
    KeyedBy,
    Surface,
)
from signalbox.adapters.providers.exchange.refusal import COMMON
from signalbox.domain.endpoint import Endpoint, Transport
from signalbox.domain.failure import FailureKind
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request
from signalbox.domain.traits import Capability
from signalbox.ports.provider import Call
from signalbox.ports.provider_kind import Kind, Surroundings
from signalbox.wires.anthropic import EventReader as MessageReader
from signalbox.wires.anthropic import read_error, read_reply, write_request
from signalbox.wires.errors import VendorError
from signalbox.wires.written import Written

BASE_URL: Final = "https://api.anthropic.com"
VERSION: Final = "2023-06-01"

EXPRESSES: Final = (
    Capability.STREAMING
    | Capability.TOOLS
    | Capability.PARALLEL_TOOLS
    | Capability.FORCED_TOOL
    | Capability.JSON_SCHEMA
    | Capability.VISION
    | Capability.DOCUMENTS
    | Capability.CITATIONS
    | Capability.THINKING
    | Capability.ANTHROPIC_THINKING
    | Capability.SAMPLING
    | Capability.TOP_K
    | Capability.STOP_WORDS
    | Capability.PROMPT_CACHE
)

REFUSALS: Final = COMMON.but(
    # An account that is out of money is told so with a 400 that has no name of its own.
    by_words=(
        ("your credit balance is too low", FailureKind.QUOTA),
        ("you have reached your specified api usage limits", FailureKind.QUOTA),
        ("this organization has been disabled", FailureKind.CREDENTIAL),
    )
)


class MessagesWire:
    """Implements `VendorWire` for one endpoint."""

    whole_type: Final = b"application/json"
    stream_type: Final = b"text/event-stream"

    def __init__(self, endpoint: Endpoint) -> None:
        self._model = endpoint.transport.deployment or endpoint.model
        self._output_limit = endpoint.limits.output_tokens

    def write(self, call: Call, stream: bool) -> Written:
        return write_request(call.request, model=self._model, stream=stream, output_limit=self._output_limit)

    def read(self, body: bytes, request: Request) -> Reply:
        return read_reply(body)

    def reader(self, request: Request) -> EventReader:
        return MessageReader()

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        return read_error(status, body)


def address(endpoint: Endpoint) -> Address:
    transport = endpoint.transport
    return Address(
        base_url=transport.base_url or BASE_URL,
        chat=Surface(MessagesWire(endpoint), "/v1/messages"),
        headers=(("anthropic-version", transport.api_version or VERSION),),
    )


def _make(around: Surroundings) -> HttpProvider:
    key = KeyedBy(around.secrets, "x-api-key", "")
    return HttpProvider(HttpClient(around.clock), address, key, around.clock, REFUSALS)


def _expresses(transport: Transport) -> int:
    return EXPRESSES


KIND: Final = Kind(
    make=_make,
    expresses=_expresses,
    needs=frozenset({"credential"}),
    uses=frozenset({"base_url", "deployment", "api_version"}),
)
