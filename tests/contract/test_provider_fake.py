"""FakeProvider passes the conformance suite, and does what it is told."""

from contextlib import aclosing

import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import Event, Finished, Served, TextDelta
from signalbox.domain.request import Message, Request, Sampling, Text
from signalbox.domain.traits import Capability
from signalbox.ports.provider import Call
from signalbox.testing.fake_provider import FakeProvider, Script
from signalbox.testing.provider import ProviderConformance, short_request
from signalbox.testing.samples import sample_endpoint

KINDS = frozenset(FailureKind) - {FailureKind.CANCELLED, FailureKind.WITHDRAWN, FailureKind.OVERDUE}


ABLE = Capability.CHAT | Capability.STREAMING | Capability.STOP_WORDS | Capability.MANY_CHOICES


class FakeHarness:
    def __init__(self) -> None:
        self.clock = SystemClock()
        self.endpoint = sample_endpoint(capabilities=ABLE)
        self.provider = FakeProvider(self.clock, Script(text=" ".join(map(str, range(3_000))), word_ms=1))
        self.provokes = KINDS
        self.long_request = Request(
            target="auto", messages=(Message("user", (Text("go on"),)),), sampling=Sampling(max_tokens=3_000)
        )

    async def provoke(self, kind: FailureKind) -> None:
        words = "told to the caller" if kind in (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER) else ""
        self.provider.will(self.endpoint.id, Script(failure=kind, caller_message=words))

    async def quiet(self) -> None:
        assert self.provider.running == 0


class TestFakeProvider(ProviderConformance):
    @pytest.fixture
    def harness(self) -> FakeHarness:
        return FakeHarness()


async def test_a_stream_fails_where_it_is_told_to() -> None:
    clock = SystemClock()
    fake = FakeProvider(clock)
    endpoint = sample_endpoint()
    fake.will(endpoint.id, Script(text="a b c", failure=FailureKind.RESET, words_before_failure=2))
    call = Call(endpoint, short_request(), "1", clock.monotonic_us() + 1_000_000, lambda: None)
    seen: list[Event] = []

    async def read() -> None:
        async with aclosing(fake.stream(call)) as stream:
            async for event in stream:
                seen.append(event)

    with pytest.raises(ProviderFailure, match="reset"):
        await read()
    assert seen == [Served("sample-model"), TextDelta(0, "a"), TextDelta(0, " b")]

    seen = [event async for event in fake.stream(call)]
    assert seen[-2] == Finished(0, "stop")
    assert fake.calls == [call, call]


async def test_a_failure_before_sending_sends_nothing() -> None:
    clock = SystemClock()
    fake = FakeProvider(clock)
    fake.not_ready.add("sample")
    sent: list[bool] = []
    call = Call(
        sample_endpoint(), short_request(), "1", clock.monotonic_us() + 1_000_000, lambda: sent.append(True)
    )
    with pytest.raises(ProviderFailure, match="not_ready"):
        await fake.complete(call)
    fake.not_ready.clear()
    fake.will("sample", Script(failure=FailureKind.CONNECT, sent=False))
    with pytest.raises(ProviderFailure, match="connect"):
        await fake.complete(call)
    assert sent == []
