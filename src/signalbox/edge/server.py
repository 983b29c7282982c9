"""Serving an ASGI application with uvicorn: bound first, drained at the end.

uvicorn owns the sockets, the signals and the drain; `protocol` speaks HTTP within its limits, and this adds
the end of a drain: what was cancelled gets to write down its outcome and to tell its client.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import uvicorn

from signalbox.domain.errors import SignalboxError
from signalbox.edge.heads import KnownHeads
from signalbox.edge.protocol import EdgeLimits, EdgeProtocol
from signalbox.outbox import Outbox

_BACKLOG: Final = 2_048
_LAST_WORDS_S: Final = 2.0
"""How long cancelled requests may take to close their books. They wait for nobody else; a client that
reads nothing is not waited for."""


class AddressUnavailable(SignalboxError):
    code = "address_unavailable"


def bind(host: str, port: int) -> socket.socket:
    """Take the address before anything is loaded. Raises `AddressUnavailable` with what to do about it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressUnavailable(
            f"{host}:{port} cannot be used ({error.strerror}): stop what uses it, "
            "or set another `port` under [server] or in SIGNALBOX_PORT"
        ) from error
    return listener


async def serve(
    app: Any, listener: socket.socket, limits: EdgeLimits, *, drain_s: float, started: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT; then take no new connections, let requests under way end for at
    most `drain_s` seconds, and cancel what is left so that its outcome is written down."""
    protocol = partial(
        EdgeProtocol,
        app=app,
        limits=limits,
        heads=KnownHeads(),
        outbox=Outbox(asyncio.get_running_loop()),
    )
    config = uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type]  # any callable that makes one
        loop="none",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # anyone could write warnings into the log with malformed requests
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=drain_s,  # type: ignore[arg-type]  # it only ever becomes a timeout
    )
    await _Server(config, started).serve(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """uvicorn cancels what is left when the drain has lasted too long, and does not wait for it; at a
        second SIGINT it does not even cancel."""
        await super().shutdown(sockets)
        left = set(self.server_state.tasks)
        for task in left:
            if not task.cancelling():  # a second cancellation would cut its last words short
                task.cancel("drained")
        if left:
            await asyncio.wait(left, timeout=_LAST_WORDS_S)
        for connection in list(self.server_state.connections):
            connection.transport.close()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn raises the signal again once it has served, which would end the process before the
        decision log is closed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
