"""Resident memory of a fresh gateway over many requests, and whether it still grows at the end."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final

from benchmarks.gateway import Gateway
from benchmarks.wrk import fire

_CONNECTIONS: Final = 64
_ROUND_SECONDS: Final = 3
_MB_PER_KB: Final = 1_024 / 1e6

Point = tuple[float, float]
"""Requests so far, and KiB resident."""


def measure(served: Gateway, requests: int) -> dict[str, float]:
    """Load until that many requests were answered, memory read ten times a second all the while."""
    process = served.process
    points: list[Point] = [(0.0, process.memory_kb())]
    answered = 0
    while answered < requests:
        seen: list[tuple[float, int]] = []
        shot = fire(
            served.port,
            connections=_CONNECTIONS,
            seconds=_ROUND_SECONDS,
            key=served.key,
            watch=lambda elapsed_s, seen=seen: seen.append((elapsed_s, process.memory_kb())),  # type: ignore[misc]
        )
        points += placed(seen, answered, shot.requests, shot.duration_us / 1e6)
        answered += shot.requests
    points.append((answered, process.memory_kb()))
    return {
        "rss_mb_start": points[0][1] * _MB_PER_KB,
        "rss_mb_after": points[-1][1] * _MB_PER_KB,
        "rss_mb_peak": process.memory_kb("VmHWM") * _MB_PER_KB,
        "rss_requests": answered,
        "rss_kb_per_1000_requests": slope([point for point in points if point[0] >= answered / 2]) * 1_000,
    }


def placed(seen: Sequence[tuple[float, int]], before: int, requests: int, duration_s: float) -> list[Point]:
    """Samples of one round, by request: a round's requests come at an even pace from its end backwards, as
    wrk prepares its texts before it starts."""
    if not seen:
        return []
    began_s = seen[-1][0] - duration_s
    return [
        (before + requests * min(1.0, max(0.0, (at_s - began_s) / duration_s)), kilobytes)
        for at_s, kilobytes in seen
    ]


def slope(points: Sequence[Point]) -> float:
    """Least squares; 0 for points that tell none."""
    if len(points) < 2:
        return 0.0
    centre_x, centre_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    spread = sum((x - centre_x) ** 2 for x, _ in points)
    return sum((x - centre_x) * (y - centre_y) for x, y in points) / spread if spread else 0.0
