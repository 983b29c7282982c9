"""A summary cites paragraphs that exist and says what stands there; what does not is left out."""

import msgspec
import pytest

from signalbox.domain.errors import AttemptsExhausted
from signalbox.testing.workload_replies import BROKEN, Broken, Trial, answered, bear
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.chunking import chunks
from signalbox.workloads.documents import Paragraph, TextDocument
from signalbox.workloads.word.summarize import BULLETS_MAX, Summarized, question, summarize

TEXTS = (
    "Quarterly report of the harbour works",
    "The revenue of the harbour works rose to 4.2 million EUR in the third quarter of 2025.",
    "Two cranes were out of service for eleven days. The repair cost 86,000 EUR.",
    "Ms Okafor asks every department to send its figures to the controller by 14 November.",
)
DOCUMENT = TextDocument(
    name="report.docx",
    paragraphs=tuple(
        Paragraph(id=f"p{number}", text=text, heading=int(number == 1))
        for number, text in enumerate(TEXTS, 1)
    ),
)


def reply(*bullets: tuple[str, str], title: str = "The third quarter", actions: tuple[str, ...] = ()) -> str:
    made = [{"text": text, "source_para": [ident]} for text, ident in bullets]
    return msgspec.json.encode({"title": title, "bullets": made, "actions": actions}).decode()


REVENUE = ("The revenue of the works rose to 4.2 million EUR.", "p2")
REPAIR = ("The repair of the cranes cost 86,000 EUR and they were out for eleven days.", "p3")
INVENTED = ("The harbour of Rotterdam lost 17 cranes.", "p3")
GOOD = reply(REVENUE, REPAIR, actions=("Ms Okafor asks for the figures by 14 November.",))


async def run(asker: PipelineAsker) -> Summarized:
    return await summarize(asker, DOCUMENT)


TRIAL = Trial(
    feature="word/summarize",
    run=run,
    good=(GOOD,),
    foreign=reply(
        ("Der Umsatz ist auf 4.2 gestiegen und die Reparatur der Kräne war nicht billig für das Werk.", "p2")
    ),
)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_a_broken_reply_is_borne(broken: Broken) -> None:
    await bear(TRIAL, broken)


async def test_a_summary_has_its_points_with_their_paragraphs() -> None:
    made = await answered(run, GOOD)
    assert [(bullet.text, bullet.source_para) for bullet in made.summary.bullets] == [
        (REVENUE[0], ("p2",)),
        (REPAIR[0], ("p3",)),
    ]
    assert made.summary.title == "The third quarter"
    assert made.left_out == 0


async def test_a_point_that_stands_nowhere_is_left_out_and_told() -> None:
    made = await answered(run, reply(REVENUE, REPAIR, INVENTED, actions=("Call Mr Zander.", "None")))
    assert [bullet.text for bullet in made.summary.bullets] == [REVENUE[0], REPAIR[0]]
    assert (made.summary.actions, made.left_out) == ((), 2)


async def test_where_most_stands_nowhere_it_is_asked_again() -> None:
    made = await answered(run, reply(REVENUE, INVENTED), GOOD)
    assert len(made.summary.bullets) == 2


@pytest.mark.parametrize(
    "bad",
    [
        reply((REVENUE[0], "p9")),
        reply(INVENTED),
        reply(),
        reply((f"{REVENUE[0]} [Insert figure here]", "p2")),
    ],
)
async def test_what_is_never_right_is_never_delivered(bad: str) -> None:
    with pytest.raises(AttemptsExhausted):
        await answered(run, bad)


async def test_a_title_that_stands_nowhere_gives_way_to_the_heading() -> None:
    made = await answered(run, reply(REVENUE, title="ACME in 2031"))
    assert made.summary.title == TEXTS[0]


async def test_of_many_points_those_are_shown_that_were_chosen() -> None:
    long = TextDocument(
        name="long.docx",
        paragraphs=tuple(
            Paragraph(id=f"p{number}", text=f"Pier {number} was painted. " + "It is dry now. " * 120)
            for number in range(1, 10)
        ),
    )
    parts = [reply((f"Pier {number} was painted.", f"p{number}")) for number in range(1, 10)]
    assert len(chunks(long, 4_000)) == 5
    two = [
        reply(*[(f"Pier {number} was painted.", f"p{number}") for number in group])
        for group in ((1, 2), (3, 4), (5, 6), (7, 8), (9,))
    ]
    assert len(parts) > BULLETS_MAX

    async def of_long(asker: PipelineAsker) -> Summarized:
        return await summarize(asker, long)

    made = await answered(of_long, *two, '{"numbers": [9, 2, 4, 2]}')
    assert [bullet.source_para for bullet in made.summary.bullets] == [("p2",), ("p4",), ("p9",)]


def test_a_question_lets_only_its_own_paragraphs_be_cited() -> None:
    (piece,) = chunks(DOCUMENT)
    asked = question(piece).response_format.schema
    assert asked is not None
    assert asked["properties"]["bullets"]["items"]["properties"]["source_para"]["items"] == {
        "type": "string",
        "enum": ["p1", "p2", "p3", "p4"],
    }


async def test_an_empty_document_asks_nothing() -> None:
    async def of_empty(asker: PipelineAsker) -> Summarized:
        return await summarize(asker, TextDocument(name="empty.docx", paragraphs=()))

    made = await answered(of_empty, "never asked")
    assert (made.summary.bullets, made.summary.title) == ((), "empty.docx")
