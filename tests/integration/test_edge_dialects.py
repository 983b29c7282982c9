"""What is the same in every dialect: who may ask, what is written down, how it fails, what a stream says."""

from typing import Any

import msgspec
import pytest

from signalbox.testing.served import Answer, Served, Vendor

SCHEMA: Any = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}
HI: Any = [{"role": "user", "content": "hi"}]
BODIES: dict[str, Any] = {
    "/v1/chat/completions": {"messages": HI},
    "/v1/responses": {"input": "hi"},
    "/v1/messages": {"messages": HI, "max_tokens": 100},
}
SHAPED: dict[str, Any] = {
    "/v1/chat/completions": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "deck", "schema": SCHEMA}}
    },
    "/v1/responses": {"text": {"format": {"type": "json_schema", "name": "deck", "schema": SCHEMA}}},
    "/v1/messages": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
}
PATHS = list(BODIES)
LAST = {
    "/v1/chat/completions": b"data: [DONE]\n\n",
    "/v1/responses": b"event: response.completed\n",
    "/v1/messages": b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
}


def ask(served: Served, path: str, model: str, *, key: str = "sb-anna", **more: Any) -> Answer:
    body = msgspec.json.encode({"model": model, **BODIES[path], **more})
    return served.ask("POST", path, body, key=key)


def code_of(answer: Answer) -> str:
    error = answer.error
    return str(error["signalbox"]["code"] if answer.json.get("type") == "error" else error["code"])


@pytest.mark.parametrize("path", PATHS)
def test_a_reply_and_its_records(served: Served, path: str) -> None:
    answer = ask(served, path, "own-good")
    assert answer.status == 200, answer.body
    decision = answer.headers["x-signalbox-decision"]
    assert answer.json["id"].endswith(decision.removeprefix("dec-"))
    assert decision in (answer.headers.get("x-request-id"), answer.headers.get("request-id"))
    assert answer.headers["x-signalbox-stream-mode"] == "none"
    assert [record["kind"] for record in served.settled(decision)] == ["decision", "intent", "outcome"]


@pytest.mark.parametrize("path", PATHS)
def test_a_stream_is_passed_through_and_tells_the_rest_at_its_end(served: Served, path: str) -> None:
    answer = ask(served, path, "own-good", stream=True)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-signalbox-stream-mode"] == "pass-through"
    assert LAST[path] in answer.body
    assert b'"signalbox":{"decision":"%s"' % answer.headers["x-signalbox-decision"].encode() in answer.body


@pytest.mark.parametrize("path", PATHS)
def test_a_reply_that_is_checked_first_comes_as_a_stream_all_the_same(served: Served, path: str) -> None:
    answer = ask(served, path, "own-good", stream=True, **SHAPED[path])
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-signalbox-stream-mode"] == "buffered"
    assert answer.headers["x-signalbox-cost"].endswith("USD")
    assert b"title" in answer.body
    assert LAST[path] in answer.body
    assert b'"signalbox":{"decision":' in answer.body


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("hang", 504, "upstream_timeout"),
        ("reset", 502, "upstream_failed"),
        ("garbage", 502, "upstream_failed"),
        ("broken", 502, "upstream_failed"),
        ("refused", 502, "upstream_failed"),
        ("busy", 429, "rate_limited"),
    ],
)
def test_a_vendor_s_fault_has_the_same_status_and_code(
    served: Served, path: str, fault: str, status: int, code: str
) -> None:
    for stream in (False, True):
        answer = ask(served, path, f"x-{fault}", stream=stream)
        assert (answer.status, code_of(answer)) == (status, code)
        assert b"SECRET" not in answer.body
        assert answer.headers.get("x-should-retry") == (None if fault == "busy" else "false")
        if fault == "busy":
            assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("7", "7000")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fault", ["reset-mid", "half-event", "early-eof", "silent"])
def test_a_stream_that_breaks_ends_without_its_end(served: Served, path: str, fault: str) -> None:
    answer = ask(served, path, f"x-{fault}", stream=True)
    assert answer.status == 200
    assert b"upstream_" in answer.body
    assert LAST[path] not in answer.body
    assert served.settled(answer.headers["x-signalbox-decision"])[-1]["status"] == "failed"


