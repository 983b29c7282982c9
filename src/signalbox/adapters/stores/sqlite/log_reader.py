"""Reading a log kept in SQLite: beside its writer, or on a copy.

Each call reads in short transactions of a few rows, so that a slow reader never keeps the writer's
write-ahead log from being reset. It does not judge what it reads: `record.verify` does.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from signalbox.adapters.stores.sqlite import sql
from signalbox.adapters.stores.sqlite.database import LOG_FILE, open_for_reading
from signalbox.domain.errors import LogUnavailable
from signalbox.ports.log import Head, StoredRecord

SLACK_US: Final = 60_000_000
"""How much earlier than its id's time a record may carry its own: clocks step, and batches are concurrent."""

_frames: Final = msgspec.msgpack.Decoder(tuple[StoredRecord, ...])


class SqliteLogReader:
    """The reading half of `ports.log.LogStore`. Every method raises `LogUnavailable`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, data_dir: Path) -> "SqliteLogReader":
        """Open the log in `data_dir` read-only. Raises `LogUnavailable` if there is none."""
        path = data_dir / LOG_FILE
        try:
            return cls(open_for_reading(path), path)
        except sqlite3.Error as error:
            raise LogUnavailable(f"the log `{path}` cannot be opened: {error}") from error

    def close(self) -> None:
        self._connection.close()

    def heads(self) -> tuple[Head, ...]:
        return tuple(Head(*row) for row in self._rows(sql.HEADS))

    def next_number(self) -> int:
        return self._mark(0)

    def low_water(self) -> int:
        return self._mark(1)

    def scan(self, first: int = 0) -> Iterator[tuple[int, StoredRecord]]:
        ((row,),) = self._rows(sql.ROW_OF, first)
        yield from (numbered for numbered in self._records(sql.ROWS_FROM, row or 0) if numbered[0] >= first)

    def find(self, ref: str, time_us: int) -> Iterator[tuple[int, StoredRecord]]:
        starts = self._rows(sql.ROW_AT_TIME, time_us - SLACK_US)
        if not starts:
            return
        wanted = ref.encode()
        for number, stored in self._records(sql.ROWS_MENTIONING, starts[0][0], wanted):
            if wanted in stored.body or wanted in stored.leaf:
                yield number, stored

    def blob(self, digest: str) -> bytes | None:
        rows = self._rows(sql.BLOB, digest)
        return rows[0][0] if rows else None

    def tile(self, level: int, number: int) -> bytes | None:
        rows = self._rows(sql.TILE, level, number)
        return rows[0][0] if rows else None

    def checkpoint(self, size: int | None = None) -> str | None:
        rows = self._rows(sql.CHECKPOINT) if size is None else self._rows(sql.CHECKPOINT_OF, size)
        return rows[0][0] if rows else None

    def tenant_key(self, tenant: str) -> bytes | None:
        """The tenant's pseudonym key, or None if it was never needed or has been erased."""
        rows = self._rows(sql.KEY, tenant)
        return rows[0][0] if rows else None

    def _mark(self, which: int) -> int:
        mark: int = self._rows(sql.MARKS)[0][which]
        return mark

    def _records(self, statement: str, first: int, *parameters: bytes) -> Iterator[tuple[int, StoredRecord]]:
        """The records of the rows that `statement` selects from row `first` on, a few rows at a time."""
        while rows := self._rows(statement, first, *parameters):
            for row_first, frames in rows:
                yield from enumerate(self._unframe(row_first, frames), row_first)
                first = row_first + 1

    def _unframe(self, first: int, frames: bytes) -> tuple[StoredRecord, ...]:
        try:
            return _frames.decode(frames)
        except msgspec.DecodeError as error:
            raise LogUnavailable(f"the batch from record {first} in `{self._path}` is damaged") from error

    def _rows(self, statement: str, *parameters: str | int | bytes) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise LogUnavailable(f"the log `{self._path}` cannot be read: {error}") from error
