"""Both stores pass the public suite; readers beside the SQLite writer see what it committed."""

from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.lease import LOCK_FILE
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.domain.errors import LogUnavailable
from signalbox.ports.log import LogStore
from signalbox.testing.log_store import LogStoreContract, Place, batch_of, stored
from signalbox.testing.memory_log_store import MemoryDisk, MemoryLogStore


class MemoryPlace:
    def __init__(self) -> None:
        self.disk = MemoryDisk()

    def open(self, address: str = "") -> LogStore:
        return MemoryLogStore(self.disk, address=address)

    def break_lock(self) -> None:
        self.disk.broken_lock = True


class SqlitePlace:
    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def open(self, address: str = "") -> LogStore:
        return SqliteLogStore(self.data_dir, address=address)

    def break_lock(self) -> None:
        (self.data_dir / LOCK_FILE).unlink()


class TestMemoryLogStore(LogStoreContract):
    @pytest.fixture
    def place(self) -> Place:
        return MemoryPlace()


class TestSqliteLogStore(LogStoreContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return SqlitePlace(tmp_path / "new" / "data")


def test_a_reader_sees_what_the_writer_commits_while_it_reads(tmp_path: Path) -> None:
    store = SqliteLogStore(tmp_path)
    store.acquire()
    for number in range(40):
        store.append(batch_of(number, f"r{number}"))
    reader = SqliteLogReader.open(tmp_path)
    scan = reader.scan()
    assert next(scan) == (0, stored("r0"))
    store.append(batch_of(40, "r40"))
    assert [number for number, _ in scan] == list(range(1, 41))
    assert (reader.next_number(), len(reader.heads())) == (41, 1)
    reader.close()
    store.release()


def test_a_reader_reads_a_log_that_nobody_writes(tmp_path: Path) -> None:
    store = SqliteLogStore(tmp_path)
    store.acquire()
    store.append(batch_of(0, "a"))
    store.release()
    reader = SqliteLogReader.open(tmp_path)
    assert list(reader.scan()) == [(0, stored("a"))]
    reader.close()


def test_there_is_nothing_to_read_before_anything_was_written(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="there is no log"):
        SqliteLogReader.open(tmp_path)


@pytest.mark.parametrize("statement", ["PRAGMA user_version = 3", "PRAGMA application_id = 1"])
def test_a_file_of_another_format_is_left_alone(tmp_path: Path, statement: str) -> None:
    store = SqliteLogStore(tmp_path)
    store.acquire()
    store._held().execute(statement)
    store.release()
    with pytest.raises(LogUnavailable, match=r"format 3|not a decision log"):
        store.acquire()


def test_what_the_log_keeps_is_its_owners_alone(tmp_path: Path) -> None:
    store = SqliteLogStore(tmp_path)
    store.acquire()
    store.append(batch_of(0, "a"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    store.release()
    assert set(modes.values()) == {0o600}
    assert len(modes) == 4
