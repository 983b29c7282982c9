"""A vendor's prompt cache: which prefixes it has seen, and what of a prompt it need not read again."""

import hashlib
from typing import Final, Literal

from signalbox.domain.money import Usage
from signalbox.domain.request import Request
from signalbox.simulate.vendors.counts import units

LIFE_S: Final = {"5m": 300.0, "1h": 3_600.0}
_AUTOMATIC_LIFE_S: Final = 600.0

Keeping = Literal["marked", "automatic", "never"]
"""`marked`: prefixes that end at a mark, writes counted. `automatic`: every message's end, writes free."""


class PromptCache:
    def __init__(self) -> None:
        self._until_s: dict[tuple[str, bytes], float] = {}

    def account(self, scope: str, request: Request, keeping: Keeping, tokens_min: int, now_s: float) -> Usage:
        """The input side of the usage. `scope` is whatever two requests must share to share a prefix."""
        total, running = 0, hashlib.sha256()
        cached, written = 0, {"5m": 0, "1h": 0}
        kept: list[tuple[tuple[str, bytes], float]] = []
        since = 0
        for unit in units(request):
            running.update(len(unit.content).to_bytes(8, "big") + unit.content)
            total += unit.tokens
            mark = unit.mark
            ends_here = bool(mark) if keeping == "marked" else keeping == "automatic" and unit.turn
            if not ends_here or total < tokens_min:
                continue
            key = (scope, running.digest())
            if self._until_s.get(key, 0.0) > now_s:
                cached, since = total, total
                written = {"5m": 0, "1h": 0}
            elif mark and keeping == "marked":
                written[mark] += total - since
                since = total
            kept.append((key, LIFE_S[mark] if keeping == "marked" and mark else _AUTOMATIC_LIFE_S))
        for key, life_s in kept:
            self._until_s[key] = now_s + life_s
        fresh = total - cached - written["5m"] - written["1h"]
        return Usage(
            input=fresh, cached_input=cached, cache_write=written["5m"], cache_write_1h=written["1h"]
        )
