"""Random gates and random requests: what the rendered Cedar decides is what the gates say.

The reference below reads gates as an administrator does, one by one, and knows no Cedar.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.domain.endpoint import Endpoint
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.gates import Decision, Gate, Gates, Requirement, Selection, render
from signalbox.policy import CompiledPolicy, compile_policy
from signalbox.proof import Invariants, prove
from signalbox.testing.values import catalogue, endpoint, tenant

ROOT = Path(__file__).parents[2]
SCHEMA = (ROOT / "policies" / "signalbox.cedarschema").read_text()
OPEN = '@id("open") @reason("all") permit (principal, action, resource);'
BY_HAND = (
    '@id("hand") @reason("by hand") forbid (principal, action, resource) when { resource.cloud == "aws" };'
)
NOW = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1_000_000
DAY_US = 86_400_000_000
RETENTIONS = ("none", "transient", "days-30", "until-deleted")
CATEGORIES = ("health", "personal")
PLACES = ("de", "us", "local")
CATALOGUE = catalogue(
    endpoint("own", inference_places=("local",)),
    endpoint(
        "claude-eu", vendor="anthropic", model="claude", cloud="aws", operator="aws", processor="aws",
        inference_places=("de",), terms_version="2", certifications=("baa",),
    ),
    endpoint(
        "claude-lapsed", vendor="anthropic", model="claude", cloud="aws", operator="aws",
        processor="anthropic",
        inference_places=("de", "us"), terms_version="1", certifications=("baa", "iso"),
        certified_until_us={"baa": NOW - DAY_US, "iso": NOW + DAY_US},
    ),
    endpoint(
        "gpt", vendor="openai", model="gpt", cloud="azure", operator="microsoft", processor="microsoft",
        inference_places=("us",), storage_places=("us",), retention="days-30", trains_on_data=True,
        certifications=("iso",),
    ),
)  # fmt: skip
TENANTS = (tenant("acme", home_cloud="azure"), tenant("other", home_cloud=""))

some = st.sampled_from


def names(*values: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(some(values), unique=True, max_size=2).map(tuple)


selections = st.builds(
    Selection,
    vendors=names("anthropic", "openai"),
    models=names("claude", "gpt"),
    clouds=names("aws", "azure"),
    places=names(*PLACES),
    processors=names("aws", "anthropic"),
    endpoints=st.just(()) | names("claude-eu", "gpt"),
)
whose = some(["", "acme", "other"])
groups, apps, features = names("finance", "legal"), names("word", "excel"), names("rewrite")
levels = some(Sensitivity)
allows = st.builds(
    Gate, id=st.just(""), decision=st.just(Decision.ALLOW), where=selections, tenant=whose, groups=groups,
    apps=apps, features=features, up_to=levels,
)  # fmt: skip
forbids = st.builds(
    Gate, id=st.just(""), decision=st.just(Decision.FORBID), where=selections, tenant=whose, groups=groups,
    apps=apps, features=features, at_least=levels, categories=names(*CATEGORIES),
)  # fmt: skip
opt_ins = st.builds(
    Gate, id=st.just(""), decision=st.just(Decision.OPT_IN), where=selections, tenant=whose, groups=groups,
    apps=apps, features=features, up_to=levels, accepted_terms=some(["", "2"]),
    outside_home_cloud=st.booleans(),
)  # fmt: skip
requirements = st.builds(
    Requirement,
    id=st.just(""),
    tenant=whose,
    at_least=levels,
    categories=names(*CATEGORIES),
    residency=st.just("set"),
    places=st.none() | names(*PLACES),
    home_cloud=st.booleans(),
    retention_max=st.none() | some(RETENTIONS),
    no_training=st.booleans(),
    certifications=names("baa", "iso"),
)


@st.composite
def sets_of_gates(draw: st.DrawFn) -> Gates:
    gates = draw(st.lists(allows | forbids | opt_ins, max_size=5))
    demands = draw(st.lists(requirements, max_size=2))
    return Gates(
        gates=tuple(replace(gate, id=f"g{index}") for index, gate in enumerate(gates)),
        requirements=tuple(replace(item, id=f"r{index}") for index, item in enumerate(demands)),
    )


requests = st.builds(
    Facts,
    some(["acme", "other"]),
    names("finance", "legal", "sales"),
    some(["word", "excel", "outlook"]),
    some(["rewrite", "formula"]),
    levels,
    names(*CATEGORIES),
    st.just("world"),
)


def compiled(gates: Gates, *by_hand: str) -> CompiledPolicy:
    texts = {"gates.toml": render(gates), "hand.cedar": "\n".join(by_hand)}
    return compile_policy(PolicyRelease(texts=texts, schema=SCHEMA), CATALOGUE, TENANTS)


# The reference.


def concerns(gate: Gate | Requirement, facts: Facts) -> bool:
    return gate.tenant in ("", facts.tenant)


def covers(gate: Gate, facts: Facts) -> bool:
    return (
        concerns(gate, facts)
        and (not gate.groups or bool({*gate.groups} & {*facts.groups}))
        and (not gate.apps or facts.app in gate.apps)
        and (not gate.features or facts.feature in gate.features)
        and facts.sensitivity <= gate.up_to
    )


def selects(where: Selection, it: Endpoint, *, wholly: bool = False) -> bool:
    used = {*it.inference_places, *it.storage_places}
    placed = used <= {*where.places} if wholly else bool(used & {*where.places})
    return (
        (not where.places or placed)
        and (not where.vendors or it.vendor in where.vendors)
        and (not where.models or it.model in where.models)
        and (not where.clouds or it.cloud in where.clouds)
        and (not where.processors or it.processor in where.processors)
        and (not where.endpoints or it.id in where.endpoints)
    )


def about(data: Gate | Requirement, facts: Facts) -> bool:
    named = not data.categories or bool({*data.categories} & {*facts.categories})
    return facts.sensitivity >= data.at_least and named


def same(one: Selection, other: Selection) -> bool:
    return all({*getattr(one, name)} == {*getattr(other, name)} for name in one.__struct_fields__)


def accepted(gate: Gate, facts: Facts, it: Endpoint) -> bool:
    return gate.accepted_terms == it.terms_version and selects(gate.where, it) and covers(gate, facts)


def met(item: Requirement, gates: Gates, facts: Facts, it: Endpoint, home: str) -> bool:
    if not (concerns(item, facts) and about(item, facts)):
        return True
    live = {name for name in it.certifications if it.certified_until_us.get(name, NOW + 1) > NOW}
    own = it.cloud == "on-premises" and it.operator == "self"
    opted = any(
        gate.decision is Decision.OPT_IN and gate.outside_home_cloud and accepted(gate, facts, it)
        for gate in gates.gates
    )
    return (
        (item.places is None or {*it.inference_places, *it.storage_places} <= {*item.places})
        and (not item.home_cloud or it.cloud in ("on-premises", home) or opted)
        and (
            item.retention_max is None
            or RETENTIONS.index(it.retention) <= RETENTIONS.index(item.retention_max)
        )
        and not (item.no_training and it.trains_on_data)
        and (own or live >= {*item.certifications})
    )


def expected(gates: Gates, facts: Facts, it: Endpoint, asked: Tenant) -> bool:
    """Whether gates and requirements let it through that a permit for all opens."""
    for gate in gates.gates:
        if gate.decision is Decision.FORBID:
            if covers(gate, facts) and about(gate, facts) and selects(gate.where, it):
                return False
        elif gate.decision is Decision.OPT_IN and concerns(gate, facts) and selects(gate.where, it):
            alternatives = [
                other
                for other in gates.gates
                if other.decision is Decision.OPT_IN
                and other.tenant == gate.tenant
                and same(other.where, gate.where)
            ]
            if not any(accepted(other, facts, it) for other in alternatives):
                return False
    return all(met(item, gates, facts, it, asked.home_cloud) for item in gates.requirements)


def allowed(gates: Gates, facts: Facts, it: Endpoint) -> bool:
    return any(
        gate.decision is Decision.ALLOW and covers(gate, facts) and selects(gate.where, it, wholly=True)
        for gate in gates.gates
    )


QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LONG = settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def agree(gates: Gates, asked: list[Facts]) -> None:
    opened, alone = compiled(gates, OPEN), compiled(gates)
    for facts in asked:
        home = next(item for item in TENANTS if item.id == facts.tenant)
        wanted = tuple(expected(gates, facts, it, home) for it in CATALOGUE.endpoints)
        assert opened.verdict(facts, NOW).permitted == wanted
        narrowed = tuple(
            ok and allowed(gates, facts, it) for ok, it in zip(wanted, CATALOGUE.endpoints, strict=True)
        )
        assert alone.verdict(facts, NOW).permitted == narrowed


@QUICK
@given(sets_of_gates(), st.lists(requests, min_size=1, max_size=6))
def test_the_rendered_rules_decide_as_the_gates_say(gates: Gates, asked: list[Facts]) -> None:
    agree(gates, asked)


SELECTED = {
    "vendors": ("anthropic", "openai"), "models": ("claude", "gpt"), "clouds": ("aws", "azure"),
    "places": PLACES, "processors": ("aws", "anthropic"), "endpoints": ("claude-eu", "gpt"),
}  # fmt: skip
AUDIENCES: tuple[dict[str, Any], ...] = (
    {},
    {"groups": ("finance",)},
    {"apps": ("word",)},
    {"features": ("rewrite",)},
    {"tenant": "acme"},
)


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("field", SELECTED)
def test_each_selector_alone_decides_as_it_says(decision: Decision, field: str) -> None:
    one = Facts("acme", ("finance",), "word", "rewrite", Sensitivity.GENERAL, (), "world")
    asked = [one, replace(one, tenant="other", groups=(), app="excel", feature="formula")]
    terms = "2" if decision is Decision.OPT_IN else ""
    for name in SELECTED[field]:
        where = Selection(**{field: (name,)})
        for audience in AUDIENCES:
            gate = Gate(id="g", decision=decision, where=where, accepted_terms=terms, **audience)
            agree(Gates(gates=(gate,)), asked)


@pytest.mark.soak
@LONG
@given(sets_of_gates(), st.lists(requests, min_size=1, max_size=20))
def test_the_rendered_rules_decide_as_the_gates_say_at_length(gates: Gates, asked: list[Facts]) -> None:
    agree(gates, asked)


@QUICK
@given(sets_of_gates(), requests)
def test_more_sensitive_or_one_more_category_never_opens(gates: Gates, facts: Facts) -> None:
    policy = compiled(gates, OPEN)
    permitted = policy.verdict(facts, NOW).permitted
    steps = [replace(facts, categories=tuple(sorted({*facts.categories, name}))) for name in CATEGORIES]
    steps += [replace(facts, sensitivity=level) for level in Sensitivity if level > facts.sensitivity]
    for step in steps:
        above = policy.verdict(step, NOW).permitted
        assert not any(now and not was for was, now in zip(permitted, above, strict=True))


@QUICK
@given(sets_of_gates(), requests)
def test_no_gate_opens_what_a_rule_by_hand_closes(gates: Gates, facts: Facts) -> None:
    verdict = compiled(gates, OPEN, BY_HAND).verdict(facts, NOW)
    for it, permitted in zip(CATALOGUE.endpoints, verdict.permitted, strict=True):
        assert not (permitted and it.cloud == "aws")


@settings(max_examples=6, deadline=None)
@given(sets_of_gates())
def test_all_that_is_rendered_can_be_proved(gates: Gates) -> None:
    release = PolicyRelease(texts={"gates.toml": render(gates), "hand.cedar": OPEN}, schema=SCHEMA)
    report = prove(release, CATALOGUE, TENANTS, Invariants())
    assert report.strange == ()
    assert report.unproven == ()


@QUICK
@given(sets_of_gates(), st.randoms(use_true_random=False))
def test_the_order_of_gates_changes_nothing(gates: Gates, shuffler: object) -> None:
    mixed, demands = list(gates.gates), list(gates.requirements)
    shuffler.shuffle(mixed)  # type: ignore[attr-defined] # hypothesis has no public name for its Random
    shuffler.shuffle(demands)  # type: ignore[attr-defined]
    assert render(Gates(gates=tuple(mixed), requirements=tuple(demands))) == render(gates)
