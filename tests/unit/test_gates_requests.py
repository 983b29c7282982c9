"""Each thing that a gate or a requirement can say, held to real requests: classified, decided, carried out.

Every endpoint is asked for by name, one request each; what was served is what the rules let through.
"""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from signalbox.domain.endpoint import Endpoint
from signalbox.domain.errors import AttemptsExhausted, PolicyDenied, UnknownModel
from signalbox.domain.principal import Principal
from signalbox.domain.request import Declared
from signalbox.domain.traits import Sensitivity
from signalbox.domain.verdict import PolicyRelease
from signalbox.gates import Decision, Gate, Gates, Requirement, Selection, render
from signalbox.testing.house import House
from signalbox.testing.values import catalogue, endpoint, principal, request, tenant

POLICIES = Path(__file__).parents[2] / "policies"
SCHEMA = (POLICIES / "signalbox.cedarschema").read_text()
ALL = '@id("all") permit(principal, action == Signalbox::Action::"infer", resource);'
EU, EFTA = ("own", "de", "se"), ("own", "de", "se", "ch")
PLACES = ("own", "de", "se", "ch", "us")
WORLD = {"boundaries": {"world": PLACES}}
HEALTH = "The patient was diagnosed with diabetes and takes insulin."


def at(place: str, **more: Any) -> Endpoint:
    """An endpoint that infers and keeps in one place, and is called by it."""
    own = place == "own"
    base = endpoint(
        place,
        cloud="on-premises" if own else "azure",
        operator="self" if own else "vendor",
        inference_places=(place,),
        storage_places=() if own else (place,),
        retention="none" if own else "days-30",
    )
    return replace(base, **more)


def house(gates: Gates, *endpoints: Endpoint, permit: str = ALL, home_cloud: str = "") -> House:
    tenants = [tenant(home_cloud=home_cloud), tenant("other", home_cloud=home_cloud)]
    release = PolicyRelease(texts={"all": permit, "gates": render(gates)}, schema=SCHEMA)
    return House(release, catalogue(*endpoints, **WORLD), tenants)


async def served(
    rooms: House, who: Principal | None = None, text: str = "Hello.", **declared: str
) -> set[str]:
    """The endpoints that answered, of all that were asked for, one at a time."""
    found = set()
    for known in rooms.interlock.release.catalogue.endpoints:
        asked = request(text, target=known.id, declared=Declared(**declared))  # type: ignore[arg-type]  # names of text fields
        try:
            _, delivery = await rooms.pipeline.run(asked, who or principal(tenant=tenant(home_cloud="")))
        except (PolicyDenied, UnknownModel, AttemptsExhausted):
            continue
        assert delivery.endpoint.id == known.id
        found.add(known.id)
    assert {call.endpoint.id for call in rooms.provider.calls} >= found
    return found


ONE = endpoint(
    "one", vendor="v", model="m", cloud="aws", processor="p", inference_places=("us",), storage_places=("us",)
)
TWO = endpoint("two", inference_places=("de",), storage_places=("de",))
SELECTIONS = {
    "vendor": Selection(vendors=("v",)),
    "model": Selection(models=("m",)),
    "cloud": Selection(clouds=("aws",)),
    "place": Selection(places=("us",)),
    "legal processor": Selection(processors=("p",)),
    "endpoint": Selection(endpoints=("one",)),
}


@pytest.mark.parametrize("where", SELECTIONS.values(), ids=SELECTIONS.keys())
async def test_by_each_fact_of_an_endpoint_it_is_allowed_forbidden_or_opted_into(where: Selection) -> None:
    allow = house(Gates(gates=(Gate(id="g", decision=Decision.ALLOW, where=where),)), ONE, TWO, permit="")
    assert await served(allow) == {"one"}
    forbid = house(Gates(gates=(Gate(id="g", decision=Decision.FORBID, where=where),)), ONE, TWO)
    assert await served(forbid) == {"two"}
    unasked = Gate(id="g", decision=Decision.OPT_IN, where=where, tenant="acme-corp")
    assert await served(house(Gates(gates=(unasked,)), ONE, TWO)) == {"two"}
    opted = replace(unasked, accepted_terms="1", accepted_on="2026-01-31")
    assert await served(house(Gates(gates=(opted,)), ONE, TWO)) == {"one", "two"}


