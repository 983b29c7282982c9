"""The emulated vendor: an OpenAI SDK takes it for one, its faults are what they say, its receipts hold."""

import asyncio
import hashlib
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.openai_compatible.provider import OpenAICompatible
from signalbox.domain.endpoint import Transport
from signalbox.domain.failure import FailureKind as Kind
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.reply import Served, TextDelta
from signalbox.domain.request import Request
from signalbox.ports.provider import Call
from signalbox.simulate.openai_compatible import Emulator
from signalbox.simulate.receipts import Receipts, read_receipts
from signalbox.simulate.scenario import Behaviour, Fault, Scenario, read_scenario
from signalbox.testing.provider import short_request
from signalbox.testing.samples import sample_endpoint

CLOCK = SystemClock()
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "slides": {"type": "array", "items": {"type": "integer"}}},
    "required": ["title", "slides"],
}


@pytest.fixture
async def vendor() -> AsyncIterator[Emulator]:
    async with Emulator(Scenario(default=Behaviour(tokens=8))) as vendor:
        yield vendor


@pytest.fixture
async def sdk(vendor: Emulator) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=vendor.base_url, api_key="k", max_retries=0) as client:
        yield client


def ask(**more: Any) -> Any:
    return {"model": "m", "messages": [{"role": "user", "content": "four words of text"}], **more}


async def test_the_sdk_reads_a_reply(sdk: openai.AsyncOpenAI) -> None:
    reply = await sdk.chat.completions.create(**ask())
    assert reply.model == "m"
    assert reply.choices[0].finish_reason == "stop"
    assert len((reply.choices[0].message.content or "").split()) == 8
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (4, 8)
    again = await sdk.chat.completions.create(**ask())
    assert again.choices == reply.choices


async def test_the_sdk_reads_a_stream(sdk: openai.AsyncOpenAI) -> None:
    whole = await sdk.chat.completions.create(**ask(n=2))
    stream = await sdk.chat.completions.create(
        **ask(n=2, stream=True, stream_options={"include_usage": True})
    )
    texts, finishes, usage = ["", ""], {}, None
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                finishes[choice.index] = choice.finish_reason
    assert texts == [choice.message.content for choice in whole.choices]
    assert finishes == {0: "stop", 1: "stop"}
    assert usage == whole.usage


async def test_the_sdk_gets_schemas_and_tool_calls(sdk: openai.AsyncOpenAI) -> None:
    shaped = await sdk.chat.completions.create(
        **ask(response_format={"type": "json_schema", "json_schema": {"name": "deck", "schema": SCHEMA}})
    )
    assert msgspec.json.decode(shaped.choices[0].message.content or "") == {"title": "signal", "slides": [1]}

    tool = {"type": "function", "function": {"name": "make_deck", "parameters": SCHEMA}}
    called = await sdk.chat.completions.create(**ask(tools=[tool], tool_choice="required"))
    calls = called.choices[0].message.tool_calls or []
    call = calls[0]
    assert call.type == "function"
    assert (call.function.name, called.choices[0].finish_reason) == ("make_deck", "tool_calls")

    pieces = ""
    async for chunk in await sdk.chat.completions.create(
        **ask(tools=[tool], tool_choice="required", stream=True)
    ):
        for part in chunk.choices[0].delta.tool_calls or ():
            pieces += (part.function and part.function.arguments) or ""
    assert pieces == call.function.arguments


async def test_the_sdk_sees_limits_stops_models_and_errors(vendor: Emulator, sdk: openai.AsyncOpenAI) -> None:
    cut = await sdk.chat.completions.create(**ask(max_tokens=3))
    assert (cut.choices[0].finish_reason, cut.usage and cut.usage.completion_tokens) == ("length", 3)
    word = (cut.choices[0].message.content or "").split()[2]
    stopped = await sdk.chat.completions.create(**ask(stop=word))
    assert word not in (stopped.choices[0].message.content or "")

    vendor.scenario.models["busy"] = Behaviour(fault="status", status=429, retry_after="3")
    assert [model.id async for model in sdk.models.list()] == ["emulated", "busy"]
    with pytest.raises(openai.RateLimitError) as busy:
        await sdk.chat.completions.create(**ask() | {"model": "busy"})
    assert busy.value.response.headers["retry-after"] == "3"
    with pytest.raises(openai.BadRequestError):
        await sdk.chat.completions.create(**ask() | {"messages": "none"})
    with pytest.raises(openai.InternalServerError):
        await sdk.chat.completions.create(**ask(), extra_headers={"x-emulate": '{"fault": "status"}'})


