"""What the embedded runtime may be told, and the order that a child process receives.

Starts nothing and imports no model runtime: the child and its supervisor share these values.
"""

import os
from pathlib import Path
from typing import Final

from msgspec import Struct

SLOTS_MAX: Final = 2
"""Requests decoded at a time by one child: more only makes each of them slower on a CPU."""

EXIT_NOT_A_MODEL: Final = 65
EXIT_NO_RUNTIME: Final = 69
EXIT_LOAD_FAILED: Final = 70


class RuntimeSettings(Struct, frozen=True, kw_only=True):
    """How children are run. `threads` 0 means physical cores - 1, at least 1.

    `log_dir` takes what children write to stderr, bounded by twice `log_bytes_max` a model.
    `prefix_cache` lets a slot reuse the part of its last prompt that the next one shares (much faster
    in conversations; the count of cached tokens tells a caller that somebody's prompt began alike).
    After `start_attempts` failed starts in a row a child is given up until its file changes or
    `rest_ms` have passed. A death is answered with a restart after `backoff_ms`, doubling.
    """

    log_dir: Path
    threads: int = 0
    prefix_cache: bool = True
    load_timeout_ms: int = 300_000
    stop_grace_ms: int = 2_000
    backoff_ms: int = 250
    backoff_ms_max: int = 30_000
    steady_ms: int = 60_000
    start_attempts: int = 3
    rest_ms: int = 300_000
    log_bytes_max: int = 256 * 1024


class Shape(Struct, frozen=True):
    """What a child must be able to hold: tokens of context per slot, and slots."""

    context_tokens: int
    slots: int

    def cover(self, other: "Shape") -> "Shape":
        return Shape(max(self.context_tokens, other.context_tokens), max(self.slots, other.slots))


class Order(Struct, frozen=True):
    """What a child reads from stdin as one line of JSON: never on a command line, for the key is in it."""

    model: str
    alias: str
    socket: str
    key: str
    threads: int
    context_tokens: int
    slots: int
    prefix_cache: bool


def default_threads() -> int:
    """Physical cores that this process may use, less one for the gateway itself; at least 1.

    Two busy threads per core slow llama.cpp down by an order of magnitude, so siblings count once.
    """
    return max(1, _physical_cores() - 1)


def _physical_cores() -> int:
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = set()
    for cpu in os.sched_getaffinity(0):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        try:
            cores.add(siblings.read_text())
        except OSError:
            cores.add(str(cpu))
    return len(cores)
