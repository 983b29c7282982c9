"""OpenAI Chat Completions, as a dialect to be asked in."""

from typing import Final

from signalbox.domain.reply import Reply
from signalbox.edge.dialect import Answered, HeaderList
from signalbox.edge.problems import OPENAI, Shape
from signalbox.wires.openai_chat import ChatCall, ChunkWriter, read_request, write_reply


class OpenAIChat:
    """Implements `edge.dialect.Dialect`."""

    name: Final = "openai-chat"
    shape: Final[Shape] = OPENAI

    def read(self, body: bytes, headers: HeaderList) -> ChatCall:
        return read_request(body)

    def whole(self, asked: ChatCall, answered: Answered, reply: Reply) -> bytes:
        # A vendor's own time stamp says nothing here: the reply is as old as its decision.
        return write_reply(
            reply,
            id="chatcmpl-" + answered.ident,
            model=answered.model,
            extra=None,
            created_s=answered.created_s,
        )

    def writer(self, asked: ChatCall, answered: Answered) -> ChunkWriter:
        return ChunkWriter(
            "chatcmpl-" + answered.ident, answered.model, answered.created_s, asked.include_usage
        )
