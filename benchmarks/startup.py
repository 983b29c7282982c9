"""How long it takes to import the package and to ask the command for help: wall clock, a warm file cache."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.processes import Unfit

_TIMES: Final = 10
_COMMANDS: Final[dict[str, Sequence[str | Path]]] = {
    "python": (sys.executable, "-c", "pass"),
    "import": (sys.executable, "-c", "import signalbox"),
    "help": (Path(sys.executable).with_name("signalbox"), "--help"),
}


def measure() -> dict[str, float]:
    """Milliseconds, medians of ten, the commands in turn. `import_net_ms` leaves the bare interpreter out."""
    for command in _COMMANDS.values():
        _milliseconds(command)  # compiles what has changed, and warms the file cache
    taken: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(_TIMES):
        for name, command in _COMMANDS.items():
            taken[name].append(_milliseconds(command))
    return figures({name: median(times) for name, times in taken.items()})


def figures(medians_ms: dict[str, float]) -> dict[str, float]:
    return {
        "python_ms": medians_ms["python"],
        "import_ms": medians_ms["import"],
        "import_net_ms": medians_ms["import"] - medians_ms["python"],
        "help_ms": medians_ms["help"],
    }


def _milliseconds(command: Sequence[str | Path]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    spent_ms = (time.perf_counter() - began) * 1e3
    if done.returncode:
        raise Unfit(
            f"`{' '.join(map(str, command[1:]))}` failed: {done.stderr.decode(errors='replace')[-300:]}"
        )
    return spent_ms
