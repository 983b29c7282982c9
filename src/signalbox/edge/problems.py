"""An error, as its reader may see it.

The one place where a member of the error family becomes an HTTP answer: status, the dialect's error
shape, an RFC 9457-style detail where a list of reasons helps, and the level at which it is logged.
"""

import logging
from typing import Any, Final

import msgspec

from signalbox.domain.errors import (
    AttemptsExhausted,
    CallerError,
    ClientGone,
    Denial,
    NoCandidate,
    NotPermitted,
    PolicyDenied,
    SignalboxError,
    Unauthenticated,
)

_TYPES: Final[tuple[tuple[type[SignalboxError], str], ...]] = (
    (Unauthenticated, "authentication_error"),
    (NotPermitted, "permission_error"),
    (PolicyDenied, "permission_error"),
    (CallerError, "invalid_request_error"),
    (NoCandidate, "invalid_request_error"),
)


class OpenAIError(msgspec.Struct, omit_defaults=True):
    """OpenAI's error object; `signalbox` is ours, and SDKs keep it in `error.body`."""

    message: str
    type: str
    param: str | None
    code: str
    signalbox: dict[str, Any] | None = None


def openai_body(error: SignalboxError) -> bytes:
    """`{"error": {…}}` in the shape of OpenAI's API, for a reply or for the last event of a stream."""
    shown = OpenAIError(error.message, error_type(error), error.param, error.code, _detail(error))
    return msgspec.json.encode({"error": shown})


def error_type(error: SignalboxError) -> str:
    for kind, name in _TYPES:
        if isinstance(error, kind):
            return name
    return "rate_limit_error" if error.status == 429 else "server_error"


def log_level(error: SignalboxError) -> int:
    """Callers' mistakes are not the operator's business; what policy refuses is in the decision log."""
    if isinstance(error, CallerError | PolicyDenied | ClientGone):
        return logging.DEBUG
    if isinstance(error, NoCandidate) and error.status == 400:
        return logging.DEBUG
    return logging.WARNING if error.status != 500 else logging.ERROR


def retry_after_s(error: SignalboxError) -> int | None:
    """Seconds for `Retry-After`, rounded up."""
    if isinstance(error, AttemptsExhausted) and error.retry_after_ms is not None:
        return -(-error.retry_after_ms // 1_000)
    return None


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
