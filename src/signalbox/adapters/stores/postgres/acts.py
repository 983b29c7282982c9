"""The history of acts in PostgreSQL, shared by all nodes."""

from collections.abc import Sequence
from typing import Final

from signalbox.adapters.stores.postgres.link import Connection, Link
from signalbox.adapters.stores.postgres.shared import Shared
from signalbox.domain.acts import Act
from signalbox.ports.acts import ActsMoved, ActsUnavailable

_HISTORY_NAME: Final = "acts"
_READ: Final = "SELECT number, kind, tenant, by, time_us, content FROM act WHERE number > %s ORDER BY number"
# Moves nothing where `after` is not the last number any more: then nothing is inserted either.
_APPEND: Final = """
WITH state AS (
    UPDATE act_state SET number = number + cardinality(%(kinds)s::text[]) WHERE number = %(after)s
    RETURNING one
), added AS (
    INSERT INTO act (number, kind, tenant, by, time_us, content)
    SELECT %(after)s + place, kind, tenant, by, time_us, content FROM state,
        unnest(%(kinds)s::text[], %(tenants)s::text[], %(bys)s::text[], %(times)s::bigint[],
               %(contents)s::bytea[])
        WITH ORDINALITY AS each (kind, tenant, by, time_us, content, place)
)
SELECT count(*) FROM state
"""
_KEEP: Final = "INSERT INTO act_content (digest, content) VALUES (%s, %b) ON CONFLICT DO NOTHING"
_CONTENT: Final = "SELECT content FROM act_content WHERE digest = %s"


class PostgresActStore:
    """Implements `ports.acts.ActStore`. `log` is whose copy of the history `logged` tells of.

    Nothing is opened before the first call. Acts whose answer was lost may have been done: the next `read`
    shows.
    """

    def __init__(self, link: Link, log: str) -> None:
        self._log = log
        self._shared = Shared(link, _unavailable)
        self.close = self._shared.close

    def read(self, after: int) -> tuple[Act, ...]:
        def work(connection: Connection) -> tuple[Act, ...]:
            return tuple(
                Act(number=number, kind=kind, tenant=tenant, by=by, time_us=time_us, content=bytes(content))
                for number, kind, tenant, by, time_us, content in connection.execute(_READ, (after,))
            )

        return self._shared.do(work)

    def append(self, acts: Sequence[Act], *, after: int) -> None:
        def work(connection: Connection) -> int:
            (moved,) = connection.execute(
                _APPEND,
                {
                    "after": after,
                    "kinds": [act.kind for act in acts],
                    "tenants": [act.tenant for act in acts],
                    "bys": [act.by for act in acts],
                    "times": [act.time_us for act in acts],
                    "contents": [act.content for act in acts],
                },
            ).fetchone() or (0,)
            return int(moved)

        if not self._shared.do(work):
            raise ActsMoved(f"something was done meanwhile; this was thought of after act {after}")

    def keep(self, digest: str, content: bytes) -> None:
        self._shared.do(lambda connection: connection.execute(_KEEP, (digest, content)))

    def content(self, digest: str) -> bytes | None:
        def work(connection: Connection) -> bytes | None:
            found = connection.execute(_CONTENT, (digest,)).fetchone()
            return None if found is None else bytes(found[0])

        return self._shared.do(work)

    def logged(self) -> int:
        return self._shared.copied(self._log, _HISTORY_NAME)

    def set_logged(self, number: int) -> None:
        self._shared.set_copied(self._log, _HISTORY_NAME, number)


def _unavailable(operator: str) -> ActsUnavailable:
    return ActsUnavailable("the history of administrative acts cannot be read or added to", operator=operator)
