"""The Bedrock provider against the emulator (signatures checked by botocore's own signer), and against boto3:
what it sends for a call is what the vendor's SDK sends."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.environment import EnvironmentSecrets
from signalbox.adapters.http import HttpClient
from signalbox.adapters.providers.aws_access.identity import StandardChain
from signalbox.adapters.providers.aws_access.sigv4 import Identity
from signalbox.adapters.providers.bedrock.authorise import Authoriser
from signalbox.adapters.providers.bedrock.kind import address
from signalbox.adapters.providers.bedrock.wire import REFUSALS
from signalbox.adapters.providers.exchange import HttpProvider
from signalbox.domain.endpoint import Transport
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.domain.request import (
    Document,
    Image,
    Message,
    Request,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.ports.provider import Call
from signalbox.simulate.server import Heard
from signalbox.simulate.vendors.bedrock import ACCESS_KEY, SECRET_KEY, BedrockVendor
from signalbox.simulate.vendors.scenario import Behaviour, Fault, FaultKind, Fixed, Scenario
from signalbox.simulate.vendors.vendor import Turn, Visit
from signalbox.testing import values
from signalbox.testing.provider import ProviderConformance

MODEL = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
ATTEMPT = "0192f0c1d2e37abc8def0123456789ab"
PROVOCATIONS: dict[FailureKind, FaultKind] = {
    FailureKind.RATE_LIMITED: "rate_limited",
    FailureKind.QUOTA: "quota",
    FailureKind.OVERLOADED: "unavailable",
    FailureKind.SERVER_ERROR: "server_error",
    FailureKind.TIMEOUT: "timeout",
    FailureKind.CREDENTIAL: "forbidden",
    FailureKind.CALLER_FAULT: "bad_request",
    FailureKind.RESET: "reset_mid",
    FailureKind.IDLE: "hang",
    FailureKind.BAD_REPLY: "wrong_type",
}


class Listening(BedrockVendor):
    """Keeps what it heard."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.heard: list[Heard] = []

    def read(self, visit: Visit) -> Turn | bytes:
        self.heard.append(visit.heard)
        return super().read(visit)


class Known:
    """Credentials without a chain."""

    def __init__(self, *identities: Identity) -> None:
        self.left = list(identities or (Identity(ACCESS_KEY, SECRET_KEY),))

    async def identity(self, *, anew: bool = False) -> Identity:
        if anew and len(self.left) > 1:
            self.left.pop(0)
        return self.left[0]

    async def aclose(self) -> None: ...


class SlowClock(SystemClock):
    """Its wall clock is some hours off."""

    behind_s = 0

    def now_us(self) -> int:
        return super().now_us() - self.behind_s * 1_000_000


class BedrockHarness:
    def __init__(self, vendor: BedrockVendor, identities: Any = None, **transport: Any) -> None:
        self.vendor = vendor
        self.clock = SlowClock()
        secrets = EnvironmentSecrets({"AWS_BEARER_TOKEN_BEDROCK": "key"})
        authoriser = Authoriser(secrets, identities or Known(), self.clock)
        self.provider = HttpProvider(HttpClient(self.clock), address, authoriser, self.clock, REFUSALS)
        self.endpoint = values.endpoint(
            "bedrock-eu",
            vendor="anthropic",
            region="eu-central-1",
            transport=Transport(base_url=vendor.base_url, deployment=MODEL, idle_timeout_ms=500, **transport),
            capabilities=2**20 - 1 & ~(128 | 8_192),  # one choice at a time, and no vectors
        )
        self.long_request = Request(
            target="auto",
            messages=(Message("user", (Text("go on and on"),)),),
            sampling=Sampling(max_tokens=1_200),
        )
        self.provokes = frozenset(PROVOCATIONS)

    async def provoke(self, kind: FailureKind) -> None:
        self.vendor.scenario.queue.append(Fault(PROVOCATIONS[kind]))

    async def quiet(self) -> None:
        await self.vendor.idle()

    def call(self, request: Request) -> Call:
        deadline_us = self.clock.monotonic_us() + 10_000_000
        return Call(self.endpoint, request, ATTEMPT, deadline_us, lambda: None)


