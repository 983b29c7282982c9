"""Seeded traffic, decided by the pure core and written down by the real journal: a log to replay.

Nothing is sent and no text is made up: a request is its traits. The same seed gives the same decisions.
"""

import asyncio
import random
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec import Struct

from signalbox.adapters.clock import SystemClock
from signalbox.adapters.stores.sqlite.log_store import SqliteLogStore
from signalbox.decide import Inputs, NothingPermitted, decide
from signalbox.decided import Decided, Objectives, PinnedRanking, Weighed
from signalbox.dispatch.health import Cut
from signalbox.dispatch.interlock import Release
from signalbox.domain.canonical import canonical
from signalbox.domain.errors import Denial, NoCandidate, PolicyDenied, SignalboxError
from signalbox.domain.plan import EndpointHealth, HealthSnapshot
from signalbox.domain.principal import Principal
from signalbox.domain.records import IntentBody, OutcomeBody, Record
from signalbox.domain.request import Request
from signalbox.domain.standing import standings
from signalbox.domain.traits import Capability, Facts, LatencyClass, Sensitivity, TaskType, Traits
from signalbox.domain.verdict import Verdict
from signalbox.entries import Who, decision_record, denial_record, who
from signalbox.record.journal import Journal
from signalbox.shortlist import resolve
from signalbox.testing.house import SeededIds

_BATCH: Final = 1_000
_SNAPSHOT_EVERY: Final = 200
_WORK: Final = (
    ("excel", "formula", TaskType.COMPUTATION, LatencyClass.INTERACTIVE),
    ("excel", "explain", TaskType.REASONING, LatencyClass.INTERACTIVE),
    ("word", "rewrite", TaskType.REWRITING, LatencyClass.INTERACTIVE),
    ("word", "draft", TaskType.DRAFTING, LatencyClass.NEAR_INTERACTIVE),
    ("powerpoint", "layout", TaskType.LAYOUT, LatencyClass.NEAR_INTERACTIVE),
    ("outlook", "triage", TaskType.CLASSIFICATION, LatencyClass.BATCH),
    ("outlook", "summarise", TaskType.SUMMARISING, LatencyClass.NEAR_INTERACTIVE),
    ("teams", "chat", TaskType.CHAT, LatencyClass.INTERACTIVE),
)
_NEEDS: Final = (
    Capability.CHAT,
    Capability.CHAT | Capability.STREAMING,
    Capability.CHAT | Capability.STREAMING,
    Capability.CHAT | Capability.JSON_SCHEMA,
    Capability.CHAT | Capability.TOOLS | Capability.STREAMING,
    Capability.CHAT | Capability.VISION,
)
_CATEGORIES: Final = ((), (), (), ("personal",), ("health", "personal"), ("credentials",))
_SENSITIVITIES: Final = (
    Sensitivity.PUBLIC,
    Sensitivity.GENERAL,
    Sensitivity.GENERAL,
    Sensitivity.CONFIDENTIAL,
    Sensitivity.HIGHLY_CONFIDENTIAL,
)
_DEADLINES_MS: Final = {
    LatencyClass.INTERACTIVE: 30_000,
    LatencyClass.NEAR_INTERACTIVE: 60_000,
    LatencyClass.BATCH: 600_000,
}


class Scene(Struct, frozen=True):
    """Under what is decided, and for whom."""

    release: Release
    objectives: Objectives
    principals: tuple[Principal, ...]


class Pace(Struct, frozen=True, kw_only=True):
    """When the first request comes and how far apart they are on average, µs; every how many-th is also sent
    (0: none), which leaves an intent and an outcome."""

    began_us: int = 1_763_800_000_000_000
    spacing_us: int = 2_000_000
    sent_every: int = 1


STEADY: Final = Pace()


