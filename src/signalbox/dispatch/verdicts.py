"""What checks of the house's own workloads said of an endpoint's answers, by task: the latest of each.

A check that a caller brings (a schema of its own) is not heard: whoever asks for what no model can give would
make an endpoint look bad to everybody else.
"""

from typing import Final

from signalbox.domain.plan import Judged

WINDOW: Final = 64
"""How many answers are remembered for each task: the latest."""
FORGOTTEN_US: Final = 3_600_000_000
"""An hour without an answer and the task starts anew: an endpoint that is asked last because of what it said
would else never be heard again."""
_ALL: Final = (1 << WINDOW) - 1


class Verdicts:
    """Of one endpoint. Bounded by the number of tasks. Times are monotonic µs."""

    __slots__ = ("_by_task",)

    def __init__(self) -> None:
        self._by_task: dict[str, tuple[int, int, int]] = {}
        """Task → refusals as bits, the latest lowest; how many answers; when the latest was."""

    def judged(self, task: str, *, accepted: bool, now_us: int) -> None:
        bits, count, heard_us = self._by_task.get(task, (0, 0, now_us))
        if now_us - heard_us >= FORGOTTEN_US:
            bits = count = 0
        bits = (bits << 1 | (not accepted)) & _ALL
        self._by_task[task] = (bits, min(count + 1, WINDOW), now_us)

    def told(self, now_us: int) -> tuple[Judged, ...]:
        """Tasks with refusals, sorted: where there was none, the estimate stands, whatever was accepted."""
        if not self._by_task:
            return ()
        return tuple(
            Judged(task, count - bits.bit_count(), bits.bit_count())
            for task, (bits, count, heard_us) in sorted(self._by_task.items())
            if bits and now_us - heard_us < FORGOTTEN_US
        )
