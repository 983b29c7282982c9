"""The shapes of a pptx file with the room that they and their text take, as `fits` judges them.

What a shape does not say itself it takes from its layout, its master and the presentation, in this order
(ECMA-376 part 1, 19.3.1 and 21.1.2.4). Groups are taken for one shape; turned text is not judged.
"""

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from msgspec import Struct
from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn

from signalbox.workloads.powerpoint.shapes import Frame, Line, Shape

_EMU: Final = 12_700
_INSET: Final = {"lIns": 91_440, "tIns": 45_720, "rIns": 91_440, "bIns": 45_720}
_SIZE: Final = 18.0
_TITLES: Final = frozenset({"title", "ctrTitle"})


class Reopened(Struct, frozen=True):
    """`slides` has the shapes of each; `width` and `height` of a slide in points."""

    slides: tuple[tuple[Shape, ...], ...]
    width: float
    height: float


def reopened(content: bytes) -> Reopened:
    """Of a file of ours, or of one that was read before (`reading`)."""
    deck: Any = Presentation(io.BytesIO(content))
    return Reopened(
        tuple(
            tuple(shape_of(shape) for shape in slide.shapes if shape.width is not None)
            for slide in deck.slides
        ),
        deck.slide_width / _EMU,
        deck.slide_height / _EMU,
    )


def shape_of(shape: Any) -> Shape:
    """One shape of python-pptx."""
    frame = Frame(*(each / _EMU for each in (shape.left, shape.top, shape.width, shape.height)))
    if getattr(shape, "has_table", False):
        return Shape(name="table", frame=frame, cells=tuple(_cells(shape, frame)))
    if not shape.has_text_frame:
        return Shape(name=shape.name, frame=frame)
    styles = _Styles(shape)
    return Shape(
        name=shape.name,
        frame=frame,
        lines=tuple(line_of(paragraph, styles) for paragraph in shape.text_frame.paragraphs),
        inset=styles.inset(),
    )


class _Around(NamedTuple):
    """A text body and the place of its styles in the master."""

    bodies: tuple[Any, ...]
    masters: tuple[Any, ...]


class _Styles:
    """Where the formatting of a shape's text comes from, nearest first."""

    def __init__(self, shape: Any) -> None:
        self._around = _around(shape)

    def inset(self) -> tuple[float, float, float, float]:
        def of(name: str) -> float:
            for body in self._around.bodies:
                properties = body.find(qn("a:bodyPr"))
                if properties is not None and properties.get(name) is not None:
                    return int(properties.get(name)) / _EMU
            return _INSET[name] / _EMU

        return of("lIns"), of("tIns"), of("rIns"), of("bIns")

    def levels(self, level: int) -> Iterator[Any]:
        """`a:lvlNpPr` elements that apply to paragraphs of the level."""
        tag = qn(f"a:lvl{level + 1}pPr")
        for body in self._around.bodies:
            styles = body.find(qn("a:lstStyle"))
            if styles is not None and (found := styles.find(tag)) is not None:
                yield found
        for style in self._around.masters:
            if (found := style.find(tag)) is not None:
                yield found


def _around(shape: Any) -> _Around:
    bodies = [shape._element.txBody]
    slide = shape.part.slide
    master = slide.slide_layout.slide_master
    styles = master._element.find(qn("p:txStyles"))
    kind = "p:otherStyle"
    if shape.is_placeholder:
        wanted = shape._element.ph
        near = _holder(slide.slide_layout, wanted, by_index=True)
        far = _holder(master, wanted, by_index=False)
        bodies += [each._element.txBody for each in (near, far) if each is not None and each.has_text_frame]
        kind = "p:titleStyle" if wanted.get("type") in _TITLES else "p:bodyStyle"
        if wanted.get("type") in {"dt", "ftr", "sldNum"}:
            kind = "p:otherStyle"
    masters = [styles.find(qn(kind))] if styles is not None else []
    masters.append(shape.part.package.presentation_part._element.find(qn("p:defaultTextStyle")))
    return _Around(tuple(bodies), tuple(each for each in masters if each is not None))


def _holder(parent: Any, wanted: Any, *, by_index: bool) -> Any:
    kind = wanted.get("type", "obj")
    for holder in parent.placeholders:
        other = holder._element.ph
        if by_index and other.get("idx", "0") == wanted.get("idx", "0"):
            return holder
        same = other.get("type", "obj") == kind or {other.get("type"), kind} <= _TITLES
        if not by_index and (same or (kind not in _TITLES and other.get("type") == "body")):
            return holder
    return None


