"""Who answered is compared with who was authorised: recorded, quarantined, and withheld where owed."""

import logging
from typing import Any

import pytest
from msgspec.structs import replace

from signalbox.dispatch.delivery import Delivery
from signalbox.domain.errors import AttemptsExhausted, NoCandidate
from signalbox.domain.failure import FailureKind
from signalbox.domain.request import Declared
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import endpoint, principal, ranked, request, tenant

OTHER = Script(served_model="somebody-else")
ABROAD = Script(served_place="us")
WHY = "quarantined: answered as `somebody-else`"

either_way = pytest.mark.parametrize("stream", [False, True])


def house(*names: str) -> House:
    return House(PERMIT_ALL, ranked(*[endpoint(name) for name in names or ("a", "b")]), [tenant()])


async def ask(rooms: House, *, stream: bool = False, label: str = "general") -> tuple[Delivery, str]:
    asked = request(stream=stream, declared=Declared(label=label))
    _, delivery = await rooms.pipeline.run(asked, principal())
    if delivery.events is None:
        assert delivery.reply is not None
        return delivery, delivery.reply.choices[0].text
    return delivery, "".join([getattr(event, "text", "") async for event in delivery.events])


def outcomes(rooms: House) -> list[tuple[str, str, str, str, str]]:
    return [(o.endpoint, o.status, o.failure, o.served, o.billed) for o in rooms.log.outcomes]


