"""What the pipeline writes down of a decision or a refusal: domain values → log records.

Users, keys and groups leave here as pseudonyms; prompts do not leave at all.
"""

from msgspec import Struct
from msgspec.structs import replace

from signalbox.decided import Decided, Weighed
from signalbox.dispatch.delivery import Delivery
from signalbox.dispatch.interlock import Release
from signalbox.domain.errors import NoCandidate, PolicyDenied, SignalboxError
from signalbox.domain.grants import grant_of
from signalbox.domain.principal import Principal
from signalbox.domain.records import DecisionBody, DenialBody, HitBody, Record
from signalbox.domain.traits import Traits
from signalbox.ports.cache import Place
from signalbox.ports.log import DecisionLog


class Who(Struct, frozen=True):
    """A principal as the log may know it."""

    tenant: str
    key: str
    subject: str
    groups: tuple[str, ...]


def who(log: DecisionLog, principal: Principal, subject: str) -> Who:
    """`subject` is the user that the request is made for."""
    tenant = principal.tenant.id
    return Who(
        tenant,
        log.pseudonym(tenant, "key", principal.key),
        log.pseudonym(tenant, "user", subject),
        tuple([log.pseudonym(tenant, "group", group) for group in principal.groups]),
    )


def decision_record(decided: Decided, whose: Who) -> Record:
    traits, verdict, plan, request = decided.traits, decided.verdict, decided.plan, decided.request
    granted = decided.granted
    body = DecisionBody(
        traits.app,
        traits.boundary,
        verdict.catalogue,
        traits.categories,
        decided.clock_us,
        traits.deadline_ms,
        decided.id,
        traits.feature,
        "" if granted is None else granted.digest,
        () if granted is None else _granted(decided),
        whose.groups,
        decided.cut.digest,
        whose.key,
        traits.latency_class,
        traits.needs,
        plan.objective,
        decided.operation,
        plan.attempts,
        verdict.policy,
        decided.ranking.digest,
        decided.seed,
        traits.sensitivity,
        request.stream,
        whose.subject,
        request.target,
        traits.task,
        traits.task_confidence,
        traits.tokens_in,
        traits.tokens_out_max,
    )
    return Record(whose.tenant, "decision", decided.id, decided.clock_us, body)


def _granted(decided: Decided) -> tuple[str, ...]:
    """The endpoints of the plan that only a grant permits."""
    index, reasons = decided.release.catalogue.index, decided.verdict.reasons
    return tuple([item.endpoint for item in decided.plan.attempts if grant_of(reasons[index[item.endpoint]])])


def hit_record(
    decided: Decided, whose: Who, recalled: Delivery, kill_epoch: int, entry: str, alike_e4: int
) -> Record:
    """The terminal record of a request that was answered as another was before it."""
    traits, endpoint = decided.traits, recalled.endpoint
    return Record(
        decided.facts.tenant,
        "hit",
        decided.id,
        decided.clock_us,
        HitBody(
            alike=alike_e4,
            app=traits.app,
            boundary=traits.boundary,
            catalogue=decided.verdict.catalogue,
            categories=traits.categories,
            clock_us=decided.clock_us,
            decision=decided.id,
            endpoint=endpoint.id,
            entry=entry,
            feature=traits.feature,
            groups=whose.groups,
            hop="cache",
            key=whose.key,
            kill_epoch=kill_epoch,
            model=endpoint.model,
            operation=decided.operation,
            policy=decided.verdict.policy,
            processor=endpoint.processor,
            region=endpoint.region,
            sensitivity=traits.sensitivity,
            source=recalled.attempt,
            stream=decided.request.stream,
            subject=whose.subject,
            target=decided.request.target[:128],
            task=traits.task,
            vendor=endpoint.vendor,
        ),
    )


def entry_name(log: DecisionLog, tenant: str, place: Place) -> str:
    """Where an answer stood, as the log may know it: a bare digest would let a guess at a prompt be tried."""
    return log.pseudonym(tenant, "cached", f"{place.partition}:{place.key}")


def denial_record(
    error: SignalboxError,
    whose: Who,
    release: Release,
    clock_us: int,
    *,
    target: str,
    traits: Traits | None,
    weighed: Weighed | None = None,
) -> Record:
    """The terminal record of a request that no attempt was planned for. `traits` as far as it got;
    `weighed` if nothing was left of what was weighed: then the record has all it takes to decide again."""
    body = _denial(error, whose, release, clock_us, target, traits)
    if weighed is not None:
        body = _weighed(body, weighed)
    return Record(whose.tenant, "denial", error.decision, clock_us, body)


def _denial(
    error: SignalboxError,
    whose: Who,
    release: Release,
    clock_us: int,
    target: str,
    traits: Traits | None,
) -> DenialBody:
    return DenialBody(
        app=traits.app if traits else "",
        boundary=traits.boundary if traits else "",
        catalogue=release.catalogue.hash,
        categories=traits.categories if traits else (),
        clock_us=clock_us,
        code=error.code,
        decision=error.decision,
        feature=traits.feature if traits else "",
        groups=whose.groups,
        key=whose.key,
        operation="op-" + error.decision.removeprefix("dec-"),
        policy=release.policy.hash,
        reasons=_reasons(error),
        sensitivity=traits.sensitivity if traits else -1,
        status=error.status,
        subject=whose.subject,
        target=target[:128],
        task=traits.task if traits else "",
    )


def _weighed(body: DenialBody, weighed: Weighed) -> DenialBody:
    """With the moment and the releases that it was decided by, which may have changed since."""
    inputs = weighed.inputs
    traits = inputs.traits
    return replace(
        body,
        catalogue=inputs.verdict.catalogue,
        clock_us=inputs.clock_us,
        deadline_ms=traits.deadline_ms,
        grant=weighed.granted.digest if weighed.granted is not None else "",
        health=weighed.cut.digest,
        latency_class=traits.latency_class,
        needs=traits.needs,
        policy=inputs.verdict.policy,
        ranking=weighed.ranking.digest,
        seed=inputs.seed,
        task_confidence=traits.task_confidence,
        tokens_in=traits.tokens_in,
        tokens_out_max=traits.tokens_out_max,
    )


def _reasons(error: SignalboxError) -> tuple[str, ...]:
    """One line per endpoint where the error speaks of endpoints, else what the operator should read."""
    if isinstance(error, PolicyDenied):
        return tuple(f"{denial.endpoint}: {', '.join(denial.reasons)}" for denial in error.denials)
    if isinstance(error, NoCandidate):
        return tuple(f"{denial.endpoint}: {', '.join(denial.reasons)}" for denial in error.dropped)
    return (error.operator,)
