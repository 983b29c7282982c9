"""What is suggested is of a sentence that stands in the draft, and keeps its numbers and names."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.errors import AttemptsExhausted, MalformedRequest
from signalbox.testing.fake_provider import Script
from signalbox.testing.workload_replies import BROKEN, Broken, Trial, answered, asker_of, bear, rooms
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.outlook import WORKLOADS
from signalbox.workloads.outlook.coach import Coached, coach, question, sentences
from signalbox.workloads.outlook.offered import CoachParams
from signalbox.workloads.registry import Workload

DRAFT = "Tom,\n\nyou forgot the 14 figures of pier 4 again. I am sick of it. Send them by Thursday.\n\nMia"
FORGOT = "you forgot the 14 figures of pier 4 again."
BETTER = "I could not find the 14 figures of pier 4 in what you sent."
SEND = "Send them by Thursday."


def reply(*suggestions: tuple[str, str]) -> str:
    made = [{"span": span, "replacement": replacement} for span, replacement in suggestions]
    said = {"tone": "harsh", "sentiment": "negative", "clarity": "clear", "suggestions": made}
    return msgspec.json.encode(said).decode()


GOOD = reply((FORGOT, BETTER), (SEND, "Could you please send them by Thursday?"))


async def run(asker: PipelineAsker) -> Coached:
    return await coach(asker, DRAFT)


TRIAL = Trial(
    feature="outlook/coach",
    run=run,
    good=(GOOD,),
    foreign=reply((FORGOT, "Leider waren die 14 Zahlen für pier 4 nicht in der Mail und das ist schade.")),
)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_a_broken_reply_is_borne(broken: Broken) -> None:
    await bear(TRIAL, broken)


async def test_suggestions_come_in_their_order() -> None:
    made = await answered(run, GOOD)
    assert (made.tone, made.sentiment, made.clarity) == ("harsh", "negative", "clear")
    assert [each.span for each in made.suggestions] == [FORGOT, SEND]


@pytest.mark.parametrize(
    "bad",
    [
        (FORGOT, FORGOT),
        (FORGOT, "I could not find the 15 figures of pier 4."),
        (FORGOT, "I could not find the figures of the pier."),
        (FORGOT, "Carla could not find what Zoe and the 14 figures of pier 4 are."),
        (FORGOT, "[Name], I could not find the 14 figures of pier 4."),
    ],
)
async def test_what_says_something_else_is_left_out_or_alone_refused(bad: tuple[str, str]) -> None:
    made = await answered(run, reply((SEND, "Please send them by Thursday."), bad))
    assert [each.span for each in made.suggestions] == [SEND]
    with pytest.raises(AttemptsExhausted):
        await answered(run, reply(bad))


async def test_a_span_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttemptsExhausted):
        await answered(
            run, reply((SEND, "Please send them by Thursday."), ("Send it now.", "Please send it."))
        )


async def test_a_good_mail_needs_no_suggestion() -> None:
    assert (await answered(run, reply())).suggestions == ()


def test_sentences_are_offered_as_they_stand() -> None:
    assert sentences(DRAFT) == ("Tom,", FORGOT, "I am sick of it.", SEND, "Mia")
    assert all(sentence in DRAFT for sentence in sentences(DRAFT))
    schema = question(DRAFT).response_format.schema
    assert schema is not None
    assert schema["properties"]["suggestions"]["items"]["properties"]["span"]["enum"] == list(
        sentences(DRAFT)
    )


def test_sentences_are_found_in_no_time() -> None:
    assert len(sentences("a " * 10_000)) == 1
    assert sentences("! " * 10_000) == ()


async def test_either_a_file_or_a_text_is_coached() -> None:
    workload: Workload[Any] = next(each for each in WORKLOADS if each.feature == "coach")
    house = rooms()
    house.provider.default = Script(text=reply())
    coached = (await workload.run(asker_of(house), CoachParams(text=DRAFT), ())).answer
    assert isinstance(coached, Coached)
    assert coached.tone == "harsh"
    with pytest.raises(MalformedRequest, match="either a file or `text`"):
        await workload.run(asker_of(house), CoachParams(), ())
