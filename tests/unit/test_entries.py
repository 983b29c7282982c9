"""What is written down of a decision: each fact under its own name."""

from msgspec.structs import asdict

from signalbox.domain.principal import Principal
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant


async def test_a_decision_is_written_with_each_fact_under_its_own_name() -> None:
    rooms = House(PERMIT_ALL, catalogue(endpoint("a")), [tenant()])
    who: Principal = principal(app="excel", feature="formula")
    decided, _ = await rooms.pipeline.run(request(target="a"), who)
    (body,) = rooms.log.decisions
    traits = decided.traits
    assert asdict(body) == {
        "app": traits.app,
        "boundary": traits.boundary,
        "catalogue": decided.release.catalogue.hash,
        "categories": traits.categories,
        "clock_us": decided.clock_us,
        "deadline_ms": traits.deadline_ms,
        "decision": decided.id,
        "feature": traits.feature,
        "grant": "",
        "granted": (),
        "groups": tuple(rooms.log.pseudonym(who.tenant.id, "group", group) for group in who.groups),
        "health": decided.cut.digest,
        "key": rooms.log.pseudonym(who.tenant.id, "key", who.key),
        "latency_class": traits.latency_class,
        "needs": traits.needs,
        "objective": decided.ranking.objective.name,
        "operation": decided.operation,
        "plan": decided.plan.attempts,
        "policy": decided.release.policy.hash,
        "ranking": decided.ranking.digest,
        "seed": decided.seed,
        "sensitivity": traits.sensitivity,
        "stream": decided.request.stream,
        "subject": rooms.log.pseudonym(who.tenant.id, "user", decided.subject),
        "target": "a",
        "task": traits.task,
        "task_confidence": traits.task_confidence,
        "tokens_in": traits.tokens_in,
        "tokens_out_max": traits.tokens_out_max,
    }
    told = [body.app, body.feature, body.boundary, body.task, body.latency_class, body.objective, body.target]
    assert len(set(told)) == len(told), "values that are alike would hide one that is told as another"
