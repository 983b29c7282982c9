"""A vendor's status, headers and error body → how the attempt failed. Pure.

Which kinds there are and what follows from each is `domain.failure`'s; this file only reads a refusal:

    400 413 422            CALLER_FAULT, or CONTENT_FILTER by the error's code
    401 402 403 404 410    CREDENTIAL: what our key may not reach, whether or not it exists. The model name
                           and the path are ours, so a 404 is never the caller's mistake
    408 504                TIMEOUT
    409 429                RATE_LIMITED; a spent quota is CREDENTIAL, for waiting will not mend it
    503 529                OVERLOADED
    other 5xx              SERVER_ERROR
    anything else          BAD_REPLY: redirects are not followed, they would be an egress nobody permitted

`x-should-retry: false` turns RATE_LIMITED and OVERLOADED into NOT_READY: not here, but elsewhere.
"""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.wires.openai_chat import VendorError

RETRY_AFTER_MS_MAX: Final = 86_400_000

_BY_STATUS: Final = {
    400: FailureKind.CALLER_FAULT,
    401: FailureKind.CREDENTIAL,
    402: FailureKind.CREDENTIAL,
    403: FailureKind.CREDENTIAL,
    404: FailureKind.CREDENTIAL,
    408: FailureKind.TIMEOUT,
    409: FailureKind.RATE_LIMITED,
    410: FailureKind.CREDENTIAL,
    413: FailureKind.CALLER_FAULT,
    422: FailureKind.CALLER_FAULT,
    429: FailureKind.RATE_LIMITED,
    503: FailureKind.OVERLOADED,
    504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}
_BY_CODE: Final = {
    "content_filter": FailureKind.CONTENT_FILTER,
    "content_policy_violation": FailureKind.CONTENT_FILTER,
    "insufficient_quota": FailureKind.CREDENTIAL,
    "invalid_api_key": FailureKind.CREDENTIAL,
    "model_not_found": FailureKind.CREDENTIAL,
}
_WAIT: Final = (FailureKind.RATE_LIMITED, FailureKind.OVERLOADED)
_SHOWN: Final = (FailureKind.CALLER_FAULT, FailureKind.CONTENT_FILTER)

Header = Callable[[str], str | None]


def refusal(endpoint: str, status: int, header: Header, error: VendorError, now_us: int) -> ProviderFailure:
    """The failure that a reply with this `status` (not 200) is. `now_us`: wall clock, for HTTP dates."""
    kind = _kind(status, error)
    if kind in _WAIT and header("x-should-retry") == "false":
        kind = FailureKind.NOT_READY
    return ProviderFailure(
        kind,
        f"`{endpoint}` answered {status}{_named(error)}",
        status=status,
        retry_after_ms=_retry_after_ms(header, now_us),
        caller_message=error.message if kind in _SHOWN else "",
    )


def _kind(status: int, error: VendorError) -> FailureKind:
    if 400 <= status < 500:
        for name in (error.code, error.type):
            if name in _BY_CODE:
                return _BY_CODE[name]
    unlisted = FailureKind.SERVER_ERROR if 500 <= status < 600 else FailureKind.BAD_REPLY
    return _BY_STATUS.get(status, unlisted)


def _named(error: VendorError) -> str:
    """The vendor's name for it, where that is a name: a message could quote the prompt."""
    names = [name for name in (error.type, error.code) if name.isidentifier() and len(name) <= 64]
    return f" ({', '.join(names)})" if names else ""


def _retry_after_ms(header: Header, now_us: int) -> int | None:
    wait_ms = _number(header("retry-after-ms"))
    if wait_ms is None:
        text = header("retry-after")
        wait_s = _number(text)
        wait_ms = wait_s * 1000 if wait_s is not None else _until_date_ms(text, now_us)
    if wait_ms is None:
        return None
    return max(0, min(round(wait_ms), RETRY_AFTER_MS_MAX))


def _number(text: str | None) -> float | None:
    """A plain decimal; `nan`, `inf` and exponents are no waiting time."""
    if text is None or not text.strip().replace(".", "", 1).isdecimal() or len(text) > 32:
        return None
    return float(text)


def _until_date_ms(text: str | None, now_us: int) -> float | None:
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp() * 1000 - now_us / 1000
    except (ValueError, OverflowError):
        return None