WHO = {
    "tenant": {"tenant": "acme-corp"},
    "group": {"groups": ("finance",)},
    "app": {"apps": ("word",)},
    "feature": {"features": ("rewrite",)},
}


@pytest.mark.parametrize("axis", WHO)
async def test_a_gate_is_for_whom_it_names(axis: str) -> None:
    gate = Gate(id="g", decision=Decision.ALLOW, where=SELECTIONS["vendor"], **WHO[axis])  # type: ignore[arg-type]  # one of its fields
    rooms = house(Gates(gates=(gate,)), ONE, TWO, permit="")
    groups = ("finance",) if axis == "group" else ()
    named = principal(tenant=tenant(home_cloud=""), groups=groups)
    other = principal(tenant=tenant("other", home_cloud=""))
    assert await served(rooms, named, app="word", feature="rewrite") == {"one"}
    assert await served(rooms, other if axis == "tenant" else replace(named, groups=()), app="excel") == set()


async def test_new_terms_reset_an_opt_in_until_they_are_accepted() -> None:
    gate = Gate(
        id="g", decision=Decision.OPT_IN, where=SELECTIONS["vendor"], tenant="acme-corp",
        accepted_terms="2025-10", accepted_on="2026-01-31",
    )  # fmt: skip
    accepted, renewed = replace(ONE, terms_version="2025-10"), replace(ONE, terms_version="2026-12")
    rooms = house(Gates(gates=(gate,)), accepted)
    assert await served(rooms) == {"one"}
    rooms.interlock.publish(rooms.release(catalogue(renewed, **WORLD)))
    assert await served(rooms) == set()
    again = render(Gates(gates=(replace(gate, accepted_terms="2026-12"),)))
    release = PolicyRelease(texts={"all": ALL, "gates": again}, schema=SCHEMA)
    rooms.interlock.publish(rooms.release(catalogue(renewed, **WORLD), release))
    assert await served(rooms) == {"one"}
    rooms.interlock.publish(rooms.release(catalogue(accepted, **WORLD), release))
    assert await served(rooms) == set()


async def test_the_legal_processor_decides_and_not_the_cloud_it_is_hosted_on() -> None:
    gate = Gate(id="g", decision=Decision.FORBID, where=Selection(processors=("anthropic",)))
    ours = endpoint("ours", cloud="azure", processor="microsoft", inference_places=("de",))
    theirs = endpoint("theirs", cloud="azure", processor="anthropic", inference_places=("de",))
    assert await served(house(Gates(gates=(gate,)), ours, theirs)) == {"ours"}


@pytest.mark.parametrize(
    ("residency", "places", "within"),
    [
        ("eu", EU, {"own", "de", "se"}),
        ("eu-efta", EFTA, {"own", "de", "se", "ch"}),
        ("sweden", ("own", "se"), {"own", "se"}),
        ("sovereign", ("own",), {"own"}),
    ],
)
async def test_data_stays_within_its_residency(
    residency: str, places: tuple[str, ...], within: set[str]
) -> None:
    demand = Requirement(id="r", tenant="acme-corp", residency=residency, places=places)
    roams = at("de", inference_places=("de", "us"), id="roams")
    keeps = at("se", storage_places=("us",), id="keeps-abroad")
    rooms = house(Gates(requirements=(demand,)), *map(at, PLACES), roams, keeps)
    assert await served(rooms) == within
    every = principal(tenant=tenant("other", home_cloud=""))
    assert await served(rooms, every) == {*PLACES, "roams", "keeps-abroad"}


async def test_retention_is_bounded_from_a_sensitivity_on() -> None:
    kept = ("none", "transient", "days-30", "until-deleted")
    endpoints = [
        endpoint(name, retention=name, inference_places=("de",), storage_places=("de",)) for name in kept
    ]
    for place, longest in enumerate(kept):
        demand = Requirement(id="r", at_least=Sensitivity.CONFIDENTIAL, retention_max=longest)  # type: ignore[arg-type]  # one of them
        rooms = house(Gates(requirements=(demand,)), *endpoints)
        assert await served(rooms, label="general") == set(kept)
        assert await served(rooms, label="confidential") == set(kept[: place + 1])


