"""A server that answers with exactly the bytes, and at exactly the moments, that a test scripts.

It checks nothing of what it is sent beyond finding a request's end, and it is not an emulator of a vendor.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from signalbox.adapters.http.origin import Origin, Scheme

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """One accepted connection, from the server's side. `number` counts connections from 1."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """The next request, head and Content-Length body. `IncompleteReadError` when the client left."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return head + await self._reader.readexactly(length)

    async def send(self, *pieces: bytes) -> None:
        """Write each piece in its own system call, as far as the kernel lets it."""
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()

    async def gone(self) -> None:
        """Return when the client has closed or reset the connection."""
        try:
            while await self._reader.read(65_536):
                pass
        except ConnectionError:
            pass

    def close(self) -> None:
        """End the connection in order (FIN, and close_notify with TLS)."""
        self._writer.close()

    async def closed(self) -> None:
        """Return when our socket is closed, in whatever way that came about."""
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def finish(self) -> None:
        """Send FIN and read on (not with TLS): `gone` then tells that the client has seen it."""
        self._writer.write_eof()

    def abort(self) -> None:
        """Close without draining and, with TLS, without close_notify."""
        # asyncio's TLS transport raises this, in some versions, when the connection is gone already.
        with contextlib.suppress(AttributeError):
            self._writer.transport.abort()

    def reset(self) -> None:
        """End the connection with RST (TCP only)."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


class ScriptedServer:
    """`async with ScriptedServer(script) as server:` runs `script(peer)` for every connection.

    A connection is closed when its script returns. Listens on a free port of 127.0.0.1, or on
    `unix_path`. An exception in a script, other than that the client left, is raised on leaving the block.
    """

    def __init__(
        self, script: Script, *, unix_path: Path | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._script = script
        self._unix_path = unix_path
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._peers: list[Peer] = []
        self._errors: list[Exception] = []
        self.connections = 0
        self.origin: Origin

    async def __aenter__(self) -> Self:
        if self._unix_path is not None:
            self._server = await asyncio.start_unix_server(self._accept, self._unix_path)
            self.origin = Origin("unix", str(self._unix_path), 0)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
            scheme: Scheme = "http" if self._tls is None else "https"
            self.origin = Origin(scheme, "127.0.0.1", self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self._peers:  # no socket outlives the block, whatever it had left to write
            peer.abort()
            await peer.closed()
        if self._errors and error is None:
            raise ExceptionGroup("scripts failed", self._errors)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        peer = Peer(self.connections, reader, writer)
        self._peers.append(peer)
        self._tasks.add(asyncio.ensure_future(self._run(peer)))

    async def _run(self, peer: Peer) -> None:
        try:
            await self._script(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client left
        except Exception as error:  # noqa: BLE001 - raised again in __aexit__
            self._errors.append(error)
        finally:
            peer.close()
