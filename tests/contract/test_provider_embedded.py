"""Embedded passes the conformance suite with a real model in a real child, and survives its deaths."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
import uvloop
from msgspec.structs import replace

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.embedded import supervisor
from signalbox.adapters.providers.embedded.provider import ChildKeys, Embedded
from signalbox.adapters.providers.embedded.settings import RuntimeSettings
from signalbox.adapters.providers.embedded.supervisor import State, Supervisor
from signalbox.adapters.providers.openai_compatible.provider import OpenAICompatible
from signalbox.domain.endpoint import Limits, Transport
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.reply import TextDelta
from signalbox.domain.request import Grammar, Message, Request, ResponseFormat, Sampling, Text
from signalbox.domain.traits import Capability
from signalbox.normalise.structured import answer_in
from signalbox.ports.provider import Call
from signalbox.testing.provider import ProviderConformance, short_request
from signalbox.testing.samples import sample_endpoint

SMALL_MODEL = "smollm2-135m-instruct-q4_1.gguf"
CLOCK = SystemClock()


class EmbeddedHarness:
    """`quiet` asks for one more token of the only slot: it is answered once the slot is free."""

    def __init__(
        self, models_dir: Path, logs: Path, *, slots: int = 1, model_file: str = SMALL_MODEL
    ) -> None:
        self.clock = CLOCK
        keys = ChildKeys()
        settings = RuntimeSettings(log_dir=logs, threads=1, backoff_ms=50, stop_grace_ms=500)
        sender = OpenAICompatible(HttpClient(CLOCK), keys, CLOCK)
        self.provider = Embedded(sender, keys, models_dir, settings, CLOCK)
        self.endpoint = sample_endpoint(
            provider="embedded",
            # llama.cpp decodes the choices of a request side by side, in as many slots.
            capabilities=Capability.STREAMING | Capability.JSON_SCHEMA | Capability.SEED,
            limits=Limits(context_tokens=2_048, output_tokens=1_024, concurrency=slots),
            transport=Transport(model_file=model_file),
        )
        self.long_request = request("Count from one to ten thousand: 1, 2, 3,", max_tokens=1_500)
        self.provokes: frozenset[FailureKind] = frozenset()
        self.log = logs / f"{Path(model_file).stem}.log"

    async def provoke(self, kind: FailureKind) -> None:
        raise NotImplementedError(kind)

    async def quiet(self) -> None:
        async with asyncio.timeout(3):
            await self.provider.complete(self.call(short_request(max_tokens=1)))

    @property
    def child(self) -> Supervisor:
        (child,) = self.provider._children.values()
        return child

    async def warm(self) -> None:
        await self.provider.complete(self.call(short_request(max_tokens=1)))

    def call(self, request: Request, *, within_s: float = 30) -> Call:
        deadline_us = CLOCK.monotonic_us() + round(within_s * 1_000_000)
        return Call(self.endpoint, request, "c0ffee.1", deadline_us, lambda: None)


def request(text: str, *, max_tokens: int, schema: dict[str, object] | None = None) -> Request:
    return Request(
        target="auto",
        messages=(Message("user", (Text(text),)),),
        sampling=Sampling(max_tokens=max_tokens, temperature=0.0),
        response_format=ResponseFormat("json_schema", "answer", schema) if schema else None,
    )


@pytest.fixture
async def make(models_dir: Path, tmp_path: Path) -> AsyncIterator[Callable[..., EmbeddedHarness]]:
    """Harnesses whose children end with the test."""
    made: list[EmbeddedHarness] = []

    def harness(**changes: Any) -> EmbeddedHarness:
        made.append(EmbeddedHarness(changes.pop("models_dir", models_dir), tmp_path / "logs", **changes))
        return made[-1]

    yield harness
    for harness_ in made:
        await harness_.provider.aclose()


Make = Callable[..., EmbeddedHarness]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def harness(
    models_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[EmbeddedHarness]:
    """One child for the whole suite: it has to be as good after each of its tests as it was before."""
    harness = EmbeddedHarness(models_dir, tmp_path_factory.mktemp("embedded"))
    yield harness
    assert harness.child.starts == 1
    await harness.provider.aclose()


@pytest.mark.asyncio(loop_scope="module")
class TestEmbedded(ProviderConformance):
    test_closing_ends_what_is_under_way = None  # type: ignore[assignment]  # below, with a child of its own


async def test_closing_ends_what_is_under_way(make: Make) -> None:
    await ProviderConformance().test_closing_ends_what_is_under_way(make())


async def test_a_grammar_holds_the_decoder(make: Make) -> None:
    harness = make()
    schema = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}
    grammar = Grammar('root ::= "zig" ("zag" | "zog")', "word")
    asked = replace(
        request("Say anything at all.", max_tokens=20),
        response_format=ResponseFormat("json_schema", "answer", schema, grammar=grammar),
    )
    reply = answer_in(await harness.provider.complete(harness.call(asked)), asked)
    assert msgspec.json.decode(reply.choices[0].text)["word"] in ("zigzag", "zigzog")


async def test_a_killed_child_breaks_its_calls_and_comes_back(make: Make) -> None:
    harness = make()
    await harness.warm()
    first = harness.child.pid
    with pytest.raises(ProviderFailure) as broken:
        await kill_once_it_speaks(harness)
    assert broken.value.kind is FailureKind.RESET

    async with asyncio.timeout(20):
        reply = await harness.provider.complete(harness.call(short_request()))
    assert reply.choices[0].text
    assert harness.child.pid != first
    assert not alive(first)


async def kill_once_it_speaks(harness: EmbeddedHarness) -> None:
    stream = harness.provider.stream(harness.call(harness.long_request))
    async with asyncio.timeout(20), aclosing(stream):
        async for event in stream:
            if isinstance(event, TextDelta):
                os.kill(harness.child.pid, signal.SIGKILL)


async def test_calls_wait_for_a_child_that_is_on_its_way_back(make: Make) -> None:
    harness = make()
    await harness.warm()
    os.kill(harness.child.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        while harness.child.state is State.READY:  # until its death is noticed
            await asyncio.sleep(0)
    assert not await harness.provider.ready(harness.endpoint)
    assert "ended" in harness.provider.trouble(harness.endpoint)
    await harness.warm()
    assert await harness.provider.ready(harness.endpoint)


async def test_a_call_that_cannot_wait_is_told_not_ready(make: Make) -> None:
    harness = make()
    with pytest.raises(ProviderFailure) as hurried:
        await harness.provider.complete(harness.call(short_request(), within_s=0.01))
    assert hurried.value.kind is FailureKind.NOT_READY
    assert "is loading" in hurried.value.detail
    await harness.warm()  # the start that the hurried call began was not in vain


async def test_two_calls_share_the_child(make: Make) -> None:
    """Two slots: the short call ends while the long one is still speaking."""
    harness = make(slots=2)
    await harness.warm()
    async with (
        asyncio.timeout(30),
        aclosing(harness.provider.stream(harness.call(harness.long_request))) as long,
    ):
        await anext(long)
        reply = await harness.provider.complete(harness.call(short_request()))
        assert reply.choices[0].text
        assert isinstance(await anext(long), TextDelta)
    await harness.quiet()


async def test_a_schema_holds_whatever_is_said(make: Make) -> None:
    """Quotes in the prompt tempt a model to end its string early; the grammar must keep the JSON whole."""
    harness = make()
    schema: dict[str, object] = {
        "type": "object",
        "properties": {
            "quote": {"type": "string", "maxLength": 40},
            "mood": {"enum": ["glad", "sad"]},
            "count": {"type": "integer", "minimum": 0, "maximum": 99},
        },
        "required": ["quote", "mood", "count"],
        "additionalProperties": False,
    }
    for text in ('She said "yes" and then "no". Repeat what she said.', 'Write the formula =IF(A1="x",1,2)'):
        asked = request(text, max_tokens=200, schema=schema)
        reply = await harness.provider.complete(harness.call(asked))
        assert reply.choices[0].finish == "stop"
        answer = msgspec.json.decode(reply.choices[0].text)
        assert set(answer) == {"quote", "mood", "count"}
        assert answer["mood"] in ("glad", "sad")
        assert 0 <= answer["count"] <= 99


async def test_what_does_not_fit_the_context_is_the_callers_to_mend(make: Make) -> None:
    harness = make()
    with pytest.raises(ProviderFailure) as too_long:
        await harness.provider.complete(harness.call(request("word " * 3_000, max_tokens=5)))
    assert too_long.value.kind is FailureKind.CALLER_FAULT
    assert "context size" in too_long.value.caller_message


async def test_a_long_prompt_is_dropped_in_the_middle(make: Make) -> None:
    """Reading it takes this model many seconds; small batches let it notice that nobody waits any more."""
    harness = make()
    await harness.warm()
    prompt = " ".join(f"{number * 7919}" for number in range(200))
    with pytest.raises(ProviderFailure) as late:
        await harness.provider.complete(harness.call(request(prompt, max_tokens=1), within_s=0.5))
    assert late.value.kind is FailureKind.TIMEOUT
    await harness.quiet()


async def test_texts_are_not_logged(make: Make) -> None:
    harness = make()
    for asked in (
        request("the marker is XYZZYPLUGH", max_tokens=3),
        request("XYZZYPLUGH " * 800, max_tokens=3),
        request("hi", max_tokens=3, schema={"type": "XYZZYPLUGH"}),
    ):
        assert "XYZZY" not in await detail_of(harness.provider.complete(harness.call(asked)))
    assert b"XYZZY" not in harness.log.read_bytes()


async def detail_of(work: Awaitable[object]) -> str:
    try:
        await work
    except ProviderFailure as failure:
        return str(failure)
    return ""


async def test_a_missing_file_is_named(make: Make, tmp_path: Path) -> None:
    harness = make(models_dir=tmp_path, model_file="absent.gguf")
    assert not await harness.provider.ready(harness.endpoint)
    with pytest.raises(ProviderFailure) as missing:
        await harness.provider.complete(harness.call(short_request()))
    assert missing.value.kind is FailureKind.NOT_READY
    assert "`absent.gguf`" in missing.value.detail
    assert "signalbox models fetch" in missing.value.detail
    assert harness.child.pid == 0


@pytest.mark.parametrize(("content", "starts"), [(b"not a model", 1), (b"GGUF" + bytes(range(256)) * 64, 3)])
async def test_garbage_is_given_up_until_the_file_changes(
    make: Make, models_dir: Path, tmp_path: Path, content: bytes, starts: int
) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)
    harness = make(models_dir=tmp_path, model_file="broken.gguf")
    with pytest.raises(ProviderFailure) as broken:
        await harness.provider.complete(harness.call(short_request()))
    assert broken.value.kind is FailureKind.NOT_READY
    assert "`broken.gguf` does not load" in broken.value.detail
    assert harness.child.state is State.FAILED
    assert harness.child.starts == starts

    last = harness.child.pid
    assert not await harness.provider.ready(harness.endpoint)
    with pytest.raises(ProviderFailure):
        await harness.provider.complete(harness.call(short_request()))
    assert harness.child.pid == last, "no further start without a reason"

    file.unlink()
    file.symlink_to(models_dir / SMALL_MODEL)
    await harness.warm()


async def test_a_system_that_gives_no_process_is_said(make: Make, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where a directory is wanted")
    harness = make()
    with pytest.raises(ProviderFailure) as refused:
        await harness.provider.complete(harness.call(short_request()))
    assert refused.value.kind is FailureKind.NOT_READY
    assert "cannot be started" in refused.value.detail


async def test_a_child_sees_none_of_our_secrets(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc to look into another process")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    harness = make()
    await harness.warm()
    seen = Path(f"/proc/{harness.child.pid}/environ").read_bytes()
    seen += Path(f"/proc/{harness.child.pid}/cmdline").read_bytes()
    assert b"sk-secret" not in seen
    assert harness.child.key.encode() not in seen
    assert os.getsid(harness.child.pid) != os.getsid(0), "Ctrl-C in our terminal is not for the child"
    assert (Path(harness.child.socket).parent.stat().st_mode & 0o777) == 0o700
    assert len(os.fsencode(harness.child.socket)) <= 103


async def test_closing_leaves_nothing_behind(make: Make) -> None:
    harness = make()
    await harness.warm()
    pid, socket = harness.child.pid, Path(harness.child.socket)
    async with asyncio.timeout(5):
        await harness.provider.aclose()
    assert not alive(pid)
    assert not socket.parent.exists()
    assert harness.child.state is State.CLOSED


STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    time.sleep(60)
"""


