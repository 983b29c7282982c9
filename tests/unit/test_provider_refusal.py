"""What a vendor's refusal is taken for."""

import pytest

from signalbox.adapters.providers.exchange.refusal import COMMON, refusal
from signalbox.adapters.providers.exchange.waiting import RETRY_AFTER_MS_MAX
from signalbox.domain.failure import FailureKind as Kind
from signalbox.domain.failure import ProviderFailure
from signalbox.wires.openai_chat import VendorError

NOW_US = 1_700_000_000_000_000  # Tue, 14 Nov 2023 22:13:20 GMT


def refused(
    status: int, *, code: str = "", kind: str = "", message: str = "", **headers: str
) -> ProviderFailure:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(COMMON, "eu-1", status, named.get, VendorError(kind, code or str(status), message), NOW_US)


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (Kind.CALLER_FAULT, [400, 413, 422]),
        (Kind.CREDENTIAL, [401, 403, 404, 410]),
        (Kind.TIMEOUT, [408, 504]),
        (Kind.RATE_LIMITED, [409, 429]),
        (Kind.OVERLOADED, [503, 529]),
        (Kind.QUOTA, [402]),
        (Kind.SERVER_ERROR, [424, 500, 501, 502, 520, 599]),
        (Kind.BAD_REPLY, [201, 202, 204, 206, 301, 302, 307, 308, 405, 406, 415, 418]),
    ],
)
def test_a_status_has_its_kind(kind: Kind, statuses: list[int]) -> None:
    for status in statuses:
        failure = refused(status)
        assert (failure.kind, failure.status) == (kind, status)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (Kind.CONTENT_FILTER, 400, "content_filter"),
        (Kind.CONTENT_FILTER, 400, "content_policy_violation"),
        (Kind.CALLER_FAULT, 400, "context_length_exceeded"),
        (Kind.CALLER_FAULT, 400, "exceed_context_size_error"),
        (Kind.QUOTA, 429, "insufficient_quota"),
        (Kind.RATE_LIMITED, 429, "rate_limit_exceeded"),
        (Kind.CREDENTIAL, 404, "model_not_found"),
        (Kind.CREDENTIAL, 400, "model_not_found"),
        (Kind.SERVER_ERROR, 500, "content_filter"),
    ],
)
def test_a_code_says_more_than_its_status(kind: Kind, status: int, code: str) -> None:
    assert refused(status, code=code).kind is kind
    assert refused(status, kind=code).kind is kind


@pytest.mark.parametrize(
    ("wait_ms", "headers"),
    [
        (None, {}),
        (2_000, {"retry_after": "2"}),
        (1_500, {"retry_after": "1.5"}),
        (250, {"retry_after_ms": "250"}),
        (250, {"retry_after_ms": "250", "retry_after": "7"}),
        (7_000, {"retry_after_ms": "soon", "retry_after": "7"}),
        (90_000, {"retry_after": "Tue, 14 Nov 2023 22:14:50 GMT"}),
        (0, {"retry_after": "Tue, 14 Nov 2023 22:00:00 GMT"}),
        (RETRY_AFTER_MS_MAX, {"retry_after": "9" * 30}),
        (None, {"retry_after": "9" * 400}),
        (None, {"retry_after": "-1"}),
        (None, {"retry_after": "nan"}),
        (None, {"retry_after": "inf"}),
        (None, {"retry_after": "1e9"}),
        (None, {"retry_after": ""}),
        (None, {"retry_after": "."}),
        (None, {"retry_after": "Tue, 99 Nov 2023 99:99:99 GMT"}),
        (None, {"retry_after": "Tue, 14 Nov 99999999999 22:14:50 GMT"}),
    ],
)
def test_how_long_to_wait(wait_ms: int | None, headers: dict[str, str]) -> None:
    assert refused(429, **headers).retry_after_ms == wait_ms


def test_a_vendor_may_ask_not_to_be_tried_again() -> None:
    assert refused(429, x_should_retry="false").kind is Kind.NOT_READY
    assert refused(503, x_should_retry="false").kind is Kind.NOT_READY
    assert refused(429, x_should_retry="true").kind is Kind.RATE_LIMITED
    assert refused(400, x_should_retry="false").kind is Kind.CALLER_FAULT


def test_the_caller_is_shown_the_words_only_where_they_can_mend_it() -> None:
    for status in (400, 413, 422):
        assert refused(status, message="too long").caller_message == "too long"
    for status in (401, 403, 404, 429, 500, 503):
        assert refused(status, message="key sk-1 of org-2").caller_message == ""


def test_the_operator_is_shown_names_and_never_words() -> None:
    failure = refused(400, kind="invalid_request_error", code="bad `secret prompt`", message="secret prompt")
    assert failure.detail == "`eu-1` answered 400 (invalid_request_error)"
