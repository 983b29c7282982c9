"""boto3 takes the emulator for Bedrock: frames, signatures, keys, errors and retries."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
import trustme
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from signalbox.simulate.vendors.bedrock import ACCESS_KEY, SECRET_KEY, BedrockVendor
from signalbox.simulate.vendors.scenario import Behaviour, Fault, FaultKind, Limits, Scenario

MODEL = "eu.anthropic.claude-sonnet-4-20250514-v1:0"
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "get_weather",
                "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}}},
            }
        }
    ]
}


@pytest.fixture
async def vendor() -> AsyncIterator[BedrockVendor]:
    async with BedrockVendor(Scenario(default=Behaviour(tokens=8))) as vendor:
        yield vendor


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


_clients: list[Any] = []


@pytest.fixture(autouse=True)
def no_client_left() -> Iterator[None]:
    yield
    while _clients:
        _clients.pop().close()


def client(vendor: BedrockVendor, **more: Any) -> Any:
    retries = more.pop("attempts", 1)
    chosen = {
        "region_name": "eu-west-1",
        "endpoint_url": vendor.base_url,
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        **more,
    }
    config = Config(retries={"total_max_attempts": retries, "mode": "standard"}, read_timeout=10)
    made = boto3.Session().client("bedrock-runtime", config=config, **chosen)
    _clients.append(made)
    return made


async def in_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


async def converse(sdk: Any, **asked: Any) -> Any:
    return await asyncio.to_thread(sdk.converse, **asked)


def ask(text: str = "four words of text", **more: Any) -> Any:
    return {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": text}]}], **more}


def spoken(stream: Any) -> tuple[str, list[str], dict[str, Any]]:
    text, kinds, usage = "", [], {}
    for event in events(stream):
        (kind,) = event
        kinds.append(kind)
        if kind == "contentBlockDelta":
            text += event[kind]["delta"].get("text", "")
        if kind == "metadata":
            usage = event[kind]["usage"]
    return text, kinds, usage


def events(stream: Any) -> list[dict[str, Any]]:
    try:
        return list(stream)
    finally:
        stream.close()


async def test_converse_whole_and_streamed(vendor: BedrockVendor) -> None:
    sdk = client(vendor)
    whole = await converse(sdk, **ask())
    text = whole["output"]["message"]["content"][0]["text"]
    assert (whole["stopReason"], len(text.split())) == ("end_turn", 8)
    assert (whole["usage"]["inputTokens"], whole["usage"]["outputTokens"]) == (4, 8)
    assert "trace" not in whole

    said, kinds, usage = await in_thread(lambda: spoken(sdk.converse_stream(**ask())["stream"]))
    assert said == text
    assert kinds[0] == "messageStart"
    assert kinds[-2:] == ["messageStop", "metadata"]
    assert usage == whole["usage"]


async def test_tools_and_thinking_go_round(vendor: BedrockVendor) -> None:
    sdk = client(vendor)
    asked = ask(
        'call get_weather {"city": "Kiel"}\ncall get_weather {"city": "Bonn"}',
        toolConfig=TOOLS,
        inferenceConfig={"maxTokens": 2_000},
        additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 1_024}},
    )
    reply = await converse(sdk, **asked)
    message = reply["output"]["message"]
    assert reply["stopReason"] == "tool_use"
    thought, *uses = message["content"]
    assert thought["reasoningContent"]["reasoningText"]["signature"]
    assert [use["toolUse"]["input"] for use in uses] == [{"city": "Kiel"}, {"city": "Bonn"}]
    results = [
        {"toolResult": {"toolUseId": use["toolUse"]["toolUseId"], "content": [{"text": "rain"}]}}
        for use in uses
    ]
    turn = [*asked["messages"], message, {"role": "user", "content": results}]
    after = await converse(sdk, **asked | {"messages": turn})
    assert after["output"]["message"]["content"][-1]["text"] == "The tools answered 2 times."

    thought["reasoningContent"]["reasoningText"]["text"] += "?"
    with pytest.raises(ClientError, match="Invalid `signature`"):
        await converse(sdk, **asked | {"messages": turn})
    del message["content"][0]
    with pytest.raises(ClientError, match="Expected `thinking`"):
        await converse(sdk, **asked | {"messages": turn})


async def test_cache_points_are_counted(vendor: BedrockVendor) -> None:
    vendor.scenario.default = Behaviour(cache_tokens_min=2)
    sdk = client(vendor)
    asked = ask(system=[{"text": "be very brief"}, {"cachePoint": {"type": "default"}}])
    counts = []
    for _ in range(2):
        usage = (await converse(sdk, **asked))["usage"]
        counts.append((usage["inputTokens"], usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"]))
    assert counts == [(4, 0, 3), (4, 3, 0)]


async def test_signatures_are_verified(vendor: BedrockVendor) -> None:
    for wrong, code in (
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIDNOBODY"}, "UnrecognizedClientException"),
    ):
        sdk = client(vendor, **wrong)
        with pytest.raises(ClientError) as refused:
            await converse(sdk, **ask())
        assert refused.value.response["Error"]["Code"] == code
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    token = client(vendor, aws_session_token="old")
    await converse(token, **ask())
    vendor.expired_tokens.add("old")
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        await converse(token, **ask())


async def test_a_clock_that_is_off_is_refused() -> None:
    drifted = datetime.now(UTC).timestamp() + 400
    async with BedrockVendor(clock_s=lambda: drifted) as vendor:
        sdk = client(vendor)
        with pytest.raises(ClientError, match="Signature expired"):
            await converse(sdk, **ask())


async def test_bearer_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Over TLS: botocore sends a bearer nowhere else."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "right")
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with BedrockVendor(api_keys=("right",), ssl_context=context) as vendor:
        sdk = client(
            vendor, aws_access_key_id=None, aws_secret_access_key=None, verify=str(tmp_path / "ca.pem")
        )
        assert (await converse(sdk, **ask()))["stopReason"] == "end_turn"
        vendor.api_keys = {"other"}
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            await converse(sdk, **ask())


async def test_a_region_knows_its_own_models_and_signatures() -> None:
    scenario = Scenario(regions={"eu-west-1": (MODEL,), "us-east-1": ("other",)})
    async with BedrockVendor(scenario) as vendor:
        await converse(client(vendor), **ask())
        elsewhere = vendor.base_url_of("us-east-1")
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            await converse(client(vendor, region_name="us-east-1", endpoint_url=elsewhere), **ask())
        with pytest.raises(ClientError, match="scoped to a valid region"):
            await converse(client(vendor, endpoint_url=elsewhere), **ask())


async def test_another_model_shows_in_the_trace(vendor: BedrockVendor) -> None:
    vendor.scenario.default = Behaviour(served_model="arn:aws:bedrock:eu-west-1::foundation-model/other")
    reply = await in_thread(lambda: client(vendor).converse(**ask()))
    assert reply["trace"]["promptRouter"]["invokedModelId"].endswith("/other")


ERRORS: dict[FaultKind, tuple[str, int]] = {
    "rate_limited": ("ThrottlingException", 429),
    "overloaded": ("ServiceUnavailableException", 503),
    "server_error": ("InternalServerException", 500),
    "timeout": ("ModelTimeoutException", 408),
    "dependency_failed": ("ModelErrorException", 424),
    "quota": ("ServiceQuotaExceededException", 400),
    "forbidden": ("AccessDeniedException", 403),
    "not_found": ("ResourceNotFoundException", 404),
    "bad_request": ("ValidationException", 400),
}


@pytest.mark.parametrize("kind", ERRORS)
async def test_errors_are_the_service_models_own(vendor: BedrockVendor, kind: FaultKind) -> None:
    vendor.scenario.queue.append(Fault(kind))
    sdk = client(vendor)
    name, status = ERRORS[kind]
    with pytest.raises(getattr(sdk.exceptions, name)) as raised:
        await converse(sdk, **ask())
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


async def test_boto_retries_a_throttled_call(vendor: BedrockVendor) -> None:
    vendor.scenario.queue.append(Fault("rate_limited"))
    await in_thread(lambda: client(vendor, attempts=2).converse(**ask()))
    assert vendor.served == 2


async def test_limits_throttle() -> None:
    scenario = Scenario(default=Behaviour(limits=Limits(tokens_per_min=5)))
    async with BedrockVendor(scenario) as vendor:
        sdk = client(vendor)
        await converse(sdk, **ask())
        with pytest.raises(ClientError, match="Too many tokens"):
            await converse(sdk, **ask())


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("throttled_mid", "throttlingException"),
        ("error_mid", "internalServerException"),
        ("bad_crc", "[Cc]hecksum"),
        ("truncated_json", "delta"),  # botocore takes JSON that it cannot read for an empty event
    ],
)
async def test_a_stream_that_goes_wrong(vendor: BedrockVendor, kind: FaultKind, words: str) -> None:
    vendor.scenario.queue.append(Fault(kind))
    sdk = client(vendor)
    expected = EventStreamError if kind.endswith("_mid") else Exception
    with pytest.raises(expected, match=words):
        await in_thread(lambda: spoken(sdk.converse_stream(**ask())["stream"]))


async def test_a_filter_stops_a_stream(vendor: BedrockVendor) -> None:
    vendor.scenario.queue += (Fault("content_filter_mid"), Fault("content_filter"))
    sdk = client(vendor)
    for _ in range(2):
        seen = await in_thread(lambda: events(sdk.converse_stream(**ask())["stream"]))
        stops = [event["messageStop"]["stopReason"] for event in seen if "messageStop" in event]
        assert stops in (["content_filtered"], ["guardrail_intervened"])


async def test_vectors_of_titan_and_cohere(vendor: BedrockVendor) -> None:
    sdk = client(vendor)

    def invoke(model: str, body: dict[str, Any]) -> Any:
        raw = sdk.invoke_model(modelId=model, body=msgspec.json.encode(body))["body"]
        return msgspec.json.decode(raw.read())

    asked = {"inputText": "two words", "dimensions": 256}
    titan = await in_thread(lambda: invoke("amazon.titan-embed-text-v2:0", asked))
    assert (len(titan["embedding"]), titan["inputTextTokenCount"]) == (256, 2)
    texts = {"texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"]}
    cohere = await in_thread(lambda: invoke("cohere.embed-english-v3", texts))
    assert len(cohere["embeddings"]["float"]) == 2
    assert cohere["embeddings"]["float"][0] != cohere["embeddings"]["float"][1]
    with pytest.raises(sdk.exceptions.ValidationException):
        await in_thread(lambda: invoke("anthropic.claude", {}))
