"""Embeddings that mean nothing: of unit length, the same for the same text, another for another."""

import hashlib
import math
import struct
from typing import Final

from signalbox.domain.request import Request, Text

DIMENSIONS: Final = 256
DIMENSIONS_MAX: Final = 8_192


def vectors(request: Request) -> tuple[bytes, ...]:
    """Little-endian 32-bit floats, one vector for each text of the request."""
    wanted = request.embedding.dimensions if request.embedding is not None else None
    dimensions = min(wanted or DIMENSIONS, DIMENSIONS_MAX)
    return tuple(
        _vector(part.text, dimensions)
        for message in request.messages
        for part in message.parts
        if type(part) is Text
    )


def _vector(text: str, dimensions: int) -> bytes:
    seed = text.encode("utf-8", "surrogatepass")
    raw = hashlib.shake_128(seed).digest(dimensions)
    numbers = [byte - 127.5 for byte in raw]
    length = math.sqrt(sum(number * number for number in numbers))
    return struct.pack(f"<{dimensions}f", *(number / length for number in numbers))
