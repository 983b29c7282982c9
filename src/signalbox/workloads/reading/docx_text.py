"""Word documents: the body as python-docx sees it, in reading order, then headers and footers."""

import io
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table as DocxTable
from docx.text.paragraph import Paragraph as DocxParagraph

from signalbox.workloads.documents import Paragraph, Table, TextDocument
from signalbox.workloads.reading.package import check_ooxml
from signalbox.workloads.reading.unreadable import Unreadable


def read(name: str, content: bytes) -> TextDocument:
    """Raises `Unreadable` and its kinds. Text that was deleted under tracked changes is not read."""
    check_ooxml(content, "word/document.xml")
    try:
        opened = Document(io.BytesIO(content))
    except (PackageNotFoundError, KeyError, ValueError) as error:
        raise Unreadable(f"it is malformed ({type(error).__name__})") from error
    collected = _Collected()
    for block in opened.iter_inner_content():
        collected.take(block, "")
    for section in opened.sections:
        for part, where in ((section.header, "header"), (section.footer, "footer")):
            if not part.is_linked_to_previous:
                for block in part.iter_inner_content():
                    collected.take(block, where)
    missed = [f"{count} pictures" for count in [len(opened.inline_shapes)] if count]
    return TextDocument(
        name=name,
        title=(opened.core_properties.title or "").strip(),
        paragraphs=tuple(collected.paragraphs),
        tables=tuple(collected.tables),
        missed=tuple(missed),
    )


class _Collected:
    def __init__(self) -> None:
        self.paragraphs: list[Paragraph] = []
        self.tables: list[Table] = []

    def take(self, block: DocxParagraph | DocxTable, where: str) -> None:
        if isinstance(block, DocxTable):
            last = self.paragraphs[-1].id if self.paragraphs else ""
            rows = tuple(tuple(cell.text.strip() for cell in row.cells) for row in block.rows)
            self.tables.append(Table(id=f"t{len(self.tables) + 1}", rows=rows, after=last))
            return
        text = _text(block)
        if text.strip():
            ident = f"p{len(self.paragraphs) + 1}"
            self.paragraphs.append(Paragraph(id=ident, text=text, heading=_level(block), where=where))


def _text(paragraph: DocxParagraph) -> str:
    """As it stands with every tracked change accepted: python-docx leaves insertions out."""
    return "".join(_pieces(paragraph._p))


_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        tag = child.tag
        if tag == f"{_W}t":
            yield child.text or ""
        elif tag in (f"{_W}tab",):
            yield "\t"
        elif tag in (f"{_W}br", f"{_W}cr"):
            yield "\n"
        elif tag in (
            f"{_W}r",
            f"{_W}ins",
            f"{_W}hyperlink",
            f"{_W}smartTag",
            f"{_W}sdt",
            f"{_W}sdtContent",
            f"{_W}fldSimple",
            f"{_W}moveTo",
        ):
            yield from _pieces(child)


def _level(paragraph: DocxParagraph) -> int:
    style = paragraph.style.name if paragraph.style is not None else ""
    if style == "Title":
        return 1
    if style and style.startswith("Heading "):
        rest = style.removeprefix("Heading ")
        return int(rest) if rest.isdecimal() else 0
    return 0
