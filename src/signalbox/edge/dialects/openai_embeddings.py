"""OpenAI Embeddings, as a dialect to be asked in."""

from typing import Final

from signalbox.domain.errors import UnsupportedRequest
from signalbox.domain.reply import Reply
from signalbox.edge.dialect import Answered, HeaderList, StreamWriter
from signalbox.edge.problems import OPENAI, Shape
from signalbox.wires.openai_embeddings import EmbeddingsCall, read_request, write_reply


class OpenAIEmbeddings:
    """Implements `edge.dialect.Dialect`."""

    name: Final = "openai-embeddings"
    shape: Final[Shape] = OPENAI

    def read(self, body: bytes, headers: HeaderList) -> EmbeddingsCall:
        return read_request(body)

    def whole(self, asked: EmbeddingsCall, answered: Answered, reply: Reply) -> bytes:
        return write_reply(reply, model=answered.model, base64=asked.base64)

    def writer(self, asked: EmbeddingsCall, answered: Answered) -> StreamWriter:
        """The dialect has no field to ask for a stream with, so nobody gets here."""
        raise UnsupportedRequest("embeddings are not streamed")
