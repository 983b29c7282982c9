"""The Embeddings wire, with the `openai` SDK as judge: no socket, the SDK's own transport is a mock."""

import struct
from collections.abc import Callable
from typing import Any

import httpx2
import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.domain.errors import CallerError, MalformedRequest, UnsupportedRequest
from signalbox.domain.money import Usage
from signalbox.domain.reply import Reply
from signalbox.domain.request import Declared, Embedding, Image, Message, Request, Text
from signalbox.testing import values
from signalbox.wires.errors import WireError
from signalbox.wires.openai_embeddings import (
    EmbeddingsCall,
    read_reply,
    read_request,
    write_reply,
    write_request,
)

VECTORS = (struct.pack("<2f", 0.5, -0.25), struct.pack("<2f", 1.0, 0.0))
REPLY = Reply(choices=(), usage=Usage(input=7), served_model="m", vectors=VECTORS)


def asked(answer: Callable[[EmbeddingsCall], bytes], **fields: Any) -> tuple[bytes, Any]:
    """The body that the SDK sends for these arguments, and what it makes of the answer."""
    bodies = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.content)
        content = answer(read_request(request.content))
        return httpx2.Response(200, content=content, headers={"content-type": "application/json"})

    http = httpx2.Client(transport=httpx2.MockTransport(handle))
    with openai.OpenAI(base_url="http://v/v1", api_key="k", max_retries=0, http_client=http) as client:
        got = client.embeddings.create(**{"model": "auto", "input": ["a", "b"], **fields})
    return bodies[0], got


@pytest.mark.parametrize("fields", [{}, {"encoding_format": "float"}])
def test_the_sdk_understands_either_encoding(fields: dict[str, Any]) -> None:
    _, got = asked(lambda call: write_reply(REPLY, model="m", base64=call.base64), **fields)
    assert [one.embedding for one in got.data] == [[0.5, -0.25], [1.0, 0.0]]
    assert [one.index for one in got.data] == [0, 1]
    assert got.usage.prompt_tokens == got.usage.total_tokens == 7


def test_what_the_sdk_sends_is_read() -> None:
    calls = []

    def answer(call: EmbeddingsCall) -> bytes:
        calls.append(call)
        return write_reply(REPLY, model="m", base64=call.base64)

    asked(answer, input="a", dimensions=3, user="ada")
    expected = Request(
        target="auto",
        messages=(Message("user", (Text("a"),)),),
        embedding=Embedding(dimensions=3),
        declared=Declared(user="ada"),
    )
    assert calls == [EmbeddingsCall(expected, True)]


def test_what_is_written_for_a_vendor_is_what_the_sdk_would_send() -> None:
    body, _ = asked(lambda _: write_reply(REPLY, model="m", base64=True), dimensions=3)
    request = read_request(body).request
    written = write_request(request, model="auto")
    assert written.notes == ()
    assert msgspec.json.decode(written.body) == msgspec.json.decode(body)


floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(floats, min_size=3, max_size=3), min_size=1), st.booleans())
def test_vectors_come_through_exactly(vectors: list[list[float]], base64: bool) -> None:
    packed = tuple(struct.pack("<3f", *vector) for vector in vectors)
    reply = Reply(choices=(), usage=Usage(input=1), served_model="m", vectors=packed)
    assert read_reply(write_reply(reply, model="m", base64=base64), len(vectors)) == reply


@pytest.mark.parametrize(
    ("fields", "kind", "param"),
    [
        ({"input": [1, 2]}, UnsupportedRequest, "input"),
        ({"input": [[1], [2]]}, UnsupportedRequest, "input"),
        ({"input": ["a", 1]}, UnsupportedRequest, "input"),
        ({"input": []}, MalformedRequest, "input"),
        ({"input": ""}, MalformedRequest, "input"),
        ({"input": ["a", ""]}, MalformedRequest, "input[1]"),
        ({"input": None}, MalformedRequest, "input"),
        ({"encoding_format": "hex"}, MalformedRequest, "encoding_format"),
        ({"dimensions": 0}, MalformedRequest, "dimensions"),
        ({"secret": 1}, MalformedRequest, "secret"),
        ({"model": ""}, MalformedRequest, "model"),
    ],
)
def test_bad_requests(fields: dict[str, Any], kind: type[CallerError], param: str) -> None:
    with pytest.raises(kind) as caught:
        read_request(msgspec.json.encode({"model": "m", "input": "a", **fields}))
    assert caught.value.param == param


def test_only_texts_have_vectors() -> None:
    request = values.request(messages=(Message("user", (Image("image/png", "AAAA"),)),))
    with pytest.raises(MalformedRequest):
        write_request(request, model="m")


def vector(**fields: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": 0, "embedding": [0.5], **fields}


def test_vectors_are_put_in_order_whatever_their_encoding() -> None:
    body = {"data": [vector(index=1), vector(embedding="AACAPw==")], "model": "served"}
    reply = read_reply(msgspec.json.encode(body), 2)
    assert reply.vectors == (struct.pack("<f", 1.0), struct.pack("<f", 0.5))
    assert reply.served_model == "served"
    assert reply.usage == Usage(estimated=True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"data": [vector()] * 2}, "the same index"),
        ({"data": [vector(index=1)]}, "is missing"),
        ({"data": [vector(), vector(index=1, embedding=[0.5, 0.5])]}, "differ in length"),
        ({"data": [vector(embedding=[])]}, "not 32-bit floats"),
        ({"data": [vector(embedding="AAA=")]}, "not 32-bit floats"),
        ({"data": [vector(embedding="?")]}, "not 32-bit floats"),
        ({"data": [vector(embedding=[1e300])]}, "not 32-bit floats"),
        ({"data": [vector(), vector(index=1), vector(index=2)]}, "3 vectors where 2"),
        ({"data": [], "model": "m"}, "no vectors"),
        ({"data": [vector()], "usage": {"prompt_tokens": -1}}, "no token count"),
        ([], "not a list of vectors"),
    ],
)
def test_bad_replies(body: Any, words: str) -> None:
    with pytest.raises(WireError, match=words):
        read_reply(msgspec.json.encode(body), 2 if "where" in words else None)


def test_an_error_in_a_reply_is_kept() -> None:
    with pytest.raises(WireError) as caught:
        read_reply(b'{"error":{"message":"no","type":"t","code":"c"}}')
    assert caught.value.error is not None
    assert caught.value.error.code == "c"


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (read_request, read_reply):
        with pytest.raises((CallerError, WireError)):
            read(body)
