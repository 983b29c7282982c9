"""Claude at Anthropic: the Messages API. Addressing and a key; all else is the exchange's and the wire's.

The current version of the API takes the key as a bearer and has no sampling parameters. The first one
(`api_version = "2023-06-01"`) takes it in `x-api-key`, and a temperature, `top_p` and `top_k`; gateways that
imitate the API often know only that one.
"""

from typing import Final

from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.exchange import (
    Address,
    EventReader,
    Grant,
    Header,
    HttpProvider,
    KeyedBy,
    Refused,
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
from signalbox.ports.secrets import Secrets
from signalbox.wires.anthropic import EventReader as MessageReader
from signalbox.wires.anthropic import read_error, read_reply, write_request
from signalbox.wires.errors import VendorError
from signalbox.wires.written import Written

BASE_URL: Final = "https://api.anthropic.com"
VERSION: Final = "2026-10-21"
FIRST_VERSION: Final = "2023-06-01"

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
    | Capability.STOP_WORDS
    | Capability.PROMPT_CACHE
)
_FIRST_EXPRESSES: Final = EXPRESSES | Capability.SAMPLING | Capability.TOP_K

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


class AnthropicKey:
    """Implements `Authoriser`: the key where the version of the API looks for it."""

    def __init__(self, secrets: Secrets) -> None:
        self._bearer = KeyedBy(secrets)
        self._first = KeyedBy(secrets, "x-api-key", "")

    def holds(self, grant: Grant, endpoint: Endpoint) -> bool:
        return self._bearer.holds(grant, endpoint)

    async def grant(self, endpoint: Endpoint) -> Grant:
        way = self._first if endpoint.transport.api_version == FIRST_VERSION else self._bearer
        return await way.grant(endpoint)

    async def renew(self, endpoint: Endpoint, grant: Grant, refused: Refused) -> bool:
        return await self._bearer.renew(endpoint, grant, refused)

    async def aclose(self) -> None:
        """It holds nothing."""


def _make(around: Surroundings) -> HttpProvider:
    key = AnthropicKey(around.secrets)
    return HttpProvider(HttpClient(around.clock), address, key, around.clock, REFUSALS)


def _expresses(transport: Transport) -> int:
    return _FIRST_EXPRESSES if transport.api_version == FIRST_VERSION else EXPRESSES


KIND: Final = Kind(
    make=_make,
    expresses=_expresses,
    needs=frozenset({"credential"}),
    uses=frozenset({"base_url", "deployment", "api_version"}),
)
