"""The stores on a real PostgreSQL pass the public suites, and what is theirs alone."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from signalbox.adapters.stores.postgres.acts import PostgresActStore
from signalbox.adapters.stores.postgres.link import Bounds, Link
from signalbox.adapters.stores.postgres.log_reader import PostgresLogReader
from signalbox.adapters.stores.postgres.log_store import PostgresLogStore
from signalbox.adapters.stores.postgres.payloads import PostgresPayloadStore
from signalbox.adapters.stores.postgres.switches import PostgresSwitchStore
from signalbox.domain.errors import LogHeld, LogUnavailable
from signalbox.domain.switches import NOTHING_STOPPED
from signalbox.ports.log import LogInDoubt, LogStore
from signalbox.testing.act_store import ActStoreContract, act
from signalbox.testing.act_store import OpenStore as OpenActs
from signalbox.testing.log_erasure import LogErasureContract
from signalbox.testing.log_store import LogStoreContract, Place, batch_of, stored
from signalbox.testing.payload_store import OpenStore as OpenPayloads
from signalbox.testing.payload_store import PayloadStoreContract
from signalbox.testing.postgres_server import PostgresServer
from signalbox.testing.served import eventually
from signalbox.testing.switch_store import change

_END_WRITERS = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"


class PostgresPlace:
    def __init__(self, address: str) -> None:
        self.link = Link.to(address)

    def open(self, address: str = "") -> LogStore:
        return PostgresLogStore(self.link, "here", address=address, patience_s=0.2)

    def break_lock(self) -> None:
        """An administrator ended the holder's session."""
        with self.link.connect() as connection:
            connection.execute(_END_WRITERS)


class TestPostgresLogStore(LogStoreContract):
    @pytest.fixture
    def place(self, database: str) -> Place:
        return PostgresPlace(database)


class TestPostgresLogErasure(LogErasureContract):
    @pytest.fixture
    def place(self, database: str) -> Place:
        return PostgresPlace(database)


class TestPostgresActStore(ActStoreContract):
    @pytest.fixture
    def open_store(self, database: str) -> OpenActs:
        return lambda: PostgresActStore(Link.to(database), "here")


class TestPostgresPayloadStore(PayloadStoreContract):
    @pytest.fixture
    def open_store(self, database: str) -> OpenPayloads:
        return lambda: PostgresPayloadStore(Link.to(database))


@pytest.fixture
def link(database: str) -> Link:
    return Link.to(database)


def test_logs_of_one_database_are_apart_and_readable_by_all(link: Link) -> None:
    one, two = PostgresLogStore(link, "one"), PostgresLogStore(link, "two")
    one.acquire()
    two.acquire()
    one.append(batch_of(0, "a", "b", digest=b"content"))
    two.append(batch_of(0, "c"))
    assert one.tenant_key("acme") == two.tenant_key("acme")
    assert PostgresLogReader.names(link) == ("one", "two")
    for name, words, content in (("one", ["a", "b"], b"content"), ("two", ["c"], None)):
        with closing(PostgresLogReader.open(link, name)) as reader:
            assert [record for _, record in reader.scan()] == [stored(word) for word in words]
            assert reader.blob("digest") == content
            assert reader.tenant_key("acme") == one.tenant_key("acme")
            assert reader.tenant_key("other") is None
    with pytest.raises(LogUnavailable, match="there is no log `three`"):
        PostgresLogReader.open(link, "three")
    one.release()
    two.release()


def test_a_reader_sees_what_the_writer_commits_while_it_reads(link: Link) -> None:
    store = PostgresLogStore(link, "here")
    store.acquire()
    for number in range(40):
        store.append(batch_of(number, f"r{number}"))
    with closing(PostgresLogReader.open(link, "here")) as reader:
        scan = reader.scan()
        assert next(scan) == (0, stored("r0"))
        store.append(batch_of(40, "r40"))
        assert [number for number, _ in scan] == list(range(1, 41))
        assert (reader.next_number(), len(reader.heads())) == (41, 1)
    store.release()


def test_a_writer_that_lost_its_connection_goes_on_unless_somebody_took_the_lease(link: Link) -> None:
    place = PostgresPlace(link.address)
    store = place.open()
    epoch = store.acquire()
    store.append(batch_of(0, "a"))
    place.break_lock()
    with pytest.raises(LogUnavailable):
        store.append(batch_of(1, "lost"))
    store.append(batch_of(1, "b"))
    other = place.open()
    with pytest.raises(LogHeld):
        other.acquire()
    place.break_lock()
    assert other.acquire() > epoch
    other.release()
    for _ in range(2):
        with pytest.raises(LogUnavailable):
            store.append(batch_of(2, "c"))
    with closing(PostgresLogReader.open(link, "here")) as reader:
        assert [record for _, record in reader.scan()] == [stored("a"), stored("b")]
    store.release()