@either_way
async def test_the_answer_to_an_unprotected_request_is_delivered_and_the_endpoint_quarantined(
    stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    rooms = house()
    rooms.provider.will("a", OTHER)
    with caplog.at_level(logging.WARNING, "signalbox.dispatch"):
        delivery, text = await ask(rooms, stream=stream)
        assert (delivery.endpoint.id, text) == ("a", OTHER.text)
        for _ in range(3):
            delivery, _ = await ask(rooms, stream=stream)
            assert delivery.endpoint.id == "b"
    assert outcomes(rooms)[0] == ("a", "ok", "", "somebody-else", "yes")
    assert rooms.log.outcomes[0].detail == "answered as `somebody-else`, which the registry does not list"
    decided = await rooms.pipeline.decide(request(), principal(), record=False)
    assert [(item.endpoint, item.reason, item.transient) for item in decided.dropped] == [("a", WHY, True)]
    assert [known.quarantined for known in decided.cut.snapshot.endpoints] == [WHY, ""]
    assert rooms.meter.quarantines == ["a"]
    assert len(caplog.messages) == 1
    assert "endpoint a is quarantined: it answered as `somebody-else`" in caplog.messages[0]
    assert rooms.meter.breakers == []


@either_way
async def test_the_answer_to_a_protected_request_is_withheld(stream: bool) -> None:
    """It may have been processed elsewhere than was permitted: what came back is not handed on as if not."""
    rooms = house()
    rooms.provider.will("a", OTHER)
    delivery, text = await ask(rooms, stream=stream, label="confidential")
    assert (delivery.endpoint.id, text) == ("b", rooms.provider.default.text)
    first, second = outcomes(rooms)
    assert first == ("a", "failed", "misrouted", "somebody-else", "maybe" if stream else "yes")
    assert second[:3] == ("b", "ok", "")
    assert rooms.log.outcomes[0].cost_nanos > 0
    assert rooms.provider.running == 0


async def test_where_nobody_else_is_permitted_the_caller_is_told() -> None:
    rooms = house("a")
    rooms.provider.will("a", OTHER)
    with pytest.raises(AttemptsExhausted) as raised:
        await ask(rooms, label="confidential")
    assert (raised.value.status, raised.value.code) == (502, "misrouted")
    assert "somebody-else" not in raised.value.message
    with pytest.raises(NoCandidate) as refused:
        await ask(rooms)
    assert refused.value.status == 503


@either_way
async def test_an_answer_from_another_place_is_withheld_whatever_the_sensitivity(stream: bool) -> None:
    rooms = house()
    rooms.provider.will("a", ABROAD)
    delivery, _ = await ask(rooms, stream=stream)
    assert delivery.endpoint.id == "b"
    assert rooms.log.outcomes[0].served_place == "us"
    assert "answered in `us`" in rooms.log.outcomes[0].detail
    assert (
        rooms.health.release(rooms.interlock.release.catalogue.endpoint("a"))
        == "quarantined: answered in `us`"
    )


@pytest.mark.parametrize("script", [Script(served_place="local"), Script(served_model="acme-small")])
async def test_who_is_listed_may_answer(script: Script) -> None:
    rooms = house()
    rooms.provider.will("a", script)
    delivery, _ = await ask(rooms, label="confidential")
    assert delivery.endpoint.id == "a"
    assert rooms.meter.quarantines == []


async def test_a_place_may_be_listed_in_the_vendors_own_words() -> None:
    knows = [endpoint("a", served_places=("us-geo",)), endpoint("b")]
    rooms = House(PERMIT_ALL, ranked(*knows), [tenant()])
    rooms.provider.will("a", Script(served_place="us-geo"), Script(served_place="eu-geo"))
    delivery, _ = await ask(rooms)
    assert delivery.endpoint.id == "a"
    delivery, _ = await ask(rooms)
    assert delivery.endpoint.id == "b"
    assert rooms.meter.quarantines == ["a"]


async def test_an_operator_lets_it_be_a_candidate_again() -> None:
    rooms = house()
    rooms.provider.will("a", OTHER)
    await ask(rooms)
    known = rooms.interlock.release.catalogue.endpoint("a")
    assert rooms.health.state(known, rooms.clock.monotonic_us()).quarantined == WHY
    assert rooms.health.release(known) == WHY
    assert rooms.health.release(known) == ""
    delivery, _ = await ask(rooms)
    assert delivery.endpoint.id == "a"


@pytest.mark.parametrize(
    ("changes", "lifted"), [({"served_names": ("acme-small", "somebody-else")}, True), ({}, False)]
)
async def test_a_release_that_changes_the_endpoint_lifts_it_and_no_other_does(
    changes: dict[str, Any], lifted: bool
) -> None:
    rooms = house()
    rooms.provider.will("a", OTHER)
    await ask(rooms)
    rooms.interlock.publish(
        rooms.release(ranked(replace(endpoint("a"), **changes), endpoint("b"), endpoint("c")))
    )
    rooms.provider.will("a", OTHER)
    delivery, _ = await ask(rooms)
    assert delivery.endpoint.id == ("a" if lifted else "b")
    assert rooms.meter.quarantines == ["a"]


async def test_an_answer_under_the_old_release_does_not_quarantine_what_the_new_one_lists() -> None:
    rooms = house()

    def publish(place: str) -> None:
        if place == "dispatch.before_outcome" or place == "dispatch.sending":
            listed = endpoint("a", served_names=("acme-small", "somebody-else"))
            rooms.interlock.publish(rooms.release(ranked(listed, endpoint("b"))))

    rooms.at = publish
    rooms.provider.will("a", OTHER)
    await ask(rooms)
    assert rooms.meter.quarantines == []
    assert rooms.log.outcomes[0].detail.startswith("answered as")


async def test_what_was_quarantined_after_the_decision_is_not_sent_to() -> None:
    rooms = house()
    known = rooms.interlock.release.catalogue.endpoint("a")

    def quarantine(place: str) -> None:
        if place == "pipeline.decided":
            rooms.health.quarantine(known, "answered as `somebody-else`")

    rooms.at = quarantine
    delivery, _ = await ask(rooms)
    assert delivery.endpoint.id == "b"
    assert [(body.endpoint, body.reasons) for body in rooms.log.withdrawn] == [("a", (WHY,))]


async def test_a_name_that_a_vendor_made_up_is_fit_for_a_log_line() -> None:
    rooms = house()
    rooms.provider.will("a", Script(served_model="x\n" + "y" * 10_000))
    await ask(rooms)
    detail = rooms.log.outcomes[0].detail
    assert "\n" not in detail
    assert len(detail) < 200


@either_way
@pytest.mark.parametrize(
    ("script", "how"),
    [
        (Script(served_model="acme-small"), "confirmed"),
        (Script(served_model="acme-small", served_place="local"), "confirmed"),
        (Script(served_model="acme-small", served_place="us"), "mismatch"),
        (OTHER, "mismatch"),
        (ABROAD, "mismatch"),
    ],
)
async def test_an_outcome_says_whether_who_answered_was_authorised(
    script: Script, how: str, stream: bool
) -> None:
    rooms = house()
    rooms.provider.will("a", script)
    await ask(rooms, stream=stream)
    assert rooms.log.outcomes[0].authorised == how
    assert rooms.meter.served_as[0] == ("a", how)


async def test_where_nothing_was_reported_it_is_unverified_and_never_confirmed() -> None:
    rooms = house()
    rooms.provider.will("a", Script(failure=FailureKind.RESET), Script(failure=FailureKind.RESET))
    await ask(rooms)
    assert (rooms.log.outcomes[0].served, rooms.log.outcomes[0].authorised) == ("", "unverified")
    assert rooms.meter.served_as[0] == ("a", "unverified")