async def test_data_is_not_trained_on() -> None:
    demand = Requirement(id="r", at_least=Sensitivity.GENERAL, no_training=True)
    trains = endpoint("trains", trains_on_data=True, inference_places=("de",))
    rooms = house(Gates(requirements=(demand,)), trains, TWO)
    assert await served(rooms, label="general") == {"two"}
    assert await served(rooms, label="public") == {"trains", "two"}


async def test_health_data_needs_an_agreement_that_is_live_when_it_leaves() -> None:
    demand = Requirement(id="r", categories=("health",), certifications=("hipaa-baa",))
    rooms = house(Gates(requirements=(demand,)), at("de"))
    ends_us = rooms.clock.now_us() + 1_000_000
    covered = replace(at("se"), certifications=("hipaa-baa",), certified_until_us={"hipaa-baa": ends_us})
    rooms.interlock.publish(rooms.release(catalogue(at("de"), covered, at("own"), **WORLD)))
    assert await served(rooms) == {"de", "se", "own"}
    assert await served(rooms, text=HEALTH) == {"se", "own"}
    rooms.clock.advance(1_000_000)
    assert await served(rooms, text=HEALTH) == {"own"}
    assert await served(rooms) == {"de", "se", "own"}


HOME = endpoint("home", cloud="azure", operator="vendor", inference_places=("de",))
AWAY = endpoint("away", cloud="aws", operator="vendor", inference_places=("de",), terms_version="7")


async def test_sensitive_data_stays_in_the_home_cloud_unless_opted_in() -> None:
    demand = Requirement(id="r", at_least=Sensitivity.CONFIDENTIAL, home_cloud=True)
    opt_in = Gate(
        id="g", decision=Decision.OPT_IN, where=Selection(clouds=("aws",)), tenant="acme-corp",
        groups=("finance",), accepted_terms="7", accepted_on="2026-01-31", outside_home_cloud=True,
    )  # fmt: skip
    who = principal(tenant=tenant(home_cloud="azure"), groups=("finance",))
    closed = house(Gates(requirements=(demand,)), HOME, AWAY, at("own"), home_cloud="azure")
    assert await served(closed, who, label="general") == {"home", "away", "own"}
    assert await served(closed, who, label="confidential") == {"home", "own"}
    opened = house(Gates(gates=(opt_in,), requirements=(demand,)), HOME, AWAY, at("own"), home_cloud="azure")
    assert await served(opened, who, label="confidential") == {"home", "away", "own"}
    assert await served(opened, replace(who, groups=()), label="confidential") == {"home", "own"}
    homeless = house(Gates(requirements=(demand,)), HOME, AWAY, at("own"))
    assert await served(homeless, label="confidential") == {"own"}


async def test_without_any_gate_the_shipped_rules_keep_sensitive_data_at_home() -> None:
    texts = {path.name: path.read_text() for path in POLICIES.glob("*.cedar")}
    rooms = House(
        PolicyRelease(texts=texts, schema=SCHEMA),
        catalogue(HOME, AWAY, at("own"), **WORLD),
        [tenant(home_cloud="azure")],
    )
    who = principal(tenant=tenant(home_cloud="azure"))
    assert await served(rooms, who, label="general") == {"home", "away", "own"}
    assert await served(rooms, who, label="confidential") == {"home", "own"}


async def test_what_gates_cannot_say_is_written_beside_them_and_outweighs_them() -> None:
    by_hand = ALL + (
        '@id("hand") @reason("no drafts on Two") forbid(principal, action, resource) '
        'when { resource.id == "two" && context.feature like "draft*" };'
    )
    allow = Gate(id="g", decision=Decision.ALLOW, where=Selection())
    rooms = house(Gates(gates=(allow,)), ONE, TWO, permit=by_hand)
    assert await served(rooms, feature="draft.mail") == {"one"}
    assert await served(rooms, feature="rewrite") == {"one", "two"}
