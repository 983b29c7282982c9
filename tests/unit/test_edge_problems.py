"""How errors look in each dialect, what their headers say, and whom they keep from asking again."""

from typing import Any

import msgspec
import pytest

from signalbox.domain import errors
from signalbox.edge.problems import ANTHROPIC, OPENAI, anthropic_type, headers_of, in_vain, openai_type


def exhausted(status: int, code: str, wait_ms: int | None = None) -> errors.AttemptsExhausted:
    return errors.AttemptsExhausted("no", status=status, code=code, operator="", retry_after_ms=wait_ms)


DENIED = errors.PolicyDenied(
    "no", denials=[], visible=[errors.Denial(endpoint="one", reasons=("too far away",))]
)
LACKING = errors.NoCandidate("no", dropped=[errors.Denial("one", ("lacks: vision",))], transient=False)
LATER = errors.NoCandidate("no", dropped=[], transient=True)

TABLE: list[tuple[errors.SignalboxError, int, str, str, bool]] = [
    (errors.MalformedRequest("no"), 400, "invalid_request_error", "invalid_request_error", True),
    (errors.Unauthenticated("no"), 401, "authentication_error", "authentication_error", True),
    (errors.NotPermitted("no"), 403, "permission_error", "permission_error", True),
    (DENIED, 403, "permission_error", "permission_error", True),
    (errors.UnknownModel("no"), 404, "invalid_request_error", "not_found_error", True),
    (errors.MethodNotAllowed("PUT", "/", []), 405, "invalid_request_error", "invalid_request_error", True),
    (errors.RequestTimeout("no"), 408, "invalid_request_error", "invalid_request_error", False),
    (errors.RequestTooLarge("no"), 413, "invalid_request_error", "request_too_large", True),
    (LACKING, 400, "invalid_request_error", "invalid_request_error", True),
    (LATER, 503, "server_error", "overloaded_error", False),
    (exhausted(429, "rate_limited"), 429, "rate_limit_error", "rate_limit_error", True),
    (exhausted(429, "rate_limited", 1_200), 429, "rate_limit_error", "rate_limit_error", False),
    (exhausted(503, "upstream_overloaded"), 503, "server_error", "overloaded_error", True),
    (exhausted(503, "upstream_quota"), 503, "server_error", "api_error", True),
    (exhausted(503, "not_ready"), 503, "server_error", "overloaded_error", False),
    (exhausted(403, "withdrawn"), 403, "permission_error", "permission_error", True),
    (exhausted(502, "upstream_failed"), 502, "server_error", "api_error", True),
    (exhausted(504, "upstream_timeout"), 504, "server_error", "timeout_error", True),
    (exhausted(400, "content_filter"), 400, "invalid_request_error", "invalid_request_error", True),
    (errors.DeadlineExceeded("no"), 504, "server_error", "timeout_error", True),
    (errors.Overloaded("no"), 503, "server_error", "overloaded_error", False),
    (errors.LogUnavailable("no"), 503, "server_error", "api_error", False),
    (errors.InternalError("no"), 500, "server_error", "api_error", True),
]  # fmt: skip


@pytest.mark.parametrize(("error", "status", "openai", "anthropic", "vain"), TABLE)
def test_the_type_in_each_dialect(
    error: errors.SignalboxError, status: int, openai: str, anthropic: str, vain: bool
) -> None:
    assert error.status == status
    assert (openai_type(error), anthropic_type(error)) == (openai, anthropic)
    assert in_vain(error) is vain
    assert ((b"x-should-retry", b"false") in headers_of(error, OPENAI)) is vain


def test_a_denial_is_told_in_both_shapes() -> None:
    DENIED.decision = "dec-1"
    denials = [{"endpoint": "one", "reasons": ["too far away"]}]
    openai: Any = msgspec.json.decode(OPENAI.body(DENIED))["error"]
    assert openai["signalbox"]["denials"] == denials
    whole: Any = msgspec.json.decode(ANTHROPIC.body(DENIED))
    assert (whole["type"], whole["request_id"]) == ("error", "dec-1")
    assert whole["error"]["signalbox"] == {**openai["signalbox"], "code": "policy_denied", "param": None}


def test_waits_are_told_in_seconds_and_in_milliseconds() -> None:
    said = dict(headers_of(exhausted(429, "rate_limited", 1_200), OPENAI))
    assert (said[b"retry-after"], said[b"retry-after-ms"]) == (b"2", b"1200")


@pytest.mark.parametrize(("shape", "name"), [(OPENAI, b"x-request-id"), (ANTHROPIC, b"request-id")])
def test_the_decision_is_the_name_of_the_request(shape: Any, name: bytes) -> None:
    error = errors.MalformedRequest("no")
    assert name not in dict(headers_of(error, shape))
    error.decision = "dec-7"
    assert dict(headers_of(error, shape))[name] == b"dec-7"


def test_a_client_that_wants_a_thread_is_told_to_go_on_without() -> None:
    error = errors.UnsupportedRequest("no", param="thread")
    shown: Any = msgspec.json.decode(ANTHROPIC.body(error))["error"]
    assert shown["details"]["error_code"] == "thread_unsupported_request"
    assert "details" not in msgspec.json.decode(ANTHROPIC.body(errors.UnsupportedRequest("no")))["error"]
