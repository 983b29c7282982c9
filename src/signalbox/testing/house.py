"""The hallway with everything around it faked: decide and dispatch in process, in milliseconds.

For tests of policies, catalogues and providers against the real pipeline. No file, no socket and no
system clock: time stands still until `clock.advance`.
"""

import random
from collections.abc import Mapping, Sequence

from signalbox.decided import Objectives
from signalbox.dispatch.breaker import ORDINARY, BreakerRules
from signalbox.dispatch.budget import BudgetRules
from signalbox.dispatch.dispatcher import Dispatcher
from signalbox.dispatch.health import HealthBook
from signalbox.dispatch.interlock import Interlock, Release
from signalbox.dispatch.step import RetryRules
from signalbox.domain.endpoint import Catalogue, Endpoint
from signalbox.domain.failure import FailureKind
from signalbox.domain.principal import Tenant
from signalbox.domain.verdict import PolicyRelease
from signalbox.pipeline import Pipeline
from signalbox.policy import compile_policy
from signalbox.ports.failpoint import Failpoint, passing
from signalbox.ports.provider import Provider
from signalbox.testing.fake_provider import FakeProvider
from signalbox.testing.recording_log import RecordingLog
from signalbox.testing.values import objective

_BEGAN_US = 1_763_800_000_000_000


class HandClock:
    """Implements `ports.clock.Clock`; goes on only when told to."""

    def __init__(self) -> None:
        self._passed_us = 1_000_000

    def now_us(self) -> int:
        return _BEGAN_US + self._passed_us

    def monotonic_us(self) -> int:
        return self._passed_us

    def advance(self, us: int) -> None:
        self._passed_us += us


class SeededIds:
    """Implements `ports.clock.Ids`: the same ids at every run."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def new(self, now_us: int) -> str:
        drawn = self._random.getrandbits(74)
        return f"{now_us // 1_000:012x}7{drawn >> 62:03x}{0x8 << 60 | drawn & (1 << 60) - 1:016x}"


class CountingMeter:
    """Implements `ports.meter.Meter`: keeps what it is told of attempts and breakers."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, str, str]] = []
        self.served_as: list[tuple[str, str]] = []
        self.breakers: list[tuple[str, str]] = []
        self.hops: list[tuple[str, str]] = []
        self.quarantines: list[str] = []

    def request(self, tenant: str, dialect: str, code: str, elapsed_us: int) -> None: ...

    def attempt(
        self,
        endpoint: str,
        status: str,
        failure: str,
        authorised: str,
        elapsed_us: int,
        tokens_in: int,
        tokens_out: int,
        cost_nanos: int,
    ) -> None:
        self.attempts.append((endpoint, status, failure))
        if authorised:
            self.served_as.append((endpoint, authorised))

    def breaker(self, endpoint: str, state: str) -> None:
        self.breakers.append((endpoint, state))

    def hop(self, endpoint: str, hop: str) -> None:
        self.hops.append((endpoint, hop))

    def quarantine(self, endpoint: str) -> None:
        self.quarantines.append(endpoint)


class House:
    """`policy` is compiled for `tenants` and `catalogue`; endpoints name the provider `fake`, or one of
    `others`. `begun` is a release of another such house, which then need not be made again.

    `at` is called at every place of `ports.failpoint.PLACES` that the hallway passes, and may be replaced.
    """

    def __init__(
        self,
        policy: PolicyRelease,
        catalogue: Catalogue,
        tenants: Sequence[Tenant],
        *,
        rules: RetryRules | None = None,
        breaker: BreakerRules | None = None,
        budget: BudgetRules | None = None,
        seed: int = 0,
        others: Mapping[str, Provider] | None = None,
        begun: Release | None = None,
    ) -> None:
        self.at: Failpoint = passing
        self._policy = policy
        self._tenants = tenants
        self.clock = HandClock()
        self.log = RecordingLog()
        self.meter = CountingMeter()
        self.provider = FakeProvider(self.clock)
        self.interlock = Interlock(begun or self.release(catalogue))
        self.health = HealthBook(
            breaker or BreakerRules(failures=3),
            self.meter,
            cadence_us=1_000_000,
            budget=budget or BudgetRules(),
        )
        self.dispatcher = Dispatcher(
            providers={"fake": self.provider, **(others or {})},
            interlock=self.interlock,
            health=self.health,
            log=self.log,
            clock=self.clock,
            meter=self.meter,
            rules=rules or RetryRules(backoff_us=1_000),
            failpoint=self._pass,
        )
        self.pipeline = Pipeline(
            interlock=self.interlock,
            health=self.health,
            dispatcher=self.dispatcher,
            log=self.log,
            clock=self.clock,
            ids=SeededIds(seed),
            objectives=Objectives(
                {"balanced": objective()}, {tenant.id: "balanced" for tenant in tenants}, {}, attempts_max=4
            ),
            count_tokens=lambda text: len(text.split()),
            failpoint=self._pass,
        )

    def _pass(self, place: str) -> None:
        self.at(place)

    def release(self, catalogue: Catalogue, policy: PolicyRelease | None = None) -> Release:
        """A release to publish on `interlock`: another catalogue, another policy, or both."""
        compiled = compile_policy(policy or self._policy, catalogue, self._tenants)
        return Release(catalogue, compiled, cache_size=10_000)

    def places_taken(self, endpoint: Endpoint) -> int:
        """Attempts in flight at an endpoint, as its turnstile counts them."""
        return self.health.of(endpoint).turnstile.inside

    def probe(self, endpoint: Endpoint) -> bool:
        """Whether its breaker would let an attempt start now; it counts as one that said nothing."""
        now_us, seen = self.clock.monotonic_us(), self.health.of(endpoint)
        admission = self.health.admit(endpoint, seen, now_us)
        if admission is None:
            return False
        self.health.ended(endpoint, seen, admission, FailureKind.CANCELLED, now_us)
        return True

    def blame(self, endpoint: Endpoint, times: int) -> None:
        """Failures that count against an endpoint, from elsewhere."""
        for _ in range(times):
            now_us = self.clock.monotonic_us()
            self.health.ended(endpoint, self.health.of(endpoint), ORDINARY, FailureKind.RESET, now_us)
