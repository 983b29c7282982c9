"""The ASGI application: paths to doors."""

from collections.abc import Mapping

from signalbox.domain.errors import NotFound
from signalbox.edge.gate import Handler, Receive, Scope, Send, answer_error


class Edge:
    """`routes` maps an exact path to its door. Anything else is 404; websockets are not offered."""

    def __init__(self, routes: Mapping[str, Handler]) -> None:
        self._routes = dict(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        handler = self._routes.get(scope["path"])
        if handler is None:
            await answer_error(send, NotFound(f"nothing is served at `{scope['path'][:128]}`"))
            return
        await handler(scope, receive, send)
