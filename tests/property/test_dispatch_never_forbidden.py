"""The first law, end to end: what policy forbids is in no plan and in no intent, whatever fails, whoever
reloads, whichever switch is thrown.

The shipped rules are said again here, in Python and by hand, as the oracle; Cedar has no part in it.
"""

import random
from pathlib import Path
from typing import Final

import pytest

from signalbox.decided import Decided
from signalbox.dispatch.breaker import BreakerRules
from signalbox.dispatch.step import RetryRules
from signalbox.domain.endpoint import Catalogue, Endpoint, Lifecycle
from signalbox.domain.errors import (
    AttemptsExhausted,
    DeadlineExceeded,
    NoCandidate,
    PolicyDenied,
    UnknownModel,
)
from signalbox.domain.failure import FailureKind
from signalbox.domain.principal import Tenant
from signalbox.domain.request import Declared
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.values import catalogue, endpoint, principal, request

POLICIES: Final = Path(__file__).parents[2] / "policies"
RELEASE: Final = PolicyRelease(
    texts={path.name: path.read_text() for path in sorted(POLICIES.glob("*.cedar"))},
    schema=(POLICIES / "signalbox.cedarschema").read_text(),
)
PLACES: Final = {
    "world": {"local", "de", "us"},
    "eu": {"local", "de"},
    "local": {"local"},
}
TENANTS: Final = [
    Tenant(id="azure-home", home_cloud="azure", default_boundary="world"),
    Tenant(id="aws-home", home_cloud="aws", default_boundary="eu"),
    Tenant(id="homeless", default_boundary="world"),
]
TEXTS: Final = (
    "Rewrite this politely.",
    "The patient was diagnosed with diabetes and takes insulin.",
    "password: hunter2-Zx81kQ and the key AKIAIOSFODNN7EXAMPLE",
    "Pay to DE89 3704 0044 0532 0130 00 by Friday.",
)
FAILURES: Final = tuple(FailureKind)


def permitted(known: Endpoint, facts: Facts, home_cloud: str, now_us: int) -> bool:
    life = known.lifecycle
    if now_us < life.available_from_us or (
        life.retired_from_us is not None and now_us >= life.retired_from_us
    ):
        return False
    if known.trains_on_data:
        return False
    if known.vendor == "anthropic" and "claude-pilot" not in facts.groups:
        return False
    inside = PLACES[facts.boundary]
    if not set(known.inference_places) <= inside or not set(known.storage_places) <= inside:
        return False
    at_home = known.cloud == "on-premises" or (home_cloud != "" and known.cloud == home_cloud)
    if facts.sensitivity >= 2 and not at_home:
        return False
    if facts.sensitivity >= 3 and known.retention != "none":
        return False
    own = known.cloud == "on-premises" and known.operator == "self"
    if "credentials" in facts.categories and not own:
        return False
    return "health" not in facts.categories or own or "hipaa-baa" in known.certifications


def some_catalogue(rng: random.Random) -> Catalogue:
    endpoints = []
    for number in range(8):
        retention = rng.choice(["none", "transient", "days-30"])
        stored = () if retention == "none" else tuple(rng.sample(["local", "de", "us"], rng.randrange(1, 3)))
        vendor = rng.choice(["acme", "acme", "anthropic"])
        endpoints.append(
            endpoint(
                f"e{number}",
                vendor=vendor,
                model=f"{vendor}-small",
                cloud=rng.choice(["on-premises", "on-premises", "azure", "aws"]),
                operator=rng.choice(["self", "self", "vendor"]),
                inference_places=tuple(rng.sample(["local", "de", "us"], rng.randrange(1, 3))),
                storage_places=stored,
                retention=retention,
                trains_on_data=rng.random() < 0.1,
                certifications=("hipaa-baa",) if rng.random() < 0.3 else (),
                lifecycle=Lifecycle(
                    available_from_us=0, retired_from_us=1_000 if rng.random() < 0.05 else None
                ),
            )
        )
    return catalogue(*endpoints)


