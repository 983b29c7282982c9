"""A small SQLite file that several processes read and write, beside the log and not in its file.

The log's file has one writer; whoever runs the service must be able to act from any process, with no server
running too. A rollback journal rather than write-ahead: the files are small, and a reader that cannot read
must notice. Nothing is opened before the first call, and a file that could not be opened is tried again.
"""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

_BUSY_S: Final = 1.0
_T = TypeVar("_T")


class Layout(Struct, frozen=True):
    """What a file of one kind looks like: its tables, and the numbers in its header by which it is known."""

    name: str
    application_id: int
    format: int
    tables: str


class SharedFile:
    """`unavailable` makes the error that every failure is told as, from where it happened and why."""

    def __init__(self, path: Path, layout: Layout, unavailable: Callable[[str], Exception]) -> None:
        self._path = path
        self._layout = layout
        self._unavailable = unavailable
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def do(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `work` returns. Where SQLite or the disk fails, what was begun is undone."""
        try:
            # A file that was taken away, or another in its place: what stood in it is not read on from.
            if self._connection is not None and _identity(self._path) != self._file:
                self.close()
            if self._connection is None:
                self._connection = _open(self._path, self._layout)
                self._file = _identity(self._path)
            return work(self._connection)
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise self._unavailable(f"`{self._path}`: {error}") from error
        finally:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands there; None if none does."""
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return seen.st_dev, seen.st_ino


def _open(path: Path, layout: Layout) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A pipe would hold up whoever reads from it, for ever.
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is no regular file")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        ((application,),) = connection.execute("PRAGMA application_id").fetchall()
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if application != layout.application_id and tables:
            raise sqlite3.DatabaseError(f"this file holds no {layout.name}")
        if application != layout.application_id:
            connection.executescript(
                f"BEGIN IMMEDIATE; {layout.tables} PRAGMA application_id = {layout.application_id};"
                f"PRAGMA user_version = {layout.format}; COMMIT;"
            )
        ((found,),) = connection.execute("PRAGMA user_version").fetchall()
        if found != layout.format:
            raise sqlite3.DatabaseError(f"format {found} is not {layout.format}, which this version reads")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
