"""The conformance suite of `ports.provider`: what every provider adapter must pass.

Subclass `ProviderConformance` in a test file, and give it a fixture `harness` that yields a `Harness`:

    class TestMyProvider(ProviderConformance):
        @pytest.fixture
        async def harness(self): ...

The tests are coroutines (pytest-asyncio in auto mode runs them). They hold for a real model as for an
emulator: nothing is assumed of what is said, only of how. Speed is not judged.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from typing import Any

from msgspec import structs

from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import CONTENT, Event, Finished, Metered, Served, TextDelta
from signalbox.domain.request import Message, Request, Sampling, Text
from signalbox.domain.traits import Capability
from signalbox.ports.provider import Call
from signalbox.testing.provider_capabilities import CapabilityConformance
from signalbox.testing.provider_harness import PATIENCE_S, Harness, Sendings, check, event_stream, make_call

__all__ = ["Harness", "ProviderConformance", "Sendings", "short_request"]


def short_request(*, max_tokens: int = 16, stop: tuple[str, ...] = (), n: int = 1) -> Request:
    """Deterministic where the vendor can be."""
    text = Text("Name the colours of the rainbow, one after the other.")
    sampling = Sampling(max_tokens=max_tokens, temperature=0.0, stop=stop, n=n)
    return Request(target="auto", messages=(Message("user", (text,)),), sampling=sampling)


class ProviderConformance(CapabilityConformance):
    """Every promise of `ports.provider.Provider`, one test each; and what the endpoint claims."""

    async def test_a_reply_is_whole(self, harness: Harness) -> None:
        sendings = Sendings()
        async with asyncio.timeout(PATIENCE_S):
            reply = await harness.provider.complete(make_call(harness, short_request(), sendings))
        check(len(reply.choices) == 1, "one choice was asked for")
        check(reply.choices[0].index == 0, "the first choice has index 0")
        check(reply.choices[0].text != "", "the reply has a text")
        check(reply.usage.total > 0 and reply.usage.output > 0, "usage is reported, or estimated and marked")
        check(sendings.count == 1, "`sending` is called once")

    async def test_a_stream_keeps_the_order(self, harness: Harness) -> None:
        sendings = Sendings()
        call = make_call(harness, short_request(), sendings)
        events: list[Event] = []
        async with asyncio.timeout(PATIENCE_S), aclosing(event_stream(harness, call)) as stream:
            async for event in stream:
                check(sendings.count == 1, "`sending` was called once, before the first event")
                events.append(event)
        _check_order(events, choices=1)
        text = "".join(event.text for event in events if isinstance(event, TextDelta))
        check(text != "", "the pieces make up a text")
        metered = [event for event in events if isinstance(event, Metered)]
        check(len(metered) == 1 and metered[0].usage.output > 0, "a stream ends with its usage")

    async def test_max_tokens_cuts_and_says_so(self, harness: Harness) -> None:
        async with asyncio.timeout(PATIENCE_S):
            reply = await harness.provider.complete(make_call(harness, short_request(max_tokens=4)))
            events = [
                event
                async for event in event_stream(harness, make_call(harness, short_request(max_tokens=4)))
            ]
        check(reply.choices[0].finish == "length", "a reply that was cut finishes by length")
        check(0 < reply.usage.output <= 4, "no more tokens than allowed")
        check(Finished(0, "length") in events, "a stream that was cut finishes by length")

    async def test_stop_ends_the_text_before_it(self, harness: Harness) -> None:
        if not harness.endpoint.capabilities & Capability.STOP_WORDS:
            return
        async with asyncio.timeout(PATIENCE_S):
            whole = await harness.provider.complete(make_call(harness, short_request()))
            text = whole.choices[0].text
            word = text.split()[2]
            request = short_request(stop=(word,))
            stopped = await harness.provider.complete(make_call(harness, request))
            events = [event async for event in event_stream(harness, make_call(harness, request))]
        met = ("stop", "stop_sequence")  # as the vendor tells them apart, or does not
        check(stopped.choices[0].finish in met, "a reply that met a stop word finishes by stop")
        check(word not in stopped.choices[0].text, "the stop word is not part of the text")
        streamed = "".join(event.text for event in events if isinstance(event, TextDelta))
        check(word not in streamed, "the stop word is not part of the stream")

    async def test_every_choice_is_answered(self, harness: Harness) -> None:
        if not harness.endpoint.capabilities & Capability.MANY_CHOICES:
            return
        async with asyncio.timeout(PATIENCE_S):
            reply = await harness.provider.complete(make_call(harness, short_request(n=2)))
            events = [event async for event in event_stream(harness, make_call(harness, short_request(n=2)))]
        check(sorted(choice.index for choice in reply.choices) == [0, 1], "two choices were asked for")
        _check_order(events, choices=2)

    async def test_calls_run_side_by_side(self, harness: Harness) -> None:
        async with asyncio.timeout(PATIENCE_S):
            replies = await asyncio.gather(
                *(harness.provider.complete(make_call(harness, short_request())) for _ in range(2))
            )
        check(all(reply.choices[0].text for reply in replies), "both are answered")

    async def test_a_reply_ends_by_its_deadline(self, harness: Harness) -> None:
        await self._warm(harness)
        call = make_call(harness, harness.long_request, within_ms=300)
        failure = await _failing(harness.provider.complete(call))
        self._check_deadline(harness, call, failure)
        async with asyncio.timeout(PATIENCE_S):
            await harness.quiet()

    async def test_a_stream_ends_by_its_deadline(self, harness: Harness) -> None:
        await self._warm(harness)
        call = make_call(harness, harness.long_request, within_ms=300)
        failure = await _failing(_drain(event_stream(harness, call)))
        self._check_deadline(harness, call, failure)
        async with asyncio.timeout(PATIENCE_S):
            await harness.quiet()

    async def test_nothing_is_sent_after_the_deadline(self, harness: Harness) -> None:
        await self._warm(harness)
        sendings = Sendings()
        call = make_call(harness, short_request(), sendings, within_ms=-1)
        failure = await _failing(harness.provider.complete(call))
        check(failure.kind is FailureKind.TIMEOUT, f"expected timeout, got {failure.kind}")
        check(sendings.count == 0, "`sending` is not called when nothing is sent")

    async def test_what_sending_raises_stops_the_request(self, harness: Harness) -> None:
        def refuse() -> None:
            raise ProviderFailure(FailureKind.WITHDRAWN, "policy said no")

        for finish in (harness.provider.complete, lambda call: _drain(event_stream(harness, call))):
            call = structs.replace(make_call(harness, harness.long_request), sending=refuse)
            failure = await _failing(finish(call))
            check(failure.kind is FailureKind.WITHDRAWN, "what `sending` raised is passed on")
        async with asyncio.timeout(PATIENCE_S):
            await harness.quiet()

    async def test_cancelling_a_reply_stops_the_work(self, harness: Harness) -> None:
        sendings = Sendings()
        call = make_call(harness, harness.long_request, sendings)
        task = asyncio.ensure_future(harness.provider.complete(call))
        await self._cancel_once_sent(task, sendings)
        async with asyncio.timeout(PATIENCE_S):
            await harness.quiet()
        await self._warm(harness)

    async def test_cancelling_a_stream_stops_the_work(self, harness: Harness) -> None:
        sendings = Sendings()
        call = make_call(harness, harness.long_request, sendings)
        task = asyncio.ensure_future(_drain(event_stream(harness, call)))
        await self._cancel_once_sent(task, sendings)
        async with asyncio.timeout(PATIENCE_S):
            await harness.quiet()
        await self._warm(harness)

    async def test_closing_a_stream_stops_the_work(self, harness: Harness) -> None:
        stream = event_stream(harness, make_call(harness, harness.long_request))
        async with asyncio.timeout(PATIENCE_S):
            async for event in stream:
                if isinstance(event, CONTENT):
                    break
            await stream.aclose()
            await harness.quiet()
        await self._warm(harness)

    async def test_failures_have_their_kind(self, harness: Harness) -> None:
        for kind in sorted(harness.provokes):
            for streamed in (False, True):
                await harness.provoke(kind)
                call = make_call(harness, short_request(), within_ms=5_000)
                seen = await _failing(
                    _drain(event_stream(harness, call)) if streamed else harness.provider.complete(call)
                )
                how = "streamed" if streamed else "whole"
                check(seen.kind is kind, f"{how}: expected {kind}, got {seen.kind}: {seen.detail}")
                shown = kind in (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER)
                check(shown or not seen.caller_message, f"{kind}: the caller is not told the vendor's words")
                await self._warm(harness)

    async def test_ready_comes_true(self, harness: Harness) -> None:
        await self._warm(harness)
        check(await harness.provider.ready(harness.endpoint), "an endpoint that has just answered is ready")

    async def test_closing_ends_what_is_under_way(self, harness: Harness) -> None:
        sendings = Sendings()
        call = make_call(harness, harness.long_request, sendings)
        task = asyncio.ensure_future(_failing(harness.provider.complete(call)))
        async with asyncio.timeout(PATIENCE_S):
            await sendings.begun.wait()
            await harness.provider.aclose()
            failure = await task
        check(failure.kind is FailureKind.CANCELLED, f"expected cancelled, got {failure.kind}")
        refused = await _failing(harness.provider.complete(make_call(harness, short_request())))
        check(refused.kind is FailureKind.CANCELLED, f"after closing: expected cancelled, got {refused.kind}")

    async def _warm(self, harness: Harness) -> None:
        """It answers: so what a test sees next is not the vendor's start."""
        async with asyncio.timeout(PATIENCE_S):
            await harness.provider.complete(make_call(harness, short_request(max_tokens=1)))

    async def _cancel_once_sent(self, task: "asyncio.Future[Any]", sendings: Sendings) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await sendings.begun.wait()
            task.cancel()
            await asyncio.wait([task])
        check(task.cancelled(), "a cancelled call ends in CancelledError")

    def _check_deadline(self, harness: Harness, call: Call, failure: ProviderFailure) -> None:
        late_us = harness.clock.monotonic_us() - call.deadline_us
        check(failure.kind is FailureKind.TIMEOUT, f"expected timeout, got {failure.kind}: {failure.detail}")
        check(late_us < 1_000_000, f"ended {late_us} µs after its deadline")


async def _drain(stream: AsyncGenerator[Event, None]) -> None:
    async with aclosing(stream):
        async for _ in stream:
            pass


async def _failing(work: Awaitable[object]) -> ProviderFailure:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await work
    except ProviderFailure as failure:
        return failure
    raise AssertionError("expected a ProviderFailure, and it succeeded")


def _check_order(events: list[Event], choices: int) -> None:
    """Served?, any deltas, a Finished per choice, Metered?"""
    kinds = [type(event) for event in events]
    check(kinds.count(Served) <= 1 and Served not in kinds[1:], "Served comes at most once, and first")
    check(kinds.count(Metered) <= 1 and Metered not in kinds[:-1], "Metered comes at most once, and last")
    finished = [event.choice for event in events if isinstance(event, Finished)]
    check(sorted(finished) == list(range(choices)), f"a Finished for each choice, got {finished}")
    over: set[int] = set()
    for event in events:
        if isinstance(event, Finished):
            over.add(event.choice)
        elif isinstance(event, CONTENT):
            check(event.choice not in over, f"choice {event.choice} went on after it had finished")
