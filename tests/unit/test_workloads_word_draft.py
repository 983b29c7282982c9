"""A draft is finished text in blocks, and as a document it has native headings, lists and tables."""

import io
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from docx import Document
from docx.oxml.ns import qn

from signalbox.domain.errors import AttemptsExhausted
from signalbox.testing.workload_replies import BROKEN, Broken, Trial, answered, bear
from signalbox.workloads.asking import PipelineAsker
from signalbox.workloads.documents import Paragraph, TextDocument
from signalbox.workloads.reading.docx_text import read
from signalbox.workloads.word.draft import (
    SECTION,
    Drafted,
    Grid,
    Heading,
    Listing,
    Para,
    WordDraft,
    draft,
)
from signalbox.workloads.word.render import render

ASKED = "A notice to the tenants that the lift is out of service and what they can do in the meantime."
OUTLINE = (
    '{"title": "The lift", "sections": [{"heading": "1. What is the matter", "about": "The works."}, '
    '{"heading": "What you can do", "about": "Help."}]}'
)
FIRST = '{"blocks": [{"kind": "para", "text": "The lift is out of service for 5 days and will be back."}]}'
SECOND = (
    '{"blocks": [{"kind": "list", "ordered": true, "items": ["Use the stairs.", "Call the porter."]}, '
    '{"kind": "table", "rows": [["Day", "Hours"], ["Monday", "8"]]}]}'
)


async def run(asker: PipelineAsker) -> Drafted:
    return await draft(asker, ASKED)


TRIAL = Trial(
    feature="word/draft",
    run=run,
    good=(OUTLINE, FIRST, SECOND),
    foreign='{"title": "Der Aufzug ist nicht in Betrieb", "sections": [{"heading": "Was mit dem Aufzug ist", '
    '"about": "x"}]}',
)


@pytest.mark.parametrize("broken", BROKEN, ids=str)
async def test_a_broken_reply_is_borne(broken: Broken) -> None:
    await bear(TRIAL, broken)


async def test_a_draft_is_its_outline_filled_in() -> None:
    made = await answered(run, OUTLINE, FIRST, SECOND)
    blocks = made.draft.blocks
    assert [type(block) for block in blocks] == [Heading, Heading, Para, Heading, Listing, Grid]
    assert [(block.level, block.text) for block in blocks if isinstance(block, Heading)] == [
        (1, "The lift"),
        (2, "What is the matter"),
        (2, "What you can do"),
    ]


async def test_numbers_that_nobody_gave_are_told() -> None:
    async def with_material(asker: PipelineAsker) -> Drafted:
        return await draft(
            asker, ASKED, [TextDocument(name="n", paragraphs=(Paragraph(id="p1", text="It takes 20 days."),))]
        )

    replies = (OUTLINE, FIRST.replace("5 days", "20 days for 450 EUR"), SECOND)
    made = await answered(with_material, *replies)
    assert made.unproven == ("450",)


@pytest.mark.parametrize(
    "section",
    [
        '{"blocks": []}',
        '{"blocks": [{"kind": "para", "text": "Dear [Tenant Name], the lift is out of service."}]}',
        '{"blocks": [{"kind": "para", "text": "The lift is **out** of service."}]}',
        '{"blocks": [{"kind": "table", "rows": [["a", "b"], ["c", "d", "e"]]}]}',
        '{"blocks": [{"kind": "para", "text": " "}]}',
        '{"blocks": [{"kind": "heading", "level": 5, "text": "The lift"}]}',
    ],
)
async def test_what_is_not_finished_is_not_delivered(section: str) -> None:
    with pytest.raises(AttemptsExhausted):
        await answered(run, OUTLINE, section)


DRAFT = WordDraft(
    (
        Heading(1, "The lift"),
        Heading(2, "What is the matter"),
        Para("It is out of service.\x07\n\nIt will be back."),
        Listing(("First.", "Second."), True),
        Heading(2, "More"),
        Listing(("Again first.", "Again second."), True),
        Listing(("A point.",), False),
        Grid((("Day", "Hours"), ("Monday", "8"), ("Tuesday", "7.5"))),
    )
)
MADE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_document_reads_as_it_was_drafted() -> None:
    document = read("draft.docx", render(DRAFT, made=MADE))
    assert document.title == "The lift"
    assert [(each.heading, each.text) for each in document.paragraphs if each.heading] == [
        (1, "The lift"),
        (1, "What is the matter"),
        (1, "More"),
    ]
    texts = [each.text for each in document.paragraphs]
    assert "It is out of service." in texts
    assert "It will be back." in texts
    assert document.tables[0].rows == (("Day", "Hours"), ("Monday", "8"), ("Tuesday", "7.5"))


def _properties(paragraph: Any) -> Any:
    return paragraph._p.pPr


def test_its_parts_are_native() -> None:
    opened = Document(io.BytesIO(render(DRAFT, made=MADE)))
    styles = [paragraph.style.name for paragraph in opened.paragraphs if paragraph.style is not None]
    assert styles[:2] == ["Title", "Heading 1"]
    assert styles.count("List Number") == 4
    assert styles.count("List Bullet") == 1
    assert opened.core_properties.created == MADE
    numbered = [
        _properties(paragraph).numPr.numId.val
        for paragraph in opened.paragraphs
        if paragraph.style is not None and paragraph.style.name == "List Number"
    ]
    assert numbered[0] == numbered[1] != numbered[2] == numbered[3]
    assert next(opened.tables[0]._tbl.iter(qn("w:tblHeader"))) is not None
    assert next(opened.sections[0].footer.paragraphs[0]._p.iter(qn("w:fldSimple"))) is not None


def test_the_same_draft_is_the_same_document() -> None:
    assert read("a", render(DRAFT, made=MADE)) == read("a", render(DRAFT, made=MADE))


def test_the_schema_of_a_section_has_nothing_that_decoders_do_not_know() -> None:
    text = msgspec.json.encode(SECTION.schema).decode()
    assert "$ref" not in text
    assert "discriminator" not in text
