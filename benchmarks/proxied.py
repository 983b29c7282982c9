"""Whole replies: the vendor reached directly, through nginx and through Signalbox, in turn.

The turns are what makes the figures comparable on a machine that others use too: each pass fires at every
target at each number of connections, and each pass begins with another target. What is reported is the
median over the passes.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Final

from msgspec import Struct

from benchmarks.processes import Running
from benchmarks.wrk import Shot, fire

CONNECTIONS: Final = (1, 10, 64)
_WARM_SECONDS: Final = 1
_SETTLE_S: Final = 0.1  # for what a server does after its replies: writing its log, for one

Said = Callable[[str], None]
"""Who is told what is measured next."""


class Target(Struct, frozen=True):
    """`process` is the one under test. `group` and `prefix` name its figures."""

    group: str
    prefix: str
    process: Running
    port: int
    key: str
    label: str = ""


class Pass(Struct, frozen=True):
    """`core_share` is the part of its core that the process under test used: 1 means that it, and not the
    load, set the pace."""

    rps: float
    p50_us: float
    p99_us: float
    cpu_us: float
    core_share: float


def measure(
    targets: Sequence[Target], *, passes: int, seconds: int, said: Said
) -> dict[str, dict[str, float]]:
    """Figures by group, named such as `json_c64_rps`."""
    for target in targets:
        fire(
            target.port,
            connections=CONNECTIONS[-1],
            seconds=_WARM_SECONDS,
            key=target.key,
            label=target.label,
        )
    taken: dict[tuple[str, str, int], list[Pass]] = {}
    for number in range(passes):
        said(f"whole replies, pass {number + 1} of {passes}")
        for target, connections in turns(targets, number):
            run = _run(target, connections, seconds)
            taken.setdefault((target.group, target.prefix, connections), []).append(run)
    figures: dict[str, dict[str, float]] = {}
    for (group, prefix, connections), runs in taken.items():
        figures.setdefault(group, {}).update(medians(f"{prefix}_c{connections}", runs))
    return figures


def turns(targets: Sequence[Target], number: int) -> Iterator[tuple[Target, int]]:
    """Every target at every number of connections; pass `number` begins with another target than the last."""
    first = number % len(targets)
    for connections in CONNECTIONS:
        for target in (*targets[first:], *targets[:first]):
            yield target, connections


def medians(prefix: str, runs: Sequence[Pass]) -> dict[str, float]:
    """The median of each field by itself."""
    return {
        f"{prefix}_{field}": median(getattr(run, field) for run in runs) for field in Pass.__struct_fields__
    }


def evaluate(shot: Shot, cpu_ns: int) -> Pass:
    """A run, given the CPU time that the process under test took for it."""
    return Pass(
        rps=shot.rps,
        p50_us=shot.p50_us,
        p99_us=shot.p99_us,
        cpu_us=cpu_ns / 1e3 / shot.requests,
        core_share=cpu_ns / 1e3 / shot.duration_us,
    )


def _run(target: Target, connections: int, seconds: int) -> Pass:
    before = target.process.cpu_ns()
    shot = fire(target.port, connections=connections, seconds=seconds, key=target.key, label=target.label)
    time.sleep(_SETTLE_S)
    return evaluate(shot, target.process.cpu_ns() - before)
