"""What a change of registry, tenants, invariants or approvers is called; what a proof means for a release."""

from typing import Any

import pytest
from msgspec.structs import replace

from signalbox.domain.endpoint import CatalogueRelease
from signalbox.domain.principal import Tenant
from signalbox.domain.traits import Facts, Sensitivity
from signalbox.governance.releases import (
    Approver,
    Governed,
    SourceText,
    Terms,
    change_words,
    content_of,
    proof_of,
)
from signalbox.proof import Counterexample, Finding, ProofReport, parse_invariants
from signalbox.testing.values import catalogue, endpoint

BEN = Approver(name="ben", subject="ben", key="ed25519:b")
CATALOGUE = catalogue(endpoint("a"), endpoint("b")).release
INVARIANTS = parse_invariants('use residency for every tenant\nuse no-training for tenant "acme"')


def governed(**changed: Any) -> Governed:
    terms = changed.pop("terms", Terms(approvers=(BEN,)))
    text = SourceText(role="policy", name="p.cedar", text=changed.pop("policy", ""))
    whole: dict[str, Any] = {
        "catalogue": CATALOGUE,
        "tenants": (Tenant(id="acme", default_boundary="eu"),),
        "invariants": INVARIANTS,
        "content": content_of([text], terms),
    }
    return Governed(**{**whole, **changed})


def with_a(**fields: Any) -> CatalogueRelease:
    first, *others = CATALOGUE.endpoints
    return replace(CATALOGUE, endpoints=(replace(first, **fields), *others))


PLACES = CATALOGUE.endpoints[0].inference_places
PRICE = replace(CATALOGUE.endpoints[0].price, input_per_mtok=1_500_000_000)
SAID = [
    (governed(catalogue=with_a(inference_places=(*PLACES, "mars"))), "endpoint `a` may now infer in `mars`"),
    (governed(catalogue=with_a(storage_places=("mars",))), "endpoint `a` may now keep data in `mars`"),
    (governed(catalogue=with_a(terms_version="2027")), "endpoint `a`: terms_version changes from "),
    (governed(catalogue=with_a(price=PRICE)), "to `1.500`"),
    (
        governed(catalogue=replace(CATALOGUE, endpoints=CATALOGUE.endpoints[:1])),
        "endpoint `b` is removed",
    ),
    (
        governed(catalogue=replace(CATALOGUE, boundaries={**CATALOGUE.boundaries, "new": ("mars",)})),
        "boundary `new` is added: `mars`",
    ),
    (
        governed(tenants=(Tenant(id="acme", default_boundary="world"),)),
        "tenant `acme`: default_boundary changes from `eu` to `world`",
    ),
    (
        governed(tenants=(Tenant(id="acme", default_boundary="eu", default_label=Sensitivity.PUBLIC),)),
        "tenant `acme`: default_label changes from `general` to `public`",
    ),
    (
        governed(invariants=parse_invariants('use no-training for tenant "acme"')),
        "invariant `residency` is no longer demanded",
    ),
    (
        governed(
            invariants=parse_invariants("use residency for every tenant\nuse no-training for every tenant")
        ),
        "invariant `no-training` is now demanded of every tenant",
    ),
    (governed(terms=Terms(approvers=())), "`ben` approves no more releases"),
    (
        governed(terms=Terms(approvers=(BEN, Approver(name="eve", subject="e", key="ed25519:e")))),
        "`eve` (`e`) may approve releases, with the key `ed25519:e`",
    ),
    (
        governed(terms=Terms(approvers=(BEN,), marked=("acme",))),
        "what cannot be proved of tenant `acme` may be published, marked unproven",
    ),
    (governed(rest={"places mars": '"red"'}), '`places mars` changes from nothing to "red"'),
    (governed(policy="// else"), "the file `p.cedar` (policy) is changed"),
]


@pytest.mark.parametrize(("after", "words"), SAID, ids=[words for _, words in SAID])
def test_one_change_is_one_sentence(after: Governed, words: str) -> None:
    (said,) = change_words(governed(), after)
    assert words in said


def test_nothing_changed_is_nothing_said() -> None:
    assert change_words(governed(), governed()) == ()


FACTS = Facts("acme", (), "word", "", Sensitivity.PUBLIC, (), "eu")
BROKEN = Finding(
    invariant="residency",
    tenant="acme",
    outcome="violated",
    counterexample=Counterexample(FACTS, "us-west", 1_790_000_000_000_000, ("open",)),
)
UNPROVEN = Finding(invariant="residency", tenant="acme", outcome="unproven")
KEPT = Finding(invariant="residency", tenant="acme", outcome="proved")


def report(*findings: Finding, policy: str = "p") -> ProofReport:
    return ProofReport(
        policy=policy,
        catalogue="c",
        invariants="i",
        solver="z",
        findings=findings,
        reaches=(),
        strange=(),
    )


@pytest.mark.parametrize(
    ("found", "marked", "outcome"),
    [
        (None, (), "nothing"),
        (report(KEPT), (), "kept"),
        (report(KEPT, UNPROVEN), (), "refused"),
        (report(KEPT, UNPROVEN), ("other",), "refused"),
        (report(KEPT, UNPROVEN), ("acme",), "marked"),
        (report(BROKEN), (), "refused"),
        (report(BROKEN), ("acme",), "refused"),
        (report(KEPT, policy="another"), (), "refused"),
    ],
)
def test_what_a_proof_means(found: ProofReport | None, marked: tuple[str, ...], outcome: str) -> None:
    terms = Terms(approvers=(BEN,), marked=marked)
    proof = proof_of("h", terms, policy="p", catalogue="c", invariants="i", report=found)
    assert proof.outcome == outcome
    assert bool(proof.reasons) == (outcome in ("refused", "marked"))
    assert bool(proof.digest) == (outcome != "nothing")


def test_a_counterexample_is_told_in_words() -> None:
    proof = proof_of("h", Terms(), policy="p", catalogue="c", invariants="i", report=report(BROKEN))
    assert proof.reasons == (
        "`residency` of tenant `acme` does not hold: a public request (app `word`, feature ``, groups none, "
        "categories none, boundary `eu`) may go to `us-west` on 2026-09-21, permitted by `open`",
    )