@asynccontextmanager
async def served(
    scenario: Scenario | None = None, identities: Any = None, **transport: Any
) -> AsyncIterator[tuple[Listening, BedrockHarness]]:
    async with asyncio.timeout(60), Listening(scenario or Scenario(default=Behaviour(tokens=4))) as vendor:
        harness = BedrockHarness(vendor, identities, **transport)
        try:
            yield vendor, harness
        finally:
            await harness.provider.aclose()


class TestSigned(ProviderConformance):
    @pytest.fixture
    async def harness(self) -> AsyncIterator[BedrockHarness]:
        slow = Scenario(default=Behaviour(tokens=1_200, token=Fixed(20)))
        async with served(slow) as (_, harness):
            yield harness


PNG = base64.b64encode(b"\x89PNG not really").decode()
ASKED = Request(
    target="auto",
    messages=(
        Message("system", (Text("Be brief.", cache="1h"),)),
        Message(
            "user",
            (
                Text("What is the weather in Paris?"),
                Image("image/png", PNG),
                Document("application/pdf", base64.b64encode(b"%PDF").decode(), title="Report 1", cited=True),
            ),
        ),
        Message("assistant", (Text("Let me see."), ToolUse("call_1", "look", '{"city":"Paris"}'))),
        Message("tool", (ToolResult("call_1", (Text("18 °C"),)),)),
    ),
    tools=(Tool("look", "Looks.", {"type": "object", "properties": {"city": {"type": "string"}}}),),
    tool_choice=ToolChoice("auto"),
    sampling=Sampling(max_tokens=64, temperature=0.5, top_p=0.9, stop=("END",), top_k=40),
)
# As a user of the SDK would ask for the same.
AS_PARAMETERS: dict[str, Any] = {
    "modelId": MODEL,
    "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "What is the weather in Paris?"},
                {"image": {"format": "png", "source": {"bytes": b"\x89PNG not really"}}},
                {
                    "document": {
                        "format": "pdf",
                        "name": "Report 1",
                        "source": {"bytes": b"%PDF"},
                        "citations": {"enabled": True},
                    }
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"text": "Let me see."},
                {"toolUse": {"toolUseId": "call_1", "name": "look", "input": {"city": "Paris"}}},
            ],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "18 °C"}]}}],
        },
    ],
    "inferenceConfig": {"maxTokens": 64, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "look",
                    "description": "Looks.",
                    "inputSchema": {
                        "json": {"type": "object", "properties": {"city": {"type": "string"}}},
                    },
                }
            }
        ],
        "toolChoice": {"auto": {}},
    },
    "additionalModelRequestFields": {"top_k": 40},
    "additionalModelResponseFieldPaths": ["/stop_sequence"],
    "requestMetadata": {"signalbox-attempt": ATTEMPT},
}


@pytest.mark.parametrize("streamed", [False, True])
async def test_we_send_what_boto3_sends(streamed: bool) -> None:
    async with served() as (vendor, harness):
        call = harness.call(ASKED)
        if streamed:
            async for _ in harness.provider.stream(call):
                pass
        else:
            await harness.provider.complete(call)
        await asyncio.to_thread(ask_by_boto3, vendor.base_url, streamed)
        ours, theirs = vendor.heard
    assert ours.target == theirs.target
    assert ours.method == theirs.method
    assert json.loads(ours.body) == json.loads(theirs.body)
    assert ours.header(b"content-type") == theirs.header(b"content-type")


def ask_by_boto3(url: str, streamed: bool) -> None:
    sdk = boto3.Session(ACCESS_KEY, SECRET_KEY, region_name="eu-central-1").client(
        "bedrock-runtime", endpoint_url=url, config=Config(retries={"total_max_attempts": 1})
    )
    try:
        if streamed:
            for _ in sdk.converse_stream(**AS_PARAMETERS)["stream"]:
                pass
        else:
            sdk.converse(**AS_PARAMETERS)
    finally:
        sdk.close()


async def test_a_clock_that_is_hours_off_costs_one_refusal() -> None:
    async with served() as (vendor, harness):
        harness.clock.behind_s = 3 * 3_600
        request = values.request(sampling=Sampling(max_tokens=8))
        with pytest.raises(ProviderFailure) as raised:
            await harness.provider.complete(harness.call(request))
        assert raised.value.kind is FailureKind.CREDENTIAL
        assert raised.value.refreshed
        assert vendor.heard == []
        await harness.provider.complete(harness.call(request))
        assert len(vendor.heard) == 1


