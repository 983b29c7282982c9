"""Quantities as they are written, as exact integers."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.config.units import amount_nanos, day_us, duration_ms, share_e4, size_bytes, token_us


@pytest.mark.parametrize(
    ("read", "written", "value"),
    [
        (duration_ms, "250ms", 250),
        (duration_ms, "5s", 5_000),
        (duration_ms, "2m", 120_000),
        (duration_ms, "720h", 2_592_000_000),
        (size_bytes, "512B", 512),
        (size_bytes, "32KiB", 32_768),
        (size_bytes, "8MiB", 8_388_608),
        (size_bytes, "1GiB", 1_073_741_824),
        (amount_nanos, "0.15", 150_000_000),
        (amount_nanos, "0.000000001", 1),
        (amount_nanos, "1000000", 1_000_000_000_000_000),
        (amount_nanos, "0.1", 100_000_000),
        (share_e4, Decimal(0), 0),
        (share_e4, Decimal(1), 10_000),
        (share_e4, Decimal("0.7251"), 7_251),
        (share_e4, Decimal("0.50000"), 5_000),
        (token_us, Decimal("6.6"), 151_515),
        (token_us, Decimal(1_000_000), 1),
        (day_us, date(1970, 1, 2), 86_400_000_000),
        (day_us, date(2026, 11, 22), 1_795_305_600_000_000),
    ],
)
def test_a_quantity_is_read(read: Callable[[Any], int], written: object, value: int) -> None:
    assert read(written) == value


@pytest.mark.parametrize(
    ("read", "written"),
    [
        *((duration_ms, text) for text in ("", "0s", "5", "5 s", "-5s", "1.5s", "5S", "721h", "٣s", "5s\n")),
        (duration_ms, "9999999999s"),
        *((size_bytes, text) for text in ("", "0B", "8MB", "8 MiB", "-1B", "8", "1.5MiB")),
        *((amount_nanos, text) for text in ("", "-1", "1e3", ".5", "1.", "1,5", "1000001", "٣", "nan")),
        (amount_nanos, "1.0000000001"),
        *((share_e4, Decimal(text)) for text in ("-0.1", "1.0001", "0.00001", "NaN", "Infinity", "1e-5000")),
        *((token_us, Decimal(text)) for text in ("0", "-1", "NaN", "Infinity", "1000001")),
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(read: Callable[[Any], int], written: object) -> None:
    with pytest.raises(ValueError, match=r"^expected "):
        read(written)


@given(st.integers(0, 1_000_000 * 10**9))
def test_an_amount_keeps_every_digit(nanos: int) -> None:
    units, rest = divmod(nanos, 10**9)
    assert amount_nanos(f"{units}.{rest:09d}") == nanos
