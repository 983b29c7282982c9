"""Only the selection changes, numbers and names stay, and the changes can be rejected one and all."""

import io
from datetime import datetime
from typing import Any

import msgspec
import pytest
from docx import Document
from docx.oxml.ns import qn

from signalbox.domain.errors import AttemptsExhausted, MalformedRequest
from signalbox.testing.fake_provider import Script
from signalbox.testing.values import principal
from signalbox.testing.workload_replies import BROKEN, Broken, Trial, answered, asker_of, bear, rooms
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.contract import A, Question
from signalbox.workloads.documents import Paragraph
from signalbox.workloads.registry import File, Result, Workload
from signalbox.workloads.word import WORKLOADS
from signalbox.workloads.word.offered import RewriteParams
from signalbox.workloads.word.rewrite import LINE, WordEdits, rewrite

OLD = "pls tell Ms Okafor that the 14 cranes in Porto are late and we have to wait for them"
NEW = "Please tell Ms Okafor that the 14 cranes in Porto are late and that we have to wait for them."
POLITE = "make it polite"


def reply(text: str) -> str:
    return msgspec.json.encode({"new_text": text}).decode()


async def run(asker: PipelineAsker) -> WordEdits:
    return await rewrite(asker, [Paragraph(id="p1", text=OLD)], POLITE)


TRIAL = Trial(
    feature="word/rewrite",
    run=run,
    good=(reply(NEW),),
    foreign=reply(
        "Bitte sagen Sie Ms Okafor, dass die 14 Kräne in Porto zu spät sind und wir auf sie warten."
    ),
)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_a_broken_reply_is_borne(broken: Broken) -> None:
    await bear(TRIAL, broken)


@pytest.mark.parametrize(
    "bad",
    [
        "Please tell Ms Okafor that the cranes in Porto are late and that we have to wait for them.",
        "Please tell Ms Okafor that the 15 cranes in Porto are late and that we have to wait for them.",
        "Please tell Ms Berg that the 14 cranes in Porto are late and that we have to wait for them.",
        "Sure! Here is the text: Ms Okafor, the 14 cranes in Porto are late and we wait.",
        "Dear [Name], please tell Ms Okafor that the 14 cranes in Porto are late and that we wait.",
        NEW * 8,
    ],
)
async def test_what_adds_or_loses_something_is_not_delivered(bad: str) -> None:
    with pytest.raises(AttemptsExhausted):
        await answered(run, reply(bad))


async def test_line_breaks_and_figures_stay_as_they_are() -> None:
    async def of_lines(asker: PipelineAsker) -> WordEdits:
        return await rewrite(asker, [Paragraph(id="p4", text=f"{OLD}\n12 | 13\n {OLD} ")], POLITE)

    made = await answered(of_lines, reply(NEW))
    assert [(edit.para_id, edit.new_text) for edit in made.edits] == [("p4", f"{NEW}\n12 | 13\n {NEW} ")]


async def test_what_is_not_changed_is_no_edit() -> None:
    async def of_both(asker: PipelineAsker) -> WordEdits:
        return await rewrite(asker, [Paragraph(id="p1", text=OLD), Paragraph(id="p2", text="4.2")], POLITE)

    assert (await answered(of_both, reply(OLD))).edits == ()


async def test_a_model_that_takes_a_grammar_answers_with_the_text_itself() -> None:
    house = rooms(grammars=True)
    house.provider.default = Script(text=NEW)
    assert [edit.new_text for edit in (await run(asker_of(house))).edits] == [NEW]
    asked = house.provider.calls[0].request.response_format
    assert asked is not None
    assert asked.grammar == LINE.grammar


def a_document() -> bytes:
    opened = Document()
    opened.add_heading("To do", 1)
    paragraph = opened.add_paragraph("pls tell Ms Okafor that the ")
    paragraph.add_run("14 cranes").bold = True
    paragraph.add_run(" in Porto are late and we have to wait for them")
    opened.add_paragraph("This one is left alone by everybody who comes here.")
    saved = io.BytesIO()
    opened.save(saved)
    return saved.getvalue()


async def rewritten(params: RewriteParams, content: bytes) -> tuple[Result, str]:
    workload: Workload[Any] = next(each for each in WORKLOADS if each.feature == "rewrite")
    house = rooms()
    house.provider.default = Script(text=reply(NEW))
    asker = asker_of(house)
    result = await workload.run(asker, params, (File("note.docx", content),))
    return result, asker.calls[0].model


def bold_and_text(content: bytes) -> list[list[tuple[str, bool | None]]]:
    return [
        [(run.text, run.bold) for run in paragraph.runs if run.text]
        for paragraph in Document(io.BytesIO(content)).paragraphs
    ]


def rejected(content: bytes) -> list[tuple[str, list[str]]]:
    """Text and bold text of each paragraph with every change rejected."""
    opened = Document(io.BytesIO(content))
    found = []
    for paragraph in opened.paragraphs:
        for inserted in list(paragraph._p.iter(qn("w:ins"))):
            inserted.getparent().remove(inserted)
        runs = [
            (run, "".join(t.text or "" for t in run if t.tag in (qn("w:t"), qn("w:delText"))))
            for run in paragraph._p.iter(qn("w:r"))
        ]
        bold = "".join(text for run, text in runs if run.find(f"{qn('w:rPr')}/{qn('w:b')}") is not None)
        found.append(("".join(text for _, text in runs), [bold]))
    return found


async def test_a_selection_becomes_tracked_changes_that_name_the_model_and_can_be_rejected() -> None:
    content = a_document()
    result, model = await rewritten(RewriteParams(instruction=POLITE, paragraphs=("p2",)), content)
    (file,) = result.files
    opened = Document(io.BytesIO(file.content))
    changes = [*opened.element.iter(qn("w:ins"), qn("w:del"))]
    assert changes
    assert {change.get(qn("w:author")) for change in changes} == {f"Signalbox ({model.partition('@')[0]})"}
    (date,) = {change.get(qn("w:date")) for change in changes}
    assert datetime.fromisoformat(date).year == 2025
    before = [
        (paragraph.text, ["".join(run.text for run in paragraph.runs if run.bold)])
        for paragraph in Document(io.BytesIO(content)).paragraphs
    ]
    assert rejected(file.content) == before
    assert bold_and_text(file.content)[2] == bold_and_text(content)[2]


async def test_without_a_selection_headings_are_left_alone() -> None:
    asked: list[str] = []

    class Listening(PipelineAsker):
        async def ask(self, question: Question[A]) -> A:
            asked.append(question.content)
            return question.contract.answer(new_text=question.content)

    house = rooms()
    workload: Workload[Any] = next(each for each in WORKLOADS if each.feature == "rewrite")
    asker = Listening(house.pipeline, principal(), house.pipeline.operation(1_000))
    await workload.run(asker, RewriteParams(instruction=POLITE), (File("note.docx", a_document()),))
    assert [text.split()[0] for text in asked] == ["pls", "This"]


async def test_a_paragraph_that_is_not_there_is_said() -> None:
    with pytest.raises(MalformedRequest, match="no paragraph `p9`"):
        await rewritten(RewriteParams(instruction=POLITE, paragraphs=("p9",)), a_document())
