"""Every failure that vendors show, at every vendor, whole and streamed: the caller's error and the log."""

import time
from pathlib import Path

import pytest
from tests.integration.fault_world import World, received, world

from signalbox.domain.errors import SignalboxError
from signalbox.domain.request import Declared, Message, Request, ResponseFormat, Sampling, Text
from signalbox.simulate.vendors.scenario import FAULT_KINDS, Behaviour, Chance, Fault, FaultKind, Scenario

DEADLINE_MS = 600
VENDORS = ("openai", "azure", "anthropic", "bedrock")

# The caller's error, and what the log calls the failure; `served` where the request did not fail.
EXPECTED: dict[FaultKind, tuple[str, str]] = {
    "rate_limited": ("rate_limited", "rate_limited"),
    "overloaded": ("upstream_overloaded", "overloaded"),
    "server_error": ("upstream_failed", "server_error"),
    "unavailable": ("upstream_overloaded", "overloaded"),
    "timeout": ("upstream_timeout", "timeout"),
    "gateway_timeout": ("upstream_timeout", "timeout"),
    "dependency_failed": ("upstream_failed", "server_error"),
    "quota": ("upstream_quota", "quota"),
    "unauthenticated": ("upstream_failed", "credential"),
    "expired": ("upstream_failed", "credential"),
    "forbidden": ("upstream_failed", "credential"),
    "clock_skew": ("upstream_failed", "credential"),
    "not_found": ("upstream_failed", "credential"),
    "too_large": ("upstream_refused", "caller_fault"),
    "bad_request": ("upstream_refused", "caller_fault"),
    "content_filter": ("content_filter", "content_filter"),
    "content_filter_mid": ("served", ""),
    "refusal": ("served", ""),
    "bad_json": ("invalid_output", "invalid_output"),
    "bad_schema": ("invalid_output", "invalid_output"),
    "throttled_mid": ("rate_limited", "rate_limited"),
    "error_mid": ("upstream_failed", "server_error"),
    "half_frame": ("upstream_failed", "reset"),
    "bad_crc": ("upstream_failed", "bad_reply"),
    "early_eof": ("upstream_failed", "reset"),
    "silent": ("upstream_timeout", "idle"),
    "hang": ("upstream_timeout", "idle"),
    "drip": ("upstream_timeout", "timeout"),
    "reset_before": ("upstream_failed", "reset"),
    "reset_mid": ("upstream_failed", "reset"),
    "reset_after": ("served", ""),
    "garbage": ("upstream_failed", "bad_reply"),
    "wrong_type": ("upstream_failed", "bad_reply"),
    "error_body": ("upstream_failed", "server_error"),
    "truncated_json": ("upstream_failed", "bad_reply"),
}
CHECKED = ("bad_json", "bad_schema")
ONLY_STREAMS = ("throttled_mid", "error_mid", "bad_crc")
"""A whole reply has no events in which these could show."""
AFTER_CONTENT: dict[FaultKind, str] = {
    "half_frame": "bad_reply",
    "early_eof": "bad_reply",
    "silent": "idle",
    "reset_mid": "reset",
}
"""A stream that breaks after its first content ends with an error event: nobody else goes on with it."""
NOT_LIKE_THE_OTHERS: dict[tuple[str, FaultKind], tuple[str, str]] = {
    ("anthropic", "content_filter"): ("upstream_refused", "caller_fault"),  # an invalid_request_error there
    ("bedrock", "content_filter"): ("served", ""),  # a stop reason there
    ("bedrock", "error_body"): ("upstream_failed", "bad_reply"),  # which is no reply of Converse
}
NEVER_BILLED = {"rate_limited", "overloaded", "quota", "credential", "caller_fault"}


def test_the_table_has_every_fault() -> None:
    assert set(EXPECTED) == set(FAULT_KINDS) - {"none", "status"}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", EXPECTED)
async def test_each_fault_ends_as_the_table_says(
    fault: FaultKind, vendor: str, stream: bool, tmp_path: Path
) -> None:
    async with world(tmp_path / "house") as house:
        emulated = house.vendors[vendor]
        chance = Chance(Fault(fault, retry_after_ms=1, drip_ms=40), 1.0)
        emulated.scenario = Scenario(default=Behaviour(tokens=6, chances=(chance,)))
        began = time.monotonic()
        how = await ask(house, vendor, fault, stream=stream)
        took = time.monotonic() - began
        outcomes = (await house.books()).of("outcome")
        intents = (await house.books()).of("intent")
        served = emulated.served
        await emulated.idle()

    expected, failure = NOT_LIKE_THE_OTHERS.get((vendor, fault), EXPECTED[fault])
    if not stream and fault in ONLY_STREAMS:
        expected, failure = "served", ""
    if stream and fault in AFTER_CONTENT:
        expected, failure = "broken", AFTER_CONTENT[fault]
    if stream and (vendor, fault) == ("bedrock", "error_body"):
        failure = "server_error"
    if fault == "reset_after" and how == "broken":
        expected, failure = "broken", "reset"  # the reset may overtake the last bytes
    assert how == expected
    assert {outcome["failure"] for outcome in outcomes} == {failure}
    # Nothing hangs, nothing is sent that the log does not have, and what may cost is not called free.
    assert took < DEADLINE_MS / 1_000 + 2
    assert len(outcomes) == len(intents) == served
    if failure not in NEVER_BILLED:
        assert all(outcome["billed"] in ("yes", "maybe") for outcome in outcomes)


async def ask(house: World, vendor: str, fault: FaultKind, *, stream: bool) -> str:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    request = Request(
        target=f"at-{vendor}",
        messages=(Message("user", (Text("Rewrite this."),)),),
        sampling=Sampling(max_tokens=50),
        stream=stream,
        response_format=ResponseFormat("json_schema", "r", schema) if fault in CHECKED else None,
        declared=Declared(app="word", feature="rewrite", deadline_ms=DEADLINE_MS),
    )
    try:
        _, delivery = await house.box.run(request)
        return await received(delivery)
    except SignalboxError as error:
        return error.code
