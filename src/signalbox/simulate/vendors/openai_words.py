"""OpenAI's words for what goes wrong, as its API gives them."""

from typing import Final

import msgspec

from signalbox.simulate.vendors.limits import Standing
from signalbox.simulate.vendors.scenario import Fault, FaultKind
from signalbox.simulate.vendors.speech import Trouble

_encode: Final = msgspec.json.Encoder().encode

_TROUBLES: Final[dict[FaultKind, Trouble]] = {
    "rate_limited": Trouble(
        429,
        "requests",
        "Rate limit reached for {model} in organization org-emulated on {what} per min. "
        "Please try again in {wait_ms}ms.",
        "rate_limit_exceeded",
    ),
    "overloaded": Trouble(
        503, "server_error", "The engine is currently overloaded, please try again later", "overloaded"
    ),
    "server_error": Trouble(
        500, "server_error", "The server had an error while processing your request. Sorry about that!"
    ),
    "unavailable": Trouble(503, "server_error", "Service temporarily unavailable", "service_unavailable"),
    "timeout": Trouble(408, "invalid_request_error", "Request timed out", "request_timeout"),
    "gateway_timeout": Trouble(504, "server_error", "The request timed out upstream", "gateway_timeout"),
    "dependency_failed": Trouble(
        424, "invalid_request_error", "Error retrieving a tool or file this request depends on",
        "failed_dependency",
    ),
    "quota": Trouble(
        429,
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
    ),
    "unauthenticated": Trouble(
        401, "invalid_request_error", "Incorrect API key provided.", "invalid_api_key"
    ),
    "expired": Trouble(
        401, "invalid_request_error", "Your authentication token has expired.", "token_expired"
    ),
    "forbidden": Trouble(
        403, "invalid_request_error", "Project `proj_emulated` does not have access to model `{model}`",
        "model_not_found",
    ),
    "clock_skew": Trouble(
        401, "invalid_request_error", "Incorrect API key provided.", "invalid_api_key"
    ),
    "not_found": Trouble(
        404,
        "invalid_request_error",
        "The model `{model}` does not exist or you do not have access to it.",
        "model_not_found",
    ),
    "too_large": Trouble(413, "invalid_request_error", "Request too large", "request_too_large"),
    "bad_request": Trouble(400, "invalid_request_error", "Invalid request"),
    "content_filter": Trouble(
        400,
        "invalid_request_error",
        "Your request was rejected as a result of our safety system.",
        "content_policy_violation",
    ),
    "status": Trouble(500, "server_error", "emulated failure"),
}  # fmt: skip


def worded(troubles: dict[FaultKind, Trouble], fault: Fault, model: str) -> Trouble:
    """The vendor's words for a fault, or the scenario's where it has its own."""
    plain = troubles[fault.kind]
    message = fault.message or plain.message.format(
        model=model, what=fault.code or "requests", wait_ms=max(0, fault.retry_after_ms)
    )
    bucket = fault.code if fault.kind == "rate_limited" and fault.code in ("requests", "tokens") else ""
    return Trouble(
        plain.status,
        "tokens" if bucket == "tokens" and plain.type == "requests" else plain.type,
        message,
        plain.code if bucket else fault.code or plain.code,
        plain.param,
    )


def trouble(fault: Fault, model: str) -> Trouble:
    return worded(_TROUBLES, fault, model)


def error_body(trouble: Trouble) -> bytes:
    return _encode(
        {
            "error": {
                "message": trouble.message,
                "type": trouble.type,
                "param": trouble.param,
                "code": trouble.code or None,
            }
        }
    )


def rate_headers(standing: Standing) -> list[tuple[str, str]]:
    """`x-ratelimit-*`, for the limits that there are."""
    headers = []
    for kind, limit, left, reset_s in (
        ("requests", standing.requests_limit, standing.requests_left, standing.requests_reset_s),
        ("tokens", standing.tokens_limit, standing.tokens_left, standing.tokens_reset_s),
    ):
        if limit:
            headers += [
                (f"x-ratelimit-limit-{kind}", str(limit)),
                (f"x-ratelimit-remaining-{kind}", str(left)),
                (f"x-ratelimit-reset-{kind}", _duration(reset_s)),
            ]
    return headers


def _duration(seconds: float) -> str:
    """As OpenAI writes it: `6m0s`, `1.5s`, `20ms`."""
    if seconds < 1:
        return f"{int(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:g}s" if minutes else f"{rest:.3g}s"
