"""The kill switch's history in a SQLite file of its own, beside the log.

Not in the log's file, which has one writer: any process may throw the switch, with no server running too.
A rollback journal rather than write-ahead: the file is tiny, and a reader that cannot read must notice.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from signalbox.domain.switches import SwitchChange, SwitchState, folded
from signalbox.ports.switches import SwitchesUnavailable

SWITCHES_FILE: Final = "switches.sqlite3"
APPLICATION_ID: Final = 0x53425357  # "SBSW"
_BUSY_S: Final = 1.0
_FORMAT: Final = 1

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS change (
    epoch INTEGER PRIMARY KEY,
    what TEXT NOT NULL CHECK (what IN ('kill', 'restore')),
    selector TEXT NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    cut INTEGER NOT NULL,
    time_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS logged (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO logged VALUES (1, 0);
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON change
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON change
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
"""
_EPOCH: Final = "SELECT coalesce(max(epoch), 0) FROM change"
_HISTORY: Final = (
    "SELECT epoch, what, selector, by, reason, cut, time_us FROM change WHERE epoch > ? ORDER BY epoch"
)
_APPEND: Final = "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)"
_T = TypeVar("_T")


class SqliteSwitchStore:
    """Implements `ports.switches.SwitchStore` in `data_dir`. Nothing is opened before the first call, and a
    file that could not be opened is tried again at the next."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / SWITCHES_FILE
        self._connection: sqlite3.Connection | None = None

    def read(self, known: SwitchState) -> SwitchState:
        def work(connection: sqlite3.Connection) -> SwitchState:
            ((epoch,),) = connection.execute(_EPOCH).fetchall()
            return known if epoch == known.epoch else folded(_history(connection, 0))

        return self._do(work)

    def change(self, changes: Sequence[SwitchChange]) -> SwitchState:
        def work(connection: sqlite3.Connection) -> SwitchState:
            connection.execute("BEGIN IMMEDIATE")
            ((epoch,),) = connection.execute(_EPOCH).fetchall()
            for number, change in enumerate(changes, epoch + 1):
                connection.execute(_APPEND, _row(replace(change, epoch=number)))
            state = folded(_history(connection, 0))
            connection.execute("COMMIT")
            return state

        return self._do(work)

    def history(self, after: int = 0) -> tuple[SwitchChange, ...]:
        return self._do(lambda connection: _history(connection, after))

    def logged(self) -> int:
        def work(connection: sqlite3.Connection) -> int:
            ((epoch,),) = connection.execute("SELECT epoch FROM logged").fetchall()
            return int(epoch)

        return self._do(work)

    def set_logged(self, epoch: int) -> None:
        self._do(lambda connection: connection.execute("UPDATE logged SET epoch = ?", (epoch,)))

    def close(self) -> None:
        """Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            # A file that was taken away is not read on from memory of it.
            if self._connection is not None and not self._path.exists():
                self.close()
            if self._connection is None:
                self._connection = _open(self._path)
            return work(self._connection)
        except (sqlite3.Error, OSError) as error:
            self.close()  # whatever was begun is undone with it
            raise SwitchesUnavailable(
                "the kill switch's state cannot be read or changed", operator=f"`{self._path}`: {error}"
            ) from error


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        ((application,),) = connection.execute("PRAGMA application_id").fetchall()
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if application != APPLICATION_ID and tables:
            raise sqlite3.DatabaseError("this file holds no kill switch")
        if application != APPLICATION_ID:
            connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {_FORMAT}; COMMIT;"
            )
        ((found,),) = connection.execute("PRAGMA user_version").fetchall()
        if found != _FORMAT:
            raise sqlite3.DatabaseError(f"format {found} is not {_FORMAT}, which this version reads")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _history(connection: sqlite3.Connection, after: int) -> tuple[SwitchChange, ...]:
    return tuple(
        SwitchChange(
            epoch=epoch, what=what, selector=selector, by=by, reason=reason, cut=bool(cut), time_us=time_us
        )
        for epoch, what, selector, by, reason, cut, time_us in connection.execute(_HISTORY, (after,))
    )


def _row(change: SwitchChange) -> tuple[Any, ...]:
    return (
        change.epoch,
        change.what,
        change.selector,
        change.by,
        change.reason,
        int(change.cut),
        change.time_us,
    )
