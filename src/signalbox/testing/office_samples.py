"""Documents made on the spot, of the sizes that people have: for tests and benchmarks of reading.

The libraries of the formats are imported here: this module is for the workshop, not for a server.
"""

import io
import zipfile
from collections.abc import Callable
from typing import Any, Final

from docx import Document
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

_SENTENCE: Final = (
    "the committee noted that freight costs rose in March and asked each region to report what it had "
    "spent on carriers by the end of the quarter so that the budget for autumn could be settled"
)
_WORDS: Final = tuple(_SENTENCE.split())
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def text(words: int, begin: int = 0) -> str:
    """A paragraph of so many words; `begin` makes it differ from others."""
    chosen = (_WORDS[(begin * 7 + place * 5) % len(_WORDS)] for place in range(words))
    return f"{' '.join(chosen).capitalize()} ({begin})."


def report(pages: int, change: Callable[[Any], None] | None = None) -> bytes:
    """A Word document: on each page a heading, eight paragraphs of some 55 words, on every fifth a table."""
    opened = Document()
    for page in range(pages):
        opened.add_heading(f"Part {page + 1}", level=1 + page % 3)
        for number in range(8):
            opened.add_paragraph(text(55, page * 8 + number))
        if page % 5 == 0:
            table = opened.add_table(rows=0, cols=4)
            for row in range(10):
                for place, cell in enumerate(table.add_row().cells):
                    cell.text = f"{row} × {place}"
    if change is not None:
        change(opened)
    saved = io.BytesIO()
    opened.save(saved)
    return saved.getvalue()


def deck(slides: int, change: Callable[[Any], None] | None = None) -> bytes:
    """A presentation: a title and six points on each slide with notes, every fifth with a table, every tenth
    with a chart."""
    opened = Presentation()
    for number in range(slides):
        slide = opened.slides.add_slide(opened.slide_layouts[1])
        slide.shapes.title.text = f"Slide {number + 1}"
        slide.placeholders[1].text = "\n".join(text(12, number * 6 + point) for point in range(6))
        slide.notes_slide.notes_text_frame.text = f"Say of {number + 1}: {text(40, number)}"
        if number % 5 == 0:
            table = slide.shapes.add_table(5, 4, Inches(1), Inches(4), Inches(8), Inches(2)).table
            for row in range(5):
                for column in range(4):
                    table.cell(row, column).text = f"{row} × {column}"
        if number % 10 == 0:
            data: Any = CategoryChartData()  # type: ignore[no-untyped-call]  # it has no types
            data.categories = ["north", "south", "west"]
            data.add_series("2025", (4.5, 6, 7.25))
            data.add_series("2026", (5, 6.5, 8))
            slide.shapes.add_chart(
                XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(4), Inches(3), data
            )
    if change is not None:
        change(opened)
    saved = io.BytesIO()
    opened.save(saved)
    return saved.getvalue()


def ledger(rows: int) -> bytes:
    """A workbook: names in row 1, then `rows` rows of a number, a text, a date, four amounts and a formula of
    two of them. Written by hand, for a library takes ten times as long over a large one."""
    names = ("id", "region", "day", "net", "tax", "freight", "paid", "gross")
    sheet = io.StringIO()
    sheet.write(f'<worksheet xmlns="{_MAIN}"><sheetData><row r="1">')
    for place, name in enumerate(names):
        sheet.write(f'<c r="{chr(65 + place)}1" t="inlineStr"><is><t>{name}</t></is></c>')
    sheet.write("</row>")
    for row in range(2, rows + 2):
        net, tax = row % 997 * 1.25, row % 19
        sheet.write(
            f'<row r="{row}"><c r="A{row}"><v>{row}</v></c><c r="B{row}" t="s"><v>{row % 4}</v></c>'
            f'<c r="C{row}" s="1"><v>{45000 + row % 700}</v></c><c r="D{row}"><v>{net}</v></c>'
            f'<c r="E{row}"><v>{tax}</v></c><c r="F{row}"><v>{row % 31}</v></c>'
            f'<c r="G{row}"><v>{row % 53}</v></c>'
            f'<c r="H{row}"><f>D{row}+E{row}</f><v>{net + tax}</v></c></row>'
        )
    sheet.write("</sheetData></worksheet>")
    return workbook({"Ledger": sheet.getvalue()}, strings=("north", "south", "west", "east"))


def workbook(
    sheets: dict[str, str],
    *,
    strings: tuple[str, ...] = (),
    states: dict[str, str] | None = None,
    names: str = "",
) -> bytes:
    """An xlsx of sheets as XML, by name; style 1 is a date. `states` are those that are hidden, `names` the
    XML of defined names."""
    texts = "".join(f"<si><t>{each}</t></si>" for each in strings)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_XLSX}.sheet.main+xml"/></Types>',
        "_rels/.rels": _relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{texts}</sst>',
    }
    relations = [("rId901", "styles", "styles.xml"), ("rId902", "sharedStrings", "sharedStrings.xml")]
    listed = ""
    for number, (name, xml) in enumerate(sheets.items(), 1):
        parts[f"xl/worksheets/sheet{number}.xml"] = xml
        relations.append((f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml"))
        state = f' state="{states[name]}"' if states and name in states else ""
        listed += f'<sheet name="{name}" sheetId="{number}"{state} r:id="rId{number}"/>'
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets>'
        f"{f'<definedNames>{names}</definedNames>' if names else ''}</workbook>"
    )
    parts["xl/_rels/workbook.xml.rels"] = _relations(*relations)
    return package(parts)


def package(parts: dict[str, str] | dict[str, bytes]) -> bytes:
    """A ZIP archive."""
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return saved.getvalue()


def _relations(*relations: tuple[str, str, str]) -> str:
    each = "".join(
        f'<Relationship Id="{ident}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for ident, kind, target in relations
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'
