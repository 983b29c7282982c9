"""The ASGI application: paths to doors."""

import asyncio
import logging
import traceback
from collections.abc import Mapping
from typing import Final

from signalbox.domain.errors import InternalError, NotFound, SignalboxError
from signalbox.edge.gate import Handler, Receive, Scope, Send, answer_error, stopping

_log: Final = logging.getLogger("signalbox.edge")


class Edge:
    """`routes` maps an exact path to its door. Anything else is 404; websockets are not offered.

    A bug behind a door becomes a 500 in the dialect here. Where it happened goes to the process log; what
    the exception says does not, because it may quote the request.
    """

    def __init__(self, routes: Mapping[str, Handler]) -> None:
        self._routes = dict(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        handler = self._routes.get(scope["path"])
        if handler is None:
            await answer_error(send, NotFound(f"nothing is served at `{scope['path'][:128]}`"))
            return
        try:
            await handler(scope, receive, send)
        except asyncio.CancelledError as cancelled:
            stopped = stopping(cancelled)
            if stopped is not None:
                await _last_word(send, stopped)
        except Exception as bug:  # noqa: BLE001 - the last resort: whatever it is, the caller gets an answer
            frames = "".join(traceback.format_tb(bug.__traceback__))
            _log.error("a request failed: %s at\n%s", type(bug).__qualname__, frames)
            await _last_word(send, InternalError("something went wrong here; it has been noted"))


async def _last_word(send: Send, error: SignalboxError) -> None:
    try:
        await answer_error(send, error)
    except RuntimeError:  # an answer had begun: the server breaks it off, so that it is not taken for whole
        raise RuntimeError("an answer broke off") from None
