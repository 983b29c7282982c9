"""The history of acts in a SQLite file of its own, beside the log (why: `shared_file`)."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from signalbox.adapters.stores.sqlite.shared_file import Layout, SharedFile
from signalbox.domain.acts import Act
from signalbox.ports.acts import ActsMoved, ActsUnavailable

ACTS_FILE: Final = "acts.sqlite3"
_LAYOUT: Final = Layout(
    "acts of governance",
    0x53424143,  # "SBAC"
    1,
    """
CREATE TABLE IF NOT EXISTS act (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    tenant TEXT NOT NULL,
    by TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS kept (digest TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logged (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO logged VALUES (1, 0);
CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON act
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON act
    BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
""",
)
_LAST: Final = "SELECT coalesce(max(number), 0) FROM act"
_READ: Final = "SELECT number, kind, tenant, by, time_us, content FROM act WHERE number > ? ORDER BY number"
_APPEND: Final = "INSERT INTO act VALUES (?, ?, ?, ?, ?, ?)"


class SqliteActStore:
    """Implements `ports.acts.ActStore` in `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self._file = SharedFile(data_dir / ACTS_FILE, _LAYOUT, _unavailable)
        self.close = self._file.close

    def read(self, after: int) -> tuple[Act, ...]:
        return self._file.do(lambda connection: tuple(map(_act, connection.execute(_READ, (after,)))))

    def append(self, acts: Sequence[Act], *, after: int) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            ((last,),) = connection.execute(_LAST).fetchall()
            if last != after:
                raise ActsMoved(f"act {last} was done meanwhile; this was thought of after act {after}")
            connection.executemany(_APPEND, map(_row, acts))
            connection.execute("COMMIT")

        self._file.do(work)

    def keep(self, digest: str, content: bytes) -> None:
        insert = "INSERT OR IGNORE INTO kept VALUES (?, ?)"
        self._file.do(lambda connection: connection.execute(insert, (digest, content)))

    def content(self, digest: str) -> bytes | None:
        def work(connection: sqlite3.Connection) -> bytes | None:
            found = connection.execute("SELECT content FROM kept WHERE digest = ?", (digest,)).fetchone()
            return None if found is None else bytes(found[0])

        return self._file.do(work)

    def logged(self) -> int:
        return self._file.do(
            lambda connection: int(connection.execute("SELECT number FROM logged").fetchone()[0])
        )

    def set_logged(self, number: int) -> None:
        self._file.do(lambda connection: connection.execute("UPDATE logged SET number = ?", (number,)))


def _unavailable(operator: str) -> ActsUnavailable:
    return ActsUnavailable("the history of administrative acts cannot be read or added to", operator=operator)


def _act(row: tuple[Any, ...]) -> Act:
    number, kind, tenant, by, time_us, content = row
    return Act(number=number, kind=kind, tenant=tenant, by=by, time_us=time_us, content=content)


def _row(act: Act) -> tuple[Any, ...]:
    return act.number, act.kind, act.tenant, act.by, act.time_us, act.content
