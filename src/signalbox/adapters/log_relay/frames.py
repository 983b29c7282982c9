"""What travels between relay and server: length-prefixed MessagePack.

A frame is four bytes of length, big-endian, and one message. A client sends asks, each with a number; the
server answers each once, not necessarily in order, and takes the records of one connection in order.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from signalbox.domain.records import BODIES, Body, Record

FRAME_BYTES_MAX: Final = 32 * 1024 * 1024
LENGTH_BYTES: Final = 4


class Carried(Struct, frozen=True, array_like=True):
    """A record on its way; `body` is JSON, typed by `kind`."""

    tenant: str
    kind: str
    ref: str
    time_us: int
    body: bytes


class Post(Struct, frozen=True, array_like=True, tag="post"):
    ask: int
    records: tuple[Carried, ...]


class Commit(Struct, frozen=True, array_like=True, tag="commit"):
    ask: int
    records: tuple[Carried, ...]


class Pin(Struct, frozen=True, array_like=True, tag="pin"):
    ask: int
    digest: str
    content: bytes


class Pseudonym(Struct, frozen=True, array_like=True, tag="pseudonym"):
    ask: int
    tenant: str
    kind: str
    name: str


class Health(Struct, frozen=True, array_like=True, tag="health"):
    """Asks for nothing but the answer's `healthy`."""

    ask: int


class Answer(Struct, frozen=True, array_like=True):
    """`refusal` is empty when the ask was granted, and else what `LogUnavailable` says (`operator` too)."""

    ask: int
    healthy: bool
    value: str = ""
    refusal: str = ""
    operator: str = ""


Ask = Post | Commit | Pin | Pseudonym | Health

_encoder: Final = msgspec.msgpack.Encoder()
_json: Final = msgspec.json.Encoder()
_asks: Final = msgspec.msgpack.Decoder(Ask)
_answers: Final = msgspec.msgpack.Decoder(Answer)
_bodies: Final = {kind: msgspec.json.Decoder(type_) for kind, type_ in BODIES.items()}


def carried(records: Sequence[Record]) -> tuple[Carried, ...]:
    return tuple(Carried(r.tenant, r.kind, r.ref, r.time_us, _json.encode(r.body)) for r in records)


def delivered(records: Sequence[Carried]) -> tuple[Record, ...]:
    """Raises `ValueError` for an unknown kind or a body that is not of its kind."""
    return tuple(
        Record(r.tenant, r.kind, r.ref, r.time_us, _body_decoder(r.kind).decode(r.body)) for r in records
    )


def framed(message: Ask | Answer) -> bytes:
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_ask(frame: bytes) -> Ask:
    """Raises `ValueError` for bytes that are no ask."""
    ask: Ask = _asks.decode(frame)
    return ask


def read_answer(frame: bytes) -> Answer:
    """Raises `ValueError` for bytes that are no answer."""
    return _answers.decode(frame)


async def next_frame(reader: asyncio.StreamReader) -> bytes:
    """Raises `asyncio.IncompleteReadError` at the end of the connection, `ValueError` as `frame_length`."""
    return await reader.readexactly(frame_length(await reader.readexactly(LENGTH_BYTES)))


def frame_length(prefix: bytes) -> int:
    """Raises `ValueError` for a length beyond `FRAME_BYTES_MAX`."""
    length = int.from_bytes(prefix, "big")
    if length > FRAME_BYTES_MAX:
        raise ValueError(f"a frame of {length} bytes")
    return length


def _body_decoder(kind: str) -> "msgspec.json.Decoder[Body]":
    decoder = _bodies.get(kind)
    if decoder is None:
        raise ValueError(f"a record of unknown kind `{kind}`")
    return decoder
