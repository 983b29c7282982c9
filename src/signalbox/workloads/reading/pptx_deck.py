"""Presentations: what stands on each slide in reading order, its tables and charts, and the speaker's notes.

Reading order is the order of shapes in the file, which is the one that a screen reader takes.
"""

import io
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree
from msgspec import Struct
from pptx import Presentation
from pptx.exc import PythonPptxError
from pptx.shapes.group import GroupShape

from signalbox.workloads.documents import Deck, Paragraph, Slide, Table
from signalbox.workloads.reading.names import counted
from signalbox.workloads.reading.package import check_ooxml, check_prolog, parsed
from signalbox.workloads.reading.pptx_charts import chart_table
from signalbox.workloads.reading.unreadable import TooLarge, Unreadable

SLIDES_MAX: Final = 2_000
_SHAPES_MAX: Final = 5_000
_DEPTH_MAX: Final = 50
_BROKEN: Final = (
    PythonPptxError, AttributeError, IndexError, KeyError, NotImplementedError, TypeError, ValueError,
    etree.LxmlError,
)  # fmt: skip
"""What python-pptx raises over a part that is missing or not as it should be."""
_DIAGRAM: Final = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
_TEXT: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_LINE: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}p"
_OF_NO_SLIDE: Final = frozenset(("SLIDE_NUMBER", "DATE", "FOOTER", "HEADER"))


class _On(Struct):
    """What was found on one slide."""

    texts: list[Paragraph]
    tables: list[Table]
    pictures: int = 0
    broken: int = 0


def read(name: str, content: bytes) -> Deck:
    """Raises `Unreadable` and its kinds. A slide or shape that is broken is left out, and in `missed`."""
    package = check_ooxml(content, "ppt")
    try:
        opened = Presentation(io.BytesIO(content))
        count = len(opened.slides)
    except _BROKEN as error:
        raise Unreadable(f"it is malformed ({type(error).__name__})") from error
    if count > SLIDES_MAX:
        raise TooLarge(f"it has {count} slides; {SLIDES_MAX} are read")
    slides: list[Slide] = []
    missed: list[str] = []
    reader = _Reader()
    for number in range(1, count + 1):
        try:
            slide = opened.slides[number - 1]
            slides.append(reader.slide(number, slide, missed))
            if slide._element.get("show") in ("0", "false"):
                missed.append(f"slide {number} is hidden in the show, and was read")
        except _BROKEN:
            slides.append(Slide(number=number, title="", texts=()))
            missed.append(f"slide {number}, which is broken")
    pictures = sum(slide.pictures for slide in slides)
    return Deck(
        name=name,
        slides=tuple(slides),
        width=int(opened.slide_width or 0),
        height=int(opened.slide_height or 0),
        missed=(*(counted(pictures, "picture")), *missed, *package.missed),
    )


class _Reader:
    """Counts paragraphs and tables through the deck."""

    def __init__(self) -> None:
        self._paragraphs = 0
        self._tables = 0

    def slide(self, number: int, slide: Any, missed: list[str]) -> Slide:
        on = _On([], [])
        title = slide.shapes.title
        for count, shape in enumerate(shapes_of(slide.shapes, _DEPTH_MAX)):
            if count >= _SHAPES_MAX:
                missed.append(f"shapes of slide {number} after the first {_SHAPES_MAX}")
                break
            if title is not None and shape.shape_id == title.shape_id:
                continue
            try:
                self._take(shape, slide, on)
            except _BROKEN:
                on.broken += 1
        missed += [f"{broken} on slide {number}" for broken in counted(on.broken, "broken shape")]
        return Slide(
            number=number,
            title=" ".join(_lines(title)) if title is not None else "",
            texts=tuple(on.texts),
            tables=tuple(on.tables),
            notes=_notes(slide),
            pictures=on.pictures,
        )

    def _take(self, shape: Any, slide: Any, on: _On) -> None:
        if shape.has_text_frame and not _is_furniture(shape):
            on.texts += self._numbered(_lines(shape))
        elif getattr(shape, "has_table", False) and shape.has_table:
            rows = tuple(tuple(cell.text.strip() for cell in row.cells) for row in shape.table.rows)
            on.tables.append(self._table(rows, on))
        elif getattr(shape, "has_chart", False) and shape.has_chart:
            title, rows = chart_table(shape.chart)
            on.texts += self._numbered([title] if title else [])
            if rows:
                on.tables.append(self._table(rows, on))
        elif shape._element.tag.endswith("}pic"):
            on.pictures += 1
        else:
            on.texts += self._numbered(_of_diagram(shape, slide))

    def _numbered(self, lines: list[str]) -> list[Paragraph]:
        made = []
        for line in lines:
            self._paragraphs += 1
            made.append(Paragraph(id=f"p{self._paragraphs}", text=line))
        return made

    def _table(self, rows: tuple[tuple[str, ...], ...], on: _On) -> Table:
        self._tables += 1
        return Table(id=f"t{self._tables}", rows=rows, after=on.texts[-1].id if on.texts else "")


def shapes_of(shapes: Any, depth: int = _DEPTH_MAX) -> Iterator[Any]:
    """Shapes, those in groups in the group's place."""
    for shape in shapes:
        if isinstance(shape, GroupShape):
            if depth:
                yield from shapes_of(shape.shapes, depth - 1)
        else:
            yield shape


def _lines(shape: Any) -> list[str]:
    """Paragraphs of a shape that have text."""
    texts = (paragraph.text.replace("\v", "\n").strip() for paragraph in shape.text_frame.paragraphs)
    return [text for text in texts if text]


def _is_furniture(shape: Any) -> bool:
    return shape.is_placeholder and shape.placeholder_format.type.name in _OF_NO_SLIDE


def _notes(slide: Any) -> str:
    if not slide.has_notes_slide:
        return ""
    try:
        frame = slide.notes_slide.notes_text_frame
        return frame.text.replace("\v", "\n").strip() if frame is not None else ""
    except _BROKEN:
        return ""


def _of_diagram(shape: Any, slide: Any) -> list[str]:
    """What SmartArt says: it stands in a part of its own."""
    for data in shape._element.iter(f"{{{_DIAGRAM}}}relIds"):
        blob = slide.part.related_part(data.get(_RELATION, "")).blob
        check_prolog(blob)
        texts = ("".join(text.text or "" for text in line.iter(_TEXT)) for line in parsed(blob).iter(_LINE))
        return [text.strip() for text in texts if text.strip()]
    return []
