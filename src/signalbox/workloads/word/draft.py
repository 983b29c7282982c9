"""A new text: first its outline, then each section on its own, so that a small model keeps to what it is at.

What is written is blocks (headings, paragraphs, lists, tables) and no formatting: how they look is the
template's. Numbers that stand neither in what the user said nor in the references are told, not refused: a
draft may know more than its source, and its author has to check that.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from signalbox.workloads.asking import Asker
from signalbox.workloads.chunking import Chunk, chunks
from signalbox.workloads.contract import Contract, Question
from signalbox.workloads.documents import TextDocument
from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.manners import fault

SECTIONS_MAX: Final = 8
_REFERENCE_MAX: Final = 6_000
"""Characters of the references that one section is shown."""
_CELL = Annotated[str, Meta(max_length=120)]
_ITEM = Annotated[str, Meta(min_length=1, max_length=300)]
_WORD: Final = re.compile(r"[^\W_]{4,}")
_NUMBERED: Final = re.compile(r"^(?:\d+(?:\.\d+)*[.)]?|[IVX]+[.)])\s+")


class Heading(Struct, frozen=True, tag="heading", tag_field="kind", forbid_unknown_fields=True):
    """`level` from 1, the document's title."""

    level: int
    text: str


class Para(Struct, frozen=True, tag="para", tag_field="kind", forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=1_500)]


class Listing(Struct, frozen=True, tag="list", tag_field="kind", forbid_unknown_fields=True):
    items: Annotated[tuple[_ITEM, ...], Meta(min_length=1, max_length=12)]
    ordered: bool


class Grid(Struct, frozen=True, tag="table", tag_field="kind", forbid_unknown_fields=True):
    """The first row names the columns."""

    rows: Annotated[
        tuple[Annotated[tuple[_CELL, ...], Meta(min_length=2, max_length=6)], ...],
        Meta(min_length=2, max_length=15),
    ]


Block = Heading | Para | Listing | Grid


class WordDraft(Struct, frozen=True):
    """INVARIANT: one title, then headings of which none is more than a level below the one before."""

    blocks: tuple[Block, ...]


class Drafted(Struct, frozen=True):
    """`unproven` are numbers that stand in nothing that was given."""

    draft: WordDraft
    unproven: tuple[str, ...]


class Planned(Struct, frozen=True, forbid_unknown_fields=True):
    heading: Annotated[str, Meta(min_length=1, max_length=100)]
    about: Annotated[str, Meta(max_length=240)]


class Outline(Struct, frozen=True, forbid_unknown_fields=True):
    title: Annotated[str, Meta(min_length=1, max_length=120)]
    sections: Annotated[tuple[Planned, ...], Meta(min_length=1, max_length=SECTIONS_MAX)]


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    blocks: Annotated[tuple[Para | Listing | Grid, ...], Meta(min_length=1, max_length=6)]


_STYLE: Final = (
    "Write plain text without Markdown, finished to the last word: no blanks such as [Name], nothing that "
    "you do not know. Use the language that the user writes in."
)
OUTLINE: Final = Contract(
    app="word",
    feature="draft",
    answer=Outline,
    instructions=(
        "You plan a document. Answer with JSON: its title, and its sections in order, each with a short "
        "heading and one sentence on what it is about. Plan 2 to 5 sections unless the user wants another "
        f"number. {_STYLE}"
    ),
    tokens_out=500,
)
SECTION: Final = Contract(
    app="word",
    feature="draft",
    answer=Section,
    instructions=(
        "You write one section of a document, without its heading. Answer with JSON: its blocks in order, "
        "each a paragraph (`para`), a `list` or a `table` whose first row names the columns. One or two "
        "paragraphs are usual; a list or a table only where the content is one. Take facts from the material "
        f"if there is any. {_STYLE}"
    ),
    tokens_out=900,
)


