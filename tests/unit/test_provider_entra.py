"""Tokens of Entra ID: kept, renewed in time, fetched once for all who wait, replaced when refused."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from signalbox.adapters.providers.azure_access.access import AzureAccess
from signalbox.adapters.providers.azure_access.entra import AGAIN_US, EARLY_US, EntraTokens
from signalbox.adapters.providers.azure_access.identity import NoToken, Token
from signalbox.adapters.providers.exchange import Grant, Refused
from signalbox.domain.endpoint import Transport
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.testing.house import HandClock
from signalbox.testing.values import endpoint
from signalbox.wires.errors import VendorError

ENDPOINT = endpoint("a", transport=Transport(authentication="entra"))
HOUR_S = 3_600


class Source:
    """Hands out `t1`, `t2`, … that live an hour; raises while `broken`; waits while `gate` is closed."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.count = 0
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()
        self.life_s = HOUR_S

    def __call__(self) -> Token:
        self.gate.wait(10)
        self.count += 1
        if self.broken:
            raise NoToken("Entra ID gave no token (ClientAuthenticationError, AADSTS700016)")
        return Token(f"t{self.count}", self.clock.now_us() // 1_000_000 + self.life_s)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def source(clock: HandClock) -> Source:
    return Source(clock)


def refused(status: int = 401) -> Refused:
    return Refused(status, lambda name: None, VendorError("", str(status), ""))


async def settled(until: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not until():
            await asyncio.sleep(0)


async def test_a_token_is_fetched_once_and_kept(clock: HandClock, source: Source) -> None:
    tokens = EntraTokens(source, clock)
    source.gate.clear()
    waiting = [asyncio.create_task(tokens.grant(ENDPOINT)) for _ in range(20)]
    await asyncio.sleep(0)
    source.gate.set()
    grants = await asyncio.gather(*waiting)
    assert source.count == 1
    assert all(grant is grants[0] for grant in grants)
    assert grants[0].headers == (("authorization", "Bearer t1"),)
    assert tokens.holds(grants[0], ENDPOINT)
    assert not tokens.holds(Grant(), ENDPOINT)


async def test_a_token_near_its_end_is_renewed_beside_the_requests(clock: HandClock, source: Source) -> None:
    tokens = EntraTokens(source, clock)
    first = await tokens.grant(ENDPOINT)
    clock.advance(HOUR_S * 1_000_000 - EARLY_US)
    assert not tokens.holds(first, ENDPOINT)
    source.gate.clear()
    assert await tokens.grant(ENDPOINT) is first, "nobody waits while it is good"
    source.gate.set()
    async with asyncio.timeout(10):
        while (second := await tokens.grant(ENDPOINT)) is first:
            await asyncio.sleep(0)
    assert source.count == 2
    assert second.secret == "t2"
    assert tokens.holds(second, ENDPOINT)


async def test_a_token_that_is_over_is_waited_for(clock: HandClock, source: Source) -> None:
    tokens = EntraTokens(source, clock)
    await tokens.grant(ENDPOINT)
    clock.advance(HOUR_S * 1_000_000 - 5_000_000)
    assert (await tokens.grant(ENDPOINT)).secret == "t2"


async def test_a_short_lived_token_is_used_for_half_its_life(clock: HandClock, source: Source) -> None:
    source.life_s = 120
    tokens = EntraTokens(source, clock)
    first = await tokens.grant(ENDPOINT)
    clock.advance(59_000_000)
    assert tokens.holds(first, ENDPOINT)
    clock.advance(2_000_000)
    assert not tokens.holds(first, ENDPOINT)


async def test_while_the_old_one_is_good_a_failing_source_is_left_alone(
    clock: HandClock, source: Source
) -> None:
    tokens = EntraTokens(source, clock)
    first = await tokens.grant(ENDPOINT)
    source.broken = True
    clock.advance(HOUR_S * 1_000_000 - EARLY_US)
    assert await tokens.grant(ENDPOINT) is first
    await settled(lambda: tokens.holds(first, ENDPOINT))
    assert source.count == 2
    clock.advance(AGAIN_US)
    assert not tokens.holds(first, ENDPOINT)


async def test_without_any_it_is_said_why(clock: HandClock, source: Source) -> None:
    source.broken = True
    tokens = EntraTokens(source, clock)
    with pytest.raises(ProviderFailure, match="AADSTS700016") as failed:
        await tokens.grant(ENDPOINT)
    assert failed.value.kind is FailureKind.CREDENTIAL
    source.broken = False
    assert (await tokens.grant(ENDPOINT)).secret == "t2"


async def test_a_refused_token_is_replaced_once_for_all_who_were_refused(
    clock: HandClock, source: Source
) -> None:
    tokens = EntraTokens(source, clock)
    first = await tokens.grant(ENDPOINT)
    renewed = await asyncio.gather(*(tokens.renew(ENDPOINT, first, refused()) for _ in range(5)))
    assert renewed == [True] * 5
    assert await tokens.renew(ENDPOINT, first, refused()), "it was replaced already"
    assert source.count == 2
    assert not tokens.holds(first, ENDPOINT)
    assert not await tokens.renew(ENDPOINT, await tokens.grant(ENDPOINT), refused(403)), "no token mends that"
    source.broken = True
    assert not await tokens.renew(ENDPOINT, await tokens.grant(ENDPOINT), refused())


async def test_whoever_waits_may_leave(clock: HandClock, source: Source) -> None:
    tokens = EntraTokens(source, clock)
    source.gate.clear()
    leaving, staying = (asyncio.create_task(tokens.grant(ENDPOINT)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    source.gate.set()
    assert (await staying).secret == "t1"


async def test_closing_ends_the_waiting(clock: HandClock, source: Source) -> None:
    tokens = EntraTokens(source, clock)
    source.gate.clear()
    waiting = asyncio.create_task(tokens.grant(ENDPOINT))
    await asyncio.sleep(0)
    await tokens.aclose()
    with pytest.raises(ProviderFailure) as failed:
        await waiting
    assert failed.value.kind is FailureKind.CANCELLED
    source.gate.set()


async def test_each_endpoint_has_its_own_way_in(clock: HandClock, source: Source) -> None:
    class Secrets:
        def get(self, name: str) -> str | None:
            return "k1"

    access = AzureAccess(Secrets(), clock, source)
    keyed = endpoint("b", transport=Transport(credential="KEY"))
    assert (await access.grant(keyed)).headers == (("api-key", "k1"),)
    assert (await access.grant(ENDPOINT)).headers == (("authorization", "Bearer t1"),)
    await access.aclose()


def test_the_package_is_named_in_one_place() -> None:
    """It is an extra, and slow to load."""
    sources = Path(__file__).parents[2] / "src"
    naming = [path.name for path in sources.rglob("*.py") if "from azure." in path.read_text()]
    assert naming == ["identity.py"]
