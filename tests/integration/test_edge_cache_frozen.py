"""A real server with a real Valkey that is frozen (SIGSTOP): no request hangs, none fails, each says so."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest

from signalbox.testing.served import Answer, Served, eventually

SERVER = which("valkey-server") or which("redis-server") or "valkey-server"
WAIT_S = 0.2


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator["tuple[subprocess.Popen[bytes], Path]"]:
    socket = tmp_path / "valkey.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([SERVER, *options], stdout=subprocess.DEVNULL)
    try:
        eventually(socket.exists)
        yield process, socket
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def house(furnish: Callable[..., Path], valkey: "tuple[subprocess.Popen[bytes], Path]") -> Iterator[Served]:
    config = furnish()
    text = config.read_text().replace(
        'home_cloud = "azure"\n', 'home_cloud = "azure"\n[tenants.cache]\nenabled = true\nttl = "5m"\n', 1
    )
    config.write_text(
        f'{text}\n[cache]\nstore = "valkey"\nurl = "unix://{valkey[1]}"\nplace = "own"\nregion = "west"\n'
        f'timeout = "{int(WAIT_S * 1_000)}ms"\n'
    )
    with Served(config, config.parent / "data") as served:
        yield served
    report = served.verified()
    assert report.sound, report.findings
    assert "Traceback" not in served.complaints


def ask(house: Served, text: str, deadline_ms: int = 20_000) -> tuple[Answer, float]:
    began = time.monotonic()
    answer = house.chat(
        "sb-anna",
        {"x-signalbox-deadline-ms": str(deadline_ms)},
        model="own-good",
        temperature=0,
        messages=[{"role": "user", "content": text}],
    )
    return answer, time.monotonic() - began


def is_hit(house: Served) -> bool:
    return "hit" in ask(house, "Twice.")[0].headers.get("cache-status", "")


def test_a_frozen_valkey_holds_no_request_past_its_deadline(
    house: Served, valkey: "tuple[subprocess.Popen[bytes], Path]"
) -> None:
    process, _ = valkey
    eventually(lambda: is_hit(house))
    process.send_signal(signal.SIGSTOP)
    try:
        first, first_s = ask(house, "Twice.")
        assert (first.status, first.headers["cache-status"]) == (
            200, "signalbox; fwd=miss; detail=unavailable",
        )  # fmt: skip
        assert WAIT_S * 0.5 < first_s < 20
        rested = [ask(house, f"Number {number}.") for number in range(5)]
        assert {answer.status for answer, _ in rested} == {200}
        # One timeout for all of them, not one for each.
        assert sum(seconds for _, seconds in rested) < 20
        # A deadline that is not longer than the wait is not spent on a cache.
        hurried, hurried_s = ask(house, "Twice.", deadline_ms=int(WAIT_S * 1_000))
        assert hurried.headers.get("cache-status", "signalbox; fwd=bypass") == "signalbox; fwd=bypass"
        assert hurried_s < 20
        assert house.ask("GET", "/readyz").status == 200
    finally:
        process.send_signal(signal.SIGCONT)
    eventually(lambda: is_hit(house))
    metrics = house.ask("GET", "/metrics", key=house.operator_key).body.decode()
    assert "signalbox_cache_hits_total" in metrics
    assert "signalbox_cache_unavailable_total 0.0" not in metrics