WHOLE: dict[Fault, Kind] = {
    "hang": Kind.IDLE,
    "reset_before": Kind.RESET,
    "reset_mid": Kind.RESET,
    "garbage": Kind.BAD_REPLY,
    "error_body": Kind.SERVER_ERROR,
    "wrong_type": Kind.BAD_REPLY,
    "truncated_json": Kind.BAD_REPLY,
    "early_eof": Kind.RESET,
    "silent": Kind.IDLE,
    "status": Kind.SERVER_ERROR,
}
STREAMED: dict[Fault, Kind] = WHOLE | {
    "half_event": Kind.BAD_REPLY,
    "error_event": Kind.SERVER_ERROR,
    "early_eof": Kind.BAD_REPLY,
}


@pytest.fixture
async def provider() -> AsyncIterator[OpenAICompatible]:
    provider = OpenAICompatible(HttpClient(CLOCK), EnvironmentSecrets({}), CLOCK)
    yield provider
    await provider.aclose()


def call_to(
    vendor: Emulator, request: Request | None = None, *, within_ms: int = 10_000, **more: Any
) -> Call:
    transport = Transport(base_url=vendor.base_url, idle_timeout_ms=150, **more)
    deadline_us = CLOCK.monotonic_us() + within_ms * 1000
    return Call(
        sample_endpoint(transport=transport), request or short_request(), "d.1", deadline_us, lambda: None
    )


@pytest.mark.parametrize("fault", WHOLE)
async def test_a_fault_in_a_reply(vendor: Emulator, provider: OpenAICompatible, fault: Fault) -> None:
    vendor.scenario.queue.append(Behaviour(fault=fault))
    with pytest.raises(ProviderFailure) as failed:
        await provider.complete(call_to(vendor))
    assert failed.value.kind is WHOLE[fault], failed.value.detail
    assert "sample" in failed.value.detail or "127.0.0.1" in failed.value.detail
    assert (await provider.complete(call_to(vendor))).choices[0].text


@pytest.mark.parametrize("fault", STREAMED)
async def test_a_fault_in_a_stream(vendor: Emulator, provider: OpenAICompatible, fault: Fault) -> None:
    vendor.scenario.queue.append(Behaviour(fault=fault, token_ms=5))
    seen: list[object] = []

    async def read() -> None:
        async for event in provider.stream(call_to(vendor)):
            seen.append(event)

    with pytest.raises(ProviderFailure) as failed:
        await read()
    assert failed.value.kind is STREAMED[fault], failed.value.detail
    broken_midway = ("reset_mid", "half_event", "truncated_json", "error_event", "early_eof", "silent")
    assert any(isinstance(event, TextDelta) for event in seen) is (fault in broken_midway)
    assert [event async for event in provider.stream(call_to(vendor))]


async def test_a_drip_is_waited_for_until_the_deadline(vendor: Emulator, provider: OpenAICompatible) -> None:
    vendor.scenario.default = Behaviour(fault="drip", token_ms=1, tokens=2)
    assert (await provider.complete(call_to(vendor))).choices[0].text
    vendor.scenario.default = Behaviour(fault="drip", token_ms=20)
    with pytest.raises(ProviderFailure) as failed:
        await provider.complete(call_to(vendor, within_ms=300))
    assert failed.value.kind is Kind.TIMEOUT


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_reset_after_the_reply_costs_nothing(
    vendor: Emulator, provider: OpenAICompatible, streamed: bool
) -> None:
    vendor.scenario.queue.append(Behaviour(fault="reset_after"))
    if streamed:
        assert [event async for event in provider.stream(call_to(vendor))]
    else:
        assert (await provider.complete(call_to(vendor))).choices[0].text


async def test_what_the_vendor_is_sent(vendor: Emulator, provider: OpenAICompatible) -> None:
    vendor.scenario.default = Behaviour(served_model="another")
    call = call_to(vendor, deployment="deployed-here", api_version="2026-01-01")
    assert (await provider.complete(call)).served_model == "another"
    events = [event async for event in provider.stream(call)]
    assert events[0] == Served("another")
    first, ended, second, _ = vendor.receipts.kept
    assert (first.request_id, first.model, first.path) == (
        "d.1", "deployed-here", "/v1/chat/completions?api-version=2026-01-01",
    )  # fmt: skip
    assert (ended.event, ended.number, ended.finished, second.number) == ("ended", 1, True, 2)


