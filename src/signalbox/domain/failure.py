"""How an attempt failed, in words that dispatch can decide on.

`FailureKind` says what was seen; `REACTIONS` says what may be done about it. A caller's fault never
counts against an endpoint's breaker. `docs/reference/failures.md` shows which vendor error is which kind.
"""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class FailureKind(StrEnum):
    CONNECT = "connect"  # refused, DNS, no route: nothing left
    TLS = "tls"
    RESET = "reset"  # the connection broke after bytes had left
    TIMEOUT = "timeout"  # the attempt's own deadline
    IDLE = "idle"  # no byte for the endpoint's idle limit
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"  # our account's quota is spent: no waiting within a request mends that
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    BAD_REPLY = "bad_reply"  # not HTTP, not JSON, not the dialect, half a frame, an error in a 200
    INVALID_OUTPUT = "invalid_output"  # a sound reply whose content is not what was asked for
    MISROUTED = "misrouted"  # another model, or a model elsewhere, answered than was authorised: withheld
    NOT_READY = "not_ready"  # the model is still loading, or the local queue is full
    CREDENTIAL = "credential"  # our key was refused
    CALLER_FAULT = "caller_fault"  # the vendor refused what the caller asked
    CONTENT_FILTER = "content_filter"
    CANCELLED = "cancelled"  # the client left, or we shut down
    WITHDRAWN = "withdrawn"  # policy or a kill switch said no at the moment of sending
    OVERDUE = "overdue"  # no time was left to send it


class Reaction(Struct, frozen=True):
    """`here`: the same endpoint may be tried again; `elsewhere`: the next of the plan may;
    `breaker`: it counts against the endpoint; `billed`: the vendor may charge for it. What has brought
    content may be charged for whatever its kind."""

    here: bool
    elsewhere: bool
    breaker: bool
    billed: bool


REACTIONS: Final[dict[FailureKind, Reaction]] = {
    FailureKind.CONNECT: Reaction(here=True, elsewhere=True, breaker=True, billed=False),
    FailureKind.TLS: Reaction(here=False, elsewhere=True, breaker=True, billed=False),
    FailureKind.RESET: Reaction(here=True, elsewhere=True, breaker=True, billed=True),
    FailureKind.TIMEOUT: Reaction(here=False, elsewhere=True, breaker=True, billed=True),
    FailureKind.IDLE: Reaction(here=False, elsewhere=True, breaker=True, billed=True),
    FailureKind.RATE_LIMITED: Reaction(here=True, elsewhere=True, breaker=False, billed=False),
    # Of the endpoint and credential, like the breaker: a probe finds out when the quota is there again.
    FailureKind.QUOTA: Reaction(here=False, elsewhere=True, breaker=True, billed=False),
    FailureKind.OVERLOADED: Reaction(here=True, elsewhere=True, breaker=True, billed=False),
    FailureKind.SERVER_ERROR: Reaction(here=True, elsewhere=True, breaker=True, billed=True),
    FailureKind.BAD_REPLY: Reaction(here=False, elsewhere=True, breaker=True, billed=True),
    # `here` is a repair: the model is shown what was wrong with its output.
    FailureKind.INVALID_OUTPUT: Reaction(here=True, elsewhere=True, breaker=False, billed=True),
    # Not the breaker's business: the endpoint is quarantined until somebody looks into it.
    FailureKind.MISROUTED: Reaction(here=False, elsewhere=True, breaker=False, billed=True),
    FailureKind.NOT_READY: Reaction(here=False, elsewhere=True, breaker=False, billed=False),
    FailureKind.CREDENTIAL: Reaction(here=False, elsewhere=True, breaker=True, billed=False),
    FailureKind.CALLER_FAULT: Reaction(here=False, elsewhere=False, breaker=False, billed=False),
    FailureKind.CONTENT_FILTER: Reaction(here=False, elsewhere=False, breaker=False, billed=True),
    FailureKind.CANCELLED: Reaction(here=False, elsewhere=False, breaker=False, billed=True),
    FailureKind.WITHDRAWN: Reaction(here=False, elsewhere=True, breaker=False, billed=False),
    FailureKind.OVERDUE: Reaction(here=False, elsewhere=False, breaker=False, billed=False),
}


class FailureClass(StrEnum):
    """What a kind of failure means for the request, in one word for people."""

    HERE = "retryable here"
    ELSEWHERE = "retryable elsewhere"
    CALLER = "caller's fault"
    POLICY = "policy"
    FATAL = "fatal"


def class_of(kind: FailureKind) -> FailureClass:
    if kind is FailureKind.WITHDRAWN:
        return FailureClass.POLICY
    if kind in (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER):
        return FailureClass.CALLER
    reaction = REACTIONS[kind]
    if reaction.here:
        return FailureClass.HERE
    return FailureClass.ELSEWHERE if reaction.elsewhere else FailureClass.FATAL


class ProviderFailure(Exception):
    """What a provider raises, and nothing else. `detail` is for the operator: no prompt text, no secret.

    `caller_message` is shown to the caller only for CALLER_FAULT and CONTENT_FILTER. `refreshed`: the
    credential (or the clock that signs with it) was renewed since, so that one more try here is worth it.
    """

    def __init__(
        self,
        kind: FailureKind,
        detail: str,
        *,
        status: int | None = None,
        retry_after_ms: int | None = None,
        caller_message: str = "",
        refreshed: bool = False,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.status = status
        self.retry_after_ms = retry_after_ms
        self.caller_message = caller_message
        self.refreshed = refreshed