async def test_credentials_that_run_out_are_renewed() -> None:
    old, new = (Identity(ACCESS_KEY, SECRET_KEY, token) for token in ("old", "new"))
    async with served(identities=Known(old, new)) as (vendor, harness):
        vendor.expired_tokens.add("old")
        with pytest.raises(ProviderFailure) as raised:
            await harness.provider.complete(harness.call(values.request()))
        assert raised.value.refreshed
        await harness.provider.complete(harness.call(values.request()))
        vendor.expired_tokens.add("new")
        with pytest.raises(ProviderFailure) as raised:
            await harness.provider.complete(harness.call(values.request()))
        assert not raised.value.refreshed


async def test_a_wrong_secret_is_refused() -> None:
    async with served(identities=Known(Identity(ACCESS_KEY, "wrong"))) as (vendor, harness):
        with pytest.raises(ProviderFailure) as raised:
            await harness.provider.complete(harness.call(values.request()))
        assert raised.value.kind is FailureKind.CREDENTIAL
        assert not raised.value.refreshed
        assert vendor.heard == []


async def test_a_bearer_key_needs_no_signature() -> None:
    async with served(credential="AWS_BEARER_TOKEN_BEDROCK") as (vendor, harness):
        await harness.provider.complete(harness.call(values.request()))
        assert vendor.heard[0].header(b"authorization") == "Bearer key"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("throttled_mid", FailureKind.RATE_LIMITED),
        ("error_mid", FailureKind.SERVER_ERROR),
        ("half_frame", FailureKind.BAD_REPLY),
        ("bad_crc", FailureKind.BAD_REPLY),
        ("early_eof", FailureKind.BAD_REPLY),
        ("silent", FailureKind.IDLE),
        ("reset_mid", FailureKind.RESET),
    ],
)
async def test_streams_that_go_wrong_after_their_200(fault: FaultKind, kind: FailureKind) -> None:
    async with served(Scenario(default=Behaviour(tokens=16))) as (vendor, harness):
        vendor.scenario.queue.append(Fault(fault))
        with pytest.raises(ProviderFailure) as raised:
            async for _ in harness.provider.stream(harness.call(values.request())):
                pass
        assert raised.value.kind is kind


# -- the standard chain


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without AWS; where a profile file may be put."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "ROLE_ARN"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


async def test_the_chain_reads_the_environment(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    chain = StandardChain()
    assert await chain.identity() == Identity("AKIDENV", "secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEXT")
    assert await chain.identity() == Identity("AKIDENV", "secret")
    assert await chain.identity(anew=True) == Identity("AKIDNEXT", "secret")
    await chain.aclose()


async def test_the_chain_runs_a_process_and_renews_what_it_brought(alone: Path) -> None:
    """Credentials that expire within botocore's advisory time are fetched anew at each question."""
    count = alone / "count"
    script = alone / "credentials.sh"
    script.write_text(
        f"#!/bin/sh\necho x >> {count}\n"
        'when=$(date -u -d "+2 minutes" +%Y-%m-%dT%H:%M:%SZ)\n'
        f"n=$(wc -l < {count} | tr -d ' ')\n"
        'echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"AKID$n\\", \\"SecretAccessKey\\": \\"s\\", '
        '\\"SessionToken\\": \\"t$n\\", \\"Expiration\\": \\"$when\\"}"\n'
    )
    script.chmod(0o700)
    (alone / "config").write_text(f"[default]\ncredential_process = {script}\n")
    chain = StandardChain()
    first, same = await asyncio.gather(chain.identity(), chain.identity())
    assert first is same
    later = await chain.identity()
    assert first.token
    assert later.token != first.token
    await chain.aclose()


async def test_nothing_found_is_said_in_words(alone: Path) -> None:
    chain = StandardChain()
    with pytest.raises(ProviderFailure, match="the standard chain found none") as raised:
        await chain.identity()
    assert raised.value.kind is FailureKind.CREDENTIAL
    (alone / "config").write_text("[default]\ncredential_process = /nowhere/at/all\n")
    with pytest.raises(ProviderFailure, match="could not be fetched"):
        await chain.identity(anew=True)
    await chain.aclose()