async def record_traffic(
    journal: Journal, scene: Scene, count: int, *, seed: int = 0, pace: Pace = STEADY
) -> None:
    """Decide `count` requests and write down what became of them, into a journal that is open."""
    drawn = random.Random(seed)
    ids = SeededIds(seed)
    maker = _Maker(journal, scene, drawn)
    journal.pin(scene.release.catalogue.hash, canonical(scene.release.catalogue.release))
    journal.pin(scene.release.policy.hash, scene.release.policy.content)
    clock_us = pace.began_us
    pending: list[Record] = []
    for number in range(count):
        if number % _SNAPSHOT_EVERY == 0:
            maker.cut_anew()
        clock_us += int(drawn.expovariate(1) * pace.spacing_us)
        sent = bool(pace.sent_every) and number % pace.sent_every == 0
        pending += maker.records(ids.new(clock_us), clock_us, sent=sent)
        if len(pending) >= _BATCH:
            await journal.commit(pending)
            pending = []
    await journal.commit(pending)


def write_log(data_dir: Path, scene: Scene, count: int, *, seed: int = 0, pace: Pace = STEADY) -> None:
    """`record_traffic` into a log of its own, kept in SQLite in `data_dir`."""
    asyncio.run(_write(data_dir, scene, count, seed, pace))


async def _write(data_dir: Path, scene: Scene, count: int, seed: int, pace: Pace) -> None:
    journal = Journal(SqliteLogStore(data_dir), SystemClock())
    await journal.open(sorted({principal.tenant.id for principal in scene.principals}))
    try:
        await record_traffic(journal, scene, count, seed=seed, pace=pace)
    finally:
        await journal.aclose()


