"""A reply that does not pass its check: repaired once a place, then elsewhere, then an honest error."""

import pytest
from msgspec.structs import replace

from signalbox.dispatch.delivery import Delivery
from signalbox.dispatch.repair import SHOWN_MAX, WORDS_MAX, Asked, asked_again
from signalbox.dispatch.step import RetryRules
from signalbox.domain.errors import AttemptsExhausted
from signalbox.domain.failure import FailureKind
from signalbox.domain.money import Usage
from signalbox.domain.reply import Choice, Reply, Said
from signalbox.domain.request import Declared, Message, Refusal, Request, Text, ToolUse
from signalbox.normalise.structured import Check
from signalbox.pipeline import _order
from signalbox.testing.fake_provider import Script
from signalbox.testing.house import House
from signalbox.testing.permit_all import PERMIT_ALL
from signalbox.testing.values import endpoint, principal, ranked, request, tenant

BAD, GOOD = Script(text="not json at all"), Script(text='{"total": 3}')
WORDS = "answer with one JSON object and nothing else"


def house(*names: str, rules: RetryRules | None = None) -> House:
    return House(
        PERMIT_ALL, ranked(*[endpoint(name) for name in names or ("a", "b")]), [tenant()], rules=rules
    )


def is_json(reply: Reply) -> str | None:
    return None if reply.choices[0].text.startswith("{") else WORDS


async def ask(rooms: House, check: Check = is_json, asked: Request | None = None) -> Delivery:
    decided = await rooms.pipeline.decide(asked or request(), principal())
    return await rooms.dispatcher.dispatch(replace(_order(decided), check=check))


def books(rooms: House) -> list[tuple[str, str, str, str, str]]:
    outcomes = {body.attempt: body for body in rooms.log.outcomes}
    assert len(outcomes) == len(rooms.log.outcomes) == len(rooms.log.intents)
    return [
        (intent.hop, intent.endpoint, outcome.status, outcome.failure, outcome.billed)
        for intent in rooms.log.intents
        for outcome in [outcomes[intent.attempt]]
    ]


