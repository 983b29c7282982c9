"""The encoding says of every request what Cedar says: random rules, erring ones among them, against cedarpy.

The rules are not validated against the schema, so that what validation would refuse errs at evaluation:
absent attributes, operands of the wrong kind, numbers beyond 64 bits.
"""

from functools import cache
from pathlib import Path

import cedarpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from signalbox.domain.endpoint import Lifecycle
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.policy import CompiledPolicy
from signalbox.policy.granted import widest
from signalbox.policy.rules import Rule, read_rules
from signalbox.proof.case import Case
from signalbox.proof.space import Space
from signalbox.proof.world import world
from signalbox.testing.values import catalogue, endpoint

SCHEMA = cedarpy.Schema.from_str(
    (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
)
TENANT = Tenant(id="t", home_cloud="azure", default_boundary="world")
CATALOGUE = catalogue(
    endpoint("a", lifecycle=Lifecycle(available_from_us=100, deprecated_from_us=200)),
    endpoint("b", cloud="azure", vendor="word", model="big", inference_places=("de", "us")),
    endpoint("c", cloud="aws", retention="days-30", storage_places=("us",), certifications=("health",)),
)
WORLD = world(CATALOGUE)

ENTITIES = st.sampled_from(
    [
        "principal", "resource", 'Signalbox::Tenant::"t"', 'Signalbox::Tenant::"u"',
        'Signalbox::Group::"t/g"', 'Signalbox::Group::"t/word"', 'Signalbox::Group::"u/g"',
        'Signalbox::Vendor::"word"', 'Signalbox::Model::"big"', 'Signalbox::Endpoint::"a"',
        'Signalbox::Model::"none"',
    ]
)  # fmt: skip
PLAIN_STRINGS = st.sampled_from(
    [
        '"word"', '"excel"', '"azure"', '"g"', '"health"', '""', "context.app", "context.feature",
        "context.boundary", "context.home_cloud", "resource.cloud", "resource.vendor", "resource.retention",
        "resource.nope", 'context["app"]',
    ]
)  # fmt: skip
PLAIN_LONGS = st.sampled_from(["context.sensitivity", "0", "1", "2", "3", "9223372036854775807", "(-4)"])
PLAIN_SETS = st.sampled_from(
    [
        "context.categories", "principal.groups", "context.boundary_places", "resource.inference_places",
        "resource.storage_places", "resource.certifications", "[]", '["word", "g", "health"]',
    ]
)  # fmt: skip
PLAIN_TRUTHS = st.sampled_from(
    [
        "true", "false", "resource.available", "resource.deprecated", "context.nope",
        'Signalbox::Endpoint::"a".available',
    ]
)  # fmt: skip
Texts = st.SearchStrategy[str]


def mostly(kind: Texts) -> Texts:
    """One operand in a dozen is of any kind: often an error, and sometimes not."""
    strange = st.one_of(PLAIN_TRUTHS, PLAIN_STRINGS, PLAIN_LONGS, PLAIN_SETS, ENTITIES, st.just("context"))
    return st.integers(0, 11).flatmap(lambda roll: kind if roll else strange)


def pair(form: str, left: Texts, right: Texts) -> Texts:
    return st.builds(form.format, mostly(left), mostly(right))


def branching(depth: int, kind: Texts) -> Texts:
    return st.builds("(if {} then {} else {})".format, mostly(truths(depth - 1)), kind, kind)


@cache
def truths(depth: int) -> Texts:
    if not depth:
        return PLAIN_TRUTHS
    text, number, several = strings(depth - 1), longs(depth - 1), sets(depth - 1)
    below = truths(depth - 1)
    entities = st.builds("[{}, {}]".format, ENTITIES, ENTITIES)
    alike = [pair(f"({{}} {sign} {{}})", kind, kind) for sign in ("==", "!=") for kind in (text, several)]
    return st.one_of(
        *alike,
        pair("({} == {})", number, number),
        pair("({} == {})", ENTITIES, ENTITIES),
        pair("({} != {})", below, below),
        *(pair(f"({{}} {sign} {{}})", number, number) for sign in ("<", "<=", ">", ">=")),
        pair("({}.contains({}))", several, st.one_of(text, number)),
        pair("({}.containsAll({}))", several, several),
        pair("({}.containsAny({}))", several, several),
        st.builds("({}.isEmpty())".format, mostly(several)),
        pair("({} in {})", ENTITIES, st.one_of(ENTITIES, several, entities)),
        st.builds("({} is Signalbox::{})".format, mostly(ENTITIES), st.sampled_from(["Caller", "Endpoint"])),
        st.builds(
            "({} has {})".format,
            st.sampled_from(["context", "principal", "resource", "context.app"]),
            st.sampled_from(["groups", "cloud", "app", "nope", "home_cloud.x"]),
        ),
        st.builds(
            '({} like "{}")'.format,
            st.sampled_from(["resource.cloud", "context.boundary", "context.home_cloud", "context.app"]),
            st.sampled_from(["a*", "*", "*-pre*es", "world", "w*", "\\\\*"]),
        ),
        pair("({} && {})", below, below),
        pair("({} || {})", below, below),
        st.builds("(!{})".format, mostly(below)),
        branching(depth, below),
    )


@cache
def strings(depth: int) -> Texts:
    if not depth:
        return PLAIN_STRINGS
    return st.one_of(PLAIN_STRINGS, PLAIN_STRINGS, branching(depth, PLAIN_STRINGS))


@cache
def longs(depth: int) -> Texts:
    if not depth:
        return PLAIN_LONGS
    return st.one_of(
        PLAIN_LONGS,
        PLAIN_LONGS,
        *(pair(f"({{}} {sign} {{}})", longs(depth - 1), longs(depth - 1)) for sign in "+-*"),
        st.builds("(-{})".format, mostly(longs(depth - 1))),
        branching(depth, PLAIN_LONGS),
    )


@cache
def sets(depth: int) -> Texts:
    if not depth:
        return PLAIN_SETS
    return st.one_of(
        PLAIN_SETS,
        PLAIN_SETS,
        pair("[{}, {}]", strings(depth - 1), strings(depth - 1)),
        pair("[{}, {}]", longs(depth - 1), longs(depth - 1)),
        branching(depth, PLAIN_SETS),
    )


HEADS = st.sampled_from(
    [
        "principal", "principal", "principal", "principal is Signalbox::Caller",
        'principal in Signalbox::Group::"t/g"', 'principal in Signalbox::Tenant::"u"',
        'principal is Signalbox::Caller in Signalbox::Group::"t/word"',
    ]
)  # fmt: skip
RESOURCES = st.sampled_from(
    [
        "resource", "resource", "resource", 'resource == Signalbox::Endpoint::"a"',
        'resource in Signalbox::Vendor::"word"', 'resource is Signalbox::Endpoint in Signalbox::Model::"big"',
        'resource in Signalbox::Endpoint::"b"',
    ]
)  # fmt: skip
ACTIONS = st.sampled_from(["action", "action", 'action == Signalbox::Action::"infer"'])
CLAUSES = st.builds("{} {{ {} }}".format, st.sampled_from(["when", "unless"]), mostly(truths(3)))
ONE = st.builds(
    "{} (principal, action, resource) when {{ {} }};".format,
    st.sampled_from(["permit", "forbid"]),
    mostly(truths(3)),
)
SINGLE = ONE.map(lambda rule: ["permit (principal, action, resource);", rule])
"""A rule beside one that permits all: what it says, and whether it errs, shows."""
MANY = st.lists(
    st.builds(
        "{} ({}, {}, {}) {};".format,
        st.sampled_from(["permit", "permit", "forbid"]),
        HEADS,
        ACTIONS,
        RESOURCES,
        st.lists(CLAUSES, max_size=2).map(" ".join),
    ),
    min_size=1,
    max_size=4,
)
RULES = st.one_of(SINGLE, SINGLE, MANY)
NAMES = st.sampled_from(["word", "excel", "azure", "g", "health", "", "unheard", "unsaid"])
FACTS = st.builds(
    Facts,
    st.just("t"),
    st.lists(NAMES, max_size=4, unique=True).map(tuple),
    NAMES,
    NAMES,
    st.sampled_from(Sensitivity),
    st.lists(NAMES, max_size=4, unique=True).map(tuple),
    st.sampled_from(["world", "eu", "local"]),
)


def compiled(text: str) -> tuple[CompiledPolicy, tuple[Rule, ...]]:
    rules, problems = read_rules({"r": text}, None)
    assert [problem for problem in problems if "says why" not in problem.message] == []
    policy = CompiledPolicy(
        hash="", content=b"", catalogue=CATALOGUE, tenants={"t": TENANT}, rules=rules, schema=SCHEMA,
        warnings=(),
    )  # fmt: skip
    return policy, rules


def represented(facts: Facts, space: Space) -> Facts:
    """The request that stands for this one: strings that nobody names differ only by where they are."""
    kinds: dict[tuple[bool, bool, bool, bool], str] = {}
    unnamed = iter(space.unnamed)

    def instead(name: str) -> str:
        if name in space.strings:
            return name
        kind = (name == facts.app, name == facts.feature, name in facts.groups, name in facts.categories)
        if kind not in kinds:
            kinds[kind] = next(unnamed)
        return kinds[kind]

    return replace(
        facts,
        app=instead(facts.app),
        feature=instead(facts.feature),
        groups=tuple({instead(name) for name in facts.groups}),
        categories=tuple({instead(name) for name in facts.categories}),
    )


def compare(written: list[str], asked: list[Facts], *, exact: bool = False) -> None:
    """`exact`: nothing in it may lie outside the subset, or only for other endpoints than one."""
    text = "\n".join(f'@id("r{place}") {rule}' for place, rule in enumerate(written))
    policy, rules = compiled(text)
    for any_grant in (False, True):
        _compare(
            text, policy, Case(policy, TENANT, WORLD, rules, (), any_grant=any_grant), asked, exact=exact
        )


def _compare(text: str, policy: CompiledPolicy, case: Case, asked: list[Facts], *, exact: bool) -> None:
    assert not exact or any(not judged.encoded.strange for judged in case.judged), text
    for facts in asked:
        exactly = case.space.exactly(represented(facts, case.space))
        for judged in case.judged:
            standing = judged.standing
            formula = case.space.logic.both(judged.encoded.permitted, exactly)
            encoded = case.solver.solve(formula) is not None
            judgement = policy.judge(facts, standing.place, standing.now_us)
            expected = (widest(judgement) if case.any_grant else judgement).permitted
            if judged.encoded.strange:
                assert encoded or not expected, (text, facts, standing)
            else:
                assert encoded == expected, (text, facts, standing)


OVER = "9223372036854775807 + context.sensitivity > 0"
CONSTRUCTS = [
    "true",
    "!true",
    "1",
    '"word"',
    "context",
    "principal",
    "context.nope",
    "resource.nope",
    "principal.nope",
    "context.app.nope",
    "context.sensitivity.nope",
    'context.nope == "x"',
    "context has nope",
    "context has app",
    "principal has groups",
    "resource has cloud && resource has nope",
    "context.app has x",
    'context has app && context.app == "word"',
    "context has nope && context.nope.x",
    "(1).isEmpty()",
    f'context.app == "word" && {OVER}',
    f'context.app == "word" || {OVER}',
    f'{OVER} && context.app == "word"',
    f'{OVER} || context.app == "word"',
    f'if context.app == "word" then {OVER} else false',
    f'if context.app == "word" then false else {OVER}',
    f"if {OVER} then true else false",
    "if context.app then true else true",
    'context.app == "word" && 1 == 1 && "x"',
    '"x" || true',
    "true || 1",
    "false && 1",
    "true && 1",
    "!context.sensitivity",
    OVER,
    f"!({OVER})",
    f"({OVER}) == true",
    "9223372036854775807 + context.sensitivity == 9223372036854775807",
    "9223372036854775806 + context.sensitivity > 0",
    "-9223372036854775807 - context.sensitivity < 0",
    "-9223372036854775806 - context.sensitivity < 0",
    "-(-9223372036854775807 - context.sensitivity) > 0",
    "context.sensitivity * 4611686018427387904 < 0",
    "context.sensitivity * (-4611686018427387904) < 0",
    "context.sensitivity * context.sensitivity == 4",
    'context.sensitivity < "2"',
    'context.app < "x"',
    'context.app + "x" == "x"',
    "-true",
    '(if context.app == "word" then 3 else context.sensitivity) > 2',
    '(if context.app == "word" then context.nope else 3) == 3',
    "context.app == 1",
    "principal == resource",
    "context.app != context.feature",
    "context.app == context.feature",
    "context.categories == principal.groups",
    "context.categories != []",
    '["word", context.app] == [context.app, "word"]',
    '["g"] == principal.groups',
    'principal.groups == ["g", "health"]',
    'principal.groups.containsAll(["g", "health"])',
    '["g", "health"].containsAll(principal.groups)',
    "principal.groups.containsAny(context.categories)",
    "principal.groups.containsAll(context.categories)",
    "principal.groups.contains(context.app)",
    "[context.app, context.feature].containsAny(principal.groups)",
    "[context.app].containsAll([])",
    "[1, 2].contains(context.sensitivity)",
    "[1, context.sensitivity].containsAll([2])",
    "principal.groups.contains(1)",
    "principal.groups.containsAll(1)",
    'context.app.contains("w")',
    "principal.groups.containsAll([1])",
    "context.boundary_places.containsAll(resource.inference_places)",
    "resource.storage_places.isEmpty()",
    "context.categories.isEmpty()",
    "context.app.isEmpty()",
    'principal in Signalbox::Group::"t/g"',
    'principal in Signalbox::Tenant::"t"',
    "principal in principal",
    'principal in [Signalbox::Group::"t/g", Signalbox::Group::"t/health"]',
    "principal in []",
    'Signalbox::Group::"t/g" in Signalbox::Tenant::"t"',
    'Signalbox::Group::"t/g" in Signalbox::Tenant::"u"',
    'Signalbox::Group::"u/g" in Signalbox::Tenant::"u"',
    'Signalbox::Group::"t/g" in Signalbox::Group::"t/g"',
    "principal in principal.groups",
    "principal in context.categories",
    "principal in [1]",
    'principal in "x"',
    "context.app in principal",
    'resource in Signalbox::Vendor::"word"',
    'resource in [Signalbox::Vendor::"word", Signalbox::Model::"acme-small"]',
    "resource in resource",
    'Signalbox::Model::"big" in Signalbox::Vendor::"word"',
    'Signalbox::Vendor::"word" in Signalbox::Model::"big"',
    'action == Signalbox::Action::"infer"',
    'action in [Signalbox::Action::"infer"]',
    "principal is Signalbox::Caller",
    'principal is Signalbox::Caller in Signalbox::Group::"t/g"',
    "resource is Signalbox::Caller",
    "context.app is Signalbox::Caller",
    'resource.cloud like "*-pre*"',
    'context.boundary like "w*d"',
    'context.boundary like "*"',
    'context.boundary like ""',
    '1 like "*"',
    'context.home_cloud like "\\*"',
    'Signalbox::Endpoint::"a".available',
    "resource.deprecated",
    "resource.available && resource.deprecated",
    'context.boundary == "eu"',
    'context["boundary"] == "local"',
]
ASKED = [
    Facts("t", groups, app, feature, level, categories, boundary)
    for groups, app, feature, level, categories, boundary in [
        ((), "word", "word", Sensitivity.PUBLIC, (), "world"),
        (("unheard",), "word", "g", Sensitivity.CONFIDENTIAL, ("health",), "world"),
        (("g",), "excel", "unheard", Sensitivity.GENERAL, ("g",), "eu"),
        (("g", "health"), "g", "excel", Sensitivity.CONFIDENTIAL, ("health", "g"), "local"),
        (("unheard", "unsaid"), "unheard", "unheard", Sensitivity.HIGHLY_CONFIDENTIAL, ("unheard",), "world"),
    ]
]


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_each_construct_is_worth_what_it_is_in_cedar(construct: str) -> None:
    """Beside a permit of all: a permit shows whether it errs, a forbid what it says, as does an `unless`."""
    everything = "permit (principal, action, resource);"
    for rule in (
        f"permit (principal, action, resource) when {{ {construct} }};",
        f"forbid (principal, action, resource) when {{ {construct} }};",
        f"forbid (principal, action, resource) unless {{ {construct} }};",
    ):
        compare([everything, rule], ASKED, exact=True)


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.lists(FACTS, min_size=3, max_size=3))
def test_the_encoding_permits_what_cedar_permits(rules: list[str], asked: list[Facts]) -> None:
    """80 policies, three callers, seven standings: 1,680 pairs."""
    assert len(WORLD.standings) == 7
    compare(rules, asked)


@pytest.mark.soak
@settings(max_examples=2_500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, st.lists(FACTS, min_size=6, max_size=6))
def test_the_encoding_permits_what_cedar_permits_at_length(rules: list[str], asked: list[Facts]) -> None:
    """2,500 policies, six callers, seven standings: 105,000 pairs."""
    compare(rules, asked)


def test_the_samples_err_permit_and_deny_often_enough() -> None:
    """Else they would agree about nothing."""
    seen = {"permitted": 0, "error": 0, "denied": 0}

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(RULES, FACTS)
    def count(written: list[str], facts: Facts) -> None:
        policy, _ = compiled("\n".join(f'@id("r{place}") {rule}' for place, rule in enumerate(written)))
        for judgement in policy.judgements(facts, 150):
            erred = any(reason.startswith("error") for reason in judgement.reasons)
            seen["permitted" if judgement.permitted else "error" if erred else "denied"] += 1

    count()
    assert min(seen.values()) > 40, seen
