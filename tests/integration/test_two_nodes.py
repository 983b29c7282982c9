"""Two servers on one PostgreSQL: what one is told the other obeys, what one decided the other explains, and
what one left open when it was killed is closed once."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signalbox.adapters.stores.postgres.link import Link
from signalbox.adapters.stores.postgres.log_reader import PostgresLogReader
from signalbox.record.verify import verify
from signalbox.testing.served import COMMAND, Answer, Served, eventually

STORE = '\n[store]\nkind = "postgres"\nurl_credential = "STORE_URL"\nnode = "{node}"\n'
KEY = "sb-anna"
PROMISED_S = 5.0


class Nodes:
    """Servers of one database, each with a data directory of its own."""

    def __init__(self, address: str, furnish: Callable[..., Path]) -> None:
        self.link = Link.to(address)
        self._env = {"STORE_URL": address}
        self._furnish = furnish
        self._configs: dict[str, Path] = {}

    def config(self, node: str) -> Path:
        if node not in self._configs:
            self._configs[node] = self._furnish(more=STORE.format(node=node))
        return self._configs[node]

    def served(self, node: str) -> Served:
        config = self.config(node)
        return Served(config, config.parent / "data", env=self._env)

    def command(self, node: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [COMMAND, *arguments, "--config", self.config(node)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **self._env, "SIGNALBOX_PORT": "1"},
            timeout=60,
        )

    def records(self, node: str) -> list[dict[str, Any]]:
        with closing(PostgresLogReader.open(self.link, node)) as log:
            report = verify(log.scan(), log.heads())
            assert report.sound, report.findings
            return [
                {**msgspec.json.decode(stored.body), "kind": msgspec.json.decode(stored.leaf)["kind"]}
                for _, stored in log.scan()
            ]

    def of(self, node: str, kind: str) -> list[dict[str, Any]]:
        return [record for record in self.records(node) if record["kind"] == kind]

    def await_one(self, node: str, kind: str) -> None:
        eventually(lambda: len(self.of(node, kind)) == 1)


@pytest.fixture
def nodes(database: str, furnish: Callable[..., Path]) -> Nodes:
    return Nodes(database, furnish)


def good(served: Served) -> Answer:
    return served.chat(KEY, model="own-good")


def await_ready(served: Served) -> None:
    """At once, but on a machine so busy that starting outlasts the kill switch's lease."""
    eventually(lambda: served.ask("GET", "/readyz").status == 200)


def within(holds: Callable[[], bool], seconds: float) -> float:
    """How long it took. Raises `TimeoutError`."""
    began = time.monotonic()
    eventually(holds, seconds)
    return time.monotonic() - began


def test_the_kill_switch_thrown_on_one_node_stops_the_other(nodes: Nodes) -> None:
    with nodes.served("a") as a, nodes.served("b") as b:
        assert (good(a).status, good(b).status) == (200, 200)
        thrown = a.command("kill", "vendor:acme-models", "--reason", "a drill")
        assert thrown.returncode == 0, thrown.stderr
        assert good(a).status == 403
        within(lambda: good(b).status == 403, PROMISED_S)
        b.command("restore", "vendor:acme-models", "--reason", "over")
        within(lambda: good(a).status == 200, PROMISED_S)
        for node in ("a", "b"):
            nodes.await_one(node, "restore")
            assert [each["selector"] for each in nodes.of(node, "kill")] == ["vendor:acme-models"]


def test_a_kill_without_a_server_is_obeyed_by_all_nodes(nodes: Nodes) -> None:
    with nodes.served("b") as b:
        assert good(b).status == 200
        thrown = nodes.command("a", "kill", "vendor:acme-models", "--reason", "a drill")
        assert thrown.returncode == 0, thrown.stderr
        within(lambda: good(b).status == 403, PROMISED_S)


