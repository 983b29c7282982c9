"""The error family.

    SignalboxError
    ├── CallerError                     the caller can mend it
    │   ├── MalformedRequest            400  not JSON, duplicate keys, wrong types, bad values
    │   ├── UnsupportedRequest          400  understood, and not offered here
    │   ├── RequestTooLarge             413
    │   ├── RequestTimeout              408  the caller was too slow to send it
    │   ├── Unauthenticated             401
    │   │   └── InvalidToken            401  a bearer token that does not hold
    │   ├── NotPermitted                403  the key may not assert this, or not use this door
    │   ├── UnknownModel                404
    │   ├── NotFound                    404
    │   ├── MethodNotAllowed            405
    │   ├── Conflict                    409  what is asked for does not go with how things stand
    │   ├── PreconditionFailed          412  the resource is not as the caller last read it
    │   └── PreconditionRequired        428  the caller must say which version it read
    ├── PolicyDenied                    403  no endpoint is permitted: carries the denials
    ├── NoCandidate                     400 / 503  permitted endpoints exist, none can serve this
    ├── AttemptsExhausted               502 / 503 / 429 / 504  every attempt of the plan failed
    ├── DeadlineExceeded                504
    ├── Overloaded                      503  our own limits
    ├── LogUnavailable                  503  what must be written down cannot be
    ├── NoRelease                       503  only a published release is served, and there is none
    ├── ClientGone                      499  nobody is left to answer
    ├── ConfigError                     the files are wrong: file, line, field, what was expected
    └── InternalError                   500

An error has two readers. `message` is what the caller may read: lower-case, their own input in
backticks, domain words. `operator` is what the log keeps: it may name endpoints and vendors, and
never carries prompt text or a credential. Status codes stand here as a property of the kind of
error; the shape in which a dialect shows it is decided in `edge/`.
"""

from collections.abc import Sequence

from msgspec import Struct


class SignalboxError(Exception):
    """Root of the family. `code` is stable and machine-readable; `decision` is the id under which the
    log has it, once it has."""

    code = "internal_error"
    status = 500
    decision = ""

    def __init__(self, message: str, *, operator: str = "", param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.operator = operator or message
        self.param = param


class CallerError(SignalboxError):
    code = "invalid_request"
    status = 400


class MalformedRequest(CallerError):
    code = "malformed_request"


class UnsupportedRequest(CallerError):
    code = "unsupported"


class RequestTooLarge(CallerError):
    code = "request_too_large"
    status = 413


class RequestTimeout(CallerError):
    code = "request_timeout"
    status = 408


class Unauthenticated(CallerError):
    code = "unauthenticated"
    status = 401


class InvalidToken(Unauthenticated):
    """A bearer token that is not accepted; the message says which of its claims, never the token."""

    code = "invalid_token"


class NotPermitted(CallerError):
    code = "not_permitted"
    status = 403


class UnknownModel(CallerError):
    code = "unknown_model"
    status = 404


class NotFound(CallerError):
    code = "not_found"
    status = 404


class MethodNotAllowed(CallerError):
    """`allowed` is the list that the `Allow` header owes."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, method: str, path: str, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"`{method[:16]}` is not offered at {path}: use {self.allowed}")


class Conflict(CallerError):
    """What is asked for does not go with how things stand: a name that is taken, a key that is revoked."""

    code = "conflict"
    status = 409


class PreconditionFailed(CallerError):
    """Somebody changed the resource since the caller read it."""

    code = "precondition_failed"
    status = 412


class PreconditionRequired(CallerError):
    code = "precondition_required"
    status = 428


class Denial(Struct, frozen=True):
    """Why one endpoint was not available, in words that an administrator understands."""

    endpoint: str
    reasons: tuple[str, ...]


class PolicyDenied(SignalboxError):
    """The permitted set is empty. `denials` holds every endpoint; `visible` those the caller may know of."""

    code = "policy_denied"
    status = 403

    def __init__(self, message: str, *, denials: Sequence[Denial], visible: Sequence[Denial]) -> None:
        operator = "; ".join(f"{d.endpoint}: {', '.join(d.reasons)}" for d in denials)
        super().__init__(message, operator=operator)
        self.denials = tuple(denials)
        self.visible = tuple(visible)


class NoCandidate(SignalboxError):
    """Endpoints are permitted, but none can serve this request (now, if `transient`)."""

    code = "no_candidate"
    status = 400

    def __init__(self, message: str, *, dropped: Sequence[Denial], transient: bool) -> None:
        operator = "; ".join(f"{d.endpoint}: {', '.join(d.reasons)}" for d in dropped)
        super().__init__(message, operator=operator)
        self.dropped = tuple(dropped)
        if transient:
            self.code, self.status = "no_candidate_now", 503


class AttemptsExhausted(SignalboxError):
    """Every attempt that the plan allowed has failed; the status says how the last one did."""

    code = "attempts_exhausted"

    def __init__(
        self, message: str, *, status: int, operator: str, code: str = "", retry_after_ms: int | None = None
    ) -> None:
        super().__init__(message, operator=operator)
        self.status = status
        self.code = code or self.code
        self.retry_after_ms = retry_after_ms


class DeadlineExceeded(SignalboxError):
    code = "deadline_exceeded"
    status = 504


class Overloaded(SignalboxError):
    code = "overloaded"
    status = 503


class LogUnavailable(SignalboxError):
    code = "log_unavailable"
    status = 503


class NoRelease(SignalboxError):
    """Only what a published release says is served here, and there is none that can be."""

    code = "no_release"
    status = 503


class LogHeld(LogUnavailable):
    """Another process holds the writer's lease; the message names it."""

    code = "log_held"


class ClientGone(SignalboxError):
    code = "client_gone"
    status = 499


class InternalError(SignalboxError):
    code = "internal_error"
    status = 500


class ConfigError(SignalboxError):
    """A file is wrong. `file`, `line` (1-based, 0 if unknown), `field`, and what was `expected`."""

    code = "config_error"

    def __init__(self, expected: str, *, file: str, line: int = 0, field: str = "") -> None:
        place = file + (f":{line}" if line else "") + (f": {field}" if field else "")
        super().__init__(f"{place}: {expected}")
        self.file, self.line, self.field, self.expected = file, line, field, expected
