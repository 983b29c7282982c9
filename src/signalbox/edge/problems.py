"""An error, as its reader may see it.

The one place where a member of the error family becomes an HTTP answer: the dialect's error shape, its
headers, an RFC 9457-style detail where a list of reasons helps, and the level at which it is logged. The
status is the same in every dialect and stands with the error.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec

from signalbox.domain.errors import (
    AttemptsExhausted,
    CallerError,
    ClientGone,
    DeadlineExceeded,
    Denial,
    InternalError,
    MethodNotAllowed,
    NoCandidate,
    PolicyDenied,
    RequestTimeout,
    SignalboxError,
    UnsupportedRequest,
)

_OPENAI_TYPES: Final[dict[int, str]] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
_ANTHROPIC_TYPES: Final[dict[int, str]] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_OTHERWISE_UNAVAILABLE: Final = ("log_unavailable", "upstream_quota")
"""Codes of 503 that are not about load."""


_UNTHREADED: Final = {"error_code": "thread_unsupported_request", "unsupported": []}
"""A conversation that the vendor would keep is not offered. On this its SDK's tool runner sends the whole
conversation, as it did before there were threads."""


class Shape(NamedTuple):
    """How a dialect shows errors: the body, for a reply or for the last event of a stream, and the header in
    which its SDKs look for a name of the request."""

    body: Callable[[SignalboxError], bytes]
    request_id: bytes
    content_type: bytes = b"application/json"


class OpenAIError(msgspec.Struct, omit_defaults=True):
    """OpenAI's error object; `signalbox` is ours, and SDKs keep it in `error.body`."""

    message: str
    type: str
    param: str | None
    code: str
    signalbox: dict[str, Any] | None = None


def openai_body(error: SignalboxError) -> bytes:
    """`{"error": {…}}`."""
    shown = OpenAIError(error.message, openai_type(error), error.param, error.code, _detail(error))
    return msgspec.json.encode({"error": shown})


def anthropic_body(error: SignalboxError) -> bytes:
    """`{"type": "error", "error": {…}, "request_id": …}`. The dialect has no place for a code or a field's
    path: both stand in `signalbox`, which SDKs keep in `error.body`."""
    detail: dict[str, Any] = {"code": error.code, "param": error.param, **(_detail(error) or {})}
    shown: dict[str, Any] = {"type": anthropic_type(error), "message": error.message, "signalbox": detail}
    if isinstance(error, UnsupportedRequest) and error.param == "thread":
        shown["details"] = _UNTHREADED
    return msgspec.json.encode({"type": "error", "error": shown, "request_id": error.decision or None})


class Problem(msgspec.Struct, omit_defaults=True):
    """Problem details (RFC 9457); `code`, `param` and `decision` are members of our own."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    param: str | None = None
    decision: str = ""


def problem_body(error: SignalboxError) -> bytes:
    title = error.code.replace("_", " ") if error.status != 500 else HTTPStatus(500).phrase.lower()
    kind = f"urn:signalbox:problem:{error.code}"
    return msgspec.json.encode(
        Problem(kind, title, error.status, error.message, error.code, error.param, error.decision)
    )


OPENAI: Final = Shape(openai_body, b"x-request-id")
ANTHROPIC: Final = Shape(anthropic_body, b"request-id")
PROBLEM: Final = Shape(problem_body, b"x-request-id", b"application/problem+json")
"""Of the admin API and of workloads."""


def openai_type(error: SignalboxError) -> str:
    otherwise = "invalid_request_error" if error.status < 500 else "server_error"
    return _OPENAI_TYPES.get(error.status, otherwise)


def anthropic_type(error: SignalboxError) -> str:
    if error.status == 503 and error.code in _OTHERWISE_UNAVAILABLE:
        return "api_error"
    return _ANTHROPIC_TYPES.get(error.status, "invalid_request_error")


def headers_of(error: SignalboxError, shape: Shape) -> list[tuple[bytes, bytes]]:
    """What an error says in headers, besides those of any answer."""
    headers: list[tuple[bytes, bytes]] = []
    if error.decision:
        decision = error.decision.encode()
        headers.append((b"x-signalbox-decision", decision))
        headers.append((b"x-signalbox-reason", error.code.encode()))
        headers.append((shape.request_id, decision))
    wait_ms = retry_after_ms(error)
    if wait_ms is not None:
        headers.append((b"retry-after", b"%d" % -(-wait_ms // 1_000)))
        headers.append((b"retry-after-ms", b"%d" % wait_ms))
    if in_vain(error):
        headers.append((b"x-should-retry", b"false"))
    if error.status in (408, 413):
        headers.append((b"connection", b"close"))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allowed.encode()))
    return headers


def retry_after_ms(error: SignalboxError) -> int | None:
    return error.retry_after_ms if isinstance(error, AttemptsExhausted) else None


def in_vain(error: SignalboxError) -> bool:
    """Whether an SDK that repeats the request by itself would only do harm.

    What the caller has to mend is refused again; a plan at its end has been retried and taken elsewhere
    already, each repetition would be as many attempts again, and only a vendor that named a wait, or a model
    that is about to be ready, makes it worth while.
    """
    if isinstance(error, AttemptsExhausted):
        return error.retry_after_ms is None and error.code != "not_ready"
    if isinstance(error, CallerError):
        return not isinstance(error, RequestTimeout)
    if isinstance(error, NoCandidate):
        return error.status == 400
    return isinstance(error, PolicyDenied | DeadlineExceeded | InternalError)


def log_level(error: SignalboxError) -> int:
    """Callers' mistakes are not the operator's business; what policy refuses is in the decision log."""
    if isinstance(error, CallerError | PolicyDenied | ClientGone):
        return logging.DEBUG
    if isinstance(error, NoCandidate) and error.status == 400:
        return logging.DEBUG
    return logging.WARNING if error.status != 500 else logging.ERROR


def _detail(error: SignalboxError) -> dict[str, Any] | None:
    """After RFC 9457: a type, a title and members of our own."""
    if not error.decision and not isinstance(error, PolicyDenied | NoCandidate):
        return None
    detail: dict[str, Any] = {"type": f"urn:signalbox:problem:{error.code}", "decision": error.decision}
    if isinstance(error, PolicyDenied):
        detail["title"] = "no endpoint is permitted"
        detail["denials"] = _shown(error.visible)
    elif isinstance(error, NoCandidate):
        detail["title"] = "no permitted endpoint can serve this request"
        detail["dropped"] = _shown(error.dropped)
    return detail


def _shown(denials: tuple[Denial, ...]) -> list[dict[str, Any]]:
    return [{"endpoint": denial.endpoint, "reasons": denial.reasons} for denial in denials]
