"""What is proved under any break-glass grant: invariants held by forbids survive, those by missing permits
do not, and the request that shows it is one that a grant could open."""

from pathlib import Path

import pytest

from signalbox.adapters.providers.registry import InstalledKinds
from signalbox.config import load
from signalbox.domain.endpoint import Catalogue
from signalbox.domain.principal import Tenant
from signalbox.domain.verdict import PolicyRelease
from signalbox.proof import parse_invariants, prove
from signalbox.testing.values import catalogue, endpoint

ROOT = Path(__file__).parents[2]
SCHEMA = (ROOT / "policies" / "signalbox.cedarschema").read_text()
ACME = Tenant(id="acme", default_boundary="world")
OVER = catalogue(endpoint("own"), endpoint("cloud", cloud="azure"))
INVARIANT = 'invariant no for every tenant: deny when any request on endpoint is "cloud"'
OWN_ONLY = '@id("own") permit (principal, action, resource) when { resource.cloud == "on-premises" };'
FORBID = '@id("stop") @reason("r") forbid (principal, action, resource) when { resource.cloud == "azure" };'
ERRS = (
    '@id("errs") permit (principal, action, resource) when { context.sensitivity + 9223372036854775807 > 0 };'
)


def outcome(text: str, *, any_grant: bool) -> str:
    release = PolicyRelease(texts={"r": text}, schema=SCHEMA)
    report = prove(release, OVER, [ACME], parse_invariants(INVARIANT), any_grant=any_grant)
    (finding,) = report.findings
    if finding.counterexample is not None:
        assert finding.counterexample.endpoint == "cloud"
        assert finding.counterexample.rules == ("break-glass:any",)
    return finding.outcome


@pytest.mark.parametrize(
    ("text", "under_any_grant"), [(OWN_ONLY, "violated"), (OWN_ONLY + FORBID, "proved"), (FORBID, "proved")]
)
def test_what_a_forbid_holds_survives_and_a_missing_permit_does_not(text: str, under_any_grant: str) -> None:
    assert outcome(text, any_grant=False) == "proved"
    assert outcome(text, any_grant=True) == under_any_grant


def test_a_report_says_under_what_it_was_proved() -> None:
    release = PolicyRelease(texts={"r": OWN_ONLY + ERRS}, schema=SCHEMA)
    plain, granted = (
        prove(release, OVER, [ACME], parse_invariants(INVARIANT), any_grant=any_grant)
        for any_grant in (False, True)
    )
    assert b"any_grant" not in plain.content
    assert b'"any_grant":true' in granted.content


def test_the_shipped_invariants_survive_every_grant() -> None:
    settings = load(
        ROOT / "signalbox.toml", {}, now_us=1_763_800_000_000_000, provider_kinds=InstalledKinds()
    )
    report = prove(
        settings.policy,
        Catalogue(settings.catalogue),
        settings.tenants,
        settings.invariants,
        any_grant=True,
    )
    assert report.findings
    assert {finding.outcome for finding in report.findings} == {"proved"}
