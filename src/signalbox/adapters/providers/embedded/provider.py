"""Models on this machine, each behind a supervised child process.

A call is redirected to its child's unix socket and handed to the sender that the composition root gave
us: how a request is written, sent and read is the sender's business. What the model answers, whether
it is good, and how many may ask at a time are others'.

A call whose child is not ready waits for it within the call's own deadline, so that the first request
of a newcomer is answered and not refused; it ends in NOT_READY when the child cannot start (at once) or
has not by then. Whoever would rather go elsewhere asks `ready` first.
"""

import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

from msgspec import structs

from signalbox.adapters.providers.embedded.settings import SLOTS_MAX, RuntimeSettings, Shape
from signalbox.adapters.providers.embedded.supervisor import State, Supervisor
from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import Event, Reply
from signalbox.ports.clock import Clock
from signalbox.ports.provider import Call, Provider

SOCKET_PATH_MAX: Final = 103
"""Bytes of a unix socket's path that every system takes (macOS: 104 with the closing NUL)."""

SILENCE_MS_MAX: Final = 3_600_000
"""A child at work may be silent for as long as its prompt is long: the deadline bounds it, and its death
closes the socket."""


class ChildKeys:
    """The keys of running children, by the name their redirected endpoints carry. Implements `Secrets`.

    The sender of an `Embedded` is built with these, and with nothing else.
    """

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._keys.get(name)

    def put(self, name: str, key: str) -> None:
        self._keys[name] = key


class Embedded:
    """Implements `Provider` for endpoints with a `transport.model_file` under `models_dir`.

    The child's room is the endpoint's: `limits.context_tokens` for each of `limits.concurrency` slots
    (at most two). Endpoints that name the same file share a child, as wide as the widest of them; one
    that asks for more than a running child has gets it when the child next starts.
    `sender` is owned: `aclose` closes it.
    """

    def __init__(
        self, sender: Provider, keys: ChildKeys, models_dir: Path, settings: RuntimeSettings, clock: Clock
    ) -> None:
        self._sender = sender
        self._keys = keys
        self._models_dir = models_dir
        self._settings = settings
        self._clock = clock
        self._children: dict[Path, Supervisor] = {}
        self._redirected: dict[str, tuple[Endpoint, Endpoint, Supervisor]] = {}
        self._socket_dir: Path | None = None
        self._closed = False

    async def complete(self, call: Call) -> Reply:
        redirected, child = await self._served(call)
        try:
            return await self._sender.complete(redirected)
        except ProviderFailure as failure:
            raise await _in_our_words(failure, child) from failure

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        redirected, child = await self._served(call)
        async with aclosing(self._sender.stream(redirected)) as events:
            try:
                async for event in events:
                    yield event
            except ProviderFailure as failure:
                raise await _in_our_words(failure, child) from failure

    async def ready(self, endpoint: Endpoint) -> bool:
        if self._closed:
            return False
        _, child = self._redirect(endpoint)
        child.start()
        return child.state is State.READY

    def trouble(self, endpoint: Endpoint) -> str:
        """Why `endpoint` is not ready, for the operator; empty if it is."""
        return self._redirect(endpoint)[1].trouble

    async def aclose(self) -> None:
        self._closed = True
        await self._sender.aclose()
        for child in self._children.values():
            await child.aclose()
        if self._socket_dir is not None:
            for child in self._children.values():
                with suppress(OSError):
                    os.unlink(child.socket)
            with suppress(OSError):
                self._socket_dir.rmdir()

    async def _served(self, call: Call) -> tuple[Call, Supervisor]:
        if self._closed:
            raise ProviderFailure(FailureKind.CANCELLED, "the embedded runtime is shutting down")
        redirected, child = self._redirect(call.endpoint)
        if child.state is not State.READY:
            await child.ready_by(call.deadline_us)
        return Call(redirected, call.request, call.attempt, call.deadline_us, call.sending), child

    def _redirect(self, endpoint: Endpoint) -> tuple[Endpoint, Supervisor]:
        known = self._redirected.get(endpoint.id)
        if known is not None and known[0] is endpoint:
            return known[1], known[2]
        child = self._child(endpoint)
        self._keys.put(child.socket, child.key)
        transport = structs.replace(
            endpoint.transport,
            base_url=f"unix:{child.socket}:/v1",
            credential=child.socket,
            idle_timeout_ms=SILENCE_MS_MAX,
        )
        redirected = structs.replace(endpoint, transport=transport)
        self._redirected[endpoint.id] = (endpoint, redirected, child)
        return redirected, child

    def _child(self, endpoint: Endpoint) -> Supervisor:
        model = self._models_dir.absolute() / endpoint.transport.model_file
        limits = endpoint.limits
        shape = Shape(limits.context_tokens, max(1, min(SLOTS_MAX, limits.concurrency)))
        child = self._children.get(model)
        if child is not None:
            child.widen(shape)
            return child
        if self._socket_dir is None:
            self._socket_dir = _private_dir()
        socket = self._socket_dir / f"{len(self._children)}.sock"
        child = self._children[model] = Supervisor(model, shape, socket, self._settings, self._clock)
        return child


async def _in_our_words(failure: ProviderFailure, child: Supervisor) -> ProviderFailure:
    """A socket that nobody answers is a child on its way back, not an endpoint to be shunned."""
    if failure.kind not in (FailureKind.CONNECT, FailureKind.RESET):
        return failure
    await child.notice()  # so that whoever tries again waits for the next child and does not meet this one
    if failure.kind is FailureKind.RESET:
        return failure
    detail = child.trouble or f"the process of model `{child.model.name}` does not answer"
    return ProviderFailure(FailureKind.NOT_READY, f"{detail} ({failure.detail})")


def _private_dir() -> Path:
    """A new directory that only we may enter (0700), with a path short enough for a unix socket in it."""
    made = Path(tempfile.mkdtemp(prefix="signalbox-"))
    if len(os.fsencode(made / "999.sock")) <= SOCKET_PATH_MAX:
        return made
    made.rmdir()
    return Path(tempfile.mkdtemp(prefix="signalbox-", dir="/tmp"))
