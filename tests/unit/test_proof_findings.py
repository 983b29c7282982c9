"""What a proof reports: planted violations with their requests, errors that deny, and what it cannot know."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import load
from signalbox.domain.endpoint import Catalogue, Endpoint, Lifecycle
from signalbox.domain.errors import InternalError
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import PolicyInvalid, compile_policy
from signalbox.policy.registry import context_json
from signalbox.policy.rules import read_rules
from signalbox.proof import (
    Finding,
    InvariantsInvalid,
    ProofReport,
    parse_invariants,
    prove,
)
from signalbox.proof.case import Case
from signalbox.proof.encode import Encoded
from signalbox.proof.logic import TRUE, Logic
from signalbox.proof.report import Counterexample
from signalbox.proof.space import Space
from signalbox.proof.told import Shared
from signalbox.proof.world import world
from signalbox.testing.values import catalogue, endpoint

ROOT = Path(__file__).parents[2]
SCHEMA = (ROOT / "policies" / "signalbox.cedarschema").read_text()
SHIPPED = {path.name: path.read_text() for path in sorted((ROOT / "policies").glob("*.cedar"))}
ACME = Tenant(id="acme", home_cloud="azure", default_boundary="world")
NARROW = Tenant(id="narrow", default_boundary="eu")
OWN = endpoint("own")
CLOUD = endpoint(
    "cloud", vendor="anthropic", cloud="azure", region="west", operator="v", processor="v",
    inference_places=("de",), storage_places=("de", "us"), retention="days-30",
)  # fmt: skip
PERMIT = '@id("all") permit (principal, action, resource);'
NO_CLOUD = 'invariant no for every tenant: deny when any request on endpoint is "cloud"'


def forbid(condition: str, name: str = "stop") -> str:
    return f'@id("{name}") @reason("r") forbid (principal, action, resource) when {{ {condition} }};'


def proved(text: str, invariants: str = NO_CLOUD, *endpoints: Endpoint, tenant: Tenant = ACME) -> ProofReport:
    release = PolicyRelease(texts={"r.cedar": text}, schema=SCHEMA)
    over = catalogue(*(endpoints or (OWN, CLOUD)))
    return prove(release, over, [tenant], parse_invariants(invariants))


def only(report: ProofReport) -> Finding:
    (finding,) = report.findings
    return finding


@pytest.mark.parametrize("name", ["signalbox.toml", "signalbox.small.toml", "signalbox.example.toml"])
def test_the_shipped_settings_keep_the_shipped_invariants(name: str) -> None:
    settings = load(ROOT / name, {}, now_us=1_796_000_000_000_000, provider_kinds=InstalledKinds())
    report = prove(settings.policy, Catalogue(settings.catalogue), settings.tenants, settings.invariants)

    assert len(report.findings) == 8 * len(settings.tenants)
    assert {finding.outcome for finding in report.findings} == {"proved"}
    assert report.vacuous == ()
    assert report.strange == ()
    concerned = {finding.invariant for finding in report.findings if not finding.idle}
    assert name != "signalbox.example.toml" or concerned == {
        "residency", "home-cloud", "no-retention", "health-agreement", "credentials-at-home", "lifecycle",
        "claude-pilot",
    }  # fmt: skip


# Which shipped rule, once it is gone, breaks which shipped invariant.
GUARDS = {
    "base.lifecycle": {"lifecycle"},
    "places.inference": {"residency"},
    "places.storage": {"residency"},
    "sensitive.home-cloud": {"home-cloud"},
    "sensitive.retention": {"no-retention"},
    "sensitive.health": {"health-agreement"},
    "sensitive.credentials": {"credentials-at-home"},
    "terms.training": {"no-training"},
    "opt-in.anthropic": {"claude-pilot"},
}


@pytest.mark.parametrize("rule", GUARDS)
def test_a_rule_taken_away_breaks_what_it_guards(rule: str) -> None:
    texts = {
        name: "\n\n".join(part for part in text.split("\n\n") if f'@id("{rule}")' not in part)
        for name, text in SHIPPED.items()
    }
    assert texts != SHIPPED
    kept = replace(CLOUD, storage_places=("de",), vendor="acme")
    over = catalogue(
        OWN,
        CLOUD,
        replace(kept, id="afar", inference_places=("us",), storage_places=("de",)),
        replace(kept, id="home"),
        replace(kept, id="other", cloud="aws"),
        replace(kept, id="trains", trains_on_data=True),
        replace(kept, id="brief", lifecycle=Lifecycle(available_from_us=10, retired_from_us=20)),
    )
    invariants = parse_invariants((ROOT / "policies" / "invariants.txt").read_text())
    report = prove(PolicyRelease(texts=texts, schema=SCHEMA), over, [ACME], invariants)

    assert {finding.invariant for finding in report.violated} == GUARDS[rule]
    assert report.unproven == ()


def test_every_forbid_that_is_shipped_is_guarded() -> None:
    ids = {text.partition('"')[0] for page in SHIPPED.values() for text in page.split('@id("')[1:]}
    assert ids - GUARDS.keys() == {"base.catalogue"}


def test_a_counterexample_is_as_plain_as_it_can_be() -> None:
    text = PERMIT + forbid(
        'context.sensitivity < 2 || !principal.groups.contains("legal") || context.app != "word"'
        ' || !context.categories.contains("health") || context.boundary != "eu"'
    )
    assert only(proved(text)).counterexample == Counterexample(
        Facts("acme", ("legal",), "word", "any-other-feature", Sensitivity.CONFIDENTIAL, ("health",), "eu"),
        "cloud",
        0,
        ("all",),
    )


def test_strings_that_nobody_names_are_thought_of() -> None:
    closed = ('context.app == "word"', 'principal.groups.contains("g")', "principal.groups.isEmpty()")
    found = only(proved(PERMIT + forbid(" || ".join(closed)))).counterexample

    assert found is not None
    assert found.facts.groups == ("any-other-group",)
    taken = PERMIT + forbid('principal.groups.contains("any-other-group") || principal.groups.isEmpty()')
    other = only(proved(taken)).counterexample
    assert other is not None
    assert other.facts.groups not in [(), ("any-other-group",)]


def test_a_group_of_another_tenant_opens_nothing() -> None:
    text = '@id("g") permit (principal in Signalbox::Group::"other/g", action, resource);'
    assert only(proved(text)).outcome == "proved"
    assert only(proved(text.replace("other/", "acme/"))).outcome == "violated"


@pytest.mark.parametrize("erring", ["permit", "forbid"])
def test_an_error_denies_wherever_it_arises(erring: str) -> None:
    """The rule decides nothing; that it errs from `general` upwards does."""
    overflow = "context.sensitivity * 9223372036854775807 < 0"
    odd = f'@id("odd") @reason("r") {erring} (principal, action, resource) when {{ {overflow} }};'
    invariant = 'invariant i for every tenant: deny when sensitivity {} on endpoint is "cloud"'

    assert only(proved(PERMIT + odd, invariant.format(">= confidential"))).outcome == "proved"
    assert only(proved(PERMIT + odd, invariant.format("<= general"))).outcome == "violated"


def test_what_is_not_looked_at_does_not_err() -> None:
    overflow = "9223372036854775807 + context.sensitivity > 0"
    guarded = PERMIT + forbid(f'context.app == "word" && {overflow}')
    found = only(proved(guarded)).counterexample

    assert found is not None
    assert found.facts.app != "word"
    word = 'invariant i for every tenant: deny when app is "word" on any endpoint'
    assert only(proved(guarded, word)).outcome == "proved"


def test_a_boundary_wider_than_the_tenants_is_no_request_of_its() -> None:
    text = PERMIT + forbid("!context.boundary_places.containsAll(resource.inference_places)")
    far = replace(CLOUD, inference_places=("us",))
    report = proved(text, NO_CLOUD, OWN, far, tenant=NARROW)

    assert only(report).outcome == "proved"
    assert report.reaches[0].boundaries == ("eu", "local")
    assert only(proved(text, NO_CLOUD, OWN, far)).outcome == "violated"


@pytest.mark.parametrize("outside", ['boundary "eu"', "the boundary"])
def test_one_place_outside_is_outside(outside: str) -> None:
    stretched = replace(CLOUD, inference_places=("de", "us"), storage_places=("de",))
    invariant = f'invariant i for every tenant: deny when boundary is "eu" on {{}} outside {outside}'

    assert only(proved(PERMIT, invariant.format("infers"), OWN, stretched)).outcome == "violated"
    assert only(proved(PERMIT, invariant.format("stores"), OWN, stretched)).outcome == "proved"


def test_every_part_of_a_lifecycle_counts() -> None:
    life = Lifecycle(available_from_us=10, deprecated_from_us=20, retired_from_us=30)
    text = PERMIT + forbid("resource.available && !resource.deprecated") + forbid("!resource.available", "b")
    found = only(proved(text, NO_CLOUD, OWN, replace(CLOUD, lifecycle=life))).counterexample

    assert found is not None
    assert 20 <= found.now_us < 30


def test_an_endpoint_with_a_gap_in_its_entry_is_reached_by_nobody() -> None:
    assert only(proved(PERMIT, NO_CLOUD, OWN, replace(CLOUD, operator=""))).outcome == "proved"


def test_what_permits_nothing_is_said_to() -> None:
    report = proved(PERMIT + forbid("true"))

    assert only(report).outcome == "proved"
    assert report.vacuous == ("acme",)
    assert report.reaches[0].endpoints == ()
    assert proved(PERMIT).vacuous == ()


def test_what_concerns_nothing_is_said_to() -> None:
    misspelt = 'invariant no for every tenant: deny when any request on vendor is "antropic"'
    assert (only(proved(PERMIT, misspelt)).outcome, only(proved(PERMIT, misspelt)).idle) == ("proved", True)
    assert not only(proved(PERMIT + forbid("true"))).idle


@pytest.mark.parametrize(
    ("construct", "named"),
    [
        ('context.app like "w*"', "`like` on a fact that can be any string"),
        ('{"a": context.app} == {"a": "word"}', "a record"),
        ('[context.app == "word"].contains(true)', "a set of truth values, sets or records"),
        ("decimal(\"1.0\").lessThan(decimal(\"2.0\"))", "`lessThan`"),
        ('Signalbox::Endpoint::"own".cloud == context.app',
         "an attribute of an entity other than `principal` and `resource`"),
    ],
)  # fmt: skip
def test_what_lies_outside_the_subset_is_named_and_left_open(construct: str, named: str) -> None:
    """Cedar denies the cloud whatever the construct says, by a rule that is inside or by one that is not."""
    inside = proved(PERMIT + forbid(construct, "odd") + forbid('resource.id == "cloud"'))
    outside = proved(PERMIT + forbid(f"({construct}) || true"))

    assert only(inside).outcome == "proved"
    assert [(item.file, item.rule, item.construct) for item in inside.strange] == [("r.cedar", "odd", named)]
    assert only(outside) == Finding(invariant="no", tenant="acme", outcome="proved")


def test_what_depends_on_the_outside_is_unproven_or_shown() -> None:
    """Every app begins with something: the solver thinks of one that the rule lets by, and Cedar does not."""
    never = proved(PERMIT + forbid('context.app like "*"'))
    some = proved(PERMIT + forbid('context.app like "w*"'))

    assert only(never).outcome == "unproven"
    assert only(never).outside == never.strange != ()
    assert never.unproven == never.findings
    assert only(some).outcome == "violated"


def test_an_encoding_that_permits_what_cedar_does_not_is_a_fault_and_no_counterexample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signalbox.proof.encode.Encoder.encode", lambda self, standing: Encoded(TRUE, ()))
    with pytest.raises(InternalError, match="the proof and Cedar disagree on `own`"):
        proved(forbid("true"))


def test_a_solver_that_gives_up_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signalbox.proof.solver.STEPS_MAX", 1)
    finding = only(proved(PERMIT + forbid('context.app == "word" || principal.groups.contains("g")')))

    assert finding.outcome == "unproven"
    assert [item.construct for item in finding.outside] == ["a question that the solver gave up on"]


def test_the_report_names_what_it_is_of_and_is_the_same_each_time() -> None:
    report = proved(PERMIT)
    release = PolicyRelease(texts={"r.cedar": PERMIT}, schema=SCHEMA)

    assert report.policy == compile_policy(release, catalogue(OWN, CLOUD), [ACME]).hash
    assert report.catalogue == catalogue(OWN, CLOUD).hash
    assert report.invariants == parse_invariants(NO_CLOUD).hash
    assert report.solver.startswith("z3 ")
    assert report.content == proved(PERMIT).content
    assert msgspec.json.decode(report.content, type=ProofReport) == report
    assert proved(PERMIT, NO_CLOUD, OWN).content != report.content


def test_a_release_that_does_not_load_and_names_that_are_not_there_are_refused() -> None:
    with pytest.raises(PolicyInvalid):
        proved("permit (principal, action, resource);")
    with pytest.raises(InvariantsInvalid, match="unknown tenant `nobody`"):
        proved(PERMIT, 'use residency for tenant "nobody"')


def test_an_invariant_is_proved_of_the_tenants_it_names() -> None:
    narrow = NO_CLOUD.replace("every tenant", 'tenant "narrow"')
    invariants = parse_invariants(f"{narrow} use lifecycle for every tenant")
    release = PolicyRelease(texts={"r": PERMIT}, schema=SCHEMA)
    report = prove(release, catalogue(OWN, CLOUD), [ACME, NARROW], invariants)

    assert [(finding.tenant, finding.invariant) for finding in report.findings] == [
        ("acme", "lifecycle"), ("narrow", "no"), ("narrow", "lifecycle"),
    ]  # fmt: skip


def test_the_context_has_the_names_that_cedar_is_told() -> None:
    facts = Facts("acme", (), "", "", Sensitivity.PUBLIC, (), "eu")
    space = Space(Logic(), ACME, catalogue().release.boundaries, ())

    assert Shared(space).context.keys() == msgspec.json.decode(context_json(facts, (), "")).keys()


def test_encoding_shares_what_speaks_of_no_endpoint() -> None:
    """Else fifty endpoints cost fifty times one."""
    text = PERMIT + forbid('context.app == "word" && principal.groups.contains("g")')
    compiled = compile_policy(
        PolicyRelease(texts={"r": text}, schema=SCHEMA), catalogue(OWN, replace(OWN, id="b")), [ACME]
    )
    case = Case(compiled, ACME, world(compiled.catalogue), read_rules({"r": text}, None)[0], ())

    assert len({judged.encoded.permitted for judged in case.judged}) == 1
