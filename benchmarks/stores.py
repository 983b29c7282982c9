"""Group commits on SQLite and on PostgreSQL, side by side: how many a second, one after the other, and what a
request costs that waits for its own.

    python -m benchmarks.stores

The server is the one of the tests: on a unix socket of this machine, with `fsync` on, as SQLite's file has.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.stores.opened import SqliteStores, Stores
from signalbox.adapters.stores.postgres.link import Link
from signalbox.adapters.stores.postgres.opened import PostgresStores
from signalbox.ports.log import Batch, StoredRecord
from signalbox.record.journal import Journal
from signalbox.testing.postgres_server import PostgresServer
from signalbox.testing.records import decision, intent, outcome

RECORD = StoredRecord(b"l" * 220, b"s" * 32, b"b" * 800)
SIZES = (1, 10, 100)
APPENDS = 400
ROUNDS = 5
CLIENTS = 64
REQUESTS = 4_000


def appends(stores: Stores) -> dict[int, float]:
    """Records in a batch → appends a second, the median of some rounds."""
    store = stores.log("benchmark")
    store.acquire()
    number = store.next_number()
    found = {}
    for size in SIZES:
        rates = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            for _ in range(APPENDS // ROUNDS):
                store.append(Batch(number, (RECORD,) * size, (), (), 0, 1_000, 1_000))
                number += size
            rates.append(APPENDS // ROUNDS / (time.perf_counter() - began))
        found[size] = statistics.median(rates)
    store.release()
    return found


async def journeys(stores: Stores) -> tuple[float, float]:
    """Requests a second of clients that each wait for their intent to be on disk; ms for one, the median."""
    journal = Journal(stores.log("benchmark"), SystemClock())
    await journal.open(["acme"])
    took: list[float] = []

    async def client(first: int) -> None:
        for number in range(first, REQUESTS, CLIENTS):
            began = time.perf_counter()
            journal.post([decision(number)])
            await journal.commit([intent(number)])
            took.append(time.perf_counter() - began)
            journal.post([outcome(number)])

    began = time.perf_counter()
    await asyncio.gather(*(client(first) for first in range(CLIENTS)))
    elapsed = time.perf_counter() - began
    await journal.aclose()
    return REQUESTS / elapsed, statistics.median(took) * 1_000


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, PostgresServer() as server:
        places: dict[str, Callable[[str], Stores]] = {
            "SQLite": lambda name: SqliteStores(Path(directory) / name),
            "PostgreSQL": lambda name: PostgresStores(Link.to(address), name),
        }
        address = server.database()
        for name, place in places.items():
            rates = ", ".join(f"{rate:,.0f}/s of {size}" for size, rate in appends(place("appends")).items())
            requests, median_ms = asyncio.run(journeys(place("journeys")))
            print(
                f"{name}: appends one after the other {rates}; {CLIENTS} clients that wait for their intent: "
                f"{requests:,.0f} requests/s, {median_ms:.1f} ms"
            )


if __name__ == "__main__":
    main()
