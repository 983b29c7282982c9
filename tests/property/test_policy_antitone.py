"""A higher sensitivity or one more category never opens what was closed: the shipped rules, enumerated.

Every step up from every combination of facts is tried over the catalogue of `signalbox.example.toml`.
"""

from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import pytest
from msgspec.structs import replace

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import load
from signalbox.domain.endpoint import Catalogue
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import CompiledPolicy, compile_policy

ROOT = Path(__file__).parents[2]
NOW = 1_796_000_000_000_000
CATEGORIES = ("bank", "credentials", "health", "payment", "personal")
SETTINGS = load(ROOT / "signalbox.example.toml", {}, now_us=NOW, provider_kinds=InstalledKinds())


def compiled(added: str = "") -> CompiledPolicy:
    texts = {path.name: path.read_text() for path in (ROOT / "policies").glob("*.cedar")}
    schema = (ROOT / "policies" / "signalbox.cedarschema").read_text()
    release = PolicyRelease(texts={**texts, "added.cedar": added}, schema=schema)
    return compile_policy(release, Catalogue(SETTINGS.catalogue), SETTINGS.tenants)


def steps_up(facts: Facts) -> Iterator[Facts]:
    if facts.sensitivity < Sensitivity.HIGHLY_CONFIDENTIAL:
        yield replace(facts, sensitivity=Sensitivity(facts.sensitivity + 1))
    for category in CATEGORIES:
        if category not in facts.categories:
            yield replace(facts, categories=tuple(sorted((*facts.categories, category))))


def openings(policy: CompiledPolicy, callers: list[Facts]) -> list[tuple[Facts, Facts, str]]:
    """Steps up by which an endpoint was opened; there must be none."""
    found = []
    subsets = [subset for size in range(len(CATEGORIES) + 1) for subset in combinations(CATEGORIES, size)]
    for caller in callers:
        permitted = {
            facts: policy.verdict(facts, NOW).permitted
            for level, subset in product(Sensitivity, subsets)
            for facts in [replace(caller, sensitivity=level, categories=subset)]
        }
        found += [
            (below, above, endpoint.id)
            for below, was in permitted.items()
            for above in steps_up(below)
            for endpoint, before, after in zip(policy.catalogue.endpoints, was, permitted[above], strict=True)
            if after and not before
        ]
    return found


def callers() -> list[Facts]:
    return [
        Facts(tenant.id, groups, "excel", "formula", Sensitivity.PUBLIC, (), boundary)
        for tenant in SETTINGS.tenants
        for groups in ((), ("office", "claude-pilot"))
        for boundary in SETTINGS.catalogue.boundaries
    ]


def test_some_are_permitted_and_some_denied_at_either_end() -> None:
    policy = compiled()
    ends = [replace(callers()[-1], sensitivity=level) for level in (Sensitivity.PUBLIC, Sensitivity(3))]

    assert [{*policy.verdict(facts, NOW).permitted} for facts in ends] == [{True}, {True, False}]


def test_the_shipped_rules_never_open_at_a_step_up() -> None:
    chosen = callers()
    assert len(chosen) == 16

    assert openings(compiled(), chosen[::5]) == []


@pytest.mark.soak
def test_the_shipped_rules_never_open_at_a_step_up_for_any_caller() -> None:
    assert openings(compiled(), callers()) == []


@pytest.mark.parametrize(
    "condition",
    ["context.sensitivity < 2", '!context.categories.contains("health")', "context.sensitivity == 1"],
)
def test_a_rule_that_opens_at_a_step_up_is_seen(condition: str) -> None:
    planted = f'@id("x") @reason("planted") forbid (principal, action, resource) when {{ {condition} }};'

    assert openings(compiled(planted), callers()[3:4])
