"""A vendor's status, headers and error body → how the attempt failed. Pure.

Which kinds there are and what follows from each is `domain.failure`'s; this file only reads a refusal:

    400 413 422            CALLER_FAULT
    401 403 404 410        CREDENTIAL: what our key may not reach, whether or not it exists. The model name
                           and the path are ours, so a 404 is never the caller's mistake
    402                    QUOTA
    408 504                TIMEOUT
    409 429                RATE_LIMITED
    503 529                OVERLOADED
    424, other 5xx         SERVER_ERROR
    anything else          BAD_REPLY: redirects are not followed, they would be an egress nobody permitted

The name that a vendor gives its error says more than the status, and a few are known by their words only.
`x-should-retry: false` turns RATE_LIMITED and OVERLOADED into NOT_READY: not here, but elsewhere.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from signalbox.adapters.providers.exchange.waiting import reset_after_ms, retry_after_ms
from signalbox.adapters.providers.exchange.wire import Header
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.wires.errors import VendorError, WireError

_WAIT: Final = (FailureKind.RATE_LIMITED, FailureKind.OVERLOADED)
_SHOWN: Final = (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER)


class Refusals(Struct, frozen=True):
    """How refusals are read. `by_name`: an error's code or type → kind, wherever it is met; `in_stream`:
    names that say something only where no status has said it; `by_words`: beginnings of messages, in lower
    case."""

    by_status: Mapping[int, FailureKind]
    by_name: Mapping[str, FailureKind]
    in_stream: Mapping[str, FailureKind]
    by_words: tuple[tuple[str, FailureKind], ...] = ()

    def but(
        self,
        *,
        by_status: Mapping[int, FailureKind] | None = None,
        by_name: Mapping[str, FailureKind] | None = None,
        in_stream: Mapping[str, FailureKind] | None = None,
        by_words: tuple[tuple[str, FailureKind], ...] = (),
    ) -> "Refusals":
        """These, with a vendor's own on top."""
        return Refusals(
            {**self.by_status, **(by_status or {})},
            {**self.by_name, **(by_name or {})},
            {**self.in_stream, **(in_stream or {})},
            (*by_words, *self.by_words),
        )


COMMON: Final = Refusals(
    by_status={
        400: FailureKind.CALLER_FAULT,
        401: FailureKind.CREDENTIAL,
        402: FailureKind.QUOTA,
        403: FailureKind.CREDENTIAL,
        404: FailureKind.CREDENTIAL,
        408: FailureKind.TIMEOUT,
        409: FailureKind.RATE_LIMITED,
        410: FailureKind.CREDENTIAL,
        413: FailureKind.CALLER_FAULT,
        422: FailureKind.CALLER_FAULT,
        424: FailureKind.SERVER_ERROR,
        429: FailureKind.RATE_LIMITED,
        503: FailureKind.OVERLOADED,
        504: FailureKind.TIMEOUT,
        529: FailureKind.OVERLOADED,
    },
    by_name={
        "content_filter": FailureKind.CONTENT_FILTER,
        "content_policy_violation": FailureKind.CONTENT_FILTER,
        "ResponsibleAIPolicyViolation": FailureKind.CONTENT_FILTER,
        "insufficient_quota": FailureKind.QUOTA,
        "billing_hard_limit_reached": FailureKind.QUOTA,
        "billing_not_active": FailureKind.QUOTA,
        "billing_error": FailureKind.QUOTA,
        "invalid_api_key": FailureKind.CREDENTIAL,
        "model_not_found": FailureKind.CREDENTIAL,
        "DeploymentNotFound": FailureKind.CREDENTIAL,
        "authentication_error": FailureKind.CREDENTIAL,
        "permission_error": FailureKind.CREDENTIAL,
        "not_found_error": FailureKind.CREDENTIAL,
        "rate_limit_exceeded": FailureKind.RATE_LIMITED,
        "rate_limit_error": FailureKind.RATE_LIMITED,
        "slow_down": FailureKind.OVERLOADED,
        "overloaded_error": FailureKind.OVERLOADED,
        "timeout_error": FailureKind.TIMEOUT,
        "context_length_exceeded": FailureKind.CALLER_FAULT,
        "request_too_large": FailureKind.CALLER_FAULT,
    },
    in_stream={
        "invalid_request_error": FailureKind.CALLER_FAULT,
        "server_error": FailureKind.SERVER_ERROR,
        "api_error": FailureKind.SERVER_ERROR,
    },
)


def refusal(
    rules: Refusals, endpoint: str, status: int, header: Header, error: VendorError, now_us: int
) -> ProviderFailure:
    """The failure that a reply with this `status` (not 200) is. `now_us`: wall clock, for dates."""
    kind = _kind(rules, status, error)
    wait_ms = retry_after_ms(header, now_us)
    if wait_ms is None and kind is FailureKind.RATE_LIMITED:
        wait_ms = reset_after_ms(header, now_us)
    if kind in _WAIT and header("x-should-retry") == "false":
        kind = FailureKind.NOT_READY
    return ProviderFailure(
        kind,
        f"`{endpoint}` answered {status}{_named(error)}",
        status=status,
        retry_after_ms=wait_ms,
        caller_message=error.message if kind in _SHOWN else "",
    )


def broken(rules: Refusals, endpoint: str, error: WireError) -> ProviderFailure:
    """The failure that a reply is whose bytes are not the dialect, or that became an error after its 200."""
    said = error.error
    kind = FailureKind.BAD_REPLY
    if said is not None:
        named = _by_name(rules, said) or _by_words(rules, said) or _in_stream(rules, said)
        kind = named or _by_number(rules, said) or kind
    return ProviderFailure(
        kind,
        f"`{endpoint}`: {error}{_named(said) if said is not None else ''}",
        caller_message=said.message if said is not None and kind in _SHOWN else "",
    )


def _kind(rules: Refusals, status: int, error: VendorError) -> FailureKind:
    named = _by_name(rules, error) or _by_words(rules, error)
    # A server that broke is not the caller's fault, whatever it calls its error.
    if named is not None and not (status >= 500 and named in _SHOWN):
        return named
    unlisted = FailureKind.SERVER_ERROR if 500 <= status < 600 else FailureKind.BAD_REPLY
    return rules.by_status.get(status, unlisted)


def _by_name(rules: Refusals, error: VendorError) -> FailureKind | None:
    return rules.by_name.get(error.code) or rules.by_name.get(error.type)


def _in_stream(rules: Refusals, error: VendorError) -> FailureKind | None:
    return rules.in_stream.get(error.code) or rules.in_stream.get(error.type)


def _by_number(rules: Refusals, error: VendorError) -> FailureKind | None:
    """Azure's events of an error carry the status, that can no longer be sent, as their code."""
    return rules.by_status.get(int(error.code)) if error.code.isdecimal() and len(error.code) == 3 else None


def _by_words(rules: Refusals, error: VendorError) -> FailureKind | None:
    if not rules.by_words:
        return None
    message = error.message[:200].lower()
    return next((kind for beginning, kind in rules.by_words if message.startswith(beginning)), None)


def _named(error: VendorError) -> str:
    """The vendor's name for it, where that is a name: a message could quote the prompt."""
    names = [name for name in (error.type, error.code) if name.isidentifier() and len(name) <= 64]
    return f" ({', '.join(names)})" if names else ""
