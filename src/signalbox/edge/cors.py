"""Whose pages a browser lets ask here (CORS, Fetch standard): origins that the settings name, each exactly.

A page sends its credential in a header, as every client does: cookies count for nothing here, so none is ever
allowed. Who is no browser is neither helped nor hindered by any of this: keys and policy are.
"""

from typing import Final

from signalbox.edge.gate import Handler, Receive, Scope, Send

_METHODS: Final = b"GET, POST, DELETE"
_ASKED: Final = (
    b"authorization, content-type, accept, prefer, x-signalbox-app, x-signalbox-feature, x-signalbox-task, "
    b"x-signalbox-sensitivity, x-signalbox-latency-class, x-signalbox-data-boundary, x-signalbox-user, "
    b"x-signalbox-deadline-ms"
)
_SHOWN: Final = (
    b"location, preference-applied, retry-after, x-request-id, x-signalbox-decision, x-signalbox-endpoint, "
    b"x-signalbox-model, x-signalbox-reason, x-signalbox-region, x-signalbox-vendor"
)
_PREFLIGHT_S: Final = b"600"
_VARY: Final = (b"vary", b"origin")


class Cors:
    """A door that pages of these origins may use as well. Where there are none, give the door itself."""

    def __init__(self, door: Handler, origins: frozenset[str]) -> None:
        self._door = door
        self._origins = frozenset(origin.encode() for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = dict(scope["headers"])
        origin = said.get(b"origin", b"")
        if origin not in self._origins:
            await self._door(scope, receive, _adding(send, [_VARY]))
            return
        allowed = [(b"access-control-allow-origin", origin), _VARY]
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in said:
            await _preflight(send, allowed)
            return
        allowed.append((b"access-control-expose-headers", _SHOWN))
        await self._door(scope, receive, _adding(send, allowed))


async def _preflight(send: Send, allowed: list[tuple[bytes, bytes]]) -> None:
    headers = [
        *allowed,
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _ASKED),
        (b"access-control-max-age", _PREFLIGHT_S),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _adding(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def sending(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            said = message["headers"]
            assert isinstance(said, list)  # noqa: S101 - our own doors give lists
            message = {**message, "headers": [*said, *headers]}
        await send(message)

    return sending
