"""A PostgreSQL that is frozen or killed under a running server: every request ends in time, what is owed a
durable record is refused, `/readyz` tells the truth, and all is well again by itself."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from signalbox.adapters.stores.postgres.link import Bounds, Link
from signalbox.adapters.stores.postgres.log_reader import PostgresLogReader
from signalbox.adapters.stores.postgres.log_store import PostgresLogStore
from signalbox.adapters.stores.postgres.switches import PostgresSwitchStore
from signalbox.domain.errors import LogUnavailable
from signalbox.domain.switches import NOTHING_STOPPED
from signalbox.ports.switches import SwitchesUnavailable
from signalbox.record.verify import verify
from signalbox.testing.log_store import batch_of
from signalbox.testing.postgres_server import PostgresServer
from signalbox.testing.served import Served, eventually

STORE = (
    '\n[store]\nkind = "postgres"\nurl_credential = "STORE_URL"\nnode = "a"\n'
    'statement_timeout = "500ms"\nlock_timeout = "300ms"\n'
)
KEY = "sb-anna"
CONFIDENTIAL = {"X-Signalbox-Sensitivity": "confidential", "X-Signalbox-Deadline-Ms": "4000"}
DEADLINE_S = 4.0
BOUND_S = 1.0  # statement_timeout, and half a second more
LEASE_S = 5.0


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of its own: it is not to stand still for others."""
    with PostgresServer() as server:
        yield server


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal(signal.SIGCONT)


def test_no_call_of_a_store_outlasts_its_bound(server: PostgresServer) -> None:
    link = Link.to(server.database(), Bounds(statement_ms=300, lock_ms=200))
    store, switches = PostgresLogStore(link, "here"), PostgresSwitchStore(link, "here")
    store.acquire()
    store.append(batch_of(0, "a"))
    switches.read(NOTHING_STOPPED)
    with frozen(server):
        for ask, refusal, most_s in (
            (lambda: store.append(batch_of(1, "b")), LogUnavailable, 0.8),
            (lambda: switches.read(NOTHING_STOPPED), SwitchesUnavailable, 0.8),
            # Now both have to connect again, for which libpq has whole seconds.
            (lambda: store.append(batch_of(1, "b")), LogUnavailable, 2.5),
            (lambda: switches.read(NOTHING_STOPPED), SwitchesUnavailable, 2.5),
        ):
            began = time.monotonic()
            with pytest.raises(refusal):
                ask()
            assert time.monotonic() - began < most_s + 0.4
    eventually(lambda: switches.read(NOTHING_STOPPED) is NOTHING_STOPPED)
    following = store.next_number()
    assert following in (1, 2)  # nobody knew; now everybody does
    store.append(batch_of(following, "c"))
    store.release()
    switches.close()


def test_a_frozen_database_hangs_nothing_and_is_found_again(
    server: PostgresServer, furnish: Callable[..., Path]
) -> None:
    address = server.database()
    config = furnish(more=STORE)
    with Served(config, config.parent / "data", env={"STORE_URL": address}) as served:
        assert ask(served)[0] == ask(served, confidential=True)[0] == 200
        assert served.ask("GET", "/readyz").status == 200
        with frozen(server):
            status, seconds = ask(served, confidential=True)
            assert (status, seconds < BOUND_S + 0.5) == (503, True)
            waiting = [threading.Thread(target=ask, args=(served,)) for _ in range(8)]
            for each in waiting:
                each.start()
            for each in waiting:
                each.join(DEADLINE_S)
                assert not each.is_alive()
            # What is owed a durable record is refused at once from here on, and soon everything: nobody
            # can tell any more what the kill switch says.
            status, seconds = ask(served, confidential=True)
            assert (status in (403, 503), seconds < 0.5) == (True, True)
            assert served.ask("GET", "/readyz").status == 503
            eventually(
                lambda: "be read" in served.ask("GET", "/readyz").json["checks"]["kill_switch"], LEASE_S
            )
            assert ask(served)[0] in (403, 503)
        eventually(lambda: served.ask("GET", "/readyz").status == 200, 15)
        eventually(lambda: ask(served, confidential=True)[0] == 200, 5)
        assert ask(served)[0] == 200
    assert served.process.returncode == 0
    assert "Traceback" not in served.complaints
    with closing(PostgresLogReader.open(Link.to(address), "a")) as log:
        report = verify(log.scan(), log.heads())
        assert report.sound, report.findings
        assert not report.open_attempts


def test_a_database_that_was_killed_is_found_again(
    server: PostgresServer, furnish: Callable[..., Path]
) -> None:
    address = server.database()
    config = furnish(more=STORE)
    with Served(config, config.parent / "data", env={"STORE_URL": address}) as served:
        assert ask(served, confidential=True)[0] == 200
        server.kill()
        status, seconds = ask(served, confidential=True)
        assert (status, seconds < BOUND_S) == (503, True)
        assert served.ask("GET", "/readyz").status == 503
        server.start()
        eventually(lambda: served.ask("GET", "/readyz").status == 200, 15)
        eventually(lambda: ask(served, confidential=True)[0] == 200, 5)
    with closing(PostgresLogReader.open(Link.to(address), "a")) as log:
        report = verify(log.scan(), log.heads())
        assert report.sound, report.findings
        assert not report.open_attempts


def ask(served: Served, *, confidential: bool = False) -> tuple[int, float]:
    """Status, and how long it took."""
    began = time.monotonic()
    status = served.chat(KEY, model="own-good", headers=CONFIDENTIAL if confidential else None).status
    return status, time.monotonic() - began
