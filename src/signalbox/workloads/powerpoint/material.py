"""What a deck is made of: a text in pieces, what may be said of it, what stands under which id. Pure."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from signalbox.workloads.chunking import CHARACTERS, Chunk, chunks
from signalbox.workloads.documents import Paragraph, Table, TextDocument
from signalbox.workloads.grounding import Source
from signalbox.workloads.powerpoint.content import Layout

_NUMBERS: Final = re.compile(r"\d+(?:[.,]\d+)*")
_QUOTED: Final = re.compile(r"[\"“„«][^\"”“»\n]{12,240}[\"”“»]")
_CHART_NUMBERS_MIN: Final = 3
_SECTIONS_FROM: Final = 8
_SHORTENED: Final = (100_000, 240, 100)


class Material:
    """`grounded`: what is said has to stand in it; where a user gave no more than a wish, it cannot."""

    def __init__(self, document: TextDocument, *, grounded: bool) -> None:
        self.document = document
        self.grounded = grounded
        self._at = {paragraph.id: at for at, paragraph in enumerate(document.paragraphs)}
        self._tables = {table.id: table for table in document.tables}

    def pieces(self, most: int) -> tuple[Chunk, ...]:
        """To plan slides by, at most so many: a long text's paragraphs are shortened, as far as is needed to
        their headings."""
        for length in _SHORTENED:
            found = chunks(_shortened(self.document, length))
            if len(found) <= most:
                return found
        headings = tuple(each for each in self.document.paragraphs if each.heading)
        return chunks(replace(self.document, paragraphs=headings, tables=()))[:most] or found[:most]

    def under(self, ids: Iterable[str]) -> str:
        """The text of these paragraphs and tables; with a heading comes what stands under it. The whole
        where there is nothing under them."""
        wanted: dict[int, Paragraph] = {}
        tables: dict[str, Table] = {}
        for ident in ids:
            if ident in self._tables:
                tables[ident] = self._tables[ident]
            elif ident in self._at:
                wanted.update(self._section(self._at[ident]))
        for table in self.document.tables:
            if table.after in self._at and self._at[table.after] in wanted:
                tables[table.id] = table
        lines = [wanted[at].text for at in sorted(wanted)]
        lines += ["\n".join(" | ".join(row) for row in table.rows) for table in tables.values()]
        text = "\n".join(lines).strip()
        return text[:CHARACTERS] or "\n".join(each.text for each in self.document.paragraphs)[:CHARACTERS]

    def source(self, ids: Iterable[str], *more: str) -> Source | None:
        """What may be said of these; None where anything may. The title of the whole may be said too, and
        what `more` has."""
        return Source([self.under(ids), self.document.title, *more]) if self.grounded else None

    def table(self, ids: Iterable[str]) -> Table | None:
        """The first table among these."""
        return next((self._tables[ident] for ident in ids if ident in self._tables), None)

    def _section(self, at: int) -> dict[int, Paragraph]:
        paragraphs = self.document.paragraphs
        taken = {at: paragraphs[at]}
        level = paragraphs[at].heading
        if level:
            for below in range(at + 1, len(paragraphs)):
                if 0 < paragraphs[below].heading <= level:
                    break
                taken[below] = paragraphs[below]
        return taken


def layouts_for(text: str, slides: int) -> tuple[Layout, ...]:
    """Those for which there is something in the text, in a deck of so many slides."""
    found: list[Layout] = ["bullets", "two-column"]
    numbers = len(set(_NUMBERS.findall(text)))
    if numbers >= _CHART_NUMBERS_MIN:
        found += ["table", "chart"]
    if _QUOTED.search(text):
        found.append("quote")
    if slides >= _SECTIONS_FROM:
        found.append("section")
    return tuple(found)


def _shortened(document: TextDocument, length: int) -> TextDocument:
    if length >= _SHORTENED[0]:
        return document
    paragraphs = tuple(
        each if len(each.text) <= length else replace(each, text=each.text[:length].rsplit(" ", 1)[0] + " …")
        for each in document.paragraphs
    )
    tables = tuple(replace(table, rows=table.rows[:3]) for table in document.tables)
    return replace(document, paragraphs=paragraphs, tables=tables)
