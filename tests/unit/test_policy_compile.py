"""What keeps a release from loading, and what only deserves a warning."""

from pathlib import Path

import pytest

from signalbox.domain.endpoint import Catalogue
from signalbox.domain.principal import Tenant
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import CompiledPolicy, PolicyInvalid, Problem, compile_policy
from signalbox.testing.values import catalogue, endpoint

SCHEMA = (Path(__file__).parents[2] / "policies" / "signalbox.cedarschema").read_text()
HEAD = "(principal, action, resource)"
PERMIT = f'@id("base") permit {HEAD};'


def compiled(
    *texts: str, schema: str = SCHEMA, over: Catalogue | None = None, tenants: tuple[Tenant, ...] = ()
) -> CompiledPolicy:
    named = {f"{place}.cedar": text for place, text in enumerate(texts)}
    release = PolicyRelease(texts=named, schema=schema)
    return compile_policy(release, over or catalogue(), tenants or (Tenant(id="acme"),))


def problems(*texts: str, **given: object) -> tuple[Problem, ...]:
    with pytest.raises(PolicyInvalid) as refused:
        compiled(*texts, **given)  # type: ignore[arg-type] # the caller's keywords are compiled's
    return refused.value.problems


def only(*texts: str, **given: object) -> Problem:
    found = problems(*texts, **given)
    assert len(found) == 1, found
    return found[0]


def test_a_sound_release_loads_and_is_named_by_its_content() -> None:
    policy = compiled(PERMIT)

    assert policy.warnings == ()
    assert len(policy.hash) == 64
    assert policy.hash == compiled(PERMIT).hash
    assert policy.hash != compiled(PERMIT + "\n").hash


def test_the_hash_covers_the_tenants_facts_that_rules_can_see() -> None:
    azure = compiled(PERMIT, tenants=(Tenant(id="acme", home_cloud="azure"),))
    aws = compiled(PERMIT, tenants=(Tenant(id="acme", home_cloud="aws"),))
    renamed = compiled(PERMIT, tenants=(Tenant(id="acme", home_cloud="aws", name="Acme"),))

    assert azure.hash != aws.hash
    assert aws.hash == renamed.hash


def test_names_need_not_be_ascii() -> None:
    policy = compile_policy(
        PolicyRelease(texts={"größe.cedar": PERMIT}, schema=SCHEMA), catalogue(), [Tenant(id="bücher")]
    )

    assert "bücher".encode() in policy.content


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        (f"permit {HEAD};", "", "a permit has no name"),
        (f"@id permit {HEAD};", "", "a permit has no name"),
        (f'@id("no rule permits it") permit {HEAD};', "no rule permits it", "lower-case letters"),
        (f'@id("x") forbid {HEAD};', "x", "a forbid says why"),
        (f'@id("x") @reason forbid {HEAD};', "x", "a forbid says why"),
        (f'@id("x") @reason("  ") forbid {HEAD};', "x", "a forbid says why"),
        (f'@id("x") permit {HEAD} when {{ context.colour == 1 }};', "x", "colour"),
        (f'@id("x") permit {HEAD} when {{ context.app == 1 }};', "x", "are not compatible"),
        (f'@id("x") permit {HEAD} when {{ resource.clud == "a" }};', "x", "clud"),
        ('@id("x") permit (principal == ?principal, action, resource);', "x", "templates"),
        (
            '@id("x") permit (principal == Signalbox::Caller::"caller", action, resource);',
            "x",
            "single caller",
        ),
        (
            f'@id("x") permit {HEAD} when {{ principal in [Signalbox::Caller::"caller"] }};',
            "x",
            "never a single caller",
        ),
        ('@id("x") permit (principal, action == Action::"infer", resource);', "x", "Action"),
        ('@id("x") permit (principal in Signalbox::Grup::"a/b", action, resource);', "x", "Grup"),
        (f'@id("x") permit {HEAD} when {{', "", "not readable as Cedar"),
        (f'@id("x") @id("y") permit {HEAD};', "", "duplicate annotation"),
        ("\ud800", "", "not readable as Cedar"),
    ],
)
def test_a_faulty_rule_is_refused_by_file_and_name(text: str, rule: str, message: str) -> None:
    found = problems(PERMIT, text)

    assert {(problem.file, problem.rule) for problem in found} == {("1.cedar", rule)}
    assert any(message in problem.message for problem in found), found


