"""What the stores that nodes share have in common: a connection that is made when it is needed, and made anew
after it was lost."""

from collections.abc import Callable
from typing import Final, TypeVar

import psycopg

from signalbox.adapters.stores.postgres.link import Connection, Link, given_up, told
from signalbox.adapters.stores.postgres.migrate import opened
from signalbox.domain.errors import LogUnavailable, SignalboxError

_T = TypeVar("_T")

COPIED: Final = "SELECT number FROM copied WHERE log = %s AND history = %s"
COPY: Final = """
INSERT INTO copied (log, history, number) VALUES (%s, %s, %s)
ON CONFLICT (log, history) DO UPDATE SET number = excluded.number
"""


class Shared:
    """`unavailable` makes the store's own error from the operator's words. Used from one thread at a time."""

    def __init__(self, link: Link, unavailable: Callable[[str], SignalboxError]) -> None:
        self._link = link
        self._unavailable = unavailable
        self._connection: Connection | None = None

    def do(self, work: Callable[[Connection], _T]) -> _T:
        """`work` is one statement, or several of which each may be the last."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = opened(self._link)
            return work(self._connection)
        except psycopg.Error as error:
            if self._connection is not None:
                given_up(self._connection, error)
            raise self._unavailable(told(error)) from error
        except LogUnavailable as error:  # the schema is not this version's
            raise self._unavailable(f"{error.message} ({error.operator})") from error

    def copied(self, log: str, history: str) -> int:
        """Up to which entry this log has a copy of a history."""

        def work(connection: Connection) -> int:
            row = connection.execute(COPIED, (log, history)).fetchone()
            return int(row[0]) if row else 0

        return self.do(work)

    def set_copied(self, log: str, history: str, number: int) -> None:
        self.do(lambda connection: connection.execute(COPY, (log, history, number)))

    def close(self) -> None:
        """Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