def line_of(paragraph: Any, styles: _Styles) -> Line:
    """A paragraph with the largest of its runs' sizes; a paragraph without runs has its end's."""
    element = paragraph._p
    own = element.find(qn("a:pPr"))
    properties = [each for each in (own, *styles.levels(paragraph.level)) if each is not None]
    runs = [run.find(qn("a:rPr")) for run in element if run.tag in (qn("a:r"), qn("a:fld"))]
    if not runs:
        runs = [element.find(qn("a:endParaRPr"))]
    defaults = [found for each in properties if (found := each.find(qn("a:defRPr"))) is not None]
    size = max(_size(run, defaults) for run in runs)
    bold = any(_attribute((run, *defaults), "b") in ("1", "true") for run in runs)
    text = "".join(
        "\n" if each.tag == qn("a:br") else (each.findtext(qn("a:t")) or "")
        for each in element
        if each.tag in (qn("a:r"), qn("a:fld"), qn("a:br"))
    )
    return Line(
        text=text,
        size=size,
        bold=bold,
        family=_family(paragraph, (*runs, *defaults)),
        before=_spacing(properties, "a:spcBef", size, 0.0),
        indent=int(_attribute(properties, "marL") or 0) / _EMU,
        spacing=_spacing(properties, "a:lnSpc", size, 1.0),
    )


def _size(run: Any, defaults: list[Any]) -> float:
    return int(_attribute((run, *defaults), "sz") or _SIZE * 100) / 100


def _attribute(elements: Any, name: str) -> str | None:
    for element in elements:
        if element is not None and element.get(name) is not None:
            return str(element.get(name))
    return None


def _spacing(properties: list[Any], tag: str, size: float, default: float) -> float:
    """Points of space, or a factor of single spacing: what `default` is of."""
    for element in properties:
        spacing = element.find(qn(tag))
        if spacing is None:
            continue
        points, percent = spacing.find(qn("a:spcPts")), spacing.find(qn("a:spcPct"))
        if points is not None:
            value = int(points.get("val")) / 100
            return value if tag == "a:spcBef" else value / (size * 1.2)
        share = float(percent.get("val").rstrip("%")) / (100 if "%" in percent.get("val") else 100_000)
        return share * size * 1.2 if tag == "a:spcBef" else share
    return default


def _family(paragraph: Any, formats: tuple[Any, ...]) -> str:
    for each in formats:
        latin = each.find(qn("a:latin")) if each is not None else None
        if latin is not None and latin.get("typeface"):
            named = str(latin.get("typeface"))
            return _of_theme(paragraph, named) if named.startswith("+") else named
    return _of_theme(paragraph, "+mn-lt")


def _of_theme(paragraph: Any, named: str) -> str:
    """The font that a theme calls `+mj-lt` (headings) or `+mn-lt` (text)."""
    theme = paragraph.part.slide.slide_layout.slide_master.part.part_related_by(RT.THEME)
    return _theme_fonts(theme.blob)[0 if named.startswith("+mj") else 1]


@lru_cache(maxsize=16)
def _theme_fonts(theme: bytes) -> tuple[str, str]:
    """Of headings and of text."""
    scheme = parse_xml(theme).find(f".//{qn('a:fontScheme')}")
    names = [
        scheme.find(f"{qn(kind)}/{qn('a:latin')}").get("typeface") for kind in ("a:majorFont", "a:minorFont")
    ]
    return str(names[0]), str(names[1])


def _cells(shape: Any, frame: Frame) -> Iterator[Shape]:
    """Of a table; a merged cell counts where it begins."""
    table = shape.table
    columns = [column.width / _EMU for column in table.columns]
    heights = [row.height / _EMU for row in table.rows]
    for down, row in enumerate(table.rows):
        for across, cell in enumerate(row.cells):
            if cell.is_spanned:
                continue
            wide, high = (cell.span_width, cell.span_height) if cell.is_merge_origin else (1, 1)
            yield Shape(
                name="table",
                frame=Frame(
                    frame.x + sum(columns[:across]),
                    frame.y + sum(heights[:down]),
                    sum(columns[across : across + wide]),
                    sum(heights[down : down + high]),
                ),
                lines=tuple(_cell_line(paragraph) for paragraph in cell.text_frame.paragraphs),
                inset=tuple(
                    each / _EMU
                    for each in (cell.margin_left, cell.margin_top, cell.margin_right, cell.margin_bottom)
                ),
            )


def _cell_line(paragraph: Any) -> Line:
    runs = [run.find(qn("a:rPr")) for run in paragraph._p if run.tag == qn("a:r")]
    return Line(
        text="".join(run.text for run in paragraph.runs),
        size=max((_size(run, []) for run in runs), default=_SIZE),
        bold=any(_attribute((run,), "b") in ("1", "true") for run in runs),
    )
