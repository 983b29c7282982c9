"""Two processes, one log: a relay hands its records to the process that holds the lease."""

import asyncio
import hashlib
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from signalbox.adapters.log_relay.client import RelayLog
from signalbox.adapters.log_relay.server import RelayServer
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.domain.errors import LogUnavailable
from signalbox.domain.records import Record
from signalbox.record.journal import Journal, JournalLimits
from signalbox.record.leaf import read_leaf
from signalbox.record.verify import verify
from signalbox.testing.memory_log_store import MemoryDisk, MemoryLogStore
from signalbox.testing.records import BEGAN_US, decision, denial, intent, journey, outcome, withdrawn

WRITER = textwrap.dedent(
    """
    import asyncio, os, signal, sys, time
    from pathlib import Path
    from signalbox.adapters.log_relay.server import RelayServer
    from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
    from signalbox.record.journal import Journal

    class Clock:
        def now_us(self): return time.time_ns() // 1_000
        def monotonic_us(self): return time.monotonic_ns() // 1_000

    async def main():
        data_dir = Path(sys.argv[1])
        journal = Journal(SqliteLogStore(data_dir), Clock())
        await journal.open(["acme"])
        server = RelayServer(journal, data_dir / "log.sock")
        await server.start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        os.write(1, b"ready\\n")
        await stop.wait()
        await server.aclose()
        await journal.aclose()

    asyncio.run(main())
    """
)


class StoppedClock:
    def now_us(self) -> int:
        return BEGAN_US

    def monotonic_us(self) -> int:
        return 0


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A short path: a unix socket's may have about 100 characters."""
    with TemporaryDirectory(prefix="sbx-") as made:
        yield Path(made)


