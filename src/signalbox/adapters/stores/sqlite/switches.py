"""The kill switch's history in a SQLite file of its own, beside the log (why: `shared_file`)."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from signalbox.adapters.stores.sqlite.shared_file import Layout, SharedFile
from signalbox.domain.switches import SwitchChange, SwitchState, folded
from signalbox.ports.switches import SwitchesUnavailable

SWITCHES_FILE: Final = "switches.sqlite3"
_LAYOUT: Final = Layout(
    "kill switch",
    0x53425357,  # "SBSW"
    1,
    """
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
""",
)
_EPOCH: Final = "SELECT coalesce(max(epoch), 0) FROM change"
_HISTORY: Final = (
    "SELECT epoch, what, selector, by, reason, cut, time_us FROM change WHERE epoch > ? ORDER BY epoch"
)
_APPEND: Final = "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?)"


class SqliteSwitchStore:
    """Implements `ports.switches.SwitchStore` in `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self._file = SharedFile(data_dir / SWITCHES_FILE, _LAYOUT, _unavailable)
        self.close = self._file.close

    def read(self, known: SwitchState) -> SwitchState:
        def work(connection: sqlite3.Connection) -> SwitchState:
            ((epoch,),) = connection.execute(_EPOCH).fetchall()
            return known if epoch == known.epoch else folded(_history(connection, 0))

        return self._file.do(work)

    def change(self, changes: Sequence[SwitchChange]) -> SwitchState:
        def work(connection: sqlite3.Connection) -> SwitchState:
            connection.execute("BEGIN IMMEDIATE")
            ((epoch,),) = connection.execute(_EPOCH).fetchall()
            for number, change in enumerate(changes, epoch + 1):
                connection.execute(_APPEND, _row(replace(change, epoch=number)))
            state = folded(_history(connection, 0))
            connection.execute("COMMIT")
            return state

        return self._file.do(work)

    def history(self, after: int = 0) -> tuple[SwitchChange, ...]:
        return self._file.do(lambda connection: _history(connection, after))

    def logged(self) -> int:
        def work(connection: sqlite3.Connection) -> int:
            ((epoch,),) = connection.execute("SELECT epoch FROM logged").fetchall()
            return int(epoch)

        return self._file.do(work)

    def set_logged(self, epoch: int) -> None:
        self._file.do(lambda connection: connection.execute("UPDATE logged SET epoch = ?", (epoch,)))


def _unavailable(operator: str) -> SwitchesUnavailable:
    return SwitchesUnavailable("the kill switch's state cannot be read or changed", operator=operator)


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
