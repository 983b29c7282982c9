"""Kept content in PostgreSQL, shared by all nodes.

It cannot keep one half of the port's promise alone: what is deleted is gone for every query at once, but the
server overwrites neither the row (until it is vacuumed and the page used again) nor its write-ahead log, and
standbys and backups have copies. What is left there of a destroyed key opens nothing once its tenant's key
was rotated and the old one destroyed: `docs/howto/run-on-postgresql.md`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from signalbox.adapters.stores.postgres.link import Connection, Link
from signalbox.adapters.stores.postgres.shared import Shared
from signalbox.ports.payloads import Address, Due, Payload, PayloadsUnavailable, SubjectKey

_COLUMNS: Final = "tenant, decision, subject, key, time_us, until_us, sensitivity, prompt, reply"
_KEY: Final = "SELECT id, wrapped FROM subject_key WHERE tenant = %s AND subject = %s"
_KEYS: Final = """
SELECT subject, id, wrapped FROM subject_key WHERE tenant = %s AND subject > %s ORDER BY subject LIMIT %s
"""
_ADD_KEY: Final = "INSERT INTO subject_key VALUES (%s, %s, %s, %b, %s) ON CONFLICT DO NOTHING"
_REWRAP: Final = "UPDATE subject_key SET wrapped = %b WHERE tenant = %s AND subject = %s AND id = %s"
# The key's row is held until the payload stands: who destroys it waits, and then finds a payload to delete.
_MAY_PUT: Final = """
SELECT 1 FROM subject_key k WHERE k.tenant = %s AND k.subject = %s AND k.id = %s AND NOT EXISTS (
    SELECT 1 FROM erased e WHERE e.tenant = k.tenant AND e.subject = k.subject AND e.time_us >= %s
) FOR SHARE OF k
"""
_PUT: Final = f"""
INSERT INTO payload ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %b, %b) ON CONFLICT DO NOTHING
"""  # noqa: S608 - constants
_STANDS: Final = "SELECT 1 FROM payload WHERE tenant = %s AND decision = %s AND subject = %s AND key = %s"
_GET: Final = f"SELECT {_COLUMNS} FROM payload WHERE tenant = %s AND decision = %s"  # noqa: S608 - constants
_SCAN: Final = f"""
SELECT {_COLUMNS} FROM payload WHERE tenant = %s AND decision > %s ORDER BY decision LIMIT %s
"""  # noqa: S608 - constants
_ERASED: Final = """
INSERT INTO erased VALUES (%s, %s, %s)
ON CONFLICT (tenant, subject) DO UPDATE SET time_us = greatest(erased.time_us, excluded.time_us)
"""
_DESTROY: Final = "DELETE FROM subject_key WHERE tenant = %s AND subject = %s AND time_us <= %s"
_DELETE_UNREADABLE: Final = """
DELETE FROM payload WHERE (tenant, decision) IN (
    SELECT p.tenant, p.decision FROM payload p WHERE p.tenant = %(tenant)s AND p.subject = %(subject)s
    AND NOT EXISTS (
        SELECT 1 FROM subject_key k WHERE k.tenant = %(tenant)s AND k.subject = %(subject)s AND k.id = p.key
    ) LIMIT %(limit)s
)
"""
_DUE: Final = """
SELECT until_us, tenant, decision, subject FROM payload
WHERE until_us <= %s AND (until_us, tenant, decision) > (%s, %s, %s)
ORDER BY until_us, tenant, decision LIMIT %s
"""
_PLACES: Final = "SELECT * FROM unnest(%s::text[], %s::text[])"
_DELETE: Final = f"DELETE FROM payload WHERE (tenant, decision) IN ({_PLACES})"  # noqa: S608 - constants
_UNLOGGED: Final = f"SELECT {_COLUMNS} FROM payload WHERE NOT logged ORDER BY time_us LIMIT %s"  # noqa: S608 - constants
_SET_LOGGED: Final = f"UPDATE payload SET logged = true WHERE (tenant, decision) IN ({_PLACES})"  # noqa: S608 - constants
_BEFORE_ALL: Final = (-(2**62), "", "")
_T = TypeVar("_T")


class PostgresPayloadStore:
    """Implements `ports.payloads.PayloadStore`, but for what the module says."""

    def __init__(self, link: Link) -> None:
        self._shared = Shared(link, _unavailable)
        self.close = self._shared.close

    def key(self, tenant: str, subject: str) -> SubjectKey | None:
        return self._shared.do(lambda connection: _key_of(connection, tenant, subject))

    def add_key(self, tenant: str, subject: str, key: SubjectKey, time_us: int) -> SubjectKey:
        def work(connection: Connection) -> SubjectKey | None:
            connection.execute(_ADD_KEY, (tenant, subject, key.id, key.wrapped, time_us))
            return _key_of(connection, tenant, subject)

        while (found := self._shared.do(work)) is None:  # it was destroyed in between: add it again
            continue
        return found

    def keys_after(self, tenant: str, subject: str, limit: int) -> tuple[tuple[str, SubjectKey], ...]:
        rows = self._rows(_KEYS, (tenant, subject, limit))
        return tuple((whose, SubjectKey(ident, bytes(wrapped))) for whose, ident, wrapped in rows)

    def rewrap(self, tenant: str, subject: str, key: SubjectKey) -> bool:
        return self._count(_REWRAP, (key.wrapped, tenant, subject, key.id)) == 1

    def put(self, payloads: Sequence[Payload]) -> tuple[bool, ...]:
        return self._whole(lambda connection: tuple([_put(connection, each) for each in payloads]))

    def get(self, address: Address) -> Payload | None:
        rows = self._rows(_GET, (address.tenant, address.decision))
        return _payload(rows[0]) if rows else None

    def scan(self, tenant: str, after: str, limit: int) -> tuple[Payload, ...]:
        return tuple(map(_payload, self._rows(_SCAN, (tenant, after, limit))))

    def destroy_keys(self, tenant: str, subject: str, time_us: int) -> int:
        def work(connection: Connection) -> int:
            connection.execute(_ERASED, (tenant, subject, time_us))
            return connection.execute(_DESTROY, (tenant, subject, time_us)).rowcount

        return self._whole(work)

    def delete_unreadable(self, tenant: str, subject: str, limit: int) -> int:
        return self._count(_DELETE_UNREADABLE, {"tenant": tenant, "subject": subject, "limit": limit})

    def due(self, now_us: int, after: Due | None, limit: int) -> tuple[Due, ...]:
        seen = (after.until_us, after.address.tenant, after.address.decision) if after else _BEFORE_ALL
        return tuple(
            Due(until_us, Address(tenant, decision), subject)
            for until_us, tenant, decision, subject in self._rows(_DUE, (now_us, *seen, limit))
        )

    def delete(self, addresses: Sequence[Address]) -> int:
        return self._count(_DELETE, _places(addresses))

    def unlogged(self, limit: int) -> tuple[Payload, ...]:
        return tuple(map(_payload, self._rows(_UNLOGGED, (limit,))))

    def set_logged(self, addresses: Sequence[Address]) -> None:
        self._count(_SET_LOGGED, _places(addresses))

    def _rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._shared.do(
            lambda connection: connection.execute(statement, values, binary=True).fetchall()
        )

    def _count(self, statement: str, values: Any) -> int:
        return self._shared.do(lambda connection: connection.execute(statement, values).rowcount)

    def _whole(self, work: Callable[[Connection], _T]) -> _T:
        """In one transaction."""

        def whole(connection: Connection) -> _T:
            with connection.transaction():
                return work(connection)

        return self._shared.do(whole)


def _unavailable(operator: str) -> PayloadsUnavailable:
    return PayloadsUnavailable("the store of kept content cannot be read or written", operator=operator)


def _key_of(connection: Connection, tenant: str, subject: str) -> SubjectKey | None:
    found = connection.execute(_KEY, (tenant, subject)).fetchone()
    return None if found is None else SubjectKey(found[0], bytes(found[1]))


def _put(connection: Connection, payload: Payload) -> bool:
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
        prompt=bytes(prompt),
        reply=bytes(reply),
    )


def _places(addresses: Iterable[Address]) -> tuple[list[str], list[str]]:
    listed = list(addresses)
    return [each.tenant for each in listed], [each.decision for each in listed]
