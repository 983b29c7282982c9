"""The ASGI application: paths to doors."""

import asyncio
import logging
import traceback
from collections.abc import Mapping
from typing import Final

from signalbox.domain.errors import InternalError, NotFound, SignalboxError
from signalbox.edge.gate import Handler, Receive, Scope, Send, answer_error, stopping
from signalbox.edge.problems import ANTHROPIC, OPENAI, PROBLEM, Shape

_log: Final = logging.getLogger("signalbox.edge")
_ANTHROPIC_PATH: Final = "/v1/messages"
_PROBLEM_PATHS: Final = ("/admin/", "/healthz", "/metrics", "/readyz", "/v1/workloads")
ANTHROPIC_VERSION: Final = b"anthropic-version"


class Edge:
    """`routes` maps an exact path to its door, `under` the beginning of a path to the door of all that
    begins so. Anything else is 404; websockets are not offered.

    A bug behind a door becomes a 500 in the dialect here. Where it happened goes to the process log; what
    the exception says does not, because it may quote the request.
    """

    def __init__(self, routes: Mapping[str, Handler], under: Mapping[str, Handler]) -> None:
        self._routes = dict(routes)
        self._under = dict(under)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        handler = self._routes.get(scope["path"]) or self._beneath(scope["path"])
        if handler is None:
            await answer_error(send, nowhere(scope), None, shape_for(scope))
            return
        try:
            await handler(scope, receive, send)
        except asyncio.CancelledError as cancelled:
            stopped = stopping(cancelled)
            if stopped is not None:
                await _last_word(scope, send, stopped)
        except Exception as bug:  # noqa: BLE001 - the last resort: whatever it is, the caller gets an answer
            frames = "".join(traceback.format_tb(bug.__traceback__))
            _log.error("a request failed: %s at\n%s", type(bug).__qualname__, frames)
            await _last_word(scope, send, InternalError("something went wrong here; it has been noted"))

    def _beneath(self, path: str) -> Handler | None:
        for beginning, handler in self._under.items():
            if path.startswith(beginning):
                return handler
        return None


def nowhere(scope: Scope) -> NotFound:
    return NotFound(f"nothing is served at `{scope['path'][:128]}`")


def shape_for(scope: Scope) -> Shape:
    """How whoever asks here wants to read errors, as far as path and headers tell."""
    if scope["path"].startswith(_PROBLEM_PATHS):
        return PROBLEM
    if scope["path"].startswith(_ANTHROPIC_PATH) or speaks_anthropic(scope):
        return ANTHROPIC
    return OPENAI


def speaks_anthropic(scope: Scope) -> bool:
    """Whether a client of Anthropic's is asking: each of their requests names a version."""
    return any(name == ANTHROPIC_VERSION for name, _ in scope["headers"])


async def _last_word(scope: Scope, send: Send, error: SignalboxError) -> None:
    try:
        await answer_error(send, error, None, shape_for(scope))
    except RuntimeError:  # an answer had begun: the server breaks it off, so that it is not taken for whole
        raise RuntimeError("an answer broke off") from None
