"""A break-glass grant supplies a missing permit and crosses nothing: against an oracle that is Cedar itself.

The oracle is given the rules as one text, looks at forbids alone beside a permit of everything, and counts
any error in any rule; it shares with the product only the entities.
"""

from pathlib import Path
from random import Random

import cedarpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.dispatch.interlock import Interlock, Release
from signalbox.domain.grants import Grant, GrantTerms
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import compile_policy, under
from signalbox.policy.compiled import CompiledPolicy
from signalbox.policy.registry import caller_json, context_json, registry_json
from signalbox.testing.values import catalogue, endpoint

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
PARSED = cedarpy.Schema.from_str(SCHEMA)
HOMES = {"t": "azure", "u": ""}
CATALOGUE = catalogue(
    endpoint("a"),
    endpoint("b", cloud="azure", vendor="other", model="big", inference_places=("de", "us")),
    endpoint("c", cloud="aws", retention="days-30", storage_places=("us",)),
    endpoint("gap", processor=""),
)
REGISTRY = cedarpy.Entities.from_json_str(registry_json(CATALOGUE, 0), PARSED)
BOUNDARIES = CATALOGUE.release.boundaries
NOW_US = 1_000

ATOMS = (
    "context.sensitivity >= 2",
    "context.sensitivity * 9223372036854775807 > 1",
    "context.sensitivity + 9223372036854775807 > 1",
    "9223372036854775806 + context.sensitivity > 1",
    'context.categories.contains("health")',
    'context.app == "excel"',
    "context.boundary_places.containsAll(resource.inference_places)",
    "context.boundary_places.containsAll(resource.storage_places)",
    "resource.cloud == context.home_cloud",
    'resource.vendor == "other"',
    'principal.groups.contains("g")',
    'principal in Signalbox::Group::"t/g"',
)
ATOM = st.sampled_from(ATOMS)
CONDITIONS = st.one_of(
    ATOM,
    st.builds("({} && {})".format, ATOM, ATOM),
    st.builds("({} || {})".format, ATOM, ATOM),
    st.builds("!({})".format, ATOM),
)
HEADS = ("principal", 'principal in Signalbox::Tenant::"t"', 'principal in Signalbox::Group::"t/g"')
RULES = st.lists(
    st.tuples(st.sampled_from(["permit", "forbid", "forbid"]), st.sampled_from(HEADS), CONDITIONS),
    min_size=0,
    max_size=5,
)
FACTS = st.builds(
    Facts,
    st.sampled_from(["t", "t", "t", "stranger"]),
    st.sampled_from([(), ("g",), ("g", "h")]),
    st.sampled_from(["excel", "word"]),
    st.just("f"),
    st.sampled_from(Sensitivity),
    st.sampled_from([(), ("health",)]),
    st.sampled_from(["world", "world", "eu", "local", "mars"]),
    st.just("bg-1"),
)
SELECTORS = ["endpoint:a", "endpoint:gap", "model:big", "vendor:other", "vendor:acme", "cloud:aws"]
TERMS = st.builds(
    GrantTerms,
    id=st.sampled_from(["bg-1", "bg-1", "bg-1", "bg-2"]),
    tenant=st.sampled_from(["t", "t", "t", "t", "u", "stranger", "stranger"]),
    endpoints=st.lists(st.sampled_from(SELECTORS), min_size=2, max_size=5).map(tuple),
    sensitivity_max=st.sampled_from([*Sensitivity, max(Sensitivity), max(Sensitivity)]),
    until_us=st.sampled_from([NOW_US, NOW_US + 1, NOW_US + 1, 2_000, 3_000]),
)
Written = list[tuple[str, str, str]]


def compiled(written: Written) -> CompiledPolicy:
    rules = [
        f'@id("r{place}") @reason("x") {effect} ({head}, action == Signalbox::Action::"infer", resource) '
        f"when {{ {condition} }};"
        for place, (effect, head, condition) in enumerate(written)
    ]
    release = PolicyRelease(texts={"rules": "\n".join(rules)}, schema=SCHEMA)
    return compile_policy(
        release, CATALOGUE, [Tenant(id=name, home_cloud=home) for name, home in HOMES.items()]
    )


def crossed(written: Written, facts: Facts, place: int) -> str:
    """What a permit of everything would have to cross to reach the endpoint; empty if nothing."""
    if facts.tenant not in HOMES or facts.boundary not in BOUNDARIES:
        return "a refusal"
    if not CATALOGUE.endpoints[place].processor:
        return "a gap"
    entities = REGISTRY.with_added_json_str(caller_json(facts.tenant, facts.groups), PARSED)
    request = {
        "principal": {"type": "Signalbox::Caller", "id": "caller"},
        "action": {"type": "Signalbox::Action", "id": "infer"},
        "resource": {"type": "Signalbox::Endpoint", "id": CATALOGUE.endpoints[place].id},
        "context": context_json(facts, BOUNDARIES[facts.boundary], HOMES[facts.tenant]),
    }
    text = "\n".join(
        f"{effect} ({head}, action, resource) when {{ {condition} }};" for effect, head, condition in written
    )
    whole = cedarpy.is_authorized(request, text or "", entities)
    if whole.diagnostics.errors:
        return "an error"
    forbids = "\n".join(
        f"{effect} ({head}, action, resource) when {{ {condition} }};"
        for effect, head, condition in written
        if effect == "forbid"
    )
    open_but_for = cedarpy.is_authorized(
        request, "permit (principal, action, resource);\n" + forbids, entities
    )
    return "" if open_but_for.allowed else "a forbid"


