"""A vendor with receipts, and a site of servers that may be killed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signalbox.testing.site import Site

HERE = Path(__file__).parent


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    receipts = tmp_path / "receipts.jsonl"
    command = [sys.executable, "-m", "signalbox.simulate.openai_compatible", "--receipts", str(receipts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as vendor:
        assert vendor.stdout is not None
        url = vendor.stdout.readline().rpartition(" ")[2].strip()
        made = Site(
            tmp_path, HERE.parents[2] / "policies", url, receipts, [sys.executable, str(HERE / "runner.py")]
        )
        try:
            yield made
        finally:
            made.end()
            vendor.terminate()