async def test_a_reply_that_passes_is_delivered_as_it_is() -> None:
    rooms = house()
    rooms.provider.default = GOOD
    delivery = await ask(rooms)
    assert delivery.reply is not None
    assert delivery.reply.choices[0].text == GOOD.text
    assert [hop for hop, *_ in books(rooms)] == ["primary"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_that_does_not_pass_is_shown_to_the_model_with_what_is_wrong(stream: bool) -> None:
    rooms = house()
    rooms.provider.will("a", BAD, GOOD)
    delivery = await ask(rooms, asked=request(stream=stream))
    assert delivery.events is None
    assert delivery.reply is not None
    assert delivery.reply.choices[0].text == GOOD.text
    assert books(rooms) == [
        ("primary", "a", "failed", "invalid_output", "yes"),
        ("repair", "a", "ok", "", "yes"),
    ]
    first, second = [call.request for call in rooms.provider.calls]
    assert not first.stream
    assert second.messages == (
        *first.messages,
        Message("assistant", (Text(BAD.text),)),
        Message("user", (Text(WORDS),)),
    )
    assert rooms.meter.hops == [("a", "repair")]


async def test_what_failed_its_check_is_settled_as_the_vendor_reported() -> None:
    rooms = house()
    rooms.provider.will("a", BAD, GOOD)
    await ask(rooms)
    failed = rooms.log.outcomes[0]
    words_in = len(request().messages[0].parts[0].text.split())  # type: ignore[union-attr]  # one text
    assert (failed.tokens_in, failed.tokens_out, failed.tokens_estimated) == (words_in, 4, False)
    assert failed.cost_nanos > 0


async def test_what_a_repair_adds_is_in_the_estimate_where_the_vendor_gives_no_figures() -> None:
    rooms = house()
    rooms.provider.will("a", replace(BAD, usage=False), replace(GOOD, usage=False))
    await ask(rooms)
    first, repair = rooms.log.outcomes
    assert repair.tokens_estimated
    assert repair.tokens_in == first.tokens_in + -(-(len(BAD.text) + len(WORDS)) // 4)


async def test_each_place_is_asked_to_repair_once_and_then_the_caller_is_told() -> None:
    rooms = house(rules=RetryRules(attempts_max=6))
    rooms.provider.default = BAD
    with pytest.raises(AttemptsExhausted, match="4 attempts") as raised:
        await ask(rooms)
    assert [(hop, name) for hop, name, *_ in books(rooms)] == [
        ("primary", "a"), ("repair", "a"), ("fallback", "b"), ("repair", "b"),
    ]  # fmt: skip
    assert (raised.value.status, raised.value.code) == (502, "invalid_output")
    assert "no permitted model gave output that satisfies the schema" in raised.value.message
    # The next endpoint is asked what the caller asked: another's bad answer is not its business.
    assert rooms.provider.calls[2].request == rooms.provider.calls[0].request
    for text in (raised.value.message, raised.value.operator, *[body.detail for body in rooms.log.outcomes]):
        assert BAD.text not in text
        assert WORDS not in text


async def test_it_never_counts_against_the_breaker() -> None:
    rooms = house("a", rules=RetryRules(repairs=0))
    rooms.provider.default = BAD
    for _ in range(5):
        with pytest.raises(AttemptsExhausted):
            await ask(rooms)
    assert rooms.meter.breakers == []


async def test_an_endpoint_that_refuses_the_repair_does_not_make_it_the_callers_fault() -> None:
    rooms = house("a")
    rooms.provider.will("a", BAD, Script(failure=FailureKind.CALLER_FAULT, caller_message="too long"))
    with pytest.raises(AttemptsExhausted) as raised:
        await ask(rooms)
    assert (raised.value.status, raised.value.code) == (502, "invalid_output")
    assert "too long" not in raised.value.message


async def test_a_repair_that_meets_a_broken_connection_is_retried_as_a_repair() -> None:
    rooms = house("a")
    rooms.provider.will("a", BAD, Script(failure=FailureKind.RESET), GOOD)
    await ask(rooms)
    assert [hop for hop, *_ in books(rooms)] == ["primary", "repair", "retry"]
    _, repair, retry = [call.request for call in rooms.provider.calls]
    assert retry == repair


async def test_policy_is_asked_for_a_repair_as_for_every_hop() -> None:
    rooms = house("a", "b")
    rooms.provider.will("a", BAD, GOOD)

    def check(reply: Reply) -> str | None:
        rooms.interlock.kill(["endpoint:a"])
        return None if reply.choices[0].text.startswith("{") else WORDS

    rooms.provider.will("b", GOOD)
    await ask(rooms, check)
    assert [call.endpoint.id for call in rooms.provider.calls] == ["a", "b"]
    (stopped,) = rooms.log.withdrawn
    assert stopped.reasons == ("stopped by the kill switch: endpoint:a",)


async def test_a_check_that_breaks_leaves_the_books_closed() -> None:
    rooms = house("a")

    def broken(reply: Reply) -> str | None:
        raise KeyError(reply.choices[0].text)

    with pytest.raises(AttemptsExhausted):
        await ask(rooms, broken, request(declared=Declared(label="confidential")))
    (outcome,) = rooms.log.outcomes
    assert (outcome.status, outcome.billed) == ("failed", "yes")
    assert rooms.places_taken(rooms.interlock.release.catalogue.endpoint("a")) == 0


def test_what_the_model_is_shown_is_bounded() -> None:
    reply = Reply(choices=(Choice(index=0, parts=(Text("x" * 1_000_000),)),), usage=Usage())
    again = asked_again(Asked(request(), 5), reply, "y" * 100_000)
    *_, shown, words = again.request.messages
    assert shown == Message("assistant", (Text("x" * SHOWN_MAX),))
    assert words == Message("user", (Text("y" * WORDS_MAX),))
    assert again.tokens_in == 5 + (SHOWN_MAX + WORDS_MAX) // 4


def test_an_answer_by_tools_is_shown_as_text_and_an_empty_one_not_at_all() -> None:
    use = ToolUse("call-1", "answer", '{"total": "three"}')
    cases: list[tuple[tuple[Said, ...], list[Message]]] = [
        ((use,), [Message("assistant", (Text(use.arguments),))]),
        ((Text(" "),), []),
        ((Refusal("no"),), []),
        ((), []),
    ]
    for parts, shown in cases:
        reply = Reply(choices=(Choice(index=0, parts=parts),), usage=Usage())
        added = asked_again(Asked(request(), 5), reply, WORDS).request.messages[1:]
        assert list(added) == [*shown, Message("user", (Text(WORDS),))]