def is_meant(terms: GrantTerms, facts: Facts, place: int) -> bool:
    item = CATALOGUE.endpoints[place]
    facts_of_it = {
        f"endpoint:{item.id}",
        f"model:{item.model}",
        f"vendor:{item.vendor}",
        f"cloud:{item.cloud}",
    }
    covers = terms.id == facts.grant and terms.tenant == facts.tenant
    return (
        covers
        and facts.sensitivity <= terms.sensitivity_max
        and terms.until_us > NOW_US
        and bool(facts_of_it & {*terms.endpoints})
    )


def check(written: Written, facts: Facts, terms: GrantTerms, policy: CompiledPolicy) -> dict[str, int]:
    """`policy` is `written`, compiled."""
    plain = policy.verdict(facts, NOW_US)
    granted = under(terms, plain, facts, CATALOGUE, NOW_US)
    seen = {"supplied": 0, "a forbid": 0, "an error": 0, "a gap": 0, "a refusal": 0}
    for place, (before, after) in enumerate(zip(plain.permitted, granted.permitted, strict=True)):
        hard = crossed(written, facts, place)
        meant = is_meant(terms, facts, place)
        assert after == (before or (meant and not hard)), (place, hard, granted.reasons[place])
        if after and not before:
            assert not hard
            assert granted.reasons[place] == (f"break-glass:{terms.id}",)
            seen["supplied"] += 1
        else:
            assert granted.reasons[place] == plain.reasons[place]
            if meant and hard:
                seen[hard] += 1
    if terms.id == facts.grant and granted != plain:
        assert granted.valid_until_us is not None
        assert granted.valid_until_us <= terms.until_us
    _asked_at_the_hop(policy, facts, terms, granted.permitted)
    return seen


def _asked_at_the_hop(
    policy: CompiledPolicy, facts: Facts, terms: GrantTerms, permitted: tuple[bool, ...]
) -> None:
    """The interlock says at each hop what the verdict said; with the switch thrown, nothing at all."""
    interlock = Interlock(Release(CATALOGUE, policy, cache_size=8))
    interlock.obey_grants([Grant(terms=terms, users=("any",))], NOW_US, 0)
    for stopped in (False, True):
        if stopped:
            interlock.kill(["vendor:acme", "vendor:other"])
        for item, allowed in zip(CATALOGUE.endpoints, permitted, strict=True):
            permission = interlock.permission_now(facts, item.id, NOW_US, 0)
            assert (permission.endpoint is not None) == (allowed and not stopped)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, FACTS, TERMS)
def test_a_grant_opens_nothing_that_a_forbid_hits(written: Written, facts: Facts, terms: GrantTerms) -> None:
    check(written, facts, terms, compiled(written))


@pytest.mark.soak
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.lists(st.tuples(FACTS, TERMS), min_size=4, max_size=4))
def test_a_grant_opens_nothing_that_a_forbid_hits_at_length(
    written: Written, worlds: list[tuple[Facts, GrantTerms]]
) -> None:
    """20,000 worlds. Four share their rules, because compiling these takes longest."""
    policy = compiled(written)
    for facts, terms in worlds:
        check(written, facts, terms, policy)


def test_the_law_is_about_something() -> None:
    """Evenly drawn worlds, in each of which the grant is meant for the caller: grants open, and are held."""
    draw = Random(4)
    seen = {"supplied": 0, "a forbid": 0, "an error": 0, "a gap": 0, "a refusal": 0}
    for _ in range(150):
        written = [
            (draw.choice(["permit", "forbid"]), draw.choice(HEADS), draw.choice(ATOMS))
            for _ in range(draw.randrange(5))
        ]
        tenant, boundary = draw.choice("tttu"), draw.choice(["world", "world", "world", "mars"])
        level = draw.choice([*Sensitivity])
        facts = Facts(tenant, draw.choice([(), ("g",)]), "word", "f", level, (), boundary, "bg-1")
        terms = GrantTerms(
            id="bg-1", tenant=tenant, endpoints=tuple(SELECTORS), sensitivity_max=level, until_us=2_000
        )
        for what, times in check(written, facts, terms, compiled(written)).items():
            seen[what] += times
    assert min(seen.values()) >= 20, seen


@pytest.mark.parametrize(
    "change",
    [{"until_us": NOW_US}, {"tenant": "u"}, {"id": "bg-2"}, {"endpoints": ("endpoint:b",)}],
)
def test_a_grant_for_something_else_supplies_nothing(change: dict[str, object]) -> None:
    facts = Facts("t", (), "word", "f", Sensitivity.GENERAL, (), "world", "bg-1")
    terms = GrantTerms(
        id="bg-1", tenant="t", endpoints=("endpoint:a",), sensitivity_max=max(Sensitivity), until_us=2_000
    )
    plain = compiled([]).verdict(facts, NOW_US)
    assert under(terms, plain, facts, CATALOGUE, NOW_US).permitted[0]
    assert not under(replace(terms, **change), plain, facts, CATALOGUE, NOW_US).permitted[0]
