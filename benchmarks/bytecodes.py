"""`python -m benchmarks.bytecodes [WORD …]`: what a request costs in bytecodes and calls of Python functions.

Time is noisy where others use the machine; these counts are the same on every run but for a tenth of a
percent, and say which function has grown. They do not see what C code does (JSON, tokens, hashes, sockets),
nor the log's writer, which has a thread of its own. With words, the functions whose names hold one of them.
"""

import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import uvloop
from msgspec import Struct
from rich.console import Console

from benchmarks.journey import REQUESTS, served

_SHOWN: Final = 50
_SOURCE: Final = "/signalbox/"


class Counted(Struct, frozen=True):
    """A request's, by function."""

    bytecodes: dict[str, float]
    calls: dict[str, float]


async def count(directory: Path, requests: int = REQUESTS) -> Counted:
    """Of this thread; `directory` is the house's own."""
    bytecodes: Counter[CodeType] = Counter()
    calls: Counter[CodeType] = Counter()

    def inside(frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            bytecodes[frame.f_code] += 1
        return inside

    def entered(frame: FrameType, _event: str, _: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        calls[frame.f_code] += 1
        return inside

    async with served(directory) as clients:
        sys.settrace(entered)
        try:
            await clients.ask(requests)
        finally:
            sys.settrace(None)
    return Counted(_named(bytecodes, requests), _named(calls, requests))


def _named(counted: Counter[CodeType], requests: int) -> dict[str, float]:
    named: Counter[str] = Counter()
    for code, times in counted.items():
        if _SOURCE in code.co_filename:
            named[f"{code.co_filename.rpartition(_SOURCE)[2]}:{code.co_qualname}"] += times
    return {name: times / requests for name, times in named.most_common()}


def main(words: list[str]) -> int:
    out = Console(highlight=False, soft_wrap=True)
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=Path(__file__).parent / "results") as scratch,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        counted = runner.run(count(Path(scratch)))
    wanted = [name for name in counted.bytecodes if not words or any(word in name for word in words)]
    for name in wanted[:_SHOWN]:
        out.print(f"{counted.bytecodes[name]:8.1f} {counted.calls.get(name, 0):6.2f}  {name}", markup=False)
    bytecodes = sum(counted.bytecodes[name] for name in wanted)
    calls = sum(counted.calls.get(name, 0) for name in wanted)
    out.print(f"{bytecodes:8.1f} {calls:6.2f}  a request, {len(wanted)} functions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