class _Maker:
    def __init__(self, journal: Journal, scene: Scene, drawn: random.Random) -> None:
        self._journal = journal
        self._scene = scene
        self._catalogue = scene.release.catalogue
        self._drawn = drawn
        self._cut: Cut
        self._verdicts: dict[Facts, Verdict] = {}
        self._whose: Mapping[str, Who] = {
            principal.key: who(journal, principal, principal.subject) for principal in scene.principals
        }
        names = [model.id for model in self._catalogue.release.models]
        self._targets = (*["auto"] * (10 * len(names)), "auto:cost", "auto:quality", *names)

    def cut_anew(self) -> None:
        snapshot = HealthSnapshot(
            tuple(
                EndpointHealth(
                    endpoint.id,
                    self._drawn.random() < 0.03,
                    tuple(self._measured(endpoint.speed.first_token_us) for _ in range(4)),  # type: ignore[arg-type]  # four
                    self._measured(endpoint.speed.output_token_us),
                )
                for endpoint in sorted(self._catalogue.endpoints, key=lambda one: one.id)
            )
        )
        content = canonical(snapshot)
        digest = sha256(content).hexdigest()
        self._cut = Cut(digest, content, snapshot, standings(self._catalogue, snapshot))

    def records(self, ident: str, clock_us: int, *, sent: bool) -> list[Record]:
        drawn = self._drawn
        principal = drawn.choice(self._scene.principals)
        traits = self._traits(principal)
        tenant = principal.tenant.id
        facts = Facts(
            tenant,
            principal.groups,
            traits.app,
            traits.feature,
            traits.sensitivity,
            traits.categories,
            traits.boundary,
        )
        named = drawn.choice(self._targets)
        target = resolve(named, self._catalogue)
        assert target is not None  # noqa: S101 - it is one of the catalogue's
        ranking = self._scene.objectives.of(target, facts)
        seed = int(ident[-8:], 16)
        inputs = Inputs(
            traits,
            self._verdict(facts, clock_us),
            self._cut.standings,
            target.places,
            ranking.objective,
            ranking.ranking.attempts_max,
            clock_us,
            seed,
        )
        self._journal.pin(self._cut.digest, self._cut.content)
        self._journal.pin(ranking.digest, ranking.content)
        try:
            choice = decide(inputs)
        except NothingPermitted:
            denials = [Denial(endpoint.id, ("denied",)) for endpoint in self._catalogue.endpoints]
            error = PolicyDenied("policy permits no endpoint", denials=denials, visible=())
            return [self._denial(error, ident, principal, named, inputs, ranking)]
        except NoCandidate as none_left:
            return [self._denial(none_left, ident, principal, named, inputs, ranking)]
        decided = Decided(
            id="dec-" + ident,
            operation="op-" + ident,
            principal=principal,
            subject=principal.subject,
            request=Request(target=named, messages=()),
            release=self._scene.release,
            traits=traits,
            facts=facts,
            verdict=inputs.verdict,
            cut=self._cut,
            ranking=ranking,
            plan=choice.plan,
            dropped=choice.dropped,
            clock_us=clock_us,
            seed=seed,
            check=None,
            marks_us=(0, 0, 0, 0),
        )
        written = [decision_record(decided, self._whose[principal.key])]
        return written + self._sent(decided) if sent else written

    def _verdict(self, facts: Facts, clock_us: int) -> Verdict:
        found = self._verdicts.get(facts)
        if found is None or (found.valid_until_us is not None and clock_us >= found.valid_until_us):
            found = self._verdicts[facts] = self._scene.release.policy.verdict(facts, clock_us)
        return found

    def _denial(
        self,
        error: SignalboxError,
        ident: str,
        principal: Principal,
        named: str,
        inputs: Inputs,
        ranking: PinnedRanking,
    ) -> Record:
        error.decision = "dec-" + ident
        return denial_record(
            error,
            self._whose[principal.key],
            self._scene.release,
            inputs.clock_us,
            target=named,
            traits=inputs.traits,
            weighed=Weighed(inputs, self._cut, ranking),
        )

    def _traits(self, principal: Principal) -> Traits:
        drawn = self._drawn
        app, feature, task, latency_class = drawn.choice(_WORK)
        return Traits(
            app=principal.app or app,
            feature=principal.feature or feature,
            task=task,
            task_confidence=10_000,
            sensitivity=drawn.choice(_SENSITIVITIES),
            categories=drawn.choice(_CATEGORIES),
            boundary=principal.tenant.default_boundary,
            latency_class=latency_class,
            deadline_ms=_DEADLINES_MS[latency_class],
            tokens_in=drawn.randrange(50, 3_000),
            tokens_out_max=drawn.choice((256, 512, 1_024)),
            needs=drawn.choice(_NEEDS),
        )

    def _sent(self, decided: Decided) -> list[Record]:
        """The first attempt, which goes well and takes some 0.6 to 1.8 times what was predicted."""
        planned = decided.plan.attempts[0]
        endpoint = self._catalogue.endpoint(planned.endpoint)
        attempt = f"{decided.id}.1"
        elapsed_us = int(planned.latency_us * self._drawn.uniform(0.6, 1.8))
        intent = IntentBody(
            attempt=attempt,
            catalogue=self._catalogue.hash,
            decision=decided.id,
            durable=False,
            endpoint=endpoint.id,
            hop="primary",
            kill_epoch=0,
            model=endpoint.model,
            number=1,
            policy=decided.verdict.policy,
            processor=endpoint.processor,
            region=endpoint.region,
            vendor=endpoint.vendor,
        )
        outcome = OutcomeBody(
            attempt=attempt,
            billed="yes",
            cost_nanos=planned.cost_nanos,
            currency=planned.currency,
            decision=decided.id,
            detail="",
            elapsed_us=elapsed_us,
            endpoint=endpoint.id,
            failure="",
            finish="stop",
            first_token_us=0,
            served=endpoint.served_names[0],
            status="ok",
            tokens_cached=0,
            tokens_estimated=False,
            tokens_in=decided.traits.tokens_in,
            tokens_out=100,
        )
        tenant, clock_us = decided.facts.tenant, decided.clock_us
        return [
            Record(tenant, "intent", attempt, clock_us, intent),
            Record(tenant, "outcome", attempt, clock_us + elapsed_us, outcome),
        ]

    def _measured(self, prior_us: int) -> int:
        """0 at times: not measured yet."""
        return 0 if self._drawn.random() < 0.2 else int(prior_us * self._drawn.uniform(0.7, 1.5))
