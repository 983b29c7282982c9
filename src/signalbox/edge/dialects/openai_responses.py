"""OpenAI Responses, as a dialect to be asked in."""

from typing import Final

from signalbox.domain.reply import Reply
from signalbox.edge.dialect import Answered, HeaderList
from signalbox.edge.problems import OPENAI, Shape
from signalbox.wires.openai_responses import ResponsesCall, ResponseWriter, read_request, write_reply


class OpenAIResponses:
    """Implements `edge.dialect.Dialect`."""

    name: Final = "openai-responses"
    shape: Final[Shape] = OPENAI

    def read(self, body: bytes, headers: HeaderList) -> ResponsesCall:
        return read_request(body)

    def whole(self, asked: ResponsesCall, answered: Answered, reply: Reply) -> bytes:
        return write_reply(
            reply,
            id="resp_" + answered.ident,
            created_s=answered.created_s,
            call=asked,
            model=answered.model,
        )

    def writer(self, asked: ResponsesCall, answered: Answered) -> ResponseWriter:
        return ResponseWriter("resp_" + answered.ident, answered.created_s, asked, answered.model)
