"""Chat Completions as an exchange speaks it."""

from typing import Final, Literal

from signalbox.adapters.providers.exchange import EventReader, Header
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request
from signalbox.domain.traits import Capability
from signalbox.ports.provider import Call
from signalbox.wires.errors import VendorError
from signalbox.wires.openai_chat import ChatOptions, ChunkReader, read_error, read_reply, write_request
from signalbox.wires.written import Written


class ChatWire:
    """Implements `VendorWire` for one endpoint. `model` is the vendor's name for its model."""

    whole_type: Final = b"application/json"
    stream_type: Final = b"text/event-stream"

    def __init__(self, model: str, options: ChatOptions) -> None:
        self._model = model
        self._options = options

    def write(self, call: Call, stream: bool) -> Written:
        return write_request(call.request, model=self._model, stream=stream, options=self._options)

    def read(self, body: bytes, request: Request) -> Reply:
        return read_reply(body)

    def reader(self, request: Request) -> EventReader:
        return ChunkReader()

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        return read_error(status, body)


def chat(
    endpoint: Endpoint,
    *,
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"],
    developer_role: bool,
) -> ChatWire:
    """As servers of a kind usually have it, unless the endpoint's own transport says otherwise."""
    transport = endpoint.transport
    options = ChatOptions(
        max_tokens_field=transport.max_tokens_field or max_tokens_field,
        reasoning=bool(endpoint.capabilities & Capability.THINKING),
        developer_role=developer_role,
    )
    return ChatWire(transport.deployment or endpoint.model, options)