def test_every_problem_of_every_file_is_named_at_once() -> None:
    found = problems(
        f'@id("a") permit {HEAD};\n@id("b") forbid {HEAD};',
        f'@id("a") permit {HEAD};',
        "permit (",
        tenants=(Tenant(id="a/b"), Tenant(id="c"), Tenant(id="c")),
    )

    assert [(problem.file, problem.rule) for problem in found] == [
        ("0.cedar", "b"),
        ("1.cedar", "a"),
        ("2.cedar", ""),
        ("tenants", ""),
        ("tenants", ""),
    ]
    assert "also used in 0.cedar" in found[1].message


def test_the_message_lists_them_line_by_line() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        compiled(f'@id("b") forbid {HEAD};', f"permit {HEAD};")

    first, second = refused.value.message.splitlines()
    assert first.startswith("0.cedar: rule `b`: a forbid says why")
    assert second.startswith("1.cedar: a permit has no name")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("entity Vendor;", "entity Vendor", "not readable as a Cedar schema"),
        ("groups: Set<String>,", "", "`Tenant`, `Group` or `Caller` is not declared"),
        ("feature: String,", "", "`infer` is not declared"),
        ("sensitivity: Long,", "sensitivity: String,", "`infer` is not declared"),
        ("home_cloud: String,", "home_cloud: String, mood: String,", "`infer` is not declared"),
        ("trains_on_data: Bool,", "trains_on_data: Long,", "does not conform"),
        ("available: Bool,", "", "does not conform"),
        ("deprecated: Bool,", "deprecated: Bool, colour: String,", "does not conform"),
    ],
)
def test_a_schema_must_declare_what_this_version_tells_cedar(before: str, after: str, message: str) -> None:
    assert before in SCHEMA
    problem = only(PERMIT, schema=SCHEMA.replace(before, after))

    assert problem.file in ("schema", "catalogue")
    assert message in problem.message


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("(" * 15_000 + "true" + ")" * 15_000, "nests brackets deeper than 30"),
        ("[" * 31 + "1" + "]" * 31 + " == [1]", "nests brackets deeper than 30"),
        ("true && " * 100_000 + "true", "longer than 32000 characters"),
        ("true && " * 300 + "true", "more than 400 operators"),
        ("context has a" + ".a" * 5_000, "more than 400 operators"),
        ("if true then " * 1_000 + "true" + " else true" * 1_000, "more than 400 operators"),
        ("true && " * 100 + "true", "chains or nests more than about 60 operators"),
    ],
)
def test_what_would_exhaust_the_parser_is_refused_before_it_is_parsed(condition: str, message: str) -> None:
    problem = only(PERMIT, f'@id("x") permit {HEAD} when {{ {condition} }};')

    assert problem.file == "1.cedar"
    assert message in problem.message


def test_a_schema_that_would_exhaust_the_parser_is_refused() -> None:
    nested = "entity Deep { a: " + "Set<" * 50_000 + "Long" + ">" * 50_000 + " };"

    assert "schema" in str(only(PERMIT, schema=SCHEMA + nested))


def test_strings_and_comments_do_not_count_as_nesting() -> None:
    brackets = "(" * 1_000 + "." * 1_000
    compiled(
        f'// {brackets}\n@id("x") @reason("a \\" {brackets}") forbid {HEAD} // {brackets}\n'
        f'when {{ context.app == "{brackets}" }};'
    )


def test_a_long_set_of_names_is_not_too_large() -> None:
    names = ", ".join(f'"application-{number}"' for number in range(500))
    compiled(f'@id("x") permit {HEAD} when {{ [{names}].contains(context.app) }};')


def test_a_name_that_nothing_answers_to_is_a_warning() -> None:
    policy = compiled(
        '@id("x") @reason("not ours") forbid (principal in Signalbox::Tenant::"acmee", action, '
        'resource in Signalbox::Vendor::"nobody") unless { resource in Signalbox::Model::"acme-small" };'
    )

    assert [str(warning) for warning in policy.warnings] == [
        "0.cedar: rule `x`: names the tenant `acmee`, which is not there",
        "0.cedar: rule `x`: names the vendor `nobody`, which is not there",
    ]


def test_a_catalogue_with_contradicting_entries_is_refused() -> None:
    twice = catalogue(endpoint("one", region="a"), endpoint("one", region="b"))

    assert only(PERMIT, over=twice).file == "catalogue"
