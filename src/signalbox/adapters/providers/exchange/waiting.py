"""How long a vendor asks to be left alone, from the headers of its refusal. Pure.

`retry-after-ms` is read first, then `retry-after` in seconds or as a date. Without either, what the vendor
says of its rate limits: when those are full again that are used up, or, when it says of none that it is,
the one that takes longest (`anthropic-ratelimit-*-reset`, moments; `x-ratelimit-reset-*`, durations).
It does not judge whether waiting is worth it.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from signalbox.adapters.providers.exchange.wire import Header

RETRY_AFTER_MS_MAX: Final = 86_400_000

_MOMENTS: Final = tuple(
    (f"anthropic-ratelimit-{limit}-remaining", f"anthropic-ratelimit-{limit}-reset")
    for limit in ("requests", "tokens", "input-tokens", "output-tokens")
)
_DURATIONS: Final = tuple(
    (f"x-ratelimit-remaining-{limit}", f"x-ratelimit-reset-{limit}") for limit in ("requests", "tokens")
)
_DURATION: Final = re.compile(
    r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?!s))?(?:([\d.]{1,12})s)?(?:([\d.]{1,12})ms)?"
)
_UNITS_MS: Final = (86_400_000, 3_600_000, 60_000, 1_000, 1)


def retry_after_ms(header: Header, now_us: int) -> int | None:
    """What `retry-after-ms` or `retry-after` ask for; None if they ask for nothing that can be read."""
    wait_ms = _number(header("retry-after-ms"))
    if wait_ms is None:
        text = header("retry-after")
        wait_s = _number(text)
        wait_ms = wait_s * 1000 if wait_s is not None else _until_date_ms(text, now_us)
    return _bounded(wait_ms)


def reset_after_ms(header: Header, now_us: int) -> int | None:
    """When the rate limits that stand in the way are full again; None if nothing is said of them."""
    used_up: list[float] = []
    others: list[float] = []
    for names, read in ((_MOMENTS, _until_moment_ms), (_DURATIONS, _duration_ms)):
        for remaining, reset in names:
            wait_ms = read(header(reset), now_us)
            if wait_ms is not None:
                (used_up if header(remaining) == "0" else others).append(wait_ms)
    return _bounded(max(used_up or others, default=None))


def _bounded(wait_ms: float | None) -> int | None:
    return None if wait_ms is None else max(0, min(round(wait_ms), RETRY_AFTER_MS_MAX))


def _number(text: str | None) -> float | None:
    """A plain decimal; `nan`, `inf` and exponents are no waiting time."""
    if text is None or not text.strip().replace(".", "", 1).isdecimal() or len(text) > 32:
        return None
    return float(text)


def _until_date_ms(text: str | None, now_us: int) -> float | None:
    """Until an HTTP date such as `Tue, 14 Nov 2023 22:14:50 GMT`."""
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text).timestamp() * 1000 - now_us / 1000
    except (ValueError, OverflowError):
        return None


def _until_moment_ms(text: str | None, now_us: int) -> float | None:
    """Until a moment such as `2023-11-14T22:14:50Z`."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000 - now_us / 1000
    except (ValueError, OverflowError):
        return None


def _duration_ms(text: str | None, now_us: int) -> float | None:
    """A duration such as `6m0s` or `120ms`; a bare number is seconds."""
    seconds = _number(text)
    if text is None or seconds is not None:
        return None if seconds is None else seconds * 1000
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    numbers = [_number(count) if count else 0.0 for count in found.groups()]
    if None in numbers:
        return None
    return sum(number * unit for number, unit in zip(numbers, _UNITS_MS, strict=True) if number)
