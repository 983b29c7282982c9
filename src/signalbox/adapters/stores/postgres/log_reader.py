"""Reading a log kept in PostgreSQL: any node's, from anywhere, beside its writer.

Each call reads a few rows in a statement of its own. It does not judge what it reads: `record.verify` does.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import psycopg

from signalbox.adapters.stores.postgres import sql
from signalbox.adapters.stores.postgres.link import Connection, Link, given_up, told
from signalbox.adapters.stores.postgres.migrate import opened
from signalbox.domain.errors import LogUnavailable
from signalbox.ports.log import Head, StoredRecord

SLACK_US: Final = 60_000_000
"""How much earlier than its id's time a record may carry its own: clocks step, and batches are concurrent."""

_frames: Final = msgspec.msgpack.Decoder(tuple[StoredRecord, ...])


class PostgresLogReader:
    """Implements `ports.log.LogReader` for the log called `name`, whose number is `log`."""

    def __init__(self, connection: Connection, log: int, name: str) -> None:
        self._connection = connection
        self._log = log
        self._name = name

    @classmethod
    def open(cls, link: Link, name: str) -> "PostgresLogReader":
        """Raises `LogUnavailable`, also where there is no such log."""
        try:
            connection = opened(link)
        except psycopg.Error as error:
            raise LogUnavailable("the database of the log cannot be reached", operator=told(error)) from error
        try:
            found = connection.execute(sql.LOG, {"name": name}).fetchone()
        except psycopg.Error as error:
            connection.close()
            raise LogUnavailable("the log cannot be read", operator=told(error)) from error
        if found is None:
            connection.close()
            raise LogUnavailable(f"there is no log `{name}` in the database")
        return cls(connection, found[0], name)

    @staticmethod
    def names(link: Link) -> tuple[str, ...]:
        """Whose logs the database has. Raises `LogUnavailable`."""
        try:
            with opened(link) as connection:
                return tuple(name for (name,) in connection.execute(sql.NAMES).fetchall())
        except psycopg.Error as error:
            raise LogUnavailable("the database of the log cannot be reached", operator=told(error)) from error

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
        return self._value(self._rows(sql.BLOB, digest))

    def tile(self, level: int, number: int) -> bytes | None:
        return self._value(self._rows(sql.TILE, level, number))

    def checkpoint(self, size: int | None = None) -> str | None:
        found = self._rows(sql.CHECKPOINT) if size is None else self._rows(sql.CHECKPOINT_OF, size)
        return found[0][0] if found else None

    def tenant_key(self, tenant: str) -> bytes | None:
        """The tenant's pseudonym key, or None if it was never needed or has been erased."""
        return self._value(self._asked(sql.KEY, (tenant,)))

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
            raise LogUnavailable(f"the batch from record {first} of log `{self._name}` is damaged") from error

    @staticmethod
    def _value(rows: list[tuple[Any, ...]]) -> bytes | None:
        return bytes(rows[0][0]) if rows else None

    def _rows(self, statement: str, *parameters: str | int | bytes) -> list[tuple[Any, ...]]:
        return self._asked(statement, (self._log, *parameters))

    def _asked(self, statement: str, parameters: tuple[str | int | bytes, ...]) -> list[tuple[Any, ...]]:
        try:
            # Results as bytes rather than text: hexadecimal would double what a scan carries.
            return self._connection.execute(statement, parameters, binary=True).fetchall()
        except psycopg.Error as error:
            given_up(self._connection, error)
            raise LogUnavailable(f"the log `{self._name}` cannot be read", operator=told(error)) from error
