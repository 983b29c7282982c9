"""A request's body, within its bounds."""

from collections.abc import Awaitable, Callable
from typing import Any

from signalbox.domain.errors import ClientGone, RequestTooLarge

Receive = Callable[[], Awaitable[Any]]


async def read_body(receive: Receive, announced: int, bytes_max: int) -> bytes:
    """The whole body, of which `announced` bytes were promised (0: not told). Raises `RequestTooLarge` as
    soon as it is known to be, and `ClientGone` when the connection ends first (the protocol ends it for a
    sender that is too slow)."""
    if announced > bytes_max:
        raise _too_large(bytes_max)
    parts: list[bytes] = []
    left = bytes_max
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone("the client left before its request was complete")
        body: bytes = message["body"]
        left -= len(body)
        if left < 0:
            raise _too_large(bytes_max)
        if not message["more_body"]:
            return body if not parts else b"".join((*parts, body))
        parts.append(body)


def _too_large(bytes_max: int) -> RequestTooLarge:
    return RequestTooLarge(f"the request's body is larger than the {bytes_max} bytes that are taken here")