@pytest.fixture
def writer(data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lease and serves the log."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(data_dir)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 30)[0]
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def written(data_dir: Path) -> list[tuple[str, str]]:
    reader = SqliteLogReader.open(data_dir)
    report = verify(reader.scan(), reader.heads())
    assert report.findings == ()
    leaves = [read_leaf(stored.leaf) for _, stored in reader.scan()]
    reader.close()
    return [(leaf.kind, leaf.ref) for leaf in leaves]


def told(*records: Record) -> list[tuple[str, str]]:
    return [(record.kind, record.ref) for record in records]


async def test_what_another_process_commits_is_on_disk_in_its_order(
    data_dir: Path, writer: subprocess.Popen[bytes]
) -> None:
    content = b"a release"
    digest = hashlib.sha256(content).hexdigest()
    log = await RelayLog.connect(data_dir / "log.sock")
    log.pin(digest, content)
    log.post([decision(1)])
    await log.commit([intent(1)])
    assert told(decision(1), intent(1)) == written(data_dir)
    reader = SqliteLogReader.open(data_dir)
    assert content == reader.blob(digest)
    reader.close()

    commits = []
    for number in range(2, 40):
        commits.append(asyncio.create_task(log.commit([decision(number)])))
        await asyncio.sleep(0)
        log.post([intent(number)])
    log.post([outcome(1), denial(50), withdrawn(2, attempt=3)])
    await asyncio.gather(*commits)
    await log.aclose()
    middle = [each for n in range(2, 40) for each in told(decision(n), intent(n))]
    expected = told(decision(1), intent(1)) + middle + told(outcome(1), denial(50), withdrawn(2, attempt=3))
    assert expected == written(data_dir)
    assert log.healthy is False
    with pytest.raises(LogUnavailable):
        log.post([decision(60)])


async def test_pseudonyms_are_the_writers(data_dir: Path, writer: subprocess.Popen[bytes]) -> None:
    first = await RelayLog.connect(data_dir / "log.sock")
    second = await RelayLog.connect(data_dir / "log.sock")
    ann = first.pseudonym("acme", "user", "ann")
    assert ann == first.pseudonym("acme", "user", "ann") == second.pseudonym("acme", "user", "ann")
    assert ann != second.pseudonym("acme", "user", "bob")
    assert ann.startswith("u-")
    await first.aclose()
    await second.aclose()


async def test_a_writer_that_dies_is_noticed_by_all_who_wait(
    data_dir: Path, writer: subprocess.Popen[bytes]
) -> None:
    log = await RelayLog.connect(data_dir / "log.sock")
    await log.commit([decision(1)])
    writer.send_signal(signal.SIGSTOP)
    waiting = [asyncio.create_task(log.commit([decision(n)])) for n in (2, 3)]
    await asyncio.sleep(0)
    writer.kill()
    for refused in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(refused, LogUnavailable)
    assert not log.healthy
    for ask in (lambda: log.post([decision(4)]), lambda: log.pseudonym("acme", "user", "new")):
        with pytest.raises(LogUnavailable, match="gone"):
            ask()
    with pytest.raises(LogUnavailable, match="gone"):
        await log.commit([decision(4)])
    await log.aclose()
    writer.wait()
    assert told(decision(1)) == written(data_dir)[:1]
    with pytest.raises(LogUnavailable, match="nobody serves"):
        await RelayLog.connect(data_dir / "log.sock")


async def test_a_writer_that_stops_in_order_answers_first(
    data_dir: Path, writer: subprocess.Popen[bytes]
) -> None:
    log = await RelayLog.connect(data_dir / "log.sock")
    await log.commit(journey(1))
    writer.terminate()
    assert await asyncio.to_thread(writer.wait, 10) == 0
    assert not (data_dir / "log.sock").exists()
    await log.aclose()


async def test_the_next_writer_takes_over_the_socket_that_a_dead_one_left(
    data_dir: Path, writer: subprocess.Popen[bytes]
) -> None:
    writer.kill()
    writer.wait()
    assert (data_dir / "log.sock").exists()
    disk = MemoryDisk()
    journal = Journal(MemoryLogStore(disk), StoppedClock())
    await journal.open()
    server = RelayServer(journal, data_dir / "log.sock")
    await server.start()
    assert (data_dir / "log.sock").stat().st_mode & 0o777 == 0o600
    log = await RelayLog.connect(data_dir / "log.sock")
    await log.commit([decision(1)])
    assert disk.next == 1
    await log.aclose()
    await server.aclose()
    await journal.aclose()


async def test_a_log_that_cannot_be_written_is_refused_across_the_relay_until_it_can(data_dir: Path) -> None:
    disk = MemoryDisk()
    journal = Journal(MemoryLogStore(disk), StoppedClock(), limits=JournalLimits(retry_ms_min=1))
    await journal.open()
    server = RelayServer(journal, data_dir / "log.sock")
    await server.start()
    log = await RelayLog.connect(data_dir / "log.sock")
    disk.trouble = "no space is left"
    with pytest.raises(LogUnavailable) as refused:
        await log.commit([decision(1), intent(1)])
    assert (
        refused.value.message,
        refused.value.operator,
    ) == ("the decision log cannot be written", "no space is left")
    assert not log.healthy
    log.post([decision(2)])  # refused by the writer, after this call has returned
    with pytest.raises(LogUnavailable):
        await log.commit([])
    with pytest.raises(LogUnavailable, match="cannot be written"):
        log.post([decision(3)])
    disk.trouble = ""
    async with asyncio.timeout(10):
        while not log.healthy:
            with pytest.raises(LogUnavailable):
                log.post([decision(3)])
            await asyncio.sleep(0.001)
    log.post([decision(4)])
    await log.aclose()
    await server.aclose()
    await journal.aclose()
    assert [decision(4).ref] == [read_leaf(s.leaf).ref for _, s in MemoryLogStore(disk).scan()]


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff", b"\0\0\0\2hi", b"\0\0\0\1", b""],
)
async def test_bytes_that_are_no_ask_end_their_connection_alone(data_dir: Path, noise: bytes) -> None:
    disk = MemoryDisk()
    journal = Journal(MemoryLogStore(disk), StoppedClock())
    await journal.open()
    server = RelayServer(journal, data_dir / "log.sock")
    await server.start()
    log = await RelayLog.connect(data_dir / "log.sock")
    reader, out = await asyncio.open_unix_connection(str(data_dir / "log.sock"))
    out.write(noise)
    out.write_eof()
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    out.close()
    await log.commit([decision(1)])
    with pytest.raises(LogUnavailable):
        await log.commit([Record("acme", "rumour", "x", 1, decision(1).body)])
    await log.commit([decision(2)])
    assert disk.next == 2
    await log.aclose()
    await server.aclose()
    await journal.aclose()


def test_this_process_leaves_no_socket_open_to_others(data_dir: Path) -> None:
    async def serve() -> set[str]:
        journal = Journal(MemoryLogStore(MemoryDisk()), StoppedClock())
        await journal.open()
        server = RelayServer(journal, data_dir / "log.sock")
        await server.start()
        names = {entry.name for entry in os.scandir(data_dir)}
        await server.aclose()
        await journal.aclose()
        return names

    assert {"log.sock"} == asyncio.run(serve())
    assert list(data_dir.iterdir()) == []
