"""wrk with `load.lua`: one run against one address, and what it says of it."""

import os
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from benchmarks.gateway import APP, FEATURE
from benchmarks.processes import HOST, Unfit, tool

SCRIPT: Final = Path(__file__).with_name("load.lua")
_MARK: Final = "BENCH "
_GRACE_S: Final = 30.0
_numbers: Final = count(1)


class Shot(Struct, frozen=True):
    """One run as wrk's `done` reports it: times in µs, latencies of whole requests."""

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    errors: int

    @property
    def rps(self) -> float:
        return self.requests / (self.duration_us / 1e6)


def read_shot(output: str) -> Shot:
    """What `load.lua` printed. Raises `Unfit` where that is missing, or where requests failed: an error
    is answered faster than a completion, and would look good."""
    for line in output.splitlines():
        if line.startswith(_MARK):
            shot = msgspec.json.decode(line[len(_MARK) :], type=Shot)
            if shot.errors or not shot.requests:
                raise Unfit(f"{shot.errors} of {shot.requests} requests failed: nothing to measure")
            return shot
    raise Unfit(f"wrk reported nothing: {output.strip()[-300:] or '(no output)'}")


def fire(
    port: int,
    *,
    connections: int,
    seconds: int,
    key: str,
    label: str = "",
    watch: Callable[[float], None] | None = None,
) -> Shot:
    """Load for that many seconds, each run with prose of its own; this process's core is wrk's too.

    `watch` is called some ten times a second with the seconds since the start.
    """
    env = {
        **os.environ,
        "BENCH_KEY": key,
        "BENCH_LABEL": label,
        "BENCH_APP": APP,
        "BENCH_FEATURE": FEATURE,
        "BENCH_RUN": str(next(_numbers)),
    }
    command = (
        tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
        "-s", SCRIPT, f"http://{HOST}:{port}",
    )  # fmt: skip
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env)
    try:
        while (
            watch is not None and process.poll() is None and time.monotonic() < started + seconds + _GRACE_S
        ):
            watch(time.monotonic() - started)
            time.sleep(0.1)
        output, _ = process.communicate(timeout=seconds + _GRACE_S)
    except subprocess.TimeoutExpired as late:
        raise Unfit(f"wrk did not end after {seconds} s") from late
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    return read_shot(output)