def test_an_act_on_one_node_is_obeyed_by_the_other(nodes: Nodes) -> None:
    with nodes.served("a") as a, nodes.served("b") as b:
        admin = (a.data_dir / "admin.key").read_text().strip()
        wanted = {"id": "word", "purpose": "the add-in"}
        json = {"Content-Type": "application/json"}
        made = a.ask("POST", "/admin/v1/keys", msgspec.json.encode(wanted), key=admin, headers=json)
        assert made.status == 201, made.body
        secret = made.json["secret"]
        within(lambda: b.chat(secret, model="own-good").status == 200, PROMISED_S)
        for node in ("a", "b"):
            nodes.await_one(node, "act")


def test_what_one_node_decided_every_other_explains(nodes: Nodes) -> None:
    with nodes.served("a") as a, nodes.served("b") as b:
        decided = {"a": good(a).headers["x-signalbox-decision"], "b": good(b).headers["x-signalbox-decision"]}
        for node, decision in decided.items():
            nodes.await_one(node, "outcome")
            assert nodes.of(node, "decision")[0]["decision"] == decision
            for asked in ("a", "b", "c"):
                told = nodes.command(asked, "explain", decision)
                assert told.returncode == 0, told.stderr
                assert "the same plan" in told.stdout
    for node in ("a", "b"):
        checked = nodes.command(node, "log", "verify")
        assert (checked.returncode, "sound: " in checked.stdout) == (0, True), checked.stdout
    status = nodes.command("a", "store", "status")
    assert status.returncode == 0
    assert "log a (this node)" in status.stdout
    assert "log b" in status.stdout


def begun(nodes: Nodes, node: str, served: Served) -> threading.Thread:
    """A request that its vendor never answers, once its intent is in the log."""

    def ask() -> None:
        with suppress(OSError, HTTPException):  # the server is killed meanwhile
            served.chat(KEY, model="x-hang", headers={"X-Signalbox-Sensitivity": "confidential"})

    thread = threading.Thread(target=ask)
    thread.start()
    eventually(lambda: len(nodes.of(node, "intent")) == 1)
    return thread


def test_what_a_killed_node_left_open_is_closed_once_when_it_is_back(nodes: Nodes) -> None:
    with nodes.served("a") as a:
        asking = begun(nodes, "a", a)
        a.process.kill()
        a.wait()
        asking.join()
    assert nodes.of("a", "outcome") == []
    for _ in range(2):
        with nodes.served("a") as a:
            assert [each["status"] for each in nodes.of("a", "outcome")] == ["unknown"]
            await_ready(a)


def test_what_a_killed_node_left_open_is_swept_once_by_whoever_comes_first(nodes: Nodes) -> None:
    with nodes.served("a") as a, nodes.served("b"):
        alive = nodes.command("b", "store", "sweep", "a")
        assert alive.returncode == 1
        assert "being written by process" in alive.stderr
        asking = begun(nodes, "a", a)
        a.process.kill()
        a.wait()
        asking.join()
        sweeps = [threading.Thread(target=nodes.command, args=("b", "store", "sweep", "a")) for _ in range(3)]
        for sweep in sweeps:
            sweep.start()
        for sweep in sweeps:
            sweep.join()
        assert [each["status"] for each in nodes.of("a", "outcome")] == ["unknown"]
        with nodes.served("a") as again:
            assert good(again).status == 200
            eventually(lambda: len(nodes.of("a", "outcome")) == 2)


def test_a_node_that_was_swept_alive_writes_nothing_more(nodes: Nodes) -> None:
    """An administrator ended its session, and somebody was quicker than it to take its lease."""
    with nodes.served("a") as a:
        assert good(a).status == 200
        eventually(lambda: len(nodes.of("a", "outcome")) == 1)
        with nodes.link.connect() as connection:
            connection.execute("UPDATE log SET epoch = epoch + 1 WHERE name = 'a'")
        before = len(nodes.records("a"))
        secret = a.chat(KEY, model="own-good", headers={"X-Signalbox-Sensitivity": "confidential"})
        assert secret.status == 503
        assert a.ask("GET", "/readyz").status == 503
        assert len(nodes.records("a")) == before
        a.process.kill()
        a.wait()
