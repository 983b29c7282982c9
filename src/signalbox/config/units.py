"""How quantities are written in the file, as exact integers.

Pure leaves: each takes what was written and returns the figure, or raises `ValueError` with the words
that the author of the file needs. They deliberately know no file and no field.
"""

import re
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from signalbox.domain.money import NANOS_PER_UNIT

_DURATION: Final = re.compile(r"([0-9]{1,9})(ms|s|m|h)")
_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}
_SIZE: Final = re.compile(r"([0-9]{1,9})(B|KiB|MiB|GiB)")
_BYTES: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_AMOUNT: Final = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
_NANO_DIGITS: Final = 9
_SHARE_UNIT: Final = 10_000
_EPOCH: Final = date(1970, 1, 1)
_DAY_US: Final = 86_400_000_000

AMOUNT_UNITS_MAX: Final = 1_000_000  # in nano-units still far below 2^53, the bound of hashed integers
DURATION_MS_MAX: Final = 30 * 24 * 3_600_000


def duration_ms(text: str) -> int:
    """`"250ms"`, `"5s"`, `"2m"`, `"1h"` in milliseconds; above zero and at most 30 days."""
    found = _DURATION.fullmatch(text)
    value = int(found[1]) * _MS[found[2]] if found else 0
    if not 0 < value <= DURATION_MS_MAX:
        raise ValueError(
            f'expected a duration such as "250ms", "5s", "2m" or "1h", above zero; found `{text[:80]}`'
        )
    return value


def size_bytes(text: str) -> int:
    """`"512B"`, `"32KiB"`, `"8MiB"`, `"1GiB"` in bytes; above zero."""
    found = _SIZE.fullmatch(text)
    value = int(found[1]) * _BYTES[found[2]] if found else 0
    if value <= 0:
        raise ValueError(f'expected a size above zero such as "512B", "32KiB" or "8MiB"; found `{text[:80]}`')
    return value


def amount_nanos(text: str) -> int:
    """A decimal string of a currency's units in nano-units, exactly."""
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise ValueError(f'expected an amount as a decimal string such as "0.15"; found `{text[:80]}`')
    decimals = found[2] or ""
    if len(decimals) > _NANO_DIGITS:
        raise ValueError(
            f"expected an amount with at most 9 decimals, which is all that is kept; found `{text[:80]}`"
        )
    value = Decimal(text)
    if value > AMOUNT_UNITS_MAX:
        raise ValueError(f"expected an amount of at most {AMOUNT_UNITS_MAX}; found `{text[:80]}`")
    return int(value * NANOS_PER_UNIT)


def share_e4(value: Decimal) -> int:
    """A share from 0 to 1 in 1e-4, exactly."""
    if not (value.is_finite() and 0 <= value <= 1) or value != round(value, 4):
        raise ValueError(f"expected a number from 0 to 1 with at most 4 decimals; found `{value}`")
    return int(value * _SHARE_UNIT)


def token_us(tokens_per_s: Decimal) -> int:
    """Microseconds per token, rounded half to even, at least 1."""
    if not (tokens_per_s.is_finite() and Decimal("0.001") <= tokens_per_s <= 1_000_000):
        raise ValueError(f"expected tokens per second from 0.001 to 1000000; found `{tokens_per_s}`")
    return int((1_000_000 / tokens_per_s).to_integral_value(ROUND_HALF_EVEN))


def day_us(day: date) -> int:
    """Midnight UTC at which the day begins, in microseconds since the epoch."""
    return (day - _EPOCH).days * _DAY_US
