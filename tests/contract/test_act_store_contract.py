"""The act stores against their contract, and what SQLite's does with a file that is not its own."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from signalbox.adapters.stores.sqlite.acts import ACTS_FILE, SqliteActStore
from signalbox.ports.acts import ActsUnavailable
from signalbox.testing.act_store import ActStoreContract, OpenStore, act
from signalbox.testing.memory_act_store import MemoryActStore


class TestSqlite(ActStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda: SqliteActStore(tmp_path / "data")


class TestMemory(ActStoreContract):
    @pytest.fixture
    def open_store(self) -> OpenStore:
        store = MemoryActStore()
        return lambda: store


def test_the_file_itself_refuses_to_forget_or_change_an_act(tmp_path: Path) -> None:
    with closing(SqliteActStore(tmp_path)) as store:
        store.append([act(1)], after=0)
    with closing(sqlite3.connect(tmp_path / ACTS_FILE)) as connection:
        for attempt in ("DELETE FROM act", "UPDATE act SET by = 'mallory'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(attempt)


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / ACTS_FILE)) as other:
        other.execute("CREATE TABLE diary (entry TEXT)")
    with closing(SqliteActStore(tmp_path)) as store, pytest.raises(ActsUnavailable) as refused:
        store.read(0)
    assert "holds no acts of governance" in refused.value.operator


def test_a_history_that_is_locked_is_unavailable_and_comes_back(tmp_path: Path) -> None:
    with closing(SqliteActStore(tmp_path)) as store:
        store.append([act(1)], after=0)
        with closing(sqlite3.connect(tmp_path / ACTS_FILE, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(ActsUnavailable):
                store.append([act(2)], after=1)
        store.append([act(2)], after=1)
        assert store.read(0) == (act(1), act(2))
