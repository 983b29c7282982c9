"""The shipped rules, by example: what each one stops, and that none could be deleted unnoticed."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from signalbox.domain.endpoint import Endpoint, Lifecycle
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.policy import CompiledPolicy, Judgement, compile_policy
from signalbox.testing.values import catalogue, endpoint

POLICIES = Path(__file__).parents[2] / "policies"
TEXTS = {path.name: path.read_text() for path in sorted(POLICIES.glob("*.cedar"))}
SCHEMA = (POLICIES / "signalbox.cedarschema").read_text()
NOW = 1_000

CLOUD = endpoint(
    "cloud", cloud="azure", region="west", operator="vendor", processor="vendor",
    inference_places=("de",), storage_places=("de",), retention="days-30",
)  # fmt: skip
KEEPS_NOTHING = replace(CLOUD, storage_places=(), retention="none")
OWN = endpoint("own")
PUBLIC = Facts("acme", (), "word", "rewrite", Sensitivity.PUBLIC, (), "eu")
TENANTS = [
    Tenant(id="acme", home_cloud="azure"),
    Tenant(id="homeless"),
    Tenant(id="elsewhere", home_cloud="aws"),
]
CONFIDENTIAL = {"sensitivity": Sensitivity.CONFIDENTIAL}
HIGHEST = {"sensitivity": Sensitivity.HIGHLY_CONFIDENTIAL}

PERMITTED = ("base.catalogue",)
CASES: list[tuple[dict[str, Any], Endpoint, tuple[str, ...]]] = [
    # what is asked · of which endpoint · decided by
    ({}, OWN, PERMITTED),
    ({}, CLOUD, PERMITTED),
    ({"tenant": "homeless"}, CLOUD, PERMITTED),
    ({"sensitivity": Sensitivity.GENERAL, "categories": ("personal", "payment", "bank")}, CLOUD, PERMITTED),
    ({}, replace(OWN, lifecycle=Lifecycle(available_from_us=NOW)), PERMITTED),
    ({}, replace(OWN, lifecycle=Lifecycle(available_from_us=NOW + 1)), ("base.lifecycle",)),
    ({}, replace(OWN, lifecycle=Lifecycle(available_from_us=0, retired_from_us=NOW)), ("base.lifecycle",)),
    ({}, replace(OWN, lifecycle=Lifecycle(available_from_us=0, deprecated_from_us=NOW)), PERMITTED),
    ({}, replace(CLOUD, inference_places=("de", "us")), ("places.inference",)),
    ({}, replace(CLOUD, storage_places=("us",)), ("places.storage",)),
    ({"boundary": "world"}, replace(CLOUD, inference_places=("de", "us"), storage_places=("us",)), PERMITTED),
    ({"boundary": "local"}, CLOUD, ("places.inference", "places.storage")),
    ({"boundary": "local"}, OWN, PERMITTED),
    ({}, replace(OWN, trains_on_data=True), ("terms.training",)),
    (CONFIDENTIAL, CLOUD, PERMITTED),
    (CONFIDENTIAL, OWN, PERMITTED),
    ({**CONFIDENTIAL, "tenant": "elsewhere"}, CLOUD, ("sensitive.home-cloud",)),
    ({**CONFIDENTIAL, "tenant": "elsewhere"}, OWN, PERMITTED),
    ({**CONFIDENTIAL, "tenant": "homeless"}, CLOUD, ("sensitive.home-cloud",)),
    ({**CONFIDENTIAL, "tenant": "homeless"}, OWN, PERMITTED),
    (HIGHEST, CLOUD, ("sensitive.retention",)),
    (HIGHEST, KEEPS_NOTHING, PERMITTED),
    (HIGHEST, OWN, PERMITTED),
    ({"categories": ("health",)}, CLOUD, ("sensitive.health",)),
    ({"categories": ("health",)}, replace(CLOUD, certifications=("soc-2", "hipaa-baa")), PERMITTED),
    ({"categories": ("health",)}, OWN, PERMITTED),
    ({"categories": ("health",)}, replace(OWN, operator="vendor"), ("sensitive.health",)),
    ({"categories": ("credentials",)}, CLOUD, ("sensitive.credentials",)),
    ({"categories": ("credentials",)}, OWN, PERMITTED),
    ({"categories": ("credentials",)}, replace(OWN, operator="vendor"), ("sensitive.credentials",)),
    ({}, replace(CLOUD, vendor="anthropic"), ("opt-in.anthropic",)),
    ({"groups": ("office", "claude-pilot")}, replace(CLOUD, vendor="anthropic"), PERMITTED),
]  # fmt: skip


def compiled(texts: dict[str, str], *endpoints: Endpoint) -> CompiledPolicy:
    named = [replace(item, id=f"e{place}") for place, item in enumerate(endpoints)]
    return compile_policy(PolicyRelease(texts=texts, schema=SCHEMA), catalogue(*named), TENANTS)


def judged(texts: dict[str, str]) -> list[Judgement]:
    policy = compiled(texts, *(item for _, item, _ in CASES))
    return [
        policy.judge(replace(PUBLIC, **changes), place, NOW) for place, (changes, _, _) in enumerate(CASES)
    ]


def rules() -> list[str]:
    """The text of each shipped rule: files have one rule between blank lines, headed by its @id."""
    return [
        paragraph[paragraph.index('@id("') :]
        for text in TEXTS.values()
        for paragraph in text.split("\n\n")
        if '@id("' in paragraph
    ]


def test_each_case_is_decided_by_the_rules_that_say_so() -> None:
    found = judged(TEXTS)

    assert [judgement.reasons for judgement in found] == [expected for _, _, expected in CASES]
    assert [judgement.permitted for judgement in found] == [expected == PERMITTED for _, _, expected in CASES]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.split('"')[1])
def test_no_rule_could_be_deleted_unnoticed(rule: str) -> None:
    without = {name: text.replace(rule, "") for name, text in TEXTS.items()}
    assert without != TEXTS

    assert [judgement.permitted for judgement in judged(without)] != [
        judgement.permitted for judgement in judged(TEXTS)
    ]


def test_the_shipped_rules_are_counted() -> None:
    assert len(rules()) == sum(text.count("\n@id(") for text in TEXTS.values()) == 10


def test_the_shipped_rules_give_no_warning_and_a_reason_each() -> None:
    policy = compiled(TEXTS, OWN)

    assert policy.warnings == ()
    for rule in rules():
        assert policy.is_rule(rule.split('"')[1])


def test_the_reference_shows_rules_that_load_and_names_every_fact() -> None:
    page = (POLICIES.parent / "docs" / "reference" / "policy.md").read_text()
    shown = [block.partition("```")[0] for block in page.split("```cedar\n")[1:]]
    declared = [line.strip().partition(": ") for line in SCHEMA.splitlines()]
    facts = [name for name, _, kind in declared if kind.startswith(("String", "Long", "Bool", "Set<"))]

    compiled({"page": "\n".join(shown)}, OWN)
    assert len(shown) == 1
    assert len(facts) == 26
    assert [fact for fact in facts if f"`{fact}`" not in page and f".{fact}." not in page] == []
