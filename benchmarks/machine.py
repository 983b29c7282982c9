"""What the figures were taken on."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import tool


def describe() -> dict[str, str | float]:
    """Processor, cores, versions, the date and how busy the machine was before the benchmark began."""
    return {
        "cpu": processor(Path("/proc/cpuinfo").read_text()),
        "cores": os.cpu_count() or 0,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "nginx": _version("nginx"),
        "wrk": _version("wrk"),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_average_at_start": round(os.getloadavg()[0], 2),
    }


def processor(cpuinfo: str) -> str:
    """The processor's name; what it is called differs between architectures."""
    found = re.search(r"^(?:model name|Processor|cpu model|Model)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _version(name: str) -> str:
    said = subprocess.run((tool(name), "-v"), capture_output=True, text=True, check=False)
    found = re.search(r"\d+(?:\.\d+)+", said.stdout + said.stderr)
    return found[0] if found else "unknown"
