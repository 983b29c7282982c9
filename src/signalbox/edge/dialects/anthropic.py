"""Anthropic Messages, as a dialect to be asked in."""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from signalbox.domain.reply import Reply
from signalbox.domain.request import Request
from signalbox.edge.dialect import Answered, HeaderList
from signalbox.edge.dialects.anthropic_headers import heed
from signalbox.edge.problems import ANTHROPIC, Shape
from signalbox.wires.anthropic import EventWriter, read_request, write_reply


class MessagesCall(Struct, frozen=True):
    """The dialect says nothing beside the request."""

    request: Request


class AnthropicMessages:
    """Implements `edge.dialect.Dialect`."""

    name: Final = "anthropic-messages"
    shape: Final[Shape] = ANTHROPIC

    def read(self, body: bytes, headers: HeaderList) -> MessagesCall:
        notes = heed(headers)
        request = read_request(body)
        return MessagesCall(replace(request, notes=request.notes + notes) if notes else request)

    def whole(self, asked: MessagesCall, answered: Answered, reply: Reply) -> bytes:
        return write_reply(reply, id="msg_" + answered.ident, model=answered.model, extra=None)

    def writer(self, asked: MessagesCall, answered: Answered) -> EventWriter:
        return EventWriter("msg_" + answered.ident, answered.model, answered.tokens_in)
