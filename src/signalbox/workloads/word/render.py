"""A draft as a Word document: native headings, lists and tables on a template of our own.

The template is made in code from python-docx's: A4, one typeface, real list numbering that begins anew for
each list, tables with a head that repeats, page numbers. Whoever wants their house's own looks applies their
template in Word: every block has its built-in style.
"""

import io
import re
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from signalbox.workloads.language import language_of
from signalbox.workloads.word.draft import Grid, Heading, Listing, Para, WordDraft, texts_of

_FACE: Final = "Calibri"
_INK: Final = RGBColor(0x1F, 0x3A, 0x4D)
_HEAD_FILL: Final = "E4ECF1"
_SIZES: Final = {"Title": 24.0, "Heading 1": 16.0, "Heading 2": 13.0, "Heading 3": 11.5}
_LOCALES: Final = {
    "de": "de-DE",
    "en": "en-GB",
    "es": "es-ES",
    "fr": "fr-FR",
    "it": "it-IT",
    "nl": "nl-NL",
    "pt": "pt-PT",
}
_NUMERIC: Final = re.compile(r"^[+-]?[\d.,\s\u00a0]+(?:%|[A-Z]{3}|€|\$|£)?$")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 has no place for."""


def render(draft: WordDraft, *, made: datetime) -> bytes:
    """A .docx. `made` is when the document says that it was made."""
    opened = Document()
    texts = list(texts_of(draft.blocks))
    _style(opened, _LOCALES.get(language_of(" ".join(texts)), "en-GB"))
    properties = opened.core_properties
    properties.title = _plain(texts[0])[:250] if texts else ""
    properties.author = "Signalbox"
    properties.comments = ""
    properties.created = properties.modified = made.replace(tzinfo=None)
    for block in draft.blocks:
        match block:
            case Heading(level=1, text=text):
                opened.add_paragraph(_plain(text), style="Title")
            case Heading(level=level, text=text):
                opened.add_heading(_plain(text), level - 1)
            case Para(text=text):
                for line in _plain(text).splitlines():
                    if line.strip():
                        opened.add_paragraph(line.strip())
            case Listing():
                _list(opened, block)
            case Grid():
                _table(opened, block)
    saved = io.BytesIO()
    opened.save(saved)
    return saved.getvalue()


def _plain(text: str) -> str:
    return _CONTROL.sub("", text)


def _style(opened: DocxDocument, locale: str) -> None:
    page = opened.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.5)
    page.top_margin, page.bottom_margin = Cm(2.3), Cm(2.0)
    normal: Any = opened.styles["Normal"]
    _face(normal, 11.0)
    normal.paragraph_format.space_after = Pt(8)
    normal.paragraph_format.line_spacing = 1.15
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), locale)
    normal.element.get_or_add_rPr().append(language)
    for name, size in _SIZES.items():
        style: Any = opened.styles[name]
        _face(style, size)
        style.font.bold = name != "Title"
        style.font.color.rgb = _INK
        style.paragraph_format.space_before = Pt(0 if name == "Title" else size)
        style.paragraph_format.space_after = Pt(14 if name == "Title" else 4)
        style.paragraph_format.keep_with_next = True
    for border in opened.styles["Title"].element.iter(qn("w:pBdr")):
        border.getparent().remove(border)
    _number_pages(page.footer.paragraphs[0])


def _face(style: Any, size: float) -> None:
    style.font.name, style.font.size = _FACE, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in [name for name in fonts.attrib if name.lower().endswith("theme")]:
        del fonts.attrib[attribute]  # a theme's typeface outweighs a named one
    for kind in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(kind), _FACE)


def _number_pages(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _list(opened: DocxDocument, block: Listing) -> None:
    number = _numbering_anew(opened) if block.ordered else None
    for item in block.items:
        paragraph: Any = opened.add_paragraph(
            " ".join(_plain(item).split()), style="List Number" if block.ordered else "List Bullet"
        )
        paragraph.paragraph_format.space_after = Pt(3)
        if number is not None:
            properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_ilvl().val = 0
            properties.get_or_add_numId().val = number


def _numbering_anew(opened: DocxDocument) -> int:
    """A numbering like that of `List Number` that begins at 1."""
    style: Any = opened.styles["List Number"]
    numbering: Any = opened.part.numbering_part.element
    own = style.element.pPr.numPr.numId.val
    like = next(num for num in numbering.num_lst if num.numId == own)
    made = deepcopy(like)
    made.numId = max(num.numId for num in numbering.num_lst) + 1
    override = made.add_lvlOverride(0)
    override.add_startOverride(1)
    like.getparent().append(made)
    return int(made.numId)


def _table(opened: DocxDocument, block: Grid) -> None:
    table: Any = opened.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
    numeric = [
        all(_NUMERIC.match(row[place].strip()) for row in block.rows[1:])
        for place in range(len(block.rows[0]))
    ]
    for place, row in enumerate(block.rows):
        cells = table.add_row().cells
        for cell, text, right in zip(cells, row, numeric, strict=True):
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(" ".join(_plain(text).split()))
            run.bold = place == 0
            paragraph.paragraph_format.space_after = Pt(2)
            if right:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            if place == 0:
                shade = OxmlElement("w:shd")
                shade.set(qn("w:val"), "clear")
                shade.set(qn("w:color"), "auto")
                shade.set(qn("w:fill"), _HEAD_FILL)
                cell._tc.get_or_add_tcPr().append(shade)
    head = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(head)
    opened.add_paragraph().paragraph_format.space_after = Pt(2)
