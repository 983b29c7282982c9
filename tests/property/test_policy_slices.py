"""Slicing and fast paths never change an answer: the room against whole releases given to Cedar as text.

The oracle shares with the room only the entities: it parses the release as one text under Cedar's own
numbering, keeps every rule, and reads ids from the annotations.
"""

from pathlib import Path

import cedarpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import CompiledPolicy, Judgement, compile_policy
from signalbox.policy.registry import caller_json, context_json, registry_json
from signalbox.testing.values import catalogue, endpoint

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
PARSED = cedarpy.Schema.from_str(SCHEMA)
HOMES = {"t": "azure", "u": ""}
TENANTS = [Tenant(id=name, home_cloud=home) for name, home in HOMES.items()]
CATALOGUE = catalogue(
    endpoint("a"),
    endpoint(
        "b", cloud="azure", vendor="other", model="big", operator="other", inference_places=("de", "us")
    ),
    endpoint("c", cloud="aws", retention="days-30", storage_places=("us",), certifications=("hipaa-baa",)),
)
REGISTRY = cedarpy.Entities.from_json_str(registry_json(CATALOGUE, 0), PARSED)
NAMES = ("g", "h", "g/h")
INSIDE = [f'Signalbox::Tenant::"{tenant}"' for tenant in HOMES] + [
    f'Signalbox::Group::"{tenant}/{group}"' for tenant in HOMES for group in NAMES
]

HEADS = st.one_of(
    st.just("principal"),
    st.just("principal is Signalbox::Caller"),
    st.builds(
        "{}{}".format,
        st.sampled_from(["principal in ", "principal is Signalbox::Caller in "]),
        st.sampled_from(INSIDE),
    ),
)
RESOURCES = st.sampled_from(
    [
        "resource",
        'resource == Signalbox::Endpoint::"a"',
        'resource in Signalbox::Vendor::"other"',
        'resource is Signalbox::Endpoint in Signalbox::Model::"acme-small"',
    ]
)
ATOMS = st.one_of(
    st.sampled_from(
        [
            "context.sensitivity >= 2",
            "context.sensitivity * 9223372036854775807 > 1",
            "context.sensitivity - 9223372036854775807 < -9223372036854775806",
            'context.categories.contains("health")',
            'context.app == "excel"',
            "context.boundary_places.containsAll(resource.inference_places)",
            "context.boundary_places.containsAll(resource.storage_places)",
            "resource.cloud == context.home_cloud",
            'resource.certifications.contains("hipaa-baa")',
            'principal.groups.contains("g")',
            "resource.available",
        ]
    ),
    st.builds("principal in {}".format, st.sampled_from(INSIDE)),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
    ),
    max_leaves=4,
)
RULES = st.lists(
    st.tuples(
        st.sampled_from(["permit", "permit", "forbid"]),
        HEADS,
        RESOURCES,
        st.lists(st.tuples(st.sampled_from(["when", "unless"]), CONDITIONS), max_size=2),
    ),
    max_size=8,
)
FACTS = st.builds(
    Facts,
    st.sampled_from(["t", "t", "t", "u"]),
    st.lists(st.sampled_from(NAMES), max_size=3).map(tuple),
    st.sampled_from(["excel", "word"]),
    st.just("f"),
    st.sampled_from(Sensitivity),
    st.lists(st.sampled_from(["health", "bank"]), max_size=2, unique=True).map(tuple),
    st.sampled_from(["world", "eu", "local"]),
)


def written(rules: list[tuple[str, str, str, list[tuple[str, str]]]]) -> str:
    return "\n".join(
        f'@id("r{place}") @reason("r") {effect} ({head}, action, {resource}) '
        + " ".join(f"{kind} {{ {condition} }}" for kind, condition in clauses)
        + ";"
        for place, (effect, head, resource, clauses) in enumerate(rules)
    )


def oracle(policies: cedarpy.PolicySet, facts: Facts, endpoint_id: str) -> tuple[bool, set[str]]:
    """(permitted, ids of the deciding rules or of those that erred) by the whole release."""
    entities = REGISTRY.with_added_json_str(caller_json(facts.tenant, facts.groups))
    places = CATALOGUE.release.boundaries[facts.boundary]
    answer = cedarpy.is_authorized(
        {
            "principal": 'Signalbox::Caller::"caller"',
            "action": 'Signalbox::Action::"infer"',
            "resource": f'Signalbox::Endpoint::"{endpoint_id}"',
            "context": context_json(facts, places, HOMES[facts.tenant]),
        },
        policies,
        entities,
    )
    named = {*answer.diagnostics.id_annotations_by_reason.values()}
    erred = {f"r{error.split('`')[1].removeprefix('policy')}" for error in answer.diagnostics.errors}
    if erred:
        return False, erred | (set() if answer.allowed else named)
    return answer.allowed, named


def ids(judgement: Judgement) -> set[str]:
    return {
        reason.removeprefix("error in rule `").removesuffix("`")
        for reason in judgement.reasons
        if reason != "no rule permits it"
    }


def compare(rules: list[tuple[str, str, str, list[tuple[str, str]]]], asked: list[Facts]) -> None:
    text = written(rules)
    policy: CompiledPolicy = compile_policy(
        PolicyRelease(texts={"r": text}, schema=SCHEMA), CATALOGUE, TENANTS
    )
    whole = cedarpy.PolicySet.from_str(text)
    for facts in asked:
        for place, judgement in enumerate(policy.judgements(facts, 0)):
            expected = oracle(whole, facts, CATALOGUE.endpoints[place].id)
            assert (judgement.permitted, ids(judgement)) == expected, (text, facts, place)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.lists(FACTS, min_size=2, max_size=2))
def test_a_slice_answers_as_the_whole_release(
    rules: list[tuple[str, str, str, list[tuple[str, str]]]], asked: list[Facts]
) -> None:
    compare(rules, asked)


@pytest.mark.soak
@settings(max_examples=25_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.lists(FACTS, min_size=4, max_size=4))
def test_a_slice_answers_as_the_whole_release_at_length(
    rules: list[tuple[str, str, str, list[tuple[str, str]]]], asked: list[Facts]
) -> None:
    """25,000 releases with four callers each: 100,000 verdicts, 300,000 judgements."""
    compare(rules, asked)