async def draft(asker: Asker, instruction: str, references: Sequence[TextDocument] = ()) -> Drafted:
    """Raises members of the error family: then nothing is delivered."""
    material = [piece for reference in references for piece in chunks(reference)]
    asker.tell(0, 1, "planning the document")
    plan = await asker.ask(outline_question(instruction, _relevant(material, instruction)))
    blocks: list[Block] = [Heading(1, _clean(plan.title))]
    for number, planned in enumerate(plan.sections, 1):
        asker.tell(number, len(plan.sections) + 1, f"writing `{planned.heading[:60]}`")
        shown = _relevant(material, f"{planned.heading} {planned.about} {instruction}")
        section = await asker.ask(section_question(instruction, plan, planned, shown))
        blocks += [Heading(2, _clean(planned.heading)), *section.blocks]
    asker.tell(len(plan.sections) + 1, len(plan.sections) + 1, "done")
    source = Source([instruction, *(piece.text for piece in material)])
    unproven = [
        found
        for text in texts_of(blocks)
        for found in source.missing(text)
        if any(character.isdigit() for character in found)
    ]
    return Drafted(WordDraft(tuple(blocks)), tuple(dict.fromkeys(unproven)))


def outline_question(instruction: str, material: str) -> Question[Outline]:
    def accept(outline: Outline) -> str | None:
        headings = [_clean(planned.heading).casefold() for planned in outline.sections]
        if len(set(headings)) < len(headings) or not all(headings):
            return "give each section a heading of its own"
        said = "\n".join([outline.title, *(planned.heading for planned in outline.sections)])
        return _wrong(said, f"{instruction}\n{material}", instruction)

    return Question(
        contract=OUTLINE, content=material, task=f"Plan this document: {instruction}", accept=accept
    )


def section_question(instruction: str, plan: Outline, planned: Planned, material: str) -> Question[Section]:
    def accept(section: Section) -> str | None:
        for block in section.blocks:
            if isinstance(block, Grid) and len({len(row) for row in block.rows}) > 1:
                return "every row of a table has as many cells as its first"
        if not any(text.strip() for text in texts_of(section.blocks)):
            return "the section is empty"
        said = "\n".join(texts_of(section.blocks))
        return _wrong(said, f"{instruction}\n{material}", instruction)

    headings = "; ".join(each.heading for each in plan.sections)
    task = (
        f"The document: {instruction}\nIts title: {plan.title}\nIts sections: {headings}\n\n"
        f"Write the section `{planned.heading}`. It is about this: {planned.about}"
    )
    return Question(contract=SECTION, content=material, task=task, accept=accept)


def texts_of(blocks: Sequence[Block]) -> Iterator[str]:
    """Every text of the blocks, cell by cell."""
    for block in blocks:
        match block:
            case Heading(text=text) | Para(text=text):
                yield text
            case Listing(items=items):
                yield from items
            case Grid(rows=rows):
                for row in rows:
                    yield from row


def _wrong(said: str, source: str, instruction: str) -> str | None:
    wrong = fault(said, source)
    if wrong is not None:
        return wrong
    if is_foreign(said, instruction):
        return f"write in the language of the user (`{language_of(instruction)}`)"
    return None


def _clean(heading: str) -> str:
    """On one line and without a number of its own: numbering is the template's."""
    return _NUMBERED.sub("", " ".join(heading.split())).rstrip(":")


def _relevant(material: Sequence[Chunk], wanted: str) -> str:
    """The pieces that share most words with what is wanted, in their own order, as many as are shown."""
    words = set(_WORD.findall(wanted.casefold()))
    by_likeness = sorted(
        range(len(material)),
        key=lambda place: (-len(words & set(_WORD.findall(material[place].text.casefold()))), place),
    )
    room, taken = _REFERENCE_MAX, []
    for place in by_likeness:
        if len(material[place].text) <= room:
            taken.append(place)
            room -= len(material[place].text)
    return "\n".join(material[place].text for place in sorted(taken))
