"""What a client sends over HTTP, heard by a server that refuses it: to hold one client against another.

It judges nothing, and answers every request with the same refusal.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from signalbox.testing.scripted_server import Peer, ScriptedServer

_REFUSAL = b'{"error": {"message": "heard", "type": "heard", "code": "heard"}}'


class Overheard(Struct, frozen=True):
    """One request. Header names are in lower case; `body` is its JSON."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any

    def but(self, *headers: str) -> tuple[str, str, dict[str, str | None], Any]:
        """What can be compared: method, target, these headers (None where one is missing) and body."""
        return self.method, self.target, {name: self.headers.get(name) for name in headers}, self.body


async def overhear(send: Callable[[str], Awaitable[object]], refused: type[Exception]) -> Overheard:
    """The one request that `send`, which is given a base URL without a path, makes before it is `refused`."""
    heard: list[bytes] = []

    async def listen(peer: Peer) -> None:
        heard.append(await peer.request())
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        await peer.send(head + b"content-length: %d\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL))

    async with ScriptedServer(listen) as server:
        try:
            await send(f"http://{server.origin.authority}")
        except refused:
            pass
        else:
            raise AssertionError("it was not refused")
    (request,) = heard
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Overheard(method, target, headers, msgspec.json.decode(body))
