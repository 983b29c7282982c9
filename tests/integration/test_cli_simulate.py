"""`signalbox simulate vendors` as a process: it serves, keeps receipts, stops, and says what is wrong."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import anthropic
import pytest

from signalbox.simulate.receipts import read_receipts

SIGNALBOX = (sys.executable, "-c", "from signalbox.cli import main; main()")
COMMAND = (*SIGNALBOX, "simulate", "vendors", "--port-base", "0")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop(tmp_path: Path, how: signal.Signals) -> None:
    receipts = tmp_path / "received.jsonl"
    process = subprocess.Popen([*COMMAND, "--receipts", str(receipts)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = ""
        while not url:
            found = re.match(r"  anthropic +(http://\S+)", process.stdout.readline())
            url = found[1] if found else ""
        with anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as client:
            client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
        kept = read_receipts(receipts)
        end = time.monotonic() + 10
        while len(kept) < 2 and time.monotonic() < end:  # the reply may be here before its last receipt
            time.sleep(0.01)
            kept = read_receipts(receipts)
        assert [(one.event, one.vendor) for one in kept] == [
            ("received", "anthropic"),
            ("ended", "anthropic"),
        ]
        process.send_signal(how)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def test_what_is_wrong_is_said_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "drill.json"
    file.write_text('{"queue": [{"kind": "explode"}]}')
    for path, words in ((file, "queue[0].kind"), (tmp_path / "none.json", "cannot read the scenario")):
        command = [*COMMAND, "--scenario", str(path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
