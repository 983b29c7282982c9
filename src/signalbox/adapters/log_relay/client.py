"""The other processes' end of the relay: a decision log whose writer is someone else.

Durable means what it means to the writer: `commit` returns when the writer's log has it on disk. A lost
connection is `LogUnavailable` for everything unanswered and everything after; records that were posted and
not answered by then may or may not have been written. It does not reconnect: a new one is connected.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from signalbox.adapters.log_relay.frames import (
    LENGTH_BYTES,
    Answer,
    Ask,
    Commit,
    Health,
    Pin,
    Post,
    Pseudonym,
    carried,
    frame_length,
    framed,
    next_frame,
    read_answer,
)
from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import Record

_UNSENT_BYTES_MAX: Final = 16 * 1024 * 1024
_PSEUDONYM_TIMEOUT_S: Final = 5.0
_REMEMBERED_MAX: Final = 16_384


class RelayLog:
    """Implements `ports.log.DecisionLog` by way of a `RelayServer`. Made by `connect`.

    `post` cannot wait for an answer: once the writer has refused one, the next raises `LogUnavailable`,
    until the writer grants something again.
    """

    def __init__(self, path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._path = path
        self._writer = writer
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._lost = ""
        self._healthy = True
        self._refusal: tuple[str, str] | None = None
        self._names: dict[tuple[str, str, str], str] = {}
        self._names_socket: socket.socket | None = None
        self._pinning: dict[int, str] = {}  # ask → digest
        self._pinned: dict[str, None] = {}
        self._listener = asyncio.create_task(self._listen(reader))

    @classmethod
    async def connect(cls, socket_path: Path) -> "RelayLog":
        """Raises `LogUnavailable` if nobody serves the log there."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket_path))
        except OSError as error:
            raise LogUnavailable(
                f"nobody serves the decision log at `{socket_path}`", operator=str(error)
            ) from error
        return cls(socket_path, reader, writer)

    async def aclose(self) -> None:
        """Wait until everything handed in is durable, then leave. Raises `LogUnavailable` if it is not."""
        try:
            if not self._lost:
                await self.commit(())
        finally:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
            self._lose("this relay is closed")
            if self._names_socket is not None:
                self._names_socket.close()

    @property
    def healthy(self) -> bool:
        return self._healthy and not self._lost

    def post(self, records: Sequence[Record]) -> None:
        self._may_send()
        if self._refusal is not None:
            self._send(Health(self._number()))  # once the writer is well again, the answer clears the way
            raise LogUnavailable(self._refusal[0], operator=self._refusal[1])
        self._send(Post(self._number(), carried(records)))

    async def commit(self, records: Sequence[Record]) -> None:
        self._may_send()
        number = self._number()
        answered = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send(Commit(number, carried(records)))
        try:
            await answered
        finally:
            self._waiting.pop(number, None)

    def pin(self, digest: str, content: bytes) -> None:
        if digest in self._pinned:
            return
        self._may_send()
        number = self._number()
        self._pinning[number] = digest
        self._send(Pin(number, digest, content))

    def pseudonym(self, tenant: str, kind: str, name: str) -> str:
        """A name not seen before costs one round trip, in which this process's event loop stands still.

        So the writer must be another process (or thread); who is the writer has the log itself.
        """
        asked = (tenant, kind, name)
        known = self._names.get(asked)
        if known is not None:
            return known
        if self._lost:
            raise LogUnavailable("the decision log's writer is gone", operator=self._lost)
        try:
            answer = self._ask_and_wait(Pseudonym(0, tenant, kind, name))
        except (OSError, ValueError) as error:
            self._names_socket = None
            raise LogUnavailable("the decision log's writer does not answer", operator=str(error)) from error
        if answer.refusal:
            raise LogUnavailable(answer.refusal, operator=answer.operator)
        if len(self._names) >= _REMEMBERED_MAX:
            self._names.clear()
        self._names[asked] = answer.value
        return answer.value

    # -- asking

    def _number(self) -> int:
        self._asked += 1
        return self._asked

    def _may_send(self) -> None:
        if self._lost:
            raise LogUnavailable("the decision log's writer is gone", operator=self._lost)
        if self._writer.transport.get_write_buffer_size() > _UNSENT_BYTES_MAX:
            raise LogUnavailable("the decision log's writer cannot keep up", operator=str(self._path))

    def _send(self, ask: Ask) -> None:
        self._writer.write(framed(ask))

    def _ask_and_wait(self, ask: Ask) -> Answer:
        """On a connection of its own, blocking. Raises `OSError`, `ValueError`."""
        if self._names_socket is None:
            self._names_socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._names_socket.settimeout(_PSEUDONYM_TIMEOUT_S)
            self._names_socket.connect(str(self._path))
        self._names_socket.sendall(framed(ask))
        length = frame_length(_receive(self._names_socket, LENGTH_BYTES))
        return read_answer(_receive(self._names_socket, length))

    # -- being answered

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                self._answered(read_answer(await next_frame(reader)))
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            self._lose(f"the connection to `{self._path}` was lost: {error}")

    def _answered(self, answer: Answer) -> None:
        self._healthy = answer.healthy
        digest = self._pinning.pop(answer.ask, None)
        waiting = self._waiting.get(answer.ask)
        if not answer.refusal:
            if answer.healthy:
                self._refusal = None
            if digest is not None:
                self._remember_pinned(digest)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
        elif waiting is None:
            self._refusal = (answer.refusal, answer.operator)
        elif not waiting.done():
            waiting.set_exception(LogUnavailable(answer.refusal, operator=answer.operator))

    def _remember_pinned(self, digest: str) -> None:
        if len(self._pinned) >= _REMEMBERED_MAX:
            self._pinned.clear()
        self._pinned[digest] = None

    def _lose(self, why: str) -> None:
        self._lost = self._lost or why
        self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LogUnavailable("the decision log's writer is gone", operator=why))


def _receive(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise ConnectionResetError("the connection ended")
        received += piece
    return bytes(received)
