"""What a vendor's rate limits say of how long to wait, and what names and words of its errors mean."""

import pytest

from signalbox.adapters.providers.anthropic.provider import REFUSALS as ANTHROPIC
from signalbox.adapters.providers.exchange.refusal import COMMON, broken, refusal
from signalbox.adapters.providers.exchange.waiting import RETRY_AFTER_MS_MAX, reset_after_ms
from signalbox.domain.failure import FailureKind as Kind
from signalbox.wires.errors import VendorError, WireError

NOW_US = 1_700_000_000_000_000  # 2023-11-14T22:13:20Z
REQUESTS = "anthropic-ratelimit-requests"
TOKENS = "anthropic-ratelimit-output-tokens"


@pytest.mark.parametrize(
    ("wait_ms", "headers"),
    [
        (None, {}),
        (40_000, {f"{REQUESTS}-reset": "2023-11-14T22:14:00Z"}),
        (40_000, {f"{REQUESTS}-reset": "2023-11-14T22:14:00"}),
        (0, {f"{REQUESTS}-reset": "2023-11-14T22:13:00Z"}),
        (60_000, {f"{REQUESTS}-reset": "2023-11-14T22:14:00Z", f"{TOKENS}-reset": "2023-11-14T22:14:20Z"}),
        (40_000, {f"{REQUESTS}-reset": "2023-11-14T22:14:00Z", f"{REQUESTS}-remaining": "0",
                  f"{TOKENS}-reset": "2023-11-14T22:14:20Z", f"{TOKENS}-remaining": "900"}),
        (1_000, {"x-ratelimit-reset-requests": "1s"}),
        (120, {"x-ratelimit-reset-tokens": "120ms"}),
        (360_000, {"x-ratelimit-reset-tokens": "6m0s"}),
        (3_723_500, {"x-ratelimit-reset-tokens": "1h2m3.5s"}),
        (86_400_000, {"x-ratelimit-reset-tokens": "1d"}),
        (10_000, {"x-ratelimit-reset-requests": "10"}),
        (50, {"x-ratelimit-reset-requests": "50ms", "x-ratelimit-remaining-requests": "0",
              "x-ratelimit-reset-tokens": "9s", "x-ratelimit-remaining-tokens": "17"}),
        (RETRY_AFTER_MS_MAX, {"x-ratelimit-reset-tokens": "9999h"}),
        *[(None, {"x-ratelimit-reset-tokens": text}) for text in ("", "soon", "m", "1.2.3s", "-1s", "1s2m")],
        *[(None, {f"{REQUESTS}-reset": text}) for text in ("", "soon", "2023-13-14T22:14:00Z", "9" * 40)],
    ],
)  # fmt: skip
def test_when_limits_are_full_again(wait_ms: int | None, headers: dict[str, str]) -> None:
    assert reset_after_ms(headers.get, NOW_US) == wait_ms
    limited = refusal(COMMON, "a", 429, headers.get, VendorError("", "429", ""), NOW_US)
    assert limited.retry_after_ms == wait_ms
    broke = refusal(COMMON, "a", 500, headers.get, VendorError("", "500", ""), NOW_US)
    assert broke.retry_after_ms is None, "limits say nothing of other failures"


def test_what_is_asked_for_goes_before_what_follows_from_limits() -> None:
    headers = {"retry-after": "2", f"{REQUESTS}-reset": "2023-11-14T22:14:00Z"}
    assert refusal(COMMON, "a", 429, headers.get, VendorError("", "", ""), NOW_US).retry_after_ms == 2_000


@pytest.mark.parametrize(
    ("kind", "status", "named", "message"),
    [
        (Kind.CALLER_FAULT, 400, "invalid_request_error", "messages: at least one message is required"),
        (Kind.QUOTA, 400, "invalid_request_error", "Your credit balance is too low to access the API."),
        (Kind.QUOTA, 400, "invalid_request_error",
         "You have reached your specified API usage limits. You will regain access on 2026-12-01."),
        (Kind.CREDENTIAL, 400, "invalid_request_error", "This organization has been disabled."),
        (Kind.CREDENTIAL, 401, "authentication_error", "invalid x-api-key"),
        (Kind.QUOTA, 402, "billing_error", ""),
        (Kind.CREDENTIAL, 403, "permission_error", ""),
        (Kind.CREDENTIAL, 404, "not_found_error", ""),
        (Kind.CALLER_FAULT, 413, "request_too_large", ""),
        (Kind.RATE_LIMITED, 429, "rate_limit_error", ""),
        (Kind.SERVER_ERROR, 500, "api_error", ""),
        (Kind.TIMEOUT, 504, "timeout_error", ""),
        (Kind.OVERLOADED, 529, "overloaded_error", ""),
    ],
)  # fmt: skip
def test_what_anthropic_refuses(kind: Kind, status: int, named: str, message: str) -> None:
    error = VendorError(named, named, message)
    assert refusal(ANTHROPIC, "a", status, lambda name: None, error, NOW_US).kind is kind


@pytest.mark.parametrize(
    ("kind", "status", "code", "type_"),
    [
        (Kind.QUOTA, 429, "insufficient_quota", "insufficient_quota"),
        (Kind.RATE_LIMITED, 429, "rate_limit_exceeded", "tokens"),
        (Kind.CALLER_FAULT, 400, "context_length_exceeded", "invalid_request_error"),
        (Kind.CREDENTIAL, 401, "invalid_api_key", "invalid_request_error"),
        (Kind.CREDENTIAL, 403, "unsupported_country_region_territory", "request_forbidden"),
        (Kind.CREDENTIAL, 404, "DeploymentNotFound", ""),
        (Kind.CONTENT_FILTER, 400, "content_filter", ""),
        (Kind.CONTENT_FILTER, 400, "ResponsibleAIPolicyViolation", ""),
        (Kind.SERVER_ERROR, 424, "424", ""),
        (Kind.TIMEOUT, 408, "Timeout", ""),
        (Kind.OVERLOADED, 503, "slow_down", ""),
        (Kind.SERVER_ERROR, 500, "context_length_exceeded", ""),
    ],
)
def test_what_openai_and_azure_refuse(kind: Kind, status: int, code: str, type_: str) -> None:
    error = VendorError(type_, code, "")
    assert refusal(COMMON, "a", status, lambda name: None, error, NOW_US).kind is kind


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (Kind.OVERLOADED, "overloaded_error"),
        (Kind.RATE_LIMITED, "rate_limit_exceeded"),
        (Kind.SERVER_ERROR, "server_error"),
        (Kind.SERVER_ERROR, "api_error"),
        (Kind.CALLER_FAULT, "invalid_request_error"),
        (Kind.CONTENT_FILTER, "content_filter"),
        (Kind.QUOTA, "insufficient_quota"),
        (Kind.BAD_REPLY, "something_new"),
        (Kind.BAD_REPLY, ""),
    ],
)
def test_an_error_after_a_200_has_its_kind_by_name(kind: Kind, named: str) -> None:
    for error in (VendorError(named, "", "the prompt"), VendorError("", named, "the prompt")):
        failure = broken(COMMON, "a", WireError("the stream holds an error", error))
        assert failure.kind is kind
        assert "the prompt" not in failure.detail
        shown = kind in (Kind.CALLER_FAULT, Kind.CONTENT_FILTER)
        assert failure.caller_message == ("the prompt" if shown else "")


def test_bytes_that_are_not_the_dialect_are_a_bad_reply() -> None:
    assert broken(COMMON, "a", WireError("no JSON")).kind is Kind.BAD_REPLY
