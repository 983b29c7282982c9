"""Vectors at Bedrock: Titan's format and Cohere's, both sides."""

import json
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.errors import MalformedRequest
from signalbox.domain.money import Usage
from signalbox.domain.notes import Note
from signalbox.domain.reply import Reply
from signalbox.domain.request import Embedding, Image, Message, Request, Text
from signalbox.wires.bedrock import Unsayable
from signalbox.wires.bedrock_embeddings import read_reply, read_request, write_reply, write_request
from signalbox.wires.errors import WireError

TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-multilingual-v3"


def asked(*texts: str, model: str = TITAN, dimensions: int | None = None) -> Request:
    return Request(
        target=model,
        messages=tuple(Message("user", (Text(text),)) for text in texts),
        embedding=Embedding(dimensions=dimensions),
    )


def test_titan() -> None:
    written = write_request(asked("hello", dimensions=256), model=TITAN)
    assert json.loads(written.body) == {"inputText": "hello", "dimensions": 256}
    assert written.notes == ()
    assert read_request(written.body, TITAN) == asked("hello", dimensions=256)
    reply = read_reply(b'{"embedding":[0.5,-1],"inputTextTokenCount":3,"embeddingsByType":{}}', model=TITAN)
    assert reply == Reply(choices=(), usage=Usage(input=3), vectors=(struct.pack("<2f", 0.5, -1),))


def test_cohere() -> None:
    written = write_request(asked("a", "b", model=COHERE, dimensions=512), model=COHERE)
    assert json.loads(written.body) == {
        "texts": ["a", "b"],
        "input_type": "search_document",
        "truncate": "NONE",
        "embedding_types": ["float"],
        "output_dimension": 512,
    }
    assert written.notes == (Note.EMBEDDED_AS_DOCUMENTS,)
    assert read_request(written.body, COHERE) == asked("a", "b", model=COHERE, dimensions=512)
    vectors = (struct.pack("<1f", 0.5), struct.pack("<1f", 1))
    expected = Reply(choices=(), usage=Usage(estimated=True), vectors=vectors)
    for embeddings in ("[[0.5],[1]]", '{"float":[[0.5],[1]]}'):
        assert read_reply(f'{{"embeddings":{embeddings}}}'.encode(), model=COHERE) == expected


@given(st.lists(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1), min_size=1))
def test_vectors_come_back_as_they_were(numbers: list[list[float]]) -> None:
    vectors = tuple(struct.pack(f"<{len(one)}f", *one) for one in numbers)
    cohere = Reply(choices=(), usage=Usage(estimated=True), vectors=vectors)
    assert read_reply(write_reply(cohere, model=COHERE), model=COHERE) == cohere
    titan = Reply(choices=(), usage=Usage(input=4), vectors=vectors[:1])
    assert read_reply(write_reply(titan, model=TITAN), model=TITAN) == titan


@pytest.mark.parametrize(
    ("request_", "model"),
    [
        (asked("a", "b"), TITAN),
        (asked(*"a" * 97), COHERE),
        (Request(target="x", messages=(Message("user", (Image("image/png", "eA=="),)),)), TITAN),
        (Request(target="x", messages=(Message("user", (Text("a"), Text("b"))),)), COHERE),
    ],
)
def test_what_cannot_be_asked_for_in_one_call(request_: Request, model: str) -> None:
    with pytest.raises(Unsayable):
        write_request(request_, model=model)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"embedding":["a"]}', b'{"embedding":[],"inputTextTokenCount":1}', b"[" * 9_000]
)
def test_what_are_no_vectors(body: bytes) -> None:
    for model in (TITAN, COHERE):
        with pytest.raises(WireError):
            read_reply(body, model=model)
    with pytest.raises(WireError, match="too large"):
        read_reply(b'{"embedding":[1e300],"inputTextTokenCount":1}', model=TITAN)


@pytest.mark.parametrize("body", [{"inputText": ""}, {"texts": []}, {"inputText": "a", "dimensions": 7}, {}])
def test_the_emulated_vendor_refuses(body: Any) -> None:
    for model in (TITAN, COHERE):
        with pytest.raises(MalformedRequest):
            read_request(msgspec.json.encode(body), model)
