"""OpenAI's dialects as surfaces of an exchange: for every vendor that speaks one of them.

Adds to the wires nothing but which of their forms an endpoint takes.
"""

from typing import Final

from signalbox.adapters.providers.exchange import EventReader, Header
from signalbox.domain.reply import Reply
from signalbox.domain.request import Request
from signalbox.ports.provider import Call
from signalbox.wires.errors import VendorError
from signalbox.wires.openai_chat import ChunkReader, read_error, read_reply, write_request
from signalbox.wires.written import Written


class ChatWire:
    """Implements `VendorWire`: Chat Completions. `model` is the deployment, or else the endpoint's own."""

    whole_type: Final = b"application/json"
    stream_type: Final = b"text/event-stream"

    def write(self, call: Call, stream: bool) -> Written:
        endpoint = call.endpoint
        model = endpoint.transport.deployment or endpoint.model
        return Written(write_request(call.request, model=model, stream=stream))

    def read(self, body: bytes, request: Request) -> Reply:
        return read_reply(body)

    def reader(self, request: Request) -> EventReader:
        return ChunkReader()

    def error(self, status: int, header: Header, body: bytes) -> VendorError:
        return read_error(status, body)
