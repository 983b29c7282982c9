"""Word documents: the body as python-docx sees it, in reading order, then headers and footers."""

import io
from collections.abc import Iterator
from typing import Any, Final

from docx import Document
from docx.document import Document as DocxDocument
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
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
    paragraphs = [
        Paragraph(id=ident, text=text_of(block), heading=_level(block), where=where)
        for ident, block, where in numbered(opened)
    ]
    missed = [f"{count} pictures" for count in [len(opened.inline_shapes)] if count]
    return TextDocument(
        name=name,
        title=(opened.core_properties.title or "").strip(),
        paragraphs=tuple(paragraphs),
        tables=tuple(_tables(opened)),
        missed=tuple(missed),
    )


def numbered(opened: DocxDocument) -> Iterator[tuple[str, DocxParagraph, str]]:
    """Paragraphs with text, each with its id and where it stands: the body's, then headers' and footers'.
    Whoever edits by id counts as whoever read."""
    number = 0
    for block, where in _blocks(opened):
        if isinstance(block, DocxParagraph) and text_of(block).strip():
            number += 1
            yield f"p{number}", block, where


def _blocks(opened: DocxDocument) -> Iterator[tuple[DocxParagraph | DocxTable, str]]:
    for block in opened.iter_inner_content():
        yield block, ""
    for section in opened.sections:
        for part, where in ((section.header, "header"), (section.footer, "footer")):
            if not part.is_linked_to_previous:
                for block in part.iter_inner_content():
                    yield block, where


def _tables(opened: DocxDocument) -> Iterator[Table]:
    number = paragraphs = 0
    for block, _ in _blocks(opened):
        if isinstance(block, DocxTable):
            number += 1
            rows = tuple(tuple(cell.text.strip() for cell in row.cells) for row in block.rows)
            yield Table(id=f"t{number}", rows=rows, after=f"p{paragraphs}" if paragraphs else "")
        elif text_of(block).strip():
            paragraphs += 1


def text_of(paragraph: DocxParagraph) -> str:
    """As it stands with every tracked change accepted: python-docx leaves insertions out."""
    return "".join(_pieces(paragraph._p))


_SIGNS: Final = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n"}
_AROUND: Final = frozenset(
    qn(name)
    for name in (
        "w:r",
        "w:ins",
        "w:moveTo",
        "w:hyperlink",
        "w:smartTag",
        "w:sdt",
        "w:sdtContent",
        "w:fldSimple",
    )
)
"""What text stands in. Not among them: what was deleted or moved away, and text boxes."""


def _pieces(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag in _AROUND:
            yield from _pieces(child)


def _level(paragraph: DocxParagraph) -> int:
    style = paragraph.style.name if paragraph.style is not None else ""
    if style == "Title":
        return 1
    if style and style.startswith("Heading "):
        rest = style.removeprefix("Heading ")
        return int(rest) if rest.isdecimal() else 0
    return 0
