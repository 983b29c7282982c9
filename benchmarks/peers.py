"""`python -m benchmarks.peers ROUTER`: nginx, vllm-router and Signalbox in the same passes.

ROUTER is the command of a vllm-router, a gateway in Rust that chooses among equal servers and does nothing
else of what Signalbox does: no policy, no log, no detectors. It is a second yardstick beside nginx, on a
machine that is faster on one day than on another::

    python3 -m venv .peers && .peers/bin/pip install vllm-router==0.1.17
    python -m benchmarks.peers .peers/bin/vllm-router

It is no part of `make bench`, for it brings some thirty packages along.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks import gateway, nginx, proxied, report, streams
from benchmarks.processes import HOST, Running, Unfit, free_ports, pinned, running, two_cores

_PASSES: Final = 5
_SECONDS: Final = 4
_STREAM_PASSES: Final = 3
_STREAM_SECONDS: Final = 8
_HEALTH: Final = "/health"
_SHOWN: Final = (
    ("CPU per request, 64 connections, µs", "json_c64_cpu_us", ".1f"),
    ("requests/s, 64 connections", "json_c64_rps", ",.0f"),
    ("CPU per relayed chunk, 128 streams, µs", "sse_cpu_us_per_chunk", ".1f"),
)

_Figures = dict[str, dict[str, float]]


def main(arguments: list[str]) -> int:
    out = Console(highlight=False)
    if len(arguments) != 1:
        out.print("usage: python -m benchmarks.peers PATH_OF_VLLM_ROUTER", markup=False)
        return 2
    try:
        if not Path(arguments[0]).is_file():
            raise Unfit(f"there is no command `{arguments[0]}`")
        figures = _measure(arguments[0], lambda text: out.print(f"[dim]{text} …[/dim]"))
    except Unfit as reason:
        out.print(f"no benchmark: {reason}", markup=False, soft_wrap=True)
        return 1
    out.print(_table(figures))
    return 0


def _measure(command: str, said: proxied.Said) -> _Figures:
    cores = two_cores()
    figures: _Figures = {}
    report.LATEST.parent.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=report.LATEST.parent) as directory,
        pinned(cores.load),
        ExitStack() as servers,
    ):
        scratch = Path(directory)
        whole, paced, through_whole, through_paced = free_ports(4)
        servers.enter_context(nginx.vendor(scratch, whole, cores.load))
        servers.enter_context(streams.vendor(scratch, paced, cores.load))
        proxy = servers.enter_context(
            nginx.proxy(scratch, (through_whole, through_paced), (whole, paced), cores.server)
        )
        with (
            gateway.gateway(scratch / "whole", whole, cores.server) as served,
            _router(command, scratch, "router-whole", whole, cores.server) as (router, port),
        ):
            gateway.probe(served, "")
            targets = (
                proxied.Target("nginx", "json", proxy, through_whole, served.key),
                proxied.Target("vllm-router", "json", router, port, served.key),
                proxied.Target("signalbox", "json", served.process, served.port, served.key),
            )
            figures |= proxied.measure(targets, passes=_PASSES, seconds=_SECONDS, said=said)
        with (
            gateway.gateway(scratch / "streamed", paced, cores.server) as served,
            _router(command, scratch, "router-streamed", paced, cores.server) as (router, port),
        ):
            streamed = streams.measure(
                (
                    streams.Target("nginx", proxy, through_paced, served.key),
                    streams.Target("vllm-router", router, port, served.key),
                    streams.Target("signalbox", served.process, served.port, served.key),
                ),
                passes=_STREAM_PASSES,
                seconds=_STREAM_SECONDS,
                said=said,
            )
            for group, values in streamed.items():
                figures[group] |= values
    return figures


@contextmanager
def _router(
    command: str, directory: Path, name: str, upstream: int, core: int
) -> Iterator[tuple[Running, int]]:
    """A router in front of that one server, and its port."""
    port, metrics = free_ports(2)
    line = (
        command, "--host", HOST, "--port", str(port), "--worker-urls", f"http://{HOST}:{upstream}",
        "--policy", "round_robin", "--prometheus-port", str(metrics), "--log-level", "error",
    )  # fmt: skip
    with running(name, line, core=core, directory=directory) as process:
        process.await_answer(port, _HEALTH)
        process.await_rest()
        yield process, port


def _table(figures: _Figures) -> Table:
    """Each figure, and what multiple of nginx's it is."""
    table = Table("in the same passes", *figures)
    for words, name, form in _SHOWN:
        base = figures["nginx"][name]
        cells = (f"{values[name]:{form}} ({values[name] / base:.3g} x)" for values in figures.values())
        table.add_row(words, *cells)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
