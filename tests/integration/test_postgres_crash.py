"""The server of PostgreSQL is killed at random moments while a journal commits: nothing that was acknowledged
is lost, nothing is there twice, and the journal goes on by itself."""

import asyncio
import random
import time
from collections import Counter
from contextlib import closing

import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.stores.postgres.link import Bounds, Link
from signalbox.adapters.stores.postgres.log_reader import PostgresLogReader
from signalbox.adapters.stores.postgres.log_store import PostgresLogStore
from signalbox.domain.errors import LogUnavailable
from signalbox.record.journal import Journal, JournalLimits
from signalbox.record.leaf import read_leaf
from signalbox.record.verify import verify
from signalbox.testing.postgres_server import PostgresServer
from signalbox.testing.records import decision, id_of, intent, outcome

QUICK = JournalLimits(window_ms=2, retry_ms_min=10, retry_ms_max=50)
WORKERS = 8


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(seed: int) -> None:
    with PostgresServer() as server:
        asyncio.run(crash_repeatedly(server, 3, seed))


@pytest.mark.soak
def test_nothing_acknowledged_is_lost_in_many_crashes() -> None:
    with PostgresServer() as server:
        asyncio.run(crash_repeatedly(server, 40, time.time_ns()))


async def crash_repeatedly(server: PostgresServer, times: int, seed: int) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    link = Link.to(server.database(), Bounds(statement_ms=1_000, lock_ms=500))
    journal = Journal(PostgresLogStore(link, "here"), SystemClock(), limits=QUICK)
    await journal.open(["acme"])
    acknowledged: set[int] = set()
    refused: set[int] = set()
    over = asyncio.Event()

    async def work(first: int) -> None:
        number = first
        while not over.is_set():
            number += WORKERS
            try:
                await journal.commit([decision(number), intent(number)])
            except LogUnavailable:
                refused.add(number)
                await asyncio.sleep(0.005)
                continue
            acknowledged.add(number)
            journal.post([outcome(number)])

    workers = [asyncio.create_task(work(first)) for first in range(WORKERS)]
    for _ in range(times):
        before = len(acknowledged)
        while len(acknowledged) < before + 100:
            await asyncio.sleep(0.005)
        await asyncio.sleep(rng.uniform(0, 0.05))
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    before = len(acknowledged)
    while len(acknowledged) < before + 100:
        await asyncio.sleep(0.005)
    over.set()
    await asyncio.gather(*workers)
    await journal.aclose()
    assert refused
    with closing(PostgresLogReader.open(link, "here")) as log:
        report = verify(log.scan(), log.heads())
        assert (report.findings, report.open_attempts) == ((), ())
        seen = Counter((leaf.kind, leaf.ref) for leaf in (read_leaf(stored.leaf) for _, stored in log.scan()))
    assert set(seen.values()) == {1}
    for number in acknowledged:
        assert seen["intent", id_of(number, 1)] == seen["outcome", id_of(number, 1)] == 1
    for number in refused:
        assert seen["intent", id_of(number, 1)] == seen["outcome", id_of(number, 1)]
