"""Opening the log's SQLite file: for its one writer, or for readers beside it.

The file is made readable by its owner alone (SQLite gives its companions the same mode). Durability is
the writer's: write-ahead log, `synchronous=FULL`, so every commit ends in `fdatasync`.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from signalbox.adapters.stores.sqlite import sql
from signalbox.domain.errors import LogUnavailable

LOG_FILE: Final = "log.sqlite3"
_BUSY_S: Final = 10.0
# Measured with batches of 100 records of 1 KB: an eighth less CPU than 4 KiB pages and a 4 MiB log.
_PAGE_BYTES: Final = 8_192
_WAL_BYTES: Final = 16 * 1024 * 1024
_BEFORE_THE_TREE: Final = 1  # a format that is still read, and made to ours when it is next written


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Make the file if need be. Raises `LogUnavailable` if it is not ours, `sqlite3.Error`, `OSError`."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        found = _format(connection, path)
        if found == 0:
            connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                f"BEGIN IMMEDIATE; {sql.TABLES} {sql.TREE_TABLES}"
                f"PRAGMA application_id = {sql.APPLICATION_ID}; PRAGMA user_version = {sql.FORMAT}; COMMIT;"
            )
        elif found == _BEFORE_THE_TREE:
            connection.executescript(
                f"BEGIN IMMEDIATE; {sql.TREE_TABLES} PRAGMA user_version = {sql.FORMAT}; COMMIT;"
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_BYTES // _PAGE_BYTES}")
        connection.execute(f"PRAGMA journal_size_limit = {4 * _WAL_BYTES}")
    except (sqlite3.Error, LogUnavailable):
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Read-only, beside a writer or on a copy. Raises `LogUnavailable` without a log, `sqlite3.Error`."""
    if not path.exists():
        raise LogUnavailable(f"there is no log at `{path}`")
    uri = f"file:{quote(str(path))}?mode=ro"
    if not os.access(path.parent, os.W_OK) and not path.with_name(path.name + "-wal").exists():
        uri += "&immutable=1"  # a copy on read-only media: no companion files can be made, nobody writes
    connection = sqlite3.connect(
        uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        if _format(connection, path) == 0:
            raise LogUnavailable(f"`{path}` holds no log yet")
    except (sqlite3.Error, LogUnavailable):
        connection.close()
        raise
    return connection


def _format(connection: sqlite3.Connection, path: Path) -> int:
    """The file's format, 0 for an empty one."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if (application, found) == (0, 0):
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not tables:
            return 0
    if application != sql.APPLICATION_ID:
        raise LogUnavailable(f"`{path}` is not a decision log")
    if found not in (_BEFORE_THE_TREE, sql.FORMAT):
        raise LogUnavailable(f"`{path}` has format {found}, and this version reads format {sql.FORMAT}")
    return int(found)
