"""Responses as an exchange speaks it. Nothing is kept at the vendor, and no tool of its own is offered."""

from typing import Final

from signalbox.adapters.providers.exchange import EventReader, Header
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request
from signalbox.domain.traits import Capability
from signalbox.ports.provider import Call
from signalbox.wires.errors import VendorError
from signalbox.wires.openai_responses import ResponseReader, read_error, read_reply, write_request
from signalbox.wires.written import Written


class ResponsesWire:
    """Implements `VendorWire` for one endpoint."""

    whole_type: Final = b"application/json"
    stream_type: Final = b"text/event-stream"

    def __init__(self, endpoint: Endpoint) -> None:
        self._model = endpoint.transport.deployment or endpoint.model
        self._reasoning = bool(endpoint.capabilities & Capability.THINKING)

    def write(self, call: Call, stream: bool) -> Written:
        return write_request(call.request, model=self._model, stream=stream, reasoning=self._reasoning)

    def read(self, body: bytes, request: Request) -> Reply:
        return read_reply(body)

    def reader(self, request: Request) -> EventReader:
        return ResponseReader()

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        return read_error(status, body)
