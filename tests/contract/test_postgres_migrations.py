"""Numbered SQL, each applied once, by whoever comes first; another's database is left alone."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from signalbox.adapters.stores.postgres.link import BadAddress, Link
from signalbox.adapters.stores.postgres.log_store import PostgresLogStore
from signalbox.adapters.stores.postgres.migrate import Migration, migrate, migrations, status
from signalbox.domain.errors import LogUnavailable
from signalbox.testing.postgres_server import PostgresServer

ONE = Migration(1, "0001_one", "CREATE TABLE one (n integer)")
TWO = Migration(2, "0002_two", "CREATE TABLE two (n integer)")
BROKEN = Migration(2, "0002_broken", "CREATE TABLE two (n integer); CREATE TABLE one (n integer)")


@pytest.fixture
def link(postgres: PostgresServer) -> Link:
    return Link.to(postgres.database(migrated=False))


def test_what_this_version_has_is_numbered_without_a_gap() -> None:
    assert [each.number for each in migrations()] == list(range(1, len(migrations()) + 1))


def test_an_empty_database_is_refused_until_it_was_migrated(link: Link) -> None:
    assert status(link).pending == tuple(each.name for each in migrations())
    with pytest.raises(LogUnavailable, match="run `signalbox store migrate`"):
        PostgresLogStore(link, "here").acquire()
    assert migrate(link).current
    assert migrate(link).current
    store = PostgresLogStore(link, "here")
    store.acquire()
    store.release()


def test_many_at_once_apply_each_once(link: Link) -> None:
    with ThreadPoolExecutor(6) as pool:
        ended = list(pool.map(lambda _: migrate(link, (ONE, TWO)), range(6)))
    assert {each.applied for each in ended} == {("0001_one", "0002_two")}


def test_only_what_is_missing_is_applied(link: Link) -> None:
    migrate(link, (ONE,))
    assert status(link, (ONE, TWO)).pending == ("0002_two",)
    assert migrate(link, (ONE, TWO)).applied == ("0001_one", "0002_two")


def test_a_migration_that_fails_leaves_nothing(link: Link) -> None:
    with pytest.raises(LogUnavailable, match="not migrated"):
        migrate(link, (ONE, BROKEN))
    assert status(link, (ONE, TWO)).applied == ()
    assert migrate(link, (ONE, TWO)).current


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ((ONE,), "newer version"),
        ((ONE, Migration(2, "0002_two", TWO.text + " ")), "is not what this version has"),
    ],
)
def test_a_newer_or_another_schema_is_left_alone(
    link: Link, known: tuple[Migration, ...], words: str
) -> None:
    migrate(link, (ONE, TWO))
    assert words in status(link, known).trouble
    with pytest.raises(LogUnavailable, match=words):
        migrate(link, (*known, Migration(3, "0003_three", "CREATE TABLE three (n integer)")))
    with link.connect() as connection:
        assert connection.execute("SELECT to_regclass('three')").fetchone() == (None,)


@pytest.mark.parametrize(
    "address",
    ["postgresql://db.example/signalbox", "host=10.0.0.1 dbname=x", "host=/run,db.example", "hostaddr=::2"],
)
def test_a_way_to_another_machine_says_whether_it_is_encrypted(address: str) -> None:
    with pytest.raises(BadAddress, match="sslmode"):
        Link.to(address)
    more = ("&" if "?" in address else "?") if "//" in address else " "
    Link.to(f"{address}{more}sslmode=verify-full")


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    for address in ("hunter2", "postgresql://u:hunter2@[h/x", "postgresql://h/x?hunter2=1"):
        with pytest.raises(BadAddress) as refused:
            Link.to(address)
        assert "hunter2" not in str(refused.value)
