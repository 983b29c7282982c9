"""Output that must satisfy a schema, from vendors that have schemas and from those that have not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.integration.fault_world import World, world

from signalbox.domain.errors import AttemptsExhausted, MalformedRequest, UnsupportedRequest
from signalbox.domain.request import Message, Request, ResponseFormat, Text
from signalbox.simulate.vendors.scenario import Behaviour, Chance, Fault, Scenario

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path / "house") as made:
        for vendor in made.vendors.values():
            vendor.scenario = Scenario(default=Behaviour(tokens=4))
        yield made


def asking(endpoint: str, *, stream: bool = False, kind: str = "json_schema") -> Request:
    schema = CITY if kind == "json_schema" else None
    return Request(
        target=endpoint,
        messages=(Message("user", (Text("The biggest city of Portugal, and how many live there."),)),),
        response_format=ResponseFormat(kind, "city", schema, strict=True),  # type: ignore[arg-type]
        stream=stream,
    )


async def answer(house: World, request: Request) -> dict[str, Any]:
    _, delivery = await house.box.run(request)
    assert delivery.events is None, "what is checked comes whole"
    assert delivery.reply is not None
    got: dict[str, Any] = msgspec.json.decode(delivery.reply.choices[0].text)
    return got


@pytest.mark.parametrize("endpoint", ["at-openai", "at-azure", "at-anthropic", "at-bedrock"])
@pytest.mark.parametrize("stream", [False, True])
async def test_every_vendor_gives_what_the_schema_asks(house: World, endpoint: str, stream: bool) -> None:
    got = await answer(house, asking(endpoint, stream=stream))
    assert set(got) == {"city", "people"}
    assert isinstance(got["people"], int)


@pytest.mark.parametrize("endpoint", ["at-openai", "at-azure", "at-anthropic", "at-bedrock"])
async def test_where_a_vendor_has_no_json_of_any_shape_a_tool_is_forced(house: World, endpoint: str) -> None:
    """None of these endpoints claims `json-object`: a tool that must be called brings the object."""
    assert isinstance(await answer(house, asking(endpoint, kind="json_object")), dict)
    await house.settle()
    (outcome,) = (await house.books()).of("outcome")[:1]
    assert "the reply's schema sent as a tool that must be called" in outcome["notes"]


@pytest.mark.parametrize("fault", ["bad_json", "bad_schema"])
@pytest.mark.parametrize("endpoint", ["at-openai", "at-anthropic", "at-bedrock"])
async def test_one_bad_answer_is_repaired(house: World, fault: Any, endpoint: str) -> None:
    vendor = house.vendors[endpoint.removeprefix("at-")]
    vendor.scenario.queue.append(Fault(fault))
    assert set(await answer(house, asking(endpoint))) == {"city", "people"}
    assert vendor.served == 2
    log = await house.books()
    intents, outcomes = log.of("intent"), log.of("outcome")
    assert [intent["hop"] for intent in intents] == ["primary", "repair"]
    assert [(each["status"], each["failure"]) for each in outcomes] == [
        ("failed", "invalid_output"),
        ("ok", ""),
    ]
    assert all(each["billed"] == "yes" for each in outcomes)


async def test_who_cannot_be_repaired_hands_over_to_the_next(house: World) -> None:
    ill = Behaviour(tokens=4, chances=(Chance(Fault("bad_schema"), 1.0),))
    order = [
        planned.endpoint.removeprefix("at-")
        for planned in (await house.box.decide(asking("auto"))).plan.attempts
    ]
    house.vendors[order[0]].scenario = Scenario(default=ill)
    assert set(await answer(house, asking("auto"))) == {"city", "people"}
    hops = [(intent["endpoint"], intent["hop"]) for intent in (await house.books()).of("intent")]
    assert hops == [
        (f"at-{order[0]}", "primary"),
        (f"at-{order[0]}", "repair"),
        (f"at-{order[1]}", "fallback"),
    ]


async def test_when_nobody_can_the_caller_is_told_so_and_nothing_leaks(house: World) -> None:
    ill = Behaviour(tokens=4, chances=(Chance(Fault("bad_schema"), 1.0),))
    for vendor in house.permitted:
        vendor.scenario = Scenario(default=ill)
    with pytest.raises(AttemptsExhausted) as failed:
        await house.box.run(asking("auto"))
    assert (failed.value.status, failed.value.code) == (502, "invalid_output")
    assert "city" not in failed.value.operator
    assert not any("city" in str(outcome["detail"]) for outcome in (await house.books()).of("outcome"))


@pytest.mark.parametrize(
    ("schema", "error"),
    [({"type": "objekt"}, MalformedRequest), ({"$ref": "https://example.com/s"}, UnsupportedRequest)],
)
async def test_a_schema_that_is_none_goes_nowhere(
    house: World, schema: dict[str, Any], error: type[Exception]
) -> None:
    asked = Request(
        target="auto",
        messages=(Message("user", (Text("Hello"),)),),
        response_format=ResponseFormat("json_schema", "city", schema),
    )
    with pytest.raises(error):
        await house.box.run(asked)
    assert sum(vendor.served for vendor in house.vendors.values()) == 0
    (denial,) = (await house.books()).of("denial")
    assert denial["status"] == 400
