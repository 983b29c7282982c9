"""A server is killed at every boundary of a request's journey, and at random, under load.

What is asserted after each death, with the vendor's own receipts as the oracle:

- every receipt of a confidential request has its intent in the log, without exception;
- a receipt of a general request may lack its intent only if it arrived within `WINDOW_S` of the death
  (a group commit is due 10 ms after its first record; the rest is room for two appends on a busy disk);
- no attempt has two outcomes, no outcome lacks its intent, and the log verifies;
- the next server closes each attempt that was left open as `unknown`, once; the one after adds nothing.
"""

import asyncio
import random
import signal
import subprocess
import time

import pytest

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.ports.failpoint import PLACES
from signalbox.record.journal import Journal
from signalbox.testing.site import Log, Person, Site

WINDOW_S = 1.0


async def load(url: str, key: str, process: "subprocess.Popen[bytes]", seed: int) -> None:
    """Eight callers until the server is gone: confidential and general, whole and streamed."""

    async def caller(number: int, person: Person) -> None:
        rng = random.Random(seed * 8 + number)
        while process.poll() is None:
            confidential = rng.random() < 0.5
            await person.ask(
                "secret" if confidential else "open", confidential=confidential, stream=rng.random() < 0.5
            )

    async with Person(url, key) as person:
        await asyncio.gather(*(caller(number, person) for number in range(8)))


class Witness:
    """Follows a site through its servers' lives."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.lost = 0
        self.closed = 0
        self.left_open: set[str] = set()
        self._seen: set[str] = set()

    def after_death(self, died_s: float) -> Log:
        log = self.site.log()
        assert log.report.findings == ()
        self._outcomes(log)
        intents = {body["attempt"] for body in log.of("intent")}
        for receipt in self.site.receipts:
            if receipt.request_id in intents or receipt.request_id in self._seen:
                continue
            self._seen.add(receipt.request_id)
            self.lost += 1
            assert receipt.model != "secret", f"no intent for what the vendor got: {receipt}"
            assert receipt.time_us / 1e6 > died_s - WINDOW_S, f"lost beyond the group commit: {receipt}"
        assert all(body["durable"] for body in log.of("intent") if body["endpoint"] == "at-secret")
        return log

    def _outcomes(self, log: Log) -> None:
        """Whatever was open when the last server died has been closed by this one, and nothing else was."""
        outcomes = log.of("outcome")
        assert len({body["attempt"] for body in outcomes}) == len(outcomes)
        unknown = [body["attempt"] for body in outcomes if body["status"] == "unknown"]
        assert len(unknown) <= self.closed + len(self.left_open)
        if len(unknown) > self.closed:
            assert set(unknown[self.closed :]) == self.left_open
            self.closed = len(unknown)
            self.left_open = set()
        still_open = set(log.report.open_attempts)
        self.left_open |= still_open
        assert self.left_open == still_open

    async def at_the_end(self) -> None:
        """Opened twice: the first closes what is open, the second finds nothing to do."""
        expected = len(self.left_open)
        assert await reopen(self.site) == expected
        log = self.site.log()
        self._outcomes(log)
        assert log.report.open_attempts == ()
        assert await reopen(self.site) == 0
        assert self.site.log().records == log.records


async def reopen(site: Site) -> int:
    journal = Journal(SqliteLogStore(site.data_dir), SystemClock())
    swept = await journal.open()
    await journal.aclose()
    return swept


async def one_life(site: Site, witness: Witness, place: str, hit: int, seed: int) -> Log:
    process, url = site.serve(place, str(hit))
    if url:
        async with asyncio.timeout(60):
            await load(url, site.key, process, seed)
    assert process.wait(30) == -signal.SIGKILL, site.errors
    died_s = time.time()
    assert f"killed at {place}" in site.errors
    return witness.after_death(died_s)


async def random_life(site: Site, witness: Witness, rng: random.Random) -> None:
    process, url = site.serve()
    assert url, site.errors

    async def kill() -> None:
        await asyncio.sleep(rng.uniform(0.05, 0.4))  # the moment is what is random, nothing waits for it
        process.kill()

    async with asyncio.timeout(60):
        await asyncio.gather(load(url, site.key, process, rng.getrandbits(32)), kill())
    process.wait(30)
    witness.after_death(time.time())


async def test_killed_at_every_boundary_of_the_journey(site: Site) -> None:
    witness = Witness(site)
    for number, place in enumerate(PLACES):
        await one_life(site, witness, place, hit=5 + 3 * number, seed=number)
    assert len(site.receipts) > 30
    assert witness.closed
    await witness.at_the_end()


async def test_killed_while_it_closes_what_the_last_one_left_open(site: Site) -> None:
    witness = Witness(site)
    await one_life(site, witness, "dispatch.sending", hit=20, seed=1)
    open_before = set(witness.left_open)
    assert open_before
    await one_life(site, witness, "log.before_commit", hit=1, seed=2)
    assert witness.left_open == open_before
    await one_life(site, witness, "log.after_commit", hit=1, seed=3)
    assert (witness.left_open, witness.closed) == (set(), len(open_before))
    await witness.at_the_end()


async def test_killed_at_random_under_load(site: Site) -> None:
    witness = Witness(site)
    rng = random.Random(7)
    for _ in range(3):
        await random_life(site, witness, rng)
    await witness.at_the_end()


@pytest.mark.soak
@pytest.mark.parametrize("place", PLACES)
async def test_killed_at_one_boundary_many_times(site: Site, place: str) -> None:
    witness = Witness(site)
    rng = random.Random(place)
    for seed in range(12):
        await one_life(site, witness, place, hit=rng.randrange(1, 200), seed=seed)
    await witness.at_the_end()


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(4))
async def test_killed_at_random_many_times(site: Site, seed: int) -> None:
    witness = Witness(site)
    rng = random.Random(seed)
    for _ in range(25):
        await random_life(site, witness, rng)
    await witness.at_the_end()
