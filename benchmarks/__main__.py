"""`python -m benchmarks`: measure everything, print the tables, write `results/latest.json`.

QUICK=1 shortens every part (under three minutes altogether); the full run takes about seven. A goal that
is missed is printed and is no failure; what cannot be measured is, with one line that says why.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from msgspec import Struct
from rich.console import Console

from benchmarks import (
    decision,
    gateway,
    machine,
    memory,
    nginx,
    proxied,
    report,
    startup,
    streams,
    translation,
)
from benchmarks.processes import Cores, Unfit, free_ports, pinned, tool, two_cores


class Effort(Struct, frozen=True, kw_only=True):
    """How long to measure."""

    passes: int
    seconds: int
    stream_passes: int
    stream_seconds: int
    memory_requests: int


FULL: Final = Effort(passes=5, seconds=4, stream_passes=3, stream_seconds=10, memory_requests=200_000)
QUICK: Final = Effort(passes=3, seconds=1, stream_passes=2, stream_seconds=4, memory_requests=40_000)

_out: Final = Console(highlight=False)
_Figures = dict[str, dict[str, float]]


def main(env: Mapping[str, str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unwinds, so that what was started is ended
    quick = env.get("QUICK", "") not in ("", "0")
    effort = QUICK if quick else FULL
    try:
        cores = two_cores()
        for name in ("nginx", "wrk"):
            tool(name)
        results = _measure(effort, cores, quick=quick)
    except Unfit as reason:
        Console(stderr=True, highlight=False).print(f"no benchmark: {reason}", markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    report.write(results)
    _print(results)
    return 0


def _measure(effort: Effort, cores: Cores, *, quick: bool) -> report.Results:
    where = machine.describe()
    settings: dict[str, str | float] = {
        "quick": quick,
        "passes": effort.passes,
        "seconds_per_run": effort.seconds,
        "streams": streams.STREAMS,
        "chunks_per_s_and_stream": streams.CHUNKS_PER_SECOND,
        "endpoints": gateway.ENDPOINTS,
    }
    report.LATEST.parent.mkdir(exist_ok=True)
    figures: _Figures = {}
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=report.LATEST.parent) as scratch,
        pinned(cores.load),
    ):
        _join(figures, _served(Path(scratch), effort, cores))
        with pinned(cores.server):
            _say("decisions")
            _join(figures, {"signalbox": decision.measure()})
            _say("translation")
            _join(figures, {"signalbox": translation.measure()})
            _say("start-up")
            _join(figures, {"signalbox": startup.measure()})
    return report.assemble(where, settings, figures)


def _served(scratch: Path, effort: Effort, cores: Cores) -> _Figures:
    """All that needs servers: whole replies, streams, memory."""
    figures: _Figures = {}
    with ExitStack() as servers:
        vendor_port, paced_port, whole_port, streamed_port = free_ports(4)
        vendor = servers.enter_context(nginx.vendor(scratch, vendor_port, cores.load))
        servers.enter_context(streams.vendor(scratch, paced_port, cores.load))
        proxy = servers.enter_context(
            nginx.proxy(scratch, (whole_port, streamed_port), (vendor_port, paced_port), cores.server)
        )
        with gateway.gateway(scratch / "whole", vendor_port, cores.server) as served:
            gateway.probe(served, "")
            gateway.probe(served, "confidential")
            targets = (
                proxied.Target("direct", "json", vendor, vendor_port, served.key),
                proxied.Target("nginx", "json", proxy, whole_port, served.key),
                proxied.Target("signalbox", "json", served.process, served.port, served.key),
                proxied.Target(
                    "signalbox", "confidential", served.process, served.port, served.key, "confidential"
                ),
            )
            _join(figures, proxied.measure(targets, passes=effort.passes, seconds=effort.seconds, said=_say))
        with gateway.gateway(scratch / "streamed", paced_port, cores.server) as served:
            paced = (
                streams.Target("nginx", proxy, streamed_port, served.key),
                streams.Target("signalbox", served.process, served.port, served.key),
            )
            _join(
                figures,
                streams.measure(paced, passes=effort.stream_passes, seconds=effort.stream_seconds, said=_say),
            )
        _say(f"memory over {effort.memory_requests:,} requests")
        with gateway.gateway(scratch / "memory", vendor_port, cores.server) as served:
            _join(figures, {"signalbox": memory.measure(served, effort.memory_requests)})
    return figures


def _join(figures: _Figures, more: _Figures) -> None:
    for group, values in more.items():
        figures.setdefault(group, {}).update(values)


def _say(text: str) -> None:
    _out.print(f"[dim]{text} …[/dim]")


def _print(results: report.Results) -> None:
    where = results.machine
    _out.print(
        f"\n{where['cpu']}, {where['cores']} cores, Python {where['python']}, nginx {where['nginx']}, "
        f"{where['date']}, load average at the start {where['load_average_at_start']}; "
        "server on one core, mock and load on another"
    )
    for caution in report.cautions(results):
        _out.print(f"! {caution}")
    _out.print(report.load_table(results), report.goal_table(results))
    for note in report.notes(results):
        _out.print(note)
    _out.print(f"written to {report.LATEST.relative_to(Path(__file__).parents[1])}")


if __name__ == "__main__":
    sys.exit(main(os.environ))
