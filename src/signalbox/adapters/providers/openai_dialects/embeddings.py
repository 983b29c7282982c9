"""Embeddings as an exchange speaks it. They do not stream."""

from typing import Final

from signalbox.adapters.providers.exchange import EventReader, Header
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request
from signalbox.ports.provider import Call
from signalbox.wires.errors import VendorError
from signalbox.wires.openai_chat import read_error
from signalbox.wires.openai_embeddings import read_reply, write_request
from signalbox.wires.written import Written


class EmbeddingsWire:
    """Implements `VendorWire` for one endpoint."""

    whole_type: Final = b"application/json"
    stream_type: Final = b"application/json"

    def __init__(self, endpoint: Endpoint) -> None:
        self._model = endpoint.transport.deployment or endpoint.model

    def write(self, call: Call, stream: bool) -> Written:
        return write_request(call.request, model=self._model)

    def read(self, body: bytes, request: Request) -> Reply:
        return read_reply(body)

    def reader(self, request: Request) -> EventReader:
        raise ProviderFailure(FailureKind.CALLER_FAULT, "vectors do not come as a stream")

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        return read_error(status, body)
