"""The screens are linear: twice the text takes about twice as long, whatever is in it."""

import time

import pytest

from signalbox.classify.detectors import detect

PATTERNS = [
    "7", "-", "aaaa@", "eyJ", "123 45 6789 ", "4111 1111 1111 1112 ", "4 1 ", "DE12",
    "DE12 3456 7890 1234 5678 90 ", "passw", "pwd ", "://a:", "patient ", "sk-", "1\u200b", "\u00a0",
    "-----BEGIN ", "0", "A0", "_",
]  # fmt: skip


def _cpu_s(text: str) -> float:
    took = []
    for _ in range(3):
        start = time.process_time()
        detect(text)
        took.append(time.process_time() - start)
    return min(took)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_cost_grows_linearly(pattern: str) -> None:
    short, long = (pattern * (size // len(pattern)) for size in (25_000, 100_000))
    # Four times the text: 4 if linear, 16 if quadratic. The constant covers timer noise on tiny figures.
    assert _cpu_s(long) < 9 * _cpu_s(short) + 0.005
