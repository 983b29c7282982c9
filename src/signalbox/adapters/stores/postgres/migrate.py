"""The schema of the stores: numbered SQL files, applied in order, each once, and never changed afterwards.

What was applied is kept in the database with its checksum. A database in which another text was applied, or
one that this version does not have yet, is left alone. It changes nothing but by `migrate`.
"""

import hashlib
from functools import cache
from importlib import resources
from time import time_ns
from typing import Final

import psycopg
from msgspec import Struct

from signalbox.adapters.stores.postgres.link import SCHEMA, Connection, Link, told
from signalbox.domain.errors import LogUnavailable

LOCK: Final = 0x5B0C_10C5
"""The first key of every advisory lock of ours; the second is a log's number, or 0 for the schema's own."""

_PATIENCE_S: Final = 600.0
_BOOKS: Final = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.migration (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_us bigint NOT NULL
);
"""
_APPLIED: Final = f"SELECT number, name, sha256 FROM {SCHEMA}.migration ORDER BY number"  # noqa: S608 - ours
_NOTE: Final = f"INSERT INTO {SCHEMA}.migration VALUES (%s, %s, %s, %s)"  # noqa: S608 - ours


class Migration(Struct, frozen=True):
    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Status(Struct, frozen=True):
    """`trouble`: why nothing may be done with this database; empty where it may. `pending`: what it lacks."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    trouble: str = ""

    @property
    def current(self) -> bool:
        return not self.trouble and not self.pending


@cache
def migrations() -> tuple[Migration, ...]:
    """All that this version has, in order, from number 1 on without a gap."""
    texts = resources.files("signalbox.adapters.stores.postgres").joinpath("migrations")
    files = sorted(
        (file for file in texts.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return tuple(
        Migration(int(file.name[:4]), file.name.removesuffix(".sql"), file.read_text("utf-8"))
        for file in files
    )


def status(link: Link, known: tuple[Migration, ...] | None = None) -> Status:
    """How the database stands to `known`, by default all of this version. Raises `LogUnavailable`."""
    try:
        with link.connect() as connection:
            return status_of(connection, migrations() if known is None else known)
    except psycopg.Error as error:
        raise LogUnavailable("the database cannot be asked", operator=told(error)) from error


def status_of(connection: Connection, known: tuple[Migration, ...]) -> Status:
    """Raises `psycopg.Error`."""
    try:
        rows = connection.execute(_APPLIED).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        rows = []
    ours = {each.number: each for each in known}
    trouble = ""
    for number, name, sha256 in rows:
        if number not in ours:
            trouble = f"it was made for a newer version, which applied `{name}`: run that version, or newer"
        elif sha256 != ours[number].sha256:
            trouble = f"what was applied as `{name}` is not what this version has under that name"
    applied = {number for number, *_ in rows}
    if not trouble and applied != set(range(1, len(applied) + 1)):
        trouble = "its list of migrations has a gap"
    return Status(
        tuple(name for _, name, _ in rows),
        tuple(each.name for each in known if each.number not in applied),
        trouble,
    )


def migrate(link: Link, known: tuple[Migration, ...] | None = None) -> Status:
    """Apply what is missing, all or none; nothing where nothing is. Raises `LogUnavailable` where the
    database may not be touched, or does not take it. A migration may take longer than a statement may."""
    known = migrations() if known is None else known
    try:
        with link.connect() as connection:
            connection.bound_s = _PATIENCE_S
            with connection.transaction():
                connection.execute(f"SET LOCAL statement_timeout = {int(_PATIENCE_S * 1_000)}")
                connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (LOCK,))
                connection.execute(_BOOKS)
                before = status_of(connection, known)
                if before.trouble:
                    raise refused(before)
                missing = [each for each in known if each.name in before.pending]
                for each in missing:
                    connection.execute(each.text)
                    connection.execute(_NOTE, (each.number, each.name, each.sha256, time_ns() // 1_000))
            return status_of(connection, known)
    except psycopg.Error as error:
        raise LogUnavailable("the database was not migrated", operator=told(error)) from error


def refused(found: Status) -> LogUnavailable:
    """Why a database with this status is not used."""
    if found.trouble:
        return LogUnavailable(f"the database is not used: {found.trouble}", operator=found.trouble)
    return LogUnavailable(
        f"the database lacks {', '.join(found.pending)}: run `signalbox store migrate`",
        operator="the schema is not current",
    )


def opened(link: Link) -> Connection:
    """A connection to a database whose schema is this version's. Raises `LogUnavailable` where it is not, and
    `psycopg.Error`."""
    connection = link.connect()
    try:
        found = status_of(connection, migrations())
        if not found.current:
            raise refused(found)
    except BaseException:
        connection.close()
        raise
    return connection
