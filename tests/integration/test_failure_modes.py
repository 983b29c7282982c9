"""Real servers whose stores and vendors are frozen, locked or replaced: open or closed as the page says."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.acts import ACTS_FILE
from signalbox.adapters.stores.sqlite.database import LOG_FILE
from signalbox.adapters.stores.sqlite.switches import SWITCHES_FILE
from signalbox.testing.served import Served, Vendor, eventually


def warmed(served: Served) -> Served:
    eventually(lambda: served.chat("sb-anna", model="own-good").status == 200, 30)
    return served


def test_a_pipe_where_the_kill_switch_was_denies_within_the_lease_and_is_told(
    furnish: Callable[..., Path], vendor: Vendor
) -> None:
    config = furnish(more='\n[switches]\nlease = "2s"\n')
    with Served(config, config.parent / "data") as served:
        warmed(served)
        file = served.data_dir / SWITCHES_FILE
        kept = file.read_bytes()
        file.unlink()
        os.mkfifo(file)
        began = time.monotonic()
        eventually(lambda: served.chat("sb-anna", model="own-good").status == 403)
        assert time.monotonic() - began < 5, "the promise of the kill switch"
        before = len(vendor.emulator.receipts.kept)
        assert served.chat("sb-anna", model="own-good").status == 403
        assert len(vendor.emulator.receipts.kept) == before
        ready = served.ask("GET", "/readyz")
        assert (ready.status, "cannot be read" in ready.json["checks"]["kill_switch"]) == (503, True)
        metrics = served.ask("GET", "/metrics", key=served.operator_key).body
        assert b"signalbox_kill_switch_heard 0.0" in metrics
        file.unlink()
        file.write_bytes(kept)
        eventually(lambda: served.chat("sb-anna", model="own-good").status == 200)
        assert served.ask("GET", "/readyz").status == 200


def test_a_locked_history_of_acts_stops_acts_and_no_request_and_is_told(furnish: Callable[..., Path]) -> None:
    config = furnish()
    with Served(config, config.parent / "data") as served:
        warmed(served)
        with closing(sqlite3.connect(served.data_dir / ACTS_FILE, isolation_level=None)) as locked:
            locked.execute("BEGIN EXCLUSIVE")
            eventually(lambda: served.ask("GET", "/readyz").json["checks"]["acts"] != "ok")
            ready = served.ask("GET", "/readyz")
            assert ready.status == 200, "requests are served: a load balancer need not send them elsewhere"
            assert "no break-glass grant is honoured" in ready.json["checks"]["acts"]
            assert b"signalbox_acts_heard 0.0" in served.ask("GET", "/metrics", key=served.operator_key).body
            began = time.monotonic()
            assert served.chat("sb-anna", model="own-good").status == 200
            assert time.monotonic() - began < 5
        eventually(lambda: served.ask("GET", "/readyz").json["checks"]["acts"] == "ok")


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator["tuple[subprocess.Popen[str], str]"]:
    """A vendor in a process of its own, to be frozen as a whole."""
    command = [sys.executable, "-m", "signalbox.simulate.openai_compatible"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().rpartition(" ")[2].strip()
        process.kill()


@pytest.mark.parametrize("stream", [False, True])
def test_a_frozen_vendor_costs_its_idle_limit_and_another_answers(
    furnish: Callable[..., Path], stopped: "tuple[subprocess.Popen[str], str]", stream: bool
) -> None:
    process, url = stopped
    config = furnish()
    text = config.read_text()
    begins = text.index('id = "own-good"')
    at = text.index('base_url = "', begins) + len('base_url = "')
    end = text.index('"', at)
    config.write_text(text[:at] + url + text[end:])
    with Served(config, config.parent / "data") as served:
        warmed(served)
        process.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            answer = served.chat("sb-anna", {"x-signalbox-deadline-ms": "8000"}, model="good", stream=stream)
            assert time.monotonic() - began < 8
            assert answer.status == 200, answer.body
            assert answer.headers["x-signalbox-endpoint"] == "azure-se", "the only other that is permitted"
            began = time.monotonic()
            alone = served.chat(
                "sb-anna", {"x-signalbox-deadline-ms": "3000"}, model="own-good", stream=stream
            )
            assert time.monotonic() - began < 3.5, "never past the deadline"
            assert alone.status in (502, 503, 504), alone.body
            assert served.ask("GET", "/readyz").status == 200
        finally:
            process.send_signal(signal.SIGCONT)
    assert served.verified().sound


def test_a_stall_of_the_whole_process_longer_than_the_lease_sends_nothing_on_what_it_knew(
    furnish: Callable[..., Path], vendor: Vendor
) -> None:
    """Frozen itself, it hears of no kill; what it does first when it goes on is not to send."""
    config = furnish(more='\n[switches]\nlease = "1s"\n')
    with Served(config, config.parent / "data") as served:
        warmed(served)
        served.signal(signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(served.data_dir / SWITCHES_FILE, isolation_level=None)) as beside:
                beside.execute(
                    "INSERT INTO change VALUES (1, 'kill', 'vendor:acme-models', 'somebody', 'a drill', 0, 1)"
                )
            before = len(vendor.emulator.receipts.kept)
            time.sleep(1.2)  # what is tested is time that passes for nobody in the process
        finally:
            served.signal(signal.SIGCONT)
        for _ in range(20):
            assert served.chat("sb-anna", model="own-good").status == 403
        assert len(vendor.emulator.receipts.kept) == before


def test_a_log_that_another_holds_locked_costs_no_request_more_than_its_deadline(
    furnish: Callable[..., Path], vendor: Vendor
) -> None:
    """The writer waits for the lock; who is owed a durable record does not wait for the writer for ever."""
    config = furnish()
    with Served(config, config.parent / "data") as served:
        warmed(served)
        with closing(sqlite3.connect(served.data_dir / LOG_FILE, isolation_level=None)) as locked:
            locked.execute("BEGIN IMMEDIATE")
            before = len(vendor.emulator.receipts.kept)
            began = time.monotonic()
            headers = {"x-signalbox-deadline-ms": "1500", "x-signalbox-sensitivity": "confidential"}
            answer = served.chat("sb-anna", headers, model="own-good")
            took = time.monotonic() - began
            assert answer.status in (503, 504), answer.body
            assert took < 2, took
            assert len(vendor.emulator.receipts.kept) == before, "nothing left before it was written down"
            eventually(lambda: served.ask("GET", "/readyz").status == 503)
        eventually(lambda: served.ask("GET", "/readyz").status == 200)
        eventually(lambda: served.chat("sb-anna", headers, model="own-good").status == 200)
    report = served.verified()
    assert report.sound, report.findings
