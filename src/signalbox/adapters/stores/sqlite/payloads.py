"""Kept content in a SQLite file of its own, beside the log (why: `shared_file`).

What is deleted is overwritten with zeros in the file (`secure_delete`), and the rollback journal, which has
pages as they were, is gone when a change is done: a copy of the directory made afterwards has no trace of it.
What the medium underneath remembers is not for a database to know: wrap keys anew under another tenant key.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from signalbox.adapters.stores.sqlite.shared_file import Layout, SharedFile
from signalbox.ports.payloads import Address, Due, Payload, PayloadsUnavailable, SubjectKey

PAYLOADS_FILE: Final = "payloads.sqlite3"
_LAYOUT: Final = Layout(
    "kept content",
    0x53425041,  # "SBPA"
    1,
    """
CREATE TABLE IF NOT EXISTS subject_key (
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    id TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    time_us INTEGER NOT NULL,
    PRIMARY KEY (tenant, subject)
) STRICT;
CREATE TABLE IF NOT EXISTS erased (
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    time_us INTEGER NOT NULL,  -- of the latest erasure
    PRIMARY KEY (tenant, subject)
) STRICT;
CREATE TABLE IF NOT EXISTS payload (
    tenant TEXT NOT NULL,
    decision TEXT NOT NULL,
    subject TEXT NOT NULL,
    key TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    sensitivity INTEGER NOT NULL,
    logged INTEGER NOT NULL DEFAULT 0,
    prompt BLOB NOT NULL,
    reply BLOB NOT NULL,
    PRIMARY KEY (tenant, decision)
) STRICT;
CREATE INDEX IF NOT EXISTS payload_due ON payload (until_us, tenant, decision, subject);
CREATE INDEX IF NOT EXISTS payload_subject ON payload (tenant, subject, key);
CREATE INDEX IF NOT EXISTS payload_unlogged ON payload (time_us) WHERE logged = 0;
""",
)
_COLUMNS: Final = "tenant, decision, subject, key, time_us, until_us, sensitivity, prompt, reply"
_KEY: Final = "SELECT id, wrapped FROM subject_key WHERE tenant = ? AND subject = ?"
_KEYS: Final = """
SELECT subject, id, wrapped FROM subject_key WHERE tenant = ? AND subject > ? ORDER BY subject LIMIT ?
"""
_ADD_KEY: Final = "INSERT INTO subject_key VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_REWRAP: Final = "UPDATE subject_key SET wrapped = ? WHERE tenant = ? AND subject = ? AND id = ?"
_MAY_PUT: Final = """
SELECT 1 FROM subject_key k LEFT JOIN erased e USING (tenant, subject)
WHERE k.tenant = ? AND k.subject = ? AND k.id = ? AND (e.time_us IS NULL OR e.time_us < ?)
"""
_PUT: Final = f"INSERT INTO payload ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608 - constants
_STANDS: Final = "SELECT 1 FROM payload WHERE tenant = ? AND decision = ? AND subject = ? AND key = ?"
_GET: Final = f"SELECT {_COLUMNS} FROM payload WHERE tenant = ? AND decision = ?"  # noqa: S608 - constants
_SCAN: Final = f"""
SELECT {_COLUMNS} FROM payload WHERE tenant = ? AND decision > ? ORDER BY decision LIMIT ?
"""  # noqa: S608 - constants
_ERASED: Final = """
INSERT INTO erased VALUES (?, ?, ?)
ON CONFLICT (tenant, subject) DO UPDATE SET time_us = max(time_us, excluded.time_us)
"""
_DESTROY: Final = "DELETE FROM subject_key WHERE tenant = ? AND subject = ? AND time_us <= ?"
_DELETE_UNREADABLE: Final = """
DELETE FROM payload WHERE rowid IN (
    SELECT p.rowid FROM payload p WHERE p.tenant = ?1 AND p.subject = ?2 AND NOT EXISTS (
        SELECT 1 FROM subject_key k WHERE k.tenant = ?1 AND k.subject = ?2 AND k.id = p.key
    ) LIMIT ?3
)
"""
_DUE: Final = """
SELECT until_us, tenant, decision, subject FROM payload
WHERE until_us <= ? AND (until_us, tenant, decision) > (?, ?, ?)
ORDER BY until_us, tenant, decision LIMIT ?
"""
_DELETE: Final = "DELETE FROM payload WHERE tenant = ? AND decision = ?"
_UNLOGGED: Final = f"SELECT {_COLUMNS} FROM payload WHERE logged = 0 ORDER BY time_us LIMIT ?"  # noqa: S608 - constants
_SET_LOGGED: Final = "UPDATE payload SET logged = 1 WHERE tenant = ? AND decision = ?"
_T = TypeVar("_T")


class SqlitePayloadStore:
    """Implements `ports.payloads.PayloadStore` in `data_dir`."""

    def __init__(self, data_dir: Path) -> None:
        self._file = SharedFile(data_dir / PAYLOADS_FILE, _LAYOUT, _unavailable)
        self.close = self._file.close

    def key(self, tenant: str, subject: str) -> SubjectKey | None:
        return self._file.do(lambda connection: _key_of(connection, tenant, subject))

    def add_key(self, tenant: str, subject: str, key: SubjectKey, time_us: int) -> SubjectKey:
        def work(connection: sqlite3.Connection) -> SubjectKey:
            connection.execute(_ADD_KEY, (tenant, subject, key.id, key.wrapped, time_us))
            found = _key_of(connection, tenant, subject)
            if found is None:
                raise sqlite3.DatabaseError("a key that was added is not there")
            return found

        return self._changed(work)

    def keys_after(self, tenant: str, subject: str, limit: int) -> tuple[tuple[str, SubjectKey], ...]:
        rows = self._rows(_KEYS, (tenant, subject, limit))
        return tuple((whose, SubjectKey(ident, wrapped)) for whose, ident, wrapped in rows)

    def rewrap(self, tenant: str, subject: str, key: SubjectKey) -> bool:
        return self._changed(
            lambda connection: (
                connection.execute(_REWRAP, (key.wrapped, tenant, subject, key.id)).rowcount == 1
            )
        )

    def put(self, payloads: Sequence[Payload]) -> tuple[bool, ...]:
        return self._changed(lambda connection: tuple([_put(connection, each) for each in payloads]))

    def get(self, address: Address) -> Payload | None:
        rows = self._rows(_GET, (address.tenant, address.decision))
        return _payload(rows[0]) if rows else None

    def scan(self, tenant: str, after: str, limit: int) -> tuple[Payload, ...]:
        return tuple(map(_payload, self._rows(_SCAN, (tenant, after, limit))))

    def destroy_keys(self, tenant: str, subject: str, time_us: int) -> int:
        def work(connection: sqlite3.Connection) -> int:
            connection.execute(_ERASED, (tenant, subject, time_us))
            return connection.execute(_DESTROY, (tenant, subject, time_us)).rowcount

        return self._changed(work)

    def delete_unreadable(self, tenant: str, subject: str, limit: int) -> int:
        return self._changed(
            lambda connection: connection.execute(_DELETE_UNREADABLE, (tenant, subject, limit)).rowcount
        )

    def due(self, now_us: int, after: Due | None, limit: int) -> tuple[Due, ...]:
        seen = (after.until_us, after.address.tenant, after.address.decision) if after else (-(2**62), "", "")
        return tuple(
            Due(until_us, Address(tenant, decision), subject)
            for until_us, tenant, decision, subject in self._rows(_DUE, (now_us, *seen, limit))
        )

    def delete(self, addresses: Sequence[Address]) -> int:
        places = _places(addresses)
        return self._changed(lambda connection: connection.executemany(_DELETE, places).rowcount)

    def unlogged(self, limit: int) -> tuple[Payload, ...]:
        return tuple(map(_payload, self._rows(_UNLOGGED, (limit,))))

    def set_logged(self, addresses: Sequence[Address]) -> None:
        places = _places(addresses)
        self._changed(lambda connection: connection.executemany(_SET_LOGGED, places))

    def _rows(self, statement: str, values: Iterable[Any]) -> list[Any]:
        return self._file.do(lambda connection: connection.execute(statement, tuple(values)).fetchall())

    def _changed(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """In one transaction. INVARIANT: what it deletes or replaces is overwritten."""

        def whole(connection: sqlite3.Connection) -> _T:
            connection.execute("PRAGMA secure_delete = ON").fetchall()
            connection.execute("BEGIN IMMEDIATE")
            done = work(connection)
            connection.execute("COMMIT")
            return done

        return self._file.do(whole)


def _unavailable(operator: str) -> PayloadsUnavailable:
    return PayloadsUnavailable("the store of kept content cannot be read or written", operator=operator)


def _key_of(connection: sqlite3.Connection, tenant: str, subject: str) -> SubjectKey | None:
    found = connection.execute(_KEY, (tenant, subject)).fetchone()
    return None if found is None else SubjectKey(*found)


def _put(connection: sqlite3.Connection, payload: Payload) -> bool:
    address = payload.address
    asked = (address.tenant, payload.subject, payload.key, payload.time_us)
    if connection.execute(_MAY_PUT, asked).fetchone() is None:
        return False
    row = (
        address.tenant,
        address.decision,
        payload.subject,
        payload.key,
        payload.time_us,
        payload.until_us,
        payload.sensitivity,
        payload.prompt,
        payload.reply,
    )
    if connection.execute(_PUT, row).rowcount == 1:
        return True
    stands = (address.tenant, address.decision, payload.subject, payload.key)
    return connection.execute(_STANDS, stands).fetchone() is not None


def _payload(row: Sequence[Any]) -> Payload:
    tenant, decision, subject, key, time_us, until_us, sensitivity, prompt, reply = row
    return Payload(
        address=Address(tenant, decision),
        subject=subject,
        key=key,
        time_us=time_us,
        until_us=until_us,
        sensitivity=sensitivity,
        prompt=prompt,
        reply=reply,
    )


def _places(addresses: Iterable[Address]) -> list[tuple[str, str]]:
    return [(address.tenant, address.decision) for address in addresses]
