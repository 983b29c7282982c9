"""What is proved holds of every request of a small world, each put to Cedar; what is violated does not."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signalbox.domain.endpoint import Lifecycle
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import CompiledPolicy, compile_policy
from signalbox.proof import Finding, parse_invariants, prove
from signalbox.proof.claims import holds
from signalbox.testing.values import catalogue, endpoint

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
TENANT = Tenant(id="t", home_cloud="azure", default_boundary="eu")
CATALOGUE = catalogue(
    endpoint("own", lifecycle=Lifecycle(available_from_us=100, deprecated_from_us=200)),
    endpoint("cloud", cloud="azure", vendor="other", inference_places=("de",), storage_places=("de", "us"),
             retention="days-30"),
    endpoint("far", cloud="aws", vendor="other", inference_places=("us",), certifications=("baa",)),
)  # fmt: skip
MOMENTS = (-1, 0, 100, 200)

ATOMS = st.sampled_from(
    [
        "context.sensitivity >= 2",
        "context.sensitivity * 9223372036854775807 > 1",
        'context.categories.contains("health")',
        'context.app == "word"',
        "context.boundary_places.containsAll(resource.inference_places)",
        "context.boundary_places.containsAll(resource.storage_places)",
        'context.boundary == "eu"',
        "resource.cloud == context.home_cloud",
        'resource.vendor == "other"',
        'resource.certifications.contains("baa")',
        'principal.groups.contains("g")',
        'principal in Signalbox::Group::"t/g"',
        "principal.groups.containsAny(context.categories)",
        "principal.groups.isEmpty()",
        "resource.available",
        "resource.deprecated",
    ]
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
    ),
    max_leaves=3,
)
RULES = st.lists(
    st.tuples(st.sampled_from(["permit", "permit", "forbid", "forbid"]), CONDITIONS), min_size=1, max_size=5
)
REQUESTS = st.sampled_from(
    [
        "any request", "sensitivity >= confidential", "sensitivity is general", 'category "health"',
        'group "g"', 'app is "word"', 'boundary within "local"', 'boundary is "eu" and not group "g"',
        "sensitivity < general",
    ]
)  # fmt: skip
ENDPOINTS = st.sampled_from(
    [
        "any endpoint", "outside the boundary", "infers outside the boundary", 'stores outside boundary "eu"',
        'vendor is "other"', "not cloud is home", 'certification "baa"', 'infers in "de" or deprecated',
        'retention is not "none"', "not available", 'endpoint is "own"',
    ]
)  # fmt: skip
EXCEPTIONS = st.sampled_from(["", "", ' unless group "g"', ' unless cloud is "on-premises" or app is "word"'])
INVARIANTS = st.lists(st.tuples(REQUESTS, ENDPOINTS, EXCEPTIONS), min_size=1, max_size=4)


def everything() -> Iterator[Facts]:
    """Every request as far as rules and invariants can tell one from another, and some more."""
    some = [(), ("g",), ("any",), ("g", "any"), ("g", "health"), ("health", "any")]
    kinds = [(), ("health",), ("any",), ("g",), ("g", "health")]
    for groups, app, level, categories, boundary in product(
        some, ("word", "any"), Sensitivity, kinds, ("eu", "local")
    ):
        yield Facts("t", groups, app, "f", level, categories, boundary)


def reached(policy: CompiledPolicy) -> list[tuple[Facts, int, int]]:
    return [
        (facts, place, now)
        for now in MOMENTS
        for facts in everything()
        for place, judgement in enumerate(policy.judgements(facts, now))
        if judgement.permitted
    ]


def compare(rules: list[tuple[str, str]], written: list[tuple[str, str, str]]) -> list[Finding]:
    text = "\n".join(
        f'@id("r{place}") @reason("r") {effect} (principal, action, resource) when {{ {condition} }};'
        for place, (effect, condition) in enumerate(rules)
    )
    invariants = parse_invariants(
        "\n".join(
            f"invariant i{place} for every tenant: deny when {asked} on {of}{unless}"
            for place, (asked, of, unless) in enumerate(written)
        )
    )
    release = PolicyRelease(texts={"r": text}, schema=SCHEMA)
    report = prove(release, CATALOGUE, [TENANT], invariants)
    permitted = reached(compile_policy(release, CATALOGUE, [TENANT]))
    ends = CATALOGUE.endpoints
    for item, finding in zip(invariants.items, report.findings, strict=True):
        broken = any(
            holds(item.denies, facts, TENANT, CATALOGUE.release, ends[place], now)
            for facts, place, now in permitted
        )
        assert finding.outcome == ("violated" if broken else "proved"), (text, item)
    assert report.reaches[0].endpoints == tuple(
        end.id for place, end in enumerate(ends) if any(where == place for _, where, _ in permitted)
    )
    return [*report.findings]


@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, INVARIANTS)
def test_proved_is_what_enumeration_finds(
    rules: list[tuple[str, str]], written: list[tuple[str, str, str]]
) -> None:
    compare(rules, written)


@pytest.mark.soak
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, INVARIANTS)
def test_proved_is_what_enumeration_finds_at_length(
    rules: list[tuple[str, str]], written: list[tuple[str, str, str]]
) -> None:
    compare(rules, written)


def test_a_mixed_release_is_proved_and_violated() -> None:
    """Both answers, from one release: so that agreement is not agreement about nothing."""
    findings = compare(
        [
            ("permit", "resource.available"),
            ("forbid", "!context.boundary_places.containsAll(resource.inference_places)"),
        ],
        [("any request", "infers outside the boundary", ""), ("any request", "outside the boundary", "")],
    )
    assert [finding.outcome for finding in findings] == ["proved", "violated"]