def test_each_log_knows_for_itself_what_was_copied_to_it(link: Link) -> None:
    with closing(PostgresSwitchStore(link, "one")) as one, closing(PostgresSwitchStore(link, "two")) as two:
        one.change([change("vendor:a")])
        one.set_logged(1)
        assert (one.logged(), two.logged()) == (1, 0)
    with (
        closing(PostgresActStore(link, "one")) as one_acts,
        closing(PostgresActStore(link, "two")) as two_acts,
    ):
        one_acts.append([act(1)], after=0)
        two_acts.set_logged(1)
        assert (one_acts.logged(), two_acts.logged()) == (0, 1)


@pytest.mark.parametrize("statement", ["UPDATE {} SET by = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["act", "switch_change"])
def test_no_history_is_rewritten(link: Link, statement: str, table: str) -> None:
    with (
        closing(PostgresActStore(link, "one")) as acts,
        closing(PostgresSwitchStore(link, "one")) as switches,
    ):
        acts.append([act(1)], after=0)
        switches.change([change("vendor:a")])
        with link.connect() as connection, pytest.raises(psycopg.Error, match="append-only"):
            connection.execute(statement.format(table).encode())
        assert len(acts.read(0)) == switches.read(NOTHING_STOPPED).epoch == 1


def test_a_server_that_may_lose_what_it_confirmed_is_refused(postgres: PostgresServer) -> None:
    address = f"{postgres.database()}&options=-csynchronous_commit%3Doff"
    with pytest.raises(LogUnavailable, match="synchronous_commit"):
        PostgresLogStore(Link.to(address), "here").acquire()


def test_a_lock_that_another_holds_costs_its_bound_and_leaves_no_doubt(database: str) -> None:
    store = PostgresLogStore(Link.to(database, Bounds(lock_ms=200)), "here")
    store.acquire()
    store.append(batch_of(0, "a"))
    with Link.to(database).connect() as other, other.transaction():
        other.execute("SELECT 1 FROM log FOR UPDATE")
        began = time.monotonic()
        with pytest.raises(LogUnavailable) as refused:
            store.append(batch_of(1, "b"))
        assert not isinstance(refused.value, LogInDoubt)
        assert time.monotonic() - began < 1.0
    store.append(batch_of(1, "c"))
    assert [record for _, record in store.scan()] == [stored("a"), stored("c")]
    store.release()


def test_a_connection_that_ends_under_an_append_leaves_a_doubt_that_is_settled(database: str) -> None:
    link = Link.to(database)
    store = PostgresLogStore(link, "here")
    store.acquire()
    with link.connect() as other:
        with other.transaction():
            other.execute("SELECT 1 FROM log FOR UPDATE")  # so that the append is under way, and waits
            with ThreadPoolExecutor(1) as pool:
                appending = pool.submit(store.append, batch_of(0, "a"))
                with link.connect() as administrator:
                    ended = "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_locks WHERE NOT granted"
                    eventually(lambda: administrator.execute(ended).fetchone() == (True,))
                with pytest.raises(LogInDoubt):
                    appending.result()
    assert store.next_number() == 0
    store.append(batch_of(0, "b"))
    assert [record for _, record in store.scan()] == [stored("b")]
    store.release()


def test_a_node_needs_no_right_to_change_the_schema(postgres: PostgresServer) -> None:
    """The role and its rights are those of docs/howto/run-on-postgresql.md."""
    address = postgres.database()
    with Link.to(address).connect() as owner:
        owner.execute("CREATE ROLE signalbox_node LOGIN")
        owner.execute("GRANT USAGE ON SCHEMA signalbox TO signalbox_node")
        owner.execute(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA signalbox TO signalbox_node"
        )
    link = Link.to(address.replace("signalbox@", "signalbox_node@"))
    store = PostgresLogStore(link, "here")
    store.acquire()
    store.append(batch_of(0, "a", digest=b"content"))
    store.tenant_key("acme")
    PostgresPlace(link.address).break_lock()
    with pytest.raises(LogUnavailable):
        store.append(batch_of(1, "lost"))
    store.append(batch_of(1, "b"))
    store.release()
    with (
        closing(PostgresSwitchStore(link, "here")) as switches,
        closing(PostgresActStore(link, "here")) as acts,
    ):
        switches.change([change("vendor:a")])
        acts.append([act(1)], after=0)
        acts.keep("00", b"content")
        acts.set_logged(1)
    with link.connect() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DROP TABLE batch")
