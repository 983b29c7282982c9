"""Both caches through the one suite; what is each one's own; and a server that is slow, frozen or gone."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from shutil import which

import pytest

from signalbox.adapters.caches.memory import MemoryCache
from signalbox.adapters.caches.valkey import ValkeyCache
from signalbox.adapters.clock import SystemClock
from signalbox.ports.cache import Cache, CacheUnavailable
from signalbox.testing.cache import TTL_MS, CacheSuite, kept, place
from signalbox.testing.house import HandClock
from signalbox.testing.served import eventually

ENTRY_MAX = 1 << 20
SERVER = which("valkey-server") or which("redis-server") or "valkey-server"


class Server:
    """A real one, on a socket of its own; it writes nothing to disk."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "valkey.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([SERVER, *options], stdout=subprocess.DEVNULL)
        eventually(self.socket.exists)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server
    server.stop()


def valkey(
    server: Server, region: str = "west", timeout_ms: int = 1_000, rest_ms: int = 1_000
) -> ValkeyCache:
    return ValkeyCache(
        server.url,
        SystemClock(),
        region=region,
        timeout_ms=timeout_ms,
        entry_bytes_max=ENTRY_MAX,
        rest_ms=rest_ms,
    )


class TestMemory(CacheSuite):
    @pytest.fixture
    async def cache(self) -> AsyncIterator[Cache]:
        cache = MemoryCache(SystemClock(), entries_max=1_000, bytes_max=ENTRY_MAX)
        yield cache
        await cache.aclose()


class TestValkey(CacheSuite):
    @pytest.fixture
    async def cache(self, server: Server) -> AsyncIterator[Cache]:
        cache = valkey(server)
        await cache.purge()
        yield cache
        await cache.aclose()


async def test_memory_is_bounded_and_forgets_the_longest_unused() -> None:
    cache = MemoryCache(HandClock(), entries_max=3, bytes_max=10_000)
    for name in ("a", "b", "c"):
        await cache.put(place("p", name), kept(), TTL_MS)
    await cache.get(place("p", "a"))
    await cache.put(place("p", "d"), kept(), TTL_MS)
    found = {name for name in "abcd" if await cache.get(place("p", name)) is not None}
    assert found == {"a", "c", "d"}
    await cache.put(place("p", "large"), kept(bytes(9_000)), TTL_MS)
    assert len(cache) == 1
    assert cache.bytes_held <= 10_000
    await cache.purge()
    assert (len(cache), cache.bytes_held) == (0, 0)


async def test_a_region_sees_nothing_of_another(server: Server) -> None:
    west, east = valkey(server), valkey(server, "east")
    try:
        await west.put(place(), kept(), TTL_MS)
        assert await east.get(place()) is None
        assert await east.purge() == 0
        assert await west.get(place()) is not None
    finally:
        await west.aclose()
        await east.aclose()


async def test_a_frozen_server_costs_one_timeout_and_is_asked_again_later(server: Server) -> None:
    cache = valkey(server, timeout_ms=100, rest_ms=300)
    loop = asyncio.get_running_loop()
    try:
        await cache.put(place(), kept(), TTL_MS)
        server.signal(signal.SIGSTOP)
        try:
            began = loop.time()
            with pytest.raises(CacheUnavailable):
                await cache.get(place())
            frozen_s = loop.time() - began
            with pytest.raises(CacheUnavailable):
                await cache.put(place("p", "other"), kept(b"other"), TTL_MS)
            both_s = loop.time() - began
        finally:
            server.signal(signal.SIGCONT)
        assert 0.05 < frozen_s < 0.4
        assert both_s - frozen_s < 0.05
        await asyncio.sleep(0.35)  # it rests for that long
        # What the connection that was given up would have said is not taken for the answer to this.
        assert await cache.get(place("p", "third")) is None
        found = await cache.get(place())
        assert found is not None
        assert found.content == b"answer"
    finally:
        await cache.aclose()


async def test_a_look_up_that_was_given_up_leaves_no_answer_for_the_next(server: Server) -> None:
    cache = valkey(server)
    try:
        for number in range(20):
            await cache.put(place("p", str(number)), kept(str(number).encode()), TTL_MS)
        for turn in range(200):
            task = asyncio.create_task(cache.get(place("p", str(turn % 20))))
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            asked = str((turn + 1) % 20)
            found = await cache.get(place("p", asked))
            assert found is not None
            assert found.content == asked.encode()
    finally:
        await cache.aclose()


async def test_a_server_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    gone = Server(tmp_path)
    cache = valkey(gone, timeout_ms=100)
    try:
        for ask in (cache.get(place()), cache.purge(tenant="acme")):
            with pytest.raises(CacheUnavailable):
                await ask
    finally:
        await cache.aclose()
    assert os.listdir(tmp_path) == []
