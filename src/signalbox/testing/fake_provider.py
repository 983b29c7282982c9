"""A provider with no network behind it: says what it is told to, fails as it is told to.

For tests of whatever calls providers. It keeps every promise of `ports.provider` (the conformance suite
holds it to them) and imitates no vendor: for bytes on a wire there is `signalbox.simulate`.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from msgspec import Struct

from signalbox.domain.endpoint import Endpoint
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, Event, Finished, FinishReason, Metered, Reply, Served, TextDelta
from signalbox.domain.request import Request, Text
from signalbox.ports.clock import Clock
from signalbox.ports.provider import Call


class Script(Struct, frozen=True, kw_only=True):
    """What one call does: wait, then answer `text` word by word, or fail.

    With `failure`, a stream first brings `words_before_failure` words; `sent` says whether the failure
    comes after bytes have left. `word_ms` is the pause before each word, `wait_ms` the one before the first.
    """

    text: str = "all points are set and every signal on the line shows clear"
    wait_ms: float = 0
    word_ms: float = 0
    usage: bool = True
    served_model: str = ""
    served_place: str = ""
    failure: FailureKind | None = None
    sent: bool = True
    words_before_failure: int = 0
    status: int | None = None
    retry_after_ms: int | None = None
    caller_message: str = ""
    refreshed: bool = False


class FakeProvider:
    """Implements `Provider`. `calls` keeps what came, `running` counts what is under way.

    `will(endpoint_id, script, …)` queues scripts for an endpoint; without one, `default` is played.
    An endpoint in `not_ready` fails with NOT_READY before anything is sent.
    """

    def __init__(self, clock: Clock, default: Script | None = None) -> None:
        self.default = default or Script()
        self.calls: list[Call] = []
        self.running = 0
        self.not_ready: set[str] = set()
        self._clock = clock
        self._scripts: defaultdict[str, deque[Script]] = defaultdict(deque)
        self._closing = asyncio.Event()

    def will(self, endpoint_id: str, *scripts: Script) -> None:
        self._scripts[endpoint_id].extend(scripts)

    async def complete(self, call: Call) -> Reply:
        with self._under_way(call) as script:
            words, finish = _words(script, call.request)
            await self._pause(script.wait_ms + script.word_ms * len(words), call)
            if script.failure is not None:
                raise _failure(script)
            choices = range(call.request.sampling.n)
            return Reply(
                choices=tuple(
                    Choice(index=index, parts=(Text("".join(words)),), finish=finish) for index in choices
                ),
                usage=_usage(call.request, words) if script.usage else Usage(estimated=True),
                served_model=script.served_model or call.endpoint.served_names[0],
                served_place=script.served_place,
            )

    async def stream(self, call: Call) -> AsyncGenerator[Event, None]:
        with self._under_way(call) as script:
            words, finish = _words(script, call.request)
            await self._pause(script.wait_ms, call)
            yield Served(script.served_model or call.endpoint.served_names[0], script.served_place)
            choices = range(call.request.sampling.n)
            for place, word in enumerate(words):
                await self._pause(script.word_ms, call)
                if script.failure is not None and place == script.words_before_failure:
                    break
                for index in choices:
                    yield TextDelta(index, word)
            if script.failure is not None:
                raise _failure(script)
            for index in choices:
                yield Finished(index, finish)
            if script.usage:
                yield Metered(_usage(call.request, words))

    async def ready(self, endpoint: Endpoint) -> bool:
        return endpoint.id not in self.not_ready and not self._closing.is_set()

    async def aclose(self) -> None:
        self._closing.set()

    @contextmanager
    def _under_way(self, call: Call) -> Iterator[Script]:
        """The script of this call, once it may be sent."""
        self.calls.append(call)
        if self._closing.is_set():
            raise ProviderFailure(FailureKind.CANCELLED, "the provider was closed")
        if call.endpoint.id in self.not_ready:
            raise ProviderFailure(FailureKind.NOT_READY, f"`{call.endpoint.id}` is not ready")
        if call.deadline_us <= self._clock.monotonic_us():
            raise ProviderFailure(FailureKind.TIMEOUT, f"`{call.endpoint.id}`: no time was left to send")
        queued = self._scripts[call.endpoint.id]
        script = queued.popleft() if queued else self.default
        if script.failure is not None and not script.sent:
            raise _failure(script)
        call.sending()
        self.running += 1
        try:
            yield script
        finally:
            self.running -= 1

    async def _pause(self, pause_ms: float, call: Call) -> None:
        """Raises TIMEOUT at the call's deadline, CANCELLED when the provider is closed meanwhile."""
        if not pause_ms:
            return
        left_ms = (call.deadline_us - self._clock.monotonic_us()) / 1000
        try:
            async with asyncio.timeout(min(pause_ms, left_ms) / 1000):
                await self._closing.wait()
        except TimeoutError:
            if left_ms <= pause_ms:
                raise ProviderFailure(FailureKind.TIMEOUT, "the scripted answer takes longer") from None
        else:
            raise ProviderFailure(FailureKind.CANCELLED, "the provider was closed")


def _failure(script: Script) -> ProviderFailure:
    kind = script.failure or FailureKind.SERVER_ERROR
    return ProviderFailure(
        kind,
        "as scripted",
        status=script.status,
        retry_after_ms=script.retry_after_ms,
        caller_message=script.caller_message,
        refreshed=script.refreshed,
    )


def _words(script: Script, request: Request) -> tuple[list[str], FinishReason]:
    """The text cut into words (each with the space before it), as the request's limits leave it."""
    text = script.text
    for stop in request.sampling.stop:
        text = text.partition(stop)[0]
    words = [word if place == 0 else f" {word}" for place, word in enumerate(text.split(" "))] if text else []
    limit = request.sampling.max_tokens
    if limit is not None and limit < len(words):
        return words[:limit], "length"
    return words, "stop"


def _usage(request: Request, words: list[str]) -> Usage:
    parts = [part.text for message in request.messages for part in message.parts if isinstance(part, Text)]
    return Usage(input=len(" ".join(parts).split()), output=len(words) * request.sampling.n)