@pytest.mark.parametrize("path", PATHS)
def test_policy_explains_itself_in_every_dialect(served: Served, path: str) -> None:
    body = msgspec.json.encode({"model": "sonnet", **BODIES[path]})
    answer = served.ask(
        "POST", path, body, key="sb-anna", headers={"X-Signalbox-Sensitivity": "confidential"}
    )
    assert (answer.status, code_of(answer)) == (403, "policy_denied")
    (denial,) = answer.error["signalbox"]["denials"]
    assert denial["endpoint"] == "claude-se"
    assert "us-" not in answer.body.decode()
    (record,) = served.settled(answer.headers["x-signalbox-decision"])
    assert record["kind"] == "denial"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "key", "status", "code"),
    [
        (b"{", "sb-anna", 400, "malformed_request"),
        (b"[]", "sb-anna", 400, "malformed_request"),
        (b'{"model":"a","model":"b"}', "sb-anna", 400, "malformed_request"),
        (b"{}", "sb-wrong", 401, "unauthenticated"),
        (b"{}", "sb-expired", 401, "key_expired"),
    ],
    ids=["half", "list", "duplicate", "unknown-key", "expired-key"],
)
def test_bad_requests(served: Served, path: str, body: bytes, key: str, status: int, code: str) -> None:
    answer = served.ask("POST", path, body, key=key)
    assert (answer.status, code_of(answer)) == (status, code)


def test_hosted_tools_and_state_are_refused_in_every_dialect(served: Served) -> None:
    for path, more in (
        ("/v1/responses", {"tools": [{"type": "web_search"}]}),
        ("/v1/responses", {"tools": [{"type": "mcp", "server_label": "x", "server_url": "https://x"}]}),
        ("/v1/responses", {"previous_response_id": "resp_1"}),
        ("/v1/responses", {"store": True}),
        ("/v1/messages", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("/v1/messages", {"mcp_servers": [{"type": "url", "url": "https://x", "name": "x"}]}),
        ("/v1/messages", {"fallbacks": [{"model": "other"}]}),
        ("/v1/chat/completions", {"web_search_options": {}}),
        ("/v1/chat/completions", {"store": True}),
    ):
        answer = ask(served, path, "own-good", **more)
        assert (answer.status, code_of(answer)) == (400, "unsupported"), (path, more, answer.body)


def test_counting_tokens_asks_nobody_and_writes_down_refusals_only(served: Served, vendor: Vendor) -> None:
    before = vendor.emulator.served
    body = msgspec.json.encode({"model": "own-good", "messages": HI})
    answer = served.ask("POST", "/v1/messages/count_tokens", body, headers={"x-api-key": "sb-anna"})
    assert (answer.status, answer.headers["x-signalbox-estimated"]) == (200, "true")
    assert answer.json["input_tokens"] > 0
    assert "x-signalbox-decision" not in answer.headers
    refused = served.ask("POST", "/v1/messages/count_tokens", b"{", key="sb-anna")
    (record,) = served.settled(refused.headers["x-signalbox-decision"])
    assert record["kind"] == "denial"
    assert vendor.emulator.served == before


def test_paths_of_azure(served: Served) -> None:
    body = msgspec.json.encode({"messages": HI})
    version = "?api-version=2024-10-21"
    for path, status in (
        (f"/openai/deployments/own-good/chat/completions{version}", 200),
        (f"/openai/deployments/no-such/chat/completions{version}", 404),
        (f"/openai/deployments/own-good/nothing{version}", 404),
        (f"/openai/deployments//chat/completions{version}", 404),
        ("/openai/v1/chat/completions", 400),  # without a model nobody is named
    ):
        assert served.ask("POST", path, body, headers={"api-key": "sb-anna"}).status == status, path
    assert served.ask("GET", f"/openai/models{version}", headers={"api-key": "sb-anna"}).status == 200


def test_unknown_paths_are_told_in_the_dialect(served: Served) -> None:
    assert "type" not in served.ask("GET", "/v1/nothing").json
    assert served.ask("GET", "/v1/messages/batches").json["type"] == "error"
    said = served.ask("GET", "/v1/nothing", headers={"anthropic-version": "2023-06-01"})
    assert said.error["type"] == "not_found_error"