class Trial:
    """Decides and dispatches; after each request everything that was planned and announced is judged."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        rules = RetryRules(attempts_max=6, retries_here=0, backoff_us=0)
        breaker = BreakerRules(failures=10, open_us=1_000)
        self.rooms = House(
            RELEASE, some_catalogue(self.rng), TENANTS, rules=rules, breaker=breaker, seed=seed
        )
        self.planned = self.announced = self.denied = 0

    async def request(self) -> None:
        rng, rooms = self.rng, self.rooms
        if rng.random() < 0.0004:
            rooms.interlock.publish(rooms.release(some_catalogue(rng)))
        if rng.random() < 0.1:
            rooms.clock.advance(1_500_000)
        for name in rng.sample([f"e{number}" for number in range(8)], 4):
            rooms.provider.will(
                name, Script(text="yes", failure=rng.choice(FAILURES) if rng.random() < 0.5 else None)
            )
        tenant = rng.choice(TENANTS)
        who = principal(
            tenant=tenant,
            groups=rng.choice([("everyone",), ("everyone", "claude-pilot")]),
            may_assert=frozenset({"app", "feature", "label", "boundary"}),
        )
        declared = Declared(
            app="word",
            label=rng.choice(["", "", "public", "general", "confidential", "??"]),
            boundary=rng.choice(["", "", "eu", "local"]),
        )
        target = rng.choice(["auto", "auto", "auto:balanced", "e3"])
        asked = request(rng.choice(TEXTS), target=target, declared=declared)
        rooms.log.records.clear()
        rooms.provider.calls.clear()
        try:
            decided, delivery = await rooms.pipeline.run(asked, who)
        except (PolicyDenied, UnknownModel):
            self.denied += 1
        except (AttemptsExhausted, DeadlineExceeded, NoCandidate):
            pass
        else:
            self.judge_plan(decided)
            assert delivery.endpoint.id in {attempt.endpoint for attempt in decided.plan.attempts}
        self.judge_records(tenant)

    def judge_plan(self, decided: Decided) -> None:
        home, now_us = decided.principal.tenant.home_cloud, decided.clock_us
        known = decided.release.catalogue
        for attempt in decided.plan.attempts:
            assert permitted(known.endpoint(attempt.endpoint), decided.facts, home, now_us)
        for place, told in enumerate(known.endpoints):
            assert decided.verdict.permitted[place] == permitted(told, decided.facts, home, now_us)

    def judge_records(self, tenant: Tenant) -> None:
        rooms = self.rooms
        decisions = rooms.log.decisions
        planned = {attempt.endpoint for body in decisions for attempt in body.plan}
        announced = [intent.endpoint for intent in rooms.log.intents]
        assert [call.endpoint.id for call in rooms.provider.calls] == announced
        assert set(announced) <= planned
        for body in decisions:
            groups = tuple(name.rpartition("/")[2] for name in body.groups)
            facts = Facts(
                tenant.id,
                groups,
                body.app,
                body.feature,
                Sensitivity(body.sensitivity),
                body.categories,
                body.boundary,
            )
            for endpoint_id in planned:
                known = rooms.interlock.release.catalogue.endpoint(endpoint_id)
                assert permitted(known, facts, tenant.home_cloud, body.clock_us)
        self.planned += len(planned)
        self.announced += len(announced)


async def many(requests: int, seed: int) -> Trial:
    trial = Trial(seed)
    for _ in range(requests):
        await trial.request()
    return trial


async def test_no_plan_and_no_intent_names_a_forbidden_endpoint() -> None:
    trial = await many(10_000, seed=1)
    assert trial.planned > 5_000
    assert trial.announced > 5_000
    assert trial.denied > 500


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
async def test_no_plan_and_no_intent_names_a_forbidden_endpoint_in_a_million(seed: int) -> None:
    await many(100_000, seed)
