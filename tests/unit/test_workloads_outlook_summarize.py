"""A thread's summary names people, dates and numbers of the thread alone, and cites the mails."""

from typing import Any

import msgspec
import pytest

from signalbox.domain.errors import AttemptsExhausted
from signalbox.testing.workload_replies import BROKEN, Broken, Trial, answered, bear
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.documents import Mail
from signalbox.workloads.outlook.mails import address_of, groups, new_text, shown
from signalbox.workloads.outlook.summarize import Summarized, question, summarize

MAILS = (
    Mail(
        id="m1",
        subject="Pier 4",
        sender="Ana Silva <ana@harbour.example>",
        to=("Tom Reed <tom@harbour.example>",),
        text="We have decided to close pier 4. Tom, please order the beam by 2 May. Does the insurer pay?",
    ),
    Mail(
        id="m2",
        subject="Re: Pier 4",
        sender="Tom Reed <tom@harbour.example>",
        to=("Ana Silva <ana@harbour.example>",),
        text="I will order it and it costs 8,400 EUR.\n\nOn Monday Ana Silva wrote:\n> We have decided",
    ),
)
DECISION = {"text": "Pier 4 is closed.", "source": ["m1"]}
ACTION = {"who": "Tom", "what": "Order the beam for 8,400 EUR.", "due": "by 2 May", "source": ["m1", "m2"]}
QUESTION = {"text": "Does the insurer pay?", "source": ["m1"]}


def reply(summary: str = "Pier 4 is closed and a beam is to be ordered for it.", **changes: Any) -> str:
    said = {"summary": summary, "decisions": [DECISION], "actions": [ACTION], "open_questions": [QUESTION]}
    return msgspec.json.encode({**said, **changes}).decode()


async def run(asker: PipelineAsker) -> Summarized:
    return await summarize(asker, MAILS)


TRIAL = Trial(
    feature="outlook/summarize",
    run=run,
    good=(reply(),),
    foreign=reply(
        "Le quai 4 est fermé et une poutre est commandée pour les travaux.", decisions=[], actions=[]
    ),
)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_a_broken_reply_is_borne(broken: Broken) -> None:
    await bear(TRIAL, broken)


async def test_a_summary_has_its_parts_with_the_mails_cited() -> None:
    made = await answered(run, reply())
    assert msgspec.json.decode(msgspec.json.encode(made.summary)) == msgspec.json.decode(reply())
    assert made.left_out == 0


@pytest.mark.parametrize(
    "bad",
    [
        {**ACTION, "who": "Carla"},
        {**ACTION, "due": "by 3 May"},
        {**ACTION, "due": "Wednesday"},
        {**ACTION, "what": "Order 2 beams for 9,900 EUR."},
        {**ACTION, "what": "Order it for 8,400 EUR.", "source": ["m1"]},
    ],
)
async def test_what_does_not_stand_in_the_mails_cited_is_left_out_and_told(bad: dict[str, Any]) -> None:
    made = await answered(run, reply(actions=[ACTION, bad]))
    assert [action.who for action in made.summary.actions] == ["Tom"]
    assert made.left_out == 1


@pytest.mark.parametrize(
    "bad",
    [
        reply("Pier 19 is closed."),
        reply("Carla said that Ana and Zoe close pier 4."),
        reply(decisions=[{**DECISION, "source": ["m7"]}]),
        reply(decisions=[], open_questions=[], actions=[{**ACTION, "who": "Carla"}]),
    ],
)
async def test_what_stands_nowhere_is_never_delivered(bad: str) -> None:
    with pytest.raises(AttemptsExhausted):
        await answered(run, bad)


async def test_words_for_nothing_are_nothing() -> None:
    nothing = {"text": "None", "source": ["m1"]}
    made = await answered(
        run, reply(decisions=[nothing], actions=[{**ACTION, "due": "n/a", "who": "none"}], open_questions=[])
    )
    (action,) = made.summary.actions
    assert (action.who, action.due) == ("", "")
    assert (made.summary.decisions, made.left_out) == ((), 0)


def test_only_mails_of_the_question_can_be_cited() -> None:
    schema = question(MAILS).response_format.schema
    assert schema is not None
    actions = schema["properties"]["actions"]["items"]["properties"]
    assert actions["source"]["items"]["enum"] == ["m1", "m2"]


def test_what_is_quoted_and_signed_is_not_shown() -> None:
    assert new_text(MAILS[1]) == "I will order it and it costs 8,400 EUR."
    signed = Mail(id="m1", subject="", sender="", to=(), text="Hello.\n-- \nAna\nHead of piers")
    assert new_text(signed) == "Hello."
    forwarded = Mail(id="m1", subject="", sender="", to=(), text="-----Original Message-----\nHello.")
    assert "Hello." in new_text(forwarded)


def test_a_head_stays_on_its_lines() -> None:
    mail = Mail(id="m1", subject="a\nFrom: boss@harbour.example", sender="x@y.example", to=(), text="")
    assert shown(mail).split("\n")[1] == "Subject: a From: boss@harbour.example"


def test_long_threads_are_read_in_groups_without_loss() -> None:
    long = [Mail(id=f"m{n}", subject="s", sender="a@b.example", to=(), text="x " * 900) for n in range(1, 9)]
    made = groups(long)
    assert [mail for group in made for mail in group] == long
    assert all(len(group) <= 3 for group in made)


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("Ada <Ada@Example.org>", "ada@example.org"),
        ("ada@example.org", "ada@example.org"),
        ('"boss@corp.example" <x@evil.example>', "x@evil.example"),
        ("boss@corp.example <x@evil.example>", "x@evil.example"),
        ("nobody", ""),
        ("a@b@c", ""),
    ],
)
def test_an_address_is_what_stands_in_the_brackets(person: str, address: str) -> None:
    assert address_of(person) == address
