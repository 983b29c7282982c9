"""Records of a log in SQLite emptied: the contract, and what is left in its files."""

import os
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.database import LOG_FILE
from signalbox.adapters.stores.sqlite.lease import LOCK_FILE
from signalbox.adapters.stores.sqlite.log_reader import SqliteLogReader
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.domain.errors import LogUnavailable
from signalbox.ports.log import Batch, LogStore, StoredRecord
from signalbox.testing.log_erasure import LogErasureContract
from signalbox.testing.log_store import Place


class Directory:
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, address: str = "") -> LogStore:
        return SqliteLogStore(self._path, address=address)

    def break_lock(self) -> None:
        (self._path / LOCK_FILE).unlink()


class TestSqlite(LogErasureContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Directory(tmp_path / "data")


def batch(first: int, *bodies: bytes) -> Batch:
    records = tuple(
        StoredRecord(b"leaf %d" % (first + at), b"s" * 16, body) for at, body in enumerate(bodies)
    )
    return Batch(first, records, (), (), 0, 1, 1)


def everything(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file())


@pytest.mark.parametrize("size", [40, 30_000])
def test_no_byte_of_a_body_is_left_and_a_reader_in_the_way_is_told(tmp_path: Path, size: int) -> None:
    bodies = [os.urandom(size) for _ in range(6)]
    store = SqliteLogStore(tmp_path)
    store.acquire()
    store.append(batch(0, *bodies[:3]))
    store.append(batch(3, *bodies[3:]))
    assert bodies[1][:32] in everything(tmp_path)
    reader = SqliteLogReader.open(tmp_path)
    held = reader._connection
    held.execute("BEGIN")
    held.execute("SELECT count(*) FROM batch").fetchall()
    with pytest.raises(LogUnavailable) as told:
        store.erase([1])
    assert "a reader is in the way" in told.value.operator
    held.execute("COMMIT")
    store.erase([1])
    left = everything(tmp_path)
    assert not [at for at in range(0, size - 16, 16) if bodies[1][at : at + 16] in left]
    assert bodies[0][:32] in left
    assert [number for number, record in reader.scan() if not record.body] == [1]
    reader.close()
    store.release()
    assert (tmp_path / LOG_FILE).exists()