async def test_a_credential_is_named_and_never_shown(vendor: Emulator) -> None:
    vendor.authorization = b"Bearer right"
    secrets = {"WRONG": "sk-wrong", "BROKEN": "sk-a\r\nhost: b"}
    provider = OpenAICompatible(HttpClient(CLOCK), EnvironmentSecrets(secrets), CLOCK)
    for name, words in (("WRONG", "answered 401"), ("ABSENT", "`ABSENT`"), ("BROKEN", "`BROKEN`")):
        with pytest.raises(ProviderFailure) as refused:
            await provider.complete(call_to(vendor, credential=name))
        assert refused.value.kind is Kind.CREDENTIAL
        assert words in refused.value.detail
        assert "sk-" not in str(refused.value)
    assert vendor.served == 1, "nothing is sent without a credential that can be"
    secrets["ABSENT"] = "right"
    assert await provider.complete(call_to(vendor, credential="ABSENT"))
    secrets["WRONG"] = "right"
    assert await provider.complete(call_to(vendor, credential="WRONG")), "a rotated secret counts at once"
    await provider.aclose()


async def test_nobody_listens(vendor: Emulator, provider: OpenAICompatible) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
        sent: list[bool] = []
        endpoint = sample_endpoint(transport=Transport(base_url=url))
        call = Call(
            endpoint, short_request(), "1", CLOCK.monotonic_us() + 5_000_000, lambda: sent.append(True)
        )
        with pytest.raises(ProviderFailure) as refused:
            await provider.complete(call)
    assert (refused.value.kind, sent) == (Kind.CONNECT, [])


async def test_a_vendor_that_answers_fewer_choices_than_asked(
    vendor: Emulator, provider: OpenAICompatible
) -> None:
    vendor.scenario.default = Behaviour(choices=1)
    call = call_to(vendor, short_request(n=2))
    with pytest.raises(ProviderFailure, match="bad_reply"):
        await provider.complete(call)

    async def read() -> None:
        async for _ in provider.stream(call):
            pass

    with pytest.raises(ProviderFailure, match="bad_reply"):
        await read()


async def test_a_receipt_is_on_disk_before_any_byte_of_the_reply(tmp_path: Path) -> None:
    path = tmp_path / "receipts.jsonl"
    body = msgspec.json.encode(ask())
    request = b"POST /v1/chat/completions HTTP/1.1\r\nx-request-id: d.7\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )
    async with Emulator(Scenario(default=Behaviour(fault="hang")), receipts=Receipts(path)) as vendor:
        host, port = vendor.base_url.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request + body[:10])
        await writer.drain()
        writer.write(body[10:])
        while not path.read_bytes():
            await asyncio.sleep(0)
        (receipt,) = read_receipts(path)
        assert (receipt.event, receipt.request_id, receipt.model) == ("received", "d.7", "m")
        assert receipt.body_sha256 == hashlib.sha256(body).hexdigest()
        writer.close()
        await vendor.idle()
        assert read_receipts(path)[-1].finished is False

        _, writer = await asyncio.open_connection(host, port)
        writer.write(request + body[:10])
        await writer.drain()
        writer.close()
        while len(read_receipts(path)) < 3:
            await asyncio.sleep(0)
        partial = read_receipts(path)[-1]
        assert (partial.event, partial.request_id, partial.body_bytes) == ("partial", "d.7", 10)
    assert reader.at_eof() or await reader.read() == b""


def test_it_stands_alone(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text('{"default": {"tokens": 3}, "models": {"down": {"fault": "status", "status": 503}}}')
    assert read_scenario(scenario).models["down"].status == 503
    command = [sys.executable, "-m", "signalbox.simulate.openai_compatible", "--scenario", str(scenario)]
    receipts = tmp_path / "receipts.jsonl"
    with subprocess.Popen([*command, "--receipts", str(receipts)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().removeprefix("serving at ").strip()
            with openai.OpenAI(base_url=url, api_key="k", max_retries=0) as client:
                reply = client.chat.completions.create(**ask())
                with pytest.raises(openai.InternalServerError):
                    client.chat.completions.create(**ask() | {"model": "down"})
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 3
    assert [receipt.event for receipt in read_receipts(receipts)] == ["received", "ended"] * 2
