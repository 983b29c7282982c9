"""What a request costs, in what can be counted: a change that makes it dearer has to say so here."""

import sys
from pathlib import Path

from benchmarks.bytecodes import count

CALLS_MAX = 200
BYTECODES_MAX = 6_400
"""Of CPython 3.11's; other versions have other bytecodes."""


async def test_a_request_takes_no_more_steps_than_it_did(tmp_path: Path) -> None:
    counted = await count(tmp_path, 640)
    dearest = "\n".join(f"{times:7.1f} {name}" for name, times in list(counted.bytecodes.items())[:20])
    assert 100 < sum(counted.calls.values()) <= CALLS_MAX, dearest
    if sys.version_info[:2] == (3, 11):
        assert 3_000 < sum(counted.bytecodes.values()) <= BYTECODES_MAX, dearest
