"""Embeddings at Bedrock, over InvokeModel in each model's own format: Titan's and Cohere's, both sides.

    amazon.titan-embed-text-v2:0     one text a call; 256, 512 or 1,024 dimensions, of length 1
    amazon.titan-embed-text-v1       one text a call
    cohere.embed-…-v3, embed-v4      up to 96 texts a call; v4 with 256, 512, 1,024 or 1,536 dimensions

Which it is hangs on the model's id. A text that is too long is an error at either, never cut in silence.
Cohere wants to be told what the vectors are for, which nobody says here: they are made as those of documents,
with a note. Cohere's reply counts no tokens in its body; the usage is then left to be estimated.
"""

import struct
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.money import Usage
from signalbox.domain.notes import Note
from signalbox.domain.reply import Reply
from signalbox.domain.request import Embedding, Message, Request, Text
from signalbox.wires.bedrock_blocks import Unsayable
from signalbox.wires.errors import WireError
from signalbox.wires.written import Written

COHERE_TEXTS_MAX: Final = 96
_FLOAT_BYTES: Final = 4

Numbers = list[float]


class _TitanBody(Struct, rename="camel", forbid_unknown_fields=True):
    input_text: Annotated[str, Meta(min_length=1)]
    dimensions: Literal[256, 512, 1024] | None = None
    normalize: bool = True


class _CohereBody(Struct, forbid_unknown_fields=True):
    texts: Annotated[list[str], Meta(min_length=1, max_length=COHERE_TEXTS_MAX)]
    input_type: Literal["search_document", "search_query", "classification", "clustering"]
    truncate: Literal["NONE", "START", "END"] = "NONE"
    embedding_types: list[Literal["float"]] | None = None
    output_dimension: Literal[256, 512, 1024, 1536] | None = None


class _TitanReply(Struct, rename="camel"):
    embedding: Numbers
    input_text_token_count: Annotated[int, Meta(ge=0)]


class _ByType(Struct):
    float: list[Numbers]


class _CohereReply(Struct):
    embeddings: _ByType | list[Numbers]


_decode_titan_body: Final = msgspec.json.Decoder(_TitanBody).decode
_decode_cohere_body: Final = msgspec.json.Decoder(_CohereBody).decode
_decode_titan: Final = msgspec.json.Decoder(_TitanReply).decode
_decode_cohere: Final = msgspec.json.Decoder(_CohereReply).decode
_encode: Final = msgspec.json.Encoder().encode


def is_cohere(model: str) -> bool:
    return "cohere." in model


def write_request(request: Request, *, model: str) -> Written:
    """`model` is Bedrock's id. Raises `Unsayable` for several texts to Titan, or for what is not text."""
    texts = _texts(request)
    dimensions = request.embedding.dimensions if request.embedding is not None else None
    if not is_cohere(model):
        if len(texts) != 1:
            raise Unsayable("several texts in one call")
        body: dict[str, Any] = {"inputText": texts[0]}
        if dimensions is not None:
            body["dimensions"] = dimensions
        return Written(_encode(body))
    if len(texts) > COHERE_TEXTS_MAX:
        raise Unsayable(f"more than {COHERE_TEXTS_MAX} texts in one call")
    body = {"texts": texts, "input_type": "search_document", "truncate": "NONE", "embedding_types": ["float"]}
    if dimensions is not None:
        body["output_dimension"] = dimensions
    return Written(_encode(body), (Note.EMBEDDED_AS_DOCUMENTS,))


def _texts(request: Request) -> list[str]:
    texts = []
    for message in request.messages:
        match message.parts:
            case (Text(text=text),):
                texts.append(text)
            case _:
                raise Unsayable("a vector of what is not one text")
    return texts


def read_reply(body: bytes, *, model: str) -> Reply:
    """Raises `WireError` if these are no vectors."""
    try:
        if not is_cohere(model):
            titan = _decode_titan(body)
            vectors = [titan.embedding]
            usage = Usage(input=titan.input_text_token_count)
        else:
            cohere = _decode_cohere(body).embeddings
            vectors = cohere.float if isinstance(cohere, _ByType) else cohere
            usage = Usage(estimated=True)
        packed = tuple([struct.pack(f"<{len(vector)}f", *vector) for vector in vectors])
    except (ValueError, RecursionError) as error:
        raise WireError(f"the reply holds no vectors: {error}") from None
    except (struct.error, OverflowError):
        raise WireError("a number of a vector is too large") from None
    if not packed or not all(packed):
        raise WireError("the reply holds no vectors")
    return Reply(choices=(), usage=usage, vectors=packed)


# -- the vendor's side, for emulators


def read_request(body: bytes, model: str) -> Request:
    """Raises `MalformedRequest`."""
    try:
        if is_cohere(model):
            cohere = _decode_cohere_body(body)
            texts, dimensions = cohere.texts, cohere.output_dimension
        else:
            titan = _decode_titan_body(body)
            texts, dimensions = [titan.input_text], titan.dimensions
    except (ValueError, RecursionError) as error:
        raise MalformedRequest(f"the body is no request for vectors: {error}") from None
    return Request(
        target=model,
        messages=tuple([Message("user", (Text(text),)) for text in texts]),
        embedding=Embedding(dimensions=dimensions),
    )


def write_reply(reply: Reply, *, model: str) -> bytes:
    vectors = [struct.unpack(f"<{len(vector) // _FLOAT_BYTES}f", vector) for vector in reply.vectors]
    if not is_cohere(model):
        return _encode({"embedding": vectors[0], "inputTextTokenCount": reply.usage.prompt})
    return _encode(
        {
            "id": "signalbox",
            "texts": [],
            "embeddings": {"float": vectors},
            "response_type": "embeddings_by_type",
        }
    )