async def test_a_child_that_will_not_end_is_killed(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "stubborn_child.py").write_text(STUBBORN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(supervisor, "CHILD_MODULE", "stubborn_child")
    harness = make()
    async with asyncio.timeout(10) as patience:
        while not await harness.provider.ready(harness.endpoint):
            await asyncio.sleep(0.01)
        await harness.provider.aclose()
    assert not patience.expired()
    assert not alive(harness.child.pid)


async def test_closing_while_loading_ends_the_wait(make: Make) -> None:
    harness = make()
    waiting = asyncio.ensure_future(harness.provider.complete(harness.call(short_request())))
    while harness.provider._children == {} or harness.child.pid == 0:
        await asyncio.sleep(0)
    await harness.provider.aclose()
    with pytest.raises(ProviderFailure) as closed:
        await waiting
    assert closed.value.kind is FailureKind.CANCELLED
    assert not alive(harness.child.pid)


PARENT = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_provider_embedded import EmbeddedHarness

async def main():
    harness = EmbeddedHarness(Path({models!r}), Path({logs!r}))
    await harness.warm()
    print(harness.child.pid, harness.child.socket, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def test_a_child_ends_when_its_parent_is_killed(models_dir: Path, tmp_path: Path) -> None:
    """SIGKILL leaves the parent no last word: the child sees the end of its stdin."""
    source = PARENT.format(here=str(Path(__file__).parent), models=str(models_dir), logs=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            pid, socket = parent.stdout.readline().split()
        finally:
            parent.kill()
    waited_until = time.monotonic() + 10
    while alive(int(pid)):
        assert time.monotonic() < waited_until, "the child outlived its parent"
        time.sleep(0.01)
    assert not Path(socket.decode()).parent.exists()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A zombie that nobody has waited for yet is dead as well.
    return not Path("/proc").is_dir() or b") Z" not in Path(f"/proc/{pid}/stat").read_bytes()


def test_the_same_on_uvloop(models_dir: Path, tmp_path: Path) -> None:
    """The server's own event loop has another implementation of processes."""

    async def live() -> None:
        harness = EmbeddedHarness(models_dir, tmp_path)
        await harness.warm()
        first = harness.child.pid
        with pytest.raises(ProviderFailure) as broken:
            await kill_once_it_speaks(harness)
        assert broken.value.kind is FailureKind.RESET
        await harness.warm()
        assert harness.child.pid != first
        await harness.provider.aclose()
        assert not alive(harness.child.pid)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live())
