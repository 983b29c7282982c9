"""The lease holder's end of the relay: takes records from its clients into its own log.

It adds nothing to the log and keeps nothing back: a commit is answered when the log says it is durable.
Who may connect is the file system's business (the socket is its owner's alone).
"""

import asyncio
import os
import socket
from pathlib import Path

from signalbox.adapters.log_relay.frames import (
    Answer,
    Ask,
    Commit,
    Health,
    Pin,
    Post,
    Pseudonym,
    delivered,
    framed,
    next_frame,
    read_ask,
)
from signalbox.domain.errors import LogUnavailable
from signalbox.ports.log import DecisionLog


class RelayServer:
    """Serves `log` on a unix socket at `socket_path`, replacing a socket that a dead process left there."""

    def __init__(self, log: DecisionLog, socket_path: Path) -> None:
        self._log = log
        self._path = socket_path
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._commits: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises `OSError` if the socket cannot be made there."""
        # Bound under a passing name and renamed: it is never there with the wrong mode, and never refuses.
        passing = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            passing.unlink(missing_ok=True)
            listener.bind(str(passing))
            passing.chmod(0o600)
            passing.rename(self._path)
            self._server = await asyncio.start_unix_server(self._connected, sock=listener)
        except OSError:
            listener.close()
            raise

    async def aclose(self) -> None:
        """Hear no more asks; let commits under way end and be answered."""
        if self._server is None:
            return
        self._server.close()
        self._path.unlink(missing_ok=True)
        await asyncio.gather(*self._commits, return_exceptions=True)
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- asyncio runs this callback in a task of its own
        self._connections.add(task)
        try:
            while True:
                await self._hear(read_ask(await next_frame(reader)), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError, ValueError):
            pass  # the client left, or does not speak this protocol: either way its connection ends
        except asyncio.CancelledError:
            pass  # `aclose`: a connection has no caller that could want to know
        finally:
            self._connections.discard(task)
            writer.close()

    async def _hear(self, ask: Ask, writer: asyncio.StreamWriter) -> None:
        value = ""
        try:
            match ask:
                case Post():
                    self._log.post(delivered(ask.records))
                case Pin():
                    self._log.pin(ask.digest, ask.content)
                case Pseudonym():
                    value = self._log.pseudonym(ask.tenant, ask.kind, ask.name)
                case Commit():
                    await self._begin_commit(ask, writer)
                    return
                case Health():
                    pass
        except (LogUnavailable, ValueError) as error:
            writer.write(framed(self._refused(ask, error)))
        else:
            writer.write(framed(Answer(ask.ask, self._log.healthy, value)))

    async def _begin_commit(self, ask: Commit, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._commit(ask, writer))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)
        # INVARIANT: records are taken in the order of their frames. A task begins at the loop's next turn,
        # before this coroutine goes on, and a log takes the records in when `commit` begins.
        await asyncio.sleep(0)

    async def _commit(self, ask: Commit, writer: asyncio.StreamWriter) -> None:
        try:
            await self._log.commit(delivered(ask.records))
        except (LogUnavailable, ValueError) as error:
            answer = self._refused(ask, error)
        else:
            answer = Answer(ask.ask, self._log.healthy)
        if not writer.is_closing():
            writer.write(framed(answer))

    def _refused(self, ask: Ask, error: LogUnavailable | ValueError) -> Answer:
        if isinstance(error, LogUnavailable):
            return Answer(ask.ask, self._log.healthy, "", error.message, error.operator)
        return Answer(ask.ask, self._log.healthy, "", "the decision log cannot take this", str(error))
