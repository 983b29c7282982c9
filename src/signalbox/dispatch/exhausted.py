"""What to tell the caller when the plan is at its end."""

from collections.abc import Sequence
from typing import Final

from signalbox.dispatch.attempt import Order
from signalbox.dispatch.step import Stop, Tried
from signalbox.domain.errors import AttemptsExhausted, DeadlineExceeded, SignalboxError
from signalbox.domain.failure import FailureKind, ProviderFailure

_ANSWERS: Final[dict[FailureKind, tuple[int, str, str]]] = {
    FailureKind.RATE_LIMITED: (429, "rate_limited", "the model is rate limited; try again later"),
    FailureKind.QUOTA: (503, "upstream_quota", "the quota at the model's endpoint is spent"),
    FailureKind.OVERLOADED: (503, "upstream_overloaded", "the model is overloaded; try again later"),
    FailureKind.NOT_READY: (503, "not_ready", "the model is not ready; try again shortly"),
    FailureKind.TIMEOUT: (504, "upstream_timeout", "the model did not answer in time"),
    FailureKind.IDLE: (504, "upstream_timeout", "the model stopped answering"),
    FailureKind.CALLER_FAULT: (400, "upstream_refused", "the model's endpoint refused the request"),
    FailureKind.CONTENT_FILTER: (400, "content_filter", "the model's content filter refused the request"),
    FailureKind.WITHDRAWN: (403, "withdrawn", "policy no longer permits the endpoint that was chosen"),
    FailureKind.INVALID_OUTPUT: (
        502,
        "invalid_output",
        "no permitted model gave output that satisfies the schema",
    ),
    FailureKind.MISROUTED: (
        502,
        "misrouted",
        "another model than the one authorised answered, and its answer is withheld",
    ),
}
_OTHERWISE: Final = (502, "upstream_failed", "the model's endpoint failed")


def answer_to(failure: ProviderFailure) -> tuple[int, str, str]:
    """Status, code and message for the caller. It names no endpoint; a vendor's own words are passed on
    only where the caller can mend what they speak of."""
    status, code, message = _ANSWERS.get(failure.kind, _OTHERWISE)
    if failure.caller_message and failure.kind in (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER):
        message = f"{message}: {failure.caller_message}"
    return status, code, message


def exhausted(
    order: Order, history: Sequence[Tried], stop: Stop, failure: ProviderFailure | None
) -> SignalboxError:
    """The error that ends a request whose plan gave no answer."""
    if failure is None or stop.kind is FailureKind.OVERDUE:
        return DeadlineExceeded("the deadline passed before a model could be asked")
    tried = "; ".join(f"{order.plan.attempts[item.place].endpoint}: {item.kind}" for item in history)
    if stop.kind is not failure.kind:  # what the last failure means for the caller: see `next_step`
        failure = ProviderFailure(stop.kind, failure.detail)
    status, code, message = answer_to(failure)
    return AttemptsExhausted(
        f"{message} ({len(history)} attempt{'s' if len(history) > 1 else ''})",
        status=status,
        code=code,
        operator=f"{tried} (last: {failure.detail})",
        retry_after_ms=failure.retry_after_ms,
    )
