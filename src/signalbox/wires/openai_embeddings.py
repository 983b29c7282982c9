"""OpenAI Embeddings, both ways: a client's request and its reply, a vendor's request and its reply.

Vectors are little-endian 32-bit floats, as `encoding_format: base64` has them on the wire; it is asked for at
the vendor, because it is exact and a quarter of the size, and a vendor that answers in numbers all the same
is read too. Token numbers instead of text are refused: they are those of one vendor's tokenizer, and nothing
here could see what they say. It does not normalise or shorten a vector.
"""

import binascii
import struct
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from signalbox.domain.money import Usage
from signalbox.domain.reply import Reply
from signalbox.domain.request import Declared, Embedding, Message, Request, Text
from signalbox.wires.errors import WireError
from signalbox.wires.openai_chat_body import Bounded, Filled
from signalbox.wires.openai_chat_error import read_error
from signalbox.wires.openai_chat_reply import tokens
from signalbox.wires.openai_context import read_declared
from signalbox.wires.openai_refusals import malformed, read_slowly, unsupported
from signalbox.wires.strict_json import decode_if_clear
from signalbox.wires.written import Written

INPUTS_MAX: Final = 2048
DIMENSIONS_MAX: Final = 65_536
_FLOAT_BYTES: Final = 4


class Offered(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """As `openai/types/embedding_create_params.py` (3.54)."""

    model: Bounded
    input: Filled | Annotated[list[Filled | int | list[int]], Meta(min_length=1, max_length=INPUTS_MAX)]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=DIMENSIONS_MAX)] | None = None
    user: Annotated[str, Meta(max_length=512)] | None = None


class EmbeddingsCall(Struct, frozen=True):
    """What a client asked for. `base64`: it wants each vector as base64, and not as numbers."""

    request: Request
    base64: bool


class _Vector(Struct):
    embedding: str | list[float]
    index: Annotated[int, Meta(ge=0, lt=INPUTS_MAX)] | None = None


class _VendorUsage(Struct):
    prompt_tokens: int | float


class _Reply(Struct):
    data: list[_Vector] | None = None
    model: str | None = None
    usage: _VendorUsage | None = None
    error: Any = None


_decode_body: Final = msgspec.json.Decoder(Offered).decode
_decode_reply: Final = msgspec.json.Decoder(_Reply).decode
_encode: Final = msgspec.json.Encoder().encode
_NOTHING_DECLARED: Final = Declared()


def read_request(body: bytes) -> EmbeddingsCall:
    """A message of the user for each text. Raises `MalformedRequest` or `UnsupportedRequest`, each with the
    field's path in `param`."""
    asked = decode_if_clear(body, _decode_body) or read_slowly(body, Offered, {})
    request = Request(
        target=asked.model,
        messages=tuple([Message("user", (Text(text),)) for text in _texts(asked.input)]),
        embedding=Embedding(dimensions=asked.dimensions),
        declared=read_declared(None, asked.user) if asked.user else _NOTHING_DECLARED,
    )
    return EmbeddingsCall(request, asked.encoding_format == "base64")


def _texts(given: str | list[Any]) -> list[str]:
    if isinstance(given, str):
        return [given]
    if not all(isinstance(one, str) for one in given):
        raise unsupported("input", "token numbers are not offered, for nothing here could see what they say")
    return given


def write_reply(reply: Reply, *, model: str, base64: bool) -> bytes:
    """The vectors in their order, as base64 or as numbers."""
    prompt = reply.usage.prompt
    return _encode(
        {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": _as_base64(vector) if base64 else _as_numbers(vector),
                }
                for index, vector in enumerate(reply.vectors)
            ],
            "model": model,
            "usage": {"prompt_tokens": prompt, "total_tokens": prompt},
        }
    )


def write_request(request: Request, *, model: str) -> Written:
    """`model` is the vendor's name for it. Raises `MalformedRequest` if a message is more than one text."""
    body: dict[str, Any] = {
        "model": model,
        "input": [_text(message, place) for place, message in enumerate(request.messages)],
        "encoding_format": "base64",
    }
    if request.embedding is not None and request.embedding.dimensions is not None:
        body["dimensions"] = request.embedding.dimensions
    return Written(_encode(body))


def _text(message: Message, place: int) -> str:
    part = message.parts[0]
    if len(message.parts) == 1 and isinstance(part, Text):
        return part.text
    raise malformed(f"input[{place}]", "a vector is made of one text")


def read_reply(body: bytes, count: int | None = None) -> Reply:
    """The vectors in the order of the texts. Raises `WireError` if this is not a whole reply, with the
    vendor's error if it is one; `count` is how many vectors are owed.

    A vendor that reports no usage leaves `Usage(estimated=True)`, all zero, for the caller to fill in.
    """
    try:
        reply = _decode_reply(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"the reply is not a list of vectors: {error}") from None
    if reply.error or not reply.data:
        said = read_error(200, body)
        raise WireError("the reply is an error" if reply.error else "the reply has no vectors", said)
    vectors = _in_order(reply.data)
    if count is not None and len(vectors) != count:
        raise WireError(f"{len(vectors)} vectors where {count} were asked for")
    if len({len(vector) for vector in vectors}) > 1:
        raise WireError("the vectors of the reply differ in length")
    usage = Usage(estimated=True) if reply.usage is None else Usage(input=tokens(reply.usage.prompt_tokens))
    return Reply(choices=(), usage=usage, served_model=reply.model or "", vectors=vectors)


def _in_order(data: list[_Vector]) -> tuple[bytes, ...]:
    vectors: dict[int, bytes] = {}
    for place, one in enumerate(data):
        index = place if one.index is None else one.index
        if index in vectors:
            raise WireError("two vectors of the reply have the same index")
        vectors[index] = _bytes(one.embedding)
    if max(vectors) >= len(vectors):
        raise WireError("a vector of the reply is missing")
    return tuple([vectors[index] for index in range(len(vectors))])


def _bytes(embedding: str | list[float]) -> bytes:
    try:
        if isinstance(embedding, str):
            vector = binascii.a2b_base64(embedding, strict_mode=True)
        else:
            vector = struct.pack(f"<{len(embedding)}f", *embedding)
    except (ValueError, OverflowError, struct.error):
        raise WireError("a vector of the reply is not 32-bit floats") from None
    if not vector or len(vector) % _FLOAT_BYTES:
        raise WireError("a vector of the reply is not 32-bit floats")
    return vector


def _as_base64(vector: bytes) -> str:
    return binascii.b2a_base64(vector, newline=False).decode("ascii")


def _as_numbers(vector: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(vector) // _FLOAT_BYTES}f", vector)
