"""The kill switch on real servers, with the vendor's receipts as the judge of what was sent, and when.

A receipt's clock and the command's are this machine's one wall clock.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.switches import SWITCHES_FILE
from signalbox.app import Signalbox
from signalbox.domain.errors import AttemptsExhausted
from signalbox.domain.request import Declared
from signalbox.testing.served import Served, Vendor, eventually
from signalbox.testing.values import request

PROMISED_US = 5_000_000
BOTH = ("vendor:acme-models", "vendor:anthropic")


@pytest.fixture
def server(furnish: Callable[..., Path]) -> Iterator[Served]:
    config = furnish()
    with Served(config, config.parent / "data") as served:
        yield served
    report = served.verified()
    assert report.sound, report.findings
    assert "Traceback" not in served.complaints


def now_us() -> int:
    return time.time_ns() // 1_000


def received(vendor: Vendor) -> list[int]:
    return [each.time_us for each in list(vendor.emulator.receipts.kept) if each.event != "ended"]


@contextmanager
def load(served: Served, callers: int = 4) -> Iterator[list[int]]:
    """Callers who ask without a pause; their statuses."""
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        with served.connection() as line:
            while not over.is_set():
                statuses.append(line.chat("sb-anna", model="own-good").status)

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_under_load_nothing_leaves_once_the_door_has_answered(server: Served, vendor: Vendor) -> None:
    query = "&".join(f"selector={each}" for each in BOTH) + "&reason=a%20drill"
    with load(server) as statuses:
        eventually(lambda: statuses.count(200) > 50)
        thrown_us = now_us()
        answer = server.ask("POST", f"/admin/v1/kills?{query}", key=server.operator_key)
        answered_us = now_us()
        assert answer.status == 200, answer.body
        refused = statuses.count(403)
        eventually(lambda: statuses.count(403) > refused + 100)
    last_us = max(received(vendor))
    assert last_us < answered_us + 100_000, "bytes that had left are still read by the vendor"
    assert last_us < thrown_us + PROMISED_US
    listed = server.ask("GET", "/admin/v1/kills", key=server.operator_key).json
    assert [kill["selector"] for kill in listed["kills"]] == list(BOTH)
    assert [kill["by"] for kill in listed["kills"]] == ["local-operator"] * 2
    assert "own-good" in listed["kills"][0]["endpoints"]
    assert server.stop() == 0
    told = [record for record in server.records() if record["kind"] == "kill"]
    assert [(each["selector"], each["reason"], each["tenant"]) for each in told] == [
        (selector, "a drill", "$switches") for selector in BOTH
    ]


async def test_a_process_beside_the_server_hears_of_it(server: Served, vendor: Vendor) -> None:
    async with Signalbox.from_config(server.config) as beside:
        await asyncio.to_thread(beside.tokenizer.warm)  # else its loading holds the loop
        asked = request(target="own-good", declared=Declared(app="word", feature="rewrite"))
        await beside.complete(asked, key="sb-anna")
        thrown_us = now_us()
        done = server.command("kill", *BOTH, "--reason", "a drill")
        assert done.returncode == 0, done.stderr
        assert "in force on the server now" in done.stdout

        async def go_on() -> None:
            while now_us() < thrown_us + 2 * PROMISED_US:
                await beside.complete(asked, key="sb-anna")

        with pytest.raises(AttemptsExhausted) as refused:
            await go_on()
        assert refused.value.code == "withdrawn"
        assert max(received(vendor)) < thrown_us + PROMISED_US
        with pytest.raises(AttemptsExhausted):
            await beside.complete(asked, key="sb-anna")


def test_a_start_finds_the_kill_and_a_restore_lifts_it(furnish: Callable[..., Path], vendor: Vendor) -> None:
    config = furnish()
    with Served(config, config.parent / "data") as served:
        assert served.chat("sb-anna", model="own-good").status == 200
        assert served.command("kill", *BOTH, "--reason", "a drill").returncode == 0
    before = len(received(vendor))
    with Served(config, config.parent / "data") as served:
        assert served.chat("sb-anna", model="own-good").status == 403
        assert len(received(vendor)) == before
        shown = served.command("kills")
        assert "vendor:anthropic" in shown.stdout
        assert "a drill" in shown.stdout
        done = served.command("restore", *BOTH, "--reason", "over")
        assert "nothing is stopped" in done.stdout, done.stderr
        assert served.chat("sb-anna", model="own-good").status == 200
    assert [each["kind"] for each in served.records() if "selector" in each] == ["kill"] * 2 + ["restore"] * 2
    assert served.verified().sound


def test_with_no_server_the_command_writes_the_state_and_the_log(furnish: Callable[..., Path]) -> None:
    config = furnish()
    absent = Served(config, config.parent / "data")
    absent.url = "http://127.0.0.1:9"
    done = absent.command("kill", "vendor:anthropic", "vendor:antropic", "--reason", "a drill", "--cut")
    assert done.returncode == 0, done.stderr
    assert "every process of this data directory obeys it within 4 s" in done.stdout
    assert "none in the catalogue" in done.stdout
    assert "nothing is stopped" not in absent.command("kills").stdout
    told = [(each["kind"], each["selector"], each["cut"]) for each in absent.records()]
    assert told == [("kill", "vendor:anthropic", True), ("kill", "vendor:antropic", True)]
    assert absent.verified().sound
    wrong = absent.command("kill", "anthropic", "--reason", "a drill")
    assert wrong.returncode == 1
    assert "names nothing that can be stopped" in wrong.stderr


def test_a_frozen_store_denies_when_the_lease_is_over_and_until_it_is_read_again(
    furnish: Callable[..., Path], vendor: Vendor
) -> None:
    config = furnish(more='\n[switches]\nlease = "1500ms"\n')
    with Served(config, config.parent / "data") as served:
        assert served.chat("sb-anna", model="own-good").status == 200
        with closing(sqlite3.connect(served.data_dir / SWITCHES_FILE, isolation_level=None)) as frozen:
            frozen.execute("BEGIN EXCLUSIVE")
            frozen_us = now_us()
            eventually(lambda: served.chat("sb-anna", model="own-good").status == 403)
            assert max(received(vendor)) < frozen_us + 1_600_000
            before = len(received(vendor))
            ready = served.ask("GET", "/readyz")
            assert (ready.status, ready.json["checks"]["kill_switch"]) == (
                503,
                "its state cannot be read: nothing is sent anywhere",
            )
            answer = served.ask("POST", "/admin/v1/kills?selector=vendor:x&reason=a", key=served.operator_key)
            assert (answer.status, answer.error["code"]) == (503, "switches_unavailable")
            assert served.chat("sb-anna", model="own-good").status == 403
            assert len(received(vendor)) == before
        eventually(lambda: served.ask("GET", "/readyz").status == 200)
        assert served.chat("sb-anna", model="own-good").status == 200


def test_a_cut_ends_a_stream_of_the_server(server: Served, vendor: Vendor) -> None:
    ended: list[bytes] = []

    def read() -> None:
        ended.append(server.chat("sb-anna", model="x-slow", stream=True).body)

    reading = threading.Thread(target=read)
    before = len(received(vendor))
    reading.start()
    eventually(lambda: len(received(vendor)) > before)
    time.sleep(0.3)  # the first of 200 words, one every 50 ms
    began = time.monotonic()
    assert server.command("kill", "endpoint:x-slow", "--reason", "a drill", "--cut").returncode == 0
    reading.join(10)
    assert time.monotonic() - began < 5, "the stream would have gone on for ten seconds"
    assert b"error" in ended[0]
    vendor.idle()
    eventually(lambda: [each for each in server.records() if each["kind"] == "outcome"])
    (outcome,) = [each for each in server.records() if each["kind"] == "outcome"]
    assert (outcome["status"], outcome["failure"]) == ("cancelled", "withdrawn")
    assert outcome["detail"] == "killed: endpoint:x-slow"
    assert outcome["billed"] == "maybe"


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("POST", ""),
        ("POST", "selector=vendor:v"),
        ("POST", "reason=why"),
        ("POST", "selector=nothing&reason=why"),
        ("POST", "selector=vendor:v&reason=why&cut=perhaps"),
        ("POST", "selector=vendor:v&reason=why&reason=why"),
        ("POST", "selector=vendor:v&reason=why&more=1"),
        ("DELETE", "selector=vendor:v&reason=why&cut=true"),
    ],
)
def test_what_the_door_does_not_understand_it_refuses(served: Served, method: str, query: str) -> None:
    answer = served.ask(method, f"/admin/v1/kills?{query}", key=served.operator_key)
    assert (answer.status, answer.error["code"]) == (400, "malformed_request")
    assert served.ask("GET", "/admin/v1/kills", key=served.operator_key).json["epoch"] == 0


def test_the_switch_is_for_operators(served: Served) -> None:
    for method in ("GET", "POST", "DELETE"):
        door = "/admin/v1/kills?selector=vendor:v&reason=why"
        assert served.ask(method, door, key="sb-anna").status == 403
        assert served.ask(method, door).status == 401
    assert served.ask("PUT", "/admin/v1/kills", key=served.operator_key).status == 405
