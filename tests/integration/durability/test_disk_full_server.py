"""The disk is full under a running server: what must be written first is refused, the rest is the tenant's
choice, nothing is corrupted, and what was kept is written when there is room again.

A limit on file sizes stands for the full disk: set from outside on the live process, it makes every write
to the log fail in the kernel (EFBIG; Python ignores the signal that goes with it), and can be lifted.
"""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from signalbox.testing.site import Person, Site, stop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
_TOO_LITTLE = 4_096  # less than a page of the log


@contextmanager
def no_room(server: "subprocess.Popen[bytes]") -> Iterator[None]:
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (_TOO_LITTLE, hard))
    try:
        yield
    finally:
        if server.poll() is None:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


async def refused(person: Person, model: str, *, confidential: bool, stream: bool = False) -> None:
    answered = await person.ask(model, confidential=confidential, stream=stream)
    assert answered is not None
    status, body = answered
    assert (status, msgspec.json.decode(body)["error"]["code"]) == (503, "log_unavailable")
    assert b"sqlite" not in body.lower()
    assert b"disk" not in body.lower()


async def served(person: Person, model: str, *, confidential: bool = False, stream: bool = False) -> None:
    answered = await person.ask(model, confidential=confidential, stream=stream)
    assert answered is not None
    assert answered[0] == 200, answered


async def readiness(person: Person) -> int:
    answered = await person.get("/readyz")
    assert answered is not None
    return answered[0]


async def wait_until_ready(person: Person) -> None:
    async with asyncio.timeout(20):
        while await readiness(person) != 200:
            await asyncio.sleep(0.05)  # nobody tells when the log has tried again


@pytest.mark.parametrize("without_log", [False, True])
async def test_a_full_disk_stops_what_must_be_written_first(site: Site, without_log: bool) -> None:
    site.furnish(without_log=without_log)
    server, url = site.serve()
    async with Person(url, site.key) as person:
        await served(person, "secret", confidential=True)
        await served(person, "open")
        assert await readiness(person) == 200
        before = len(site.receipts)
        with no_room(server):
            for stream in (False, True):
                await refused(person, "secret", confidential=True, stream=stream)
            assert await readiness(person) == 503
            assert await person.get("/healthz") == (200, b'{"status":"alive"}')
            for stream in (False, True):
                if without_log:
                    await served(person, "open", stream=stream)
                else:
                    await refused(person, "open", confidential=False, stream=stream)
            assert await readiness(person) == 503
            await refused(person, "secret", confidential=True)
        while_full = site.receipts[before:]
        assert [receipt.model for receipt in while_full] == (["open"] * 2 if without_log else [])
        await wait_until_ready(person)
        await served(person, "secret", confidential=True)
    assert stop(server) == 0

    log = site.log()
    assert log.report.findings == ()
    assert log.report.open_attempts == ()
    intents = {body["attempt"] for body in log.of("intent")}
    assert intents == {receipt.request_id for receipt in site.receipts}
    assert {body["attempt"] for body in log.of("outcome")} == intents
    assert {body["status"] for body in log.of("outcome")} == {"ok"}


async def test_a_server_that_stops_while_the_disk_is_full_says_what_was_lost(site: Site) -> None:
    site.furnish(without_log=True)
    server, url = site.serve()
    async with Person(url, site.key) as person:
        await served(person, "secret", confidential=True)
        with no_room(server):
            await refused(person, "secret", confidential=True)
            await served(person, "open")
            code = stop(server)
    assert code != 0
    assert "records could not be written before the log was closed" in site.errors
    restarted, url = site.serve()
    async with Person(url, site.key) as person:
        await served(person, "secret", confidential=True)
    assert stop(restarted) == 0
    log = site.log()
    assert log.report.findings == ()
    assert log.report.open_attempts == ()
