"""A process that writes the log is killed at a random moment, again and again."""

import asyncio
import os
import random
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.record.journal import Journal
from signalbox.record.verify import verify
from signalbox.testing.records import BEGAN_US

WRITER = textwrap.dedent(
    """
    import asyncio, os, signal, sys, time
    from pathlib import Path
    from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
    from signalbox.record.journal import Journal
    from signalbox.testing.records import decision, intent, outcome

    data_dir, start, place, after = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    passed = 0

    class Clock:
        def now_us(self): return time.time_ns() // 1_000
        def monotonic_us(self): return time.monotonic_ns() // 1_000

    def failpoint(where):
        global passed
        passed += where == place
        if where == place and passed > after:
            os.kill(os.getpid(), signal.SIGKILL)

    async def request(journal, number):
        tenant = "even" if number % 2 == 0 else "odd"
        journal.post([decision(number, tenant)])
        await journal.commit([intent(number, tenant)])
        os.write(1, b"I%d\\n" % number)
        journal.post([outcome(number, tenant)])
        if number % 3 == 0:
            await journal.commit([])
            os.write(1, b"O%d\\n" % number)

    async def worker(journal, first):
        for number in range(first, first + 1_000_000, 8):
            await request(journal, number)

    async def main():
        journal = Journal(SqliteLogStore(data_dir), Clock(), failpoint=failpoint)
        swept = await journal.open()
        os.write(1, b"S%d\\n" % swept)
        await asyncio.gather(*(worker(journal, start + n) for n in range(8)))

    asyncio.run(main())
    """
)


def run_until_killed(data_dir: Path, start: int, place: str, after: int, kill_s: float) -> list[str]:
    """What the writer acknowledged before it died."""
    arguments = [sys.executable, "-c", WRITER, str(data_dir), str(start), place, str(after)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        said = b""
        deadline = None
        while True:
            timeout = 30.0 if deadline is None else max(deadline - time.monotonic(), 0)
            if not select.select([writer.stdout], [], [], timeout)[0]:
                writer.send_signal(signal.SIGKILL)
            piece = os.read(writer.stdout.fileno(), 65_536)
            if not piece:
                break
            if deadline is None and b"I" in said + piece:
                deadline = time.monotonic() + kill_s
            said += piece
            if deadline is not None and time.monotonic() > deadline:
                writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL, writer.stderr.read().decode()
    return said.decode().rpartition("\n")[0].split()


def crash_repeatedly(data_dir: Path, times: int, seed: int) -> None:
    rng = random.Random(seed)
    intents: set[int] = set()
    outcomes: set[int] = set()
    swept_total = 0
    for life in range(times):
        place = rng.choice(["log.before_commit", "log.after_commit", "nowhere"])
        start = life * 10_000_000
        said = run_until_killed(data_dir, start, place, rng.randrange(40), rng.uniform(0, 0.15))
        intents |= {int(word[1:]) for word in said if word[0] == "I"}
        outcomes |= {int(word[1:]) for word in said if word[0] == "O"}
        swept_total += sum(int(word[1:]) for word in said if word[0] == "S")
        assert_all_there(data_dir, intents, outcomes, swept_total)
    assert intents
    assert swept_total
    close_what_is_open(data_dir)


def close_what_is_open(data_dir: Path) -> None:
    async def open_and_close() -> None:
        journal = Journal(SqliteLogStore(data_dir), StoppedClock())
        await journal.open()
        await journal.aclose()

    asyncio.run(open_and_close())
    reader = SqliteLogReader.open(data_dir)
    report = verify(reader.scan(), reader.heads())
    assert (report.findings, report.open_attempts) == ((), ())
    assert reader.low_water() == reader.next_number()
    reader.close()


class StoppedClock:
    def now_us(self) -> int:
        return BEGAN_US

    def monotonic_us(self) -> int:
        return 0


def assert_all_there(data_dir: Path, intents: set[int], outcomes: set[int], swept: int) -> None:
    reader = SqliteLogReader.open(data_dir)
    report = verify(reader.scan(), reader.heads())
    assert report.findings == ()
    assert report.records == reader.next_number()
    assert report.records == sum(head.count for head in report.heads)
    numbers: dict[str, set[int]] = {"intent": set(), "outcome": set()}
    unknown = 0
    for _, stored in reader.scan():
        kind = stored.leaf.split(b'"kind":"')[1].split(b'"')[0].decode()
        if kind in numbers:
            ref = stored.leaf.split(b'"ref":"')[1][:32]
            numbers[kind].add(int(ref[17:], 16))
        unknown += b'"status":"unknown"' in stored.body
    reader.close()
    assert intents <= numbers["intent"]
    assert outcomes <= numbers["outcome"]
    assert swept <= unknown  # less where it was killed between closing them and saying so


def test_killed_at_random_the_log_opens_clean_with_all_that_was_acknowledged(tmp_path: Path) -> None:
    crash_repeatedly(tmp_path, 5, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(8))
def test_killed_at_random_many_times(tmp_path: Path, seed: int) -> None:
    crash_repeatedly(tmp_path, 25, seed=seed)
