"""When an issuer's keys are fetched, how often, and what holds while they cannot be."""

import asyncio
import logging

import pytest

from signalbox.identity.issuer import Issuer
from signalbox.identity.issuer_keys import PAUSE_US, IssuerKeys
from signalbox.identity.trust import Trust
from signalbox.ports.key_sets import KeySetUnavailable
from signalbox.testing.token_signer import Signer

MAX_AGE_US = 1_000_000_000


class SteppedClock:
    def __init__(self) -> None:
        self.us = 1_000

    def now_us(self) -> int:
        return self.us

    def monotonic_us(self) -> int:
        return self.us


class Server:
    """Counts, fails where it is told to, and holds its answer back while `open` is not set."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.fetched = 0
        self.down = False
        self.open = asyncio.Event()
        self.open.set()

    async def fetch(self) -> bytes:
        self.fetched += 1
        await self.open.wait()
        if self.down:
            raise KeySetUnavailable("127.0.0.1:1 is down")
        return self.text


def text_of(*kids: str) -> bytes:
    signer = Signer("https://login.example")
    for kid in kids:
        signer.make_key(kid)
    return signer.key_set()


def keys_of(server: Server, clock: SteppedClock, refresh_us: int = 3_600_000_000) -> IssuerKeys:
    return IssuerKeys("entra", server, clock, refresh_us=refresh_us, max_age_us=MAX_AGE_US)


async def test_all_who_wait_share_one_refresh_and_the_next_is_rate_limited() -> None:
    server, clock = Server(text_of("a")), SteppedClock()
    keys = keys_of(server, clock)
    server.open.clear()
    waiting = [asyncio.create_task(keys.learn()) for _ in range(50)]
    await asyncio.sleep(0)
    server.open.set()
    await asyncio.gather(*waiting)
    assert server.fetched == 1
    assert keys.key("a", clock.us) is not None
    for _ in range(50):
        await keys.learn()
    assert server.fetched == 1, "whoever sends unknown keys does not make us ask for each"
    clock.us += PAUSE_US
    await keys.learn()
    assert server.fetched == 2


async def test_known_keys_go_on_while_the_server_is_down_until_their_age(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, clock = Server(text_of("a")), SteppedClock()
    keys = keys_of(server, clock)
    assert await keys.refresh()
    came_us, server.down = clock.us, True
    with caplog.at_level(logging.WARNING, "signalbox.identity"):
        assert not await keys.refresh()
    assert "entra" in caplog.text
    assert "down" in caplog.text
    assert keys.key("a", came_us + MAX_AGE_US - 1) is not None
    assert keys.key("b", clock.us) is None
    assert keys.key("a", came_us + MAX_AGE_US) is None
    server.text = b"<html>"
    server.down = False
    assert not await keys.refresh(), "what is no key set takes nothing away"
    assert keys.key("a", clock.us) is not None


async def test_a_server_that_never_answers_holds_no_request_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox.identity.issuer_keys.WAIT_S", 0.01)
    server, clock = Server(text_of("a")), SteppedClock()
    keys = keys_of(server, clock)
    server.open.clear()
    await asyncio.wait_for(keys.learn(), 5)
    assert keys.key("a", clock.us) is None
    server.open.set()
    assert await keys.refresh(), "the refresh itself went on"
    assert server.fetched == 1
    await keys.aclose()


async def test_they_are_fetched_again_and_again_without_being_asked() -> None:
    server, clock = Server(text_of("a")), SteppedClock()
    keys = keys_of(server, clock, refresh_us=1_000)
    keys.start()
    async with asyncio.timeout(10):
        while server.fetched < 3:
            await asyncio.sleep(0)
    await keys.aclose()
    assert keys.generation == 1, "the same keys are no change"


async def test_a_reload_keeps_the_keys_of_who_stays_and_lets_go_of_who_left() -> None:
    servers = {name: Server(text_of(name)) for name in ("a", "b")}
    clock = SteppedClock()
    trust = Trust(lambda issuer: servers[issuer.id], clock)
    stays, leaves = (
        Issuer(id=name, url=f"https://{name}.example", audiences=frozenset(("x",)), tenant="acme")
        for name in ("a", "b")
    )
    trust.tokens([stays, leaves], {})
    held = dict(trust._keys)
    async with asyncio.timeout(10):
        while not all(keys.generation for keys in held.values()):
            await asyncio.sleep(0)
    servers["a"].down = True
    trust.tokens([stays], {})
    (kept,) = trust._keys.values()
    assert kept is held[next(iter(held))]
    assert kept.key("a", clock.us) is not None
    await trust.aclose()
    assert all(keys._keeper is not None and keys._keeper.done() for keys in held.values())
