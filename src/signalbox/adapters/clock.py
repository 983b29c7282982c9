"""The system's clocks, and ids made from them."""

import os
from time import monotonic_ns, time_ns
from typing import Final

_POOL_BYTES: Final = 4_000
_ID_BYTES: Final = 10
# 48 bits of milliseconds · version 7 · 12 random bits · variant 10 · 62 random bits
_RANDOM: Final = 0x0FFF_3FFF_FFFF_FFFF_FFFF
_LAYOUT: Final = 0x7000_8000_0000_0000_0000


class SystemClock:
    """Implements `ports.clock.Clock`. The monotonic clock is the one that event loops use."""

    def now_us(self) -> int:
        return time_ns() // 1_000

    def monotonic_us(self) -> int:
        return monotonic_ns() // 1_000


class RandomIds:
    """Implements `ports.clock.Ids`: UUIDv7 (RFC 9562 §5.7) as 32 hex digits, random bits from the system.

    Random bytes are drawn a few hundred ids at a time, which spares a system call per request. Not to be
    shared across a fork: two processes would draw alike.
    """

    def __init__(self) -> None:
        self._pool = b""
        self._at = _POOL_BYTES

    def new(self, now_us: int) -> str:
        at = self._at
        if at >= _POOL_BYTES:
            self._pool, at = os.urandom(_POOL_BYTES), 0
        self._at = at + _ID_BYTES
        drawn = int.from_bytes(self._pool[at : at + _ID_BYTES])
        return f"{now_us // 1_000 << 80 | drawn & _RANDOM | _LAYOUT:032x}"
