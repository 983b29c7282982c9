"""A second opinion on a deck: how high LibreOffice lays its texts out, beside the room they have.

LibreOffice does not grow placeholders: each text, a table's cells too, is laid out in a box as wide as its
own that grows with it, with the formatting that the deck gives it.
"""

import io
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from lxml import etree
from msgspec import Struct
from pptx import Presentation
from pptx.oxml import parse_xml
from pptx.oxml.ns import qn
from pptx.util import Pt

from signalbox.workloads.powerpoint.fits import room, text_height
from signalbox.workloads.powerpoint.reopened import reopened
from signalbox.workloads.powerpoint.shapes import Shape

_SECONDS: Final = 120
_DRAW: Final = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_SVG: Final = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_POINTS: Final = {"cm": 72 / 2.54, "in": 72.0, "mm": 72 / 25.4, "pt": 1.0}
_A: Final = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'


class LaidOut(Struct, frozen=True, kw_only=True):
    """Heights in points: `authored` is the room that there is, `reckoned` what `fits` says that it takes."""

    slide: int
    name: str
    text: str
    authored: float
    height: float
    reckoned: float

    @property
    def overflows(self) -> bool:
        return self.height > self.authored + 1


def laid_out(content: bytes, program: str) -> list[LaidOut]:
    """Of every text of a deck of ours. `program` is LibreOffice's `soffice`."""
    found: dict[str, tuple[int, Shape, float]] = {}
    boxes = Presentation()
    file = reopened(content)
    boxes.slide_width, boxes.slide_height = Pt(file.width), Pt(file.height)
    for number, shapes in enumerate(file.slides, 1):
        page = boxes.slides.add_slide(boxes.slide_layouts[6])
        texts = [each for shape in shapes for each in (shape, *shape.cells) if each.lines]
        for at, shape in enumerate(texts):
            name = f"{number}-{at}"
            width, height = room(shape)
            found[name] = number, shape, height
            _box(page, name, shape, width)
    saved = io.BytesIO()
    boxes.save(saved)
    heights = _heights(saved.getvalue(), program)
    return [
        LaidOut(
            slide=number,
            name=shape.name,
            text=shape.lines[0].text,
            authored=height,
            height=heights[name],
            reckoned=text_height(shape.lines, room(shape)[0]),
        )
        for name, (number, shape, height) in found.items()
    ]


def _box(page: Any, name: str, shape: Shape, width: float) -> None:
    box = page.shapes.add_textbox(Pt(shape.frame.x), Pt(shape.frame.y), Pt(width), Pt(1))
    box.name = name
    body = box._element.txBody
    body.replace(
        body.find(qn("a:bodyPr")),
        parse_xml(
            f'<a:bodyPr {_A} wrap="square" lIns="0" tIns="0" rIns="0" bIns="0"><a:spAutoFit/></a:bodyPr>'
        ),
    )
    for number, line in enumerate(shape.lines):
        paragraph = box.text_frame.paragraphs[0] if number == 0 else box.text_frame.add_paragraph()
        paragraph.space_before, paragraph.line_spacing = Pt(line.before), line.spacing
        paragraph._p.get_or_add_pPr().set("marL", str(round(line.indent * 12_700)))
        run = paragraph.add_run()
        run.text, run.font.size, run.font.bold, run.font.name = line.text, Pt(line.size), line.bold, "Calibri"


def _heights(deck: bytes, program: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="signalbox-laid-out-") as folder:
        source = Path(folder, "boxes.pptx")
        source.write_bytes(deck)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        subprocess.run(  # noqa: S603 - a program of this machine, and a file of ours
            [program, profile, "--headless", "--convert-to", "fodp", "--outdir", folder, str(source)],
            check=True,
            capture_output=True,
            timeout=_SECONDS,
            env={**os.environ, "HOME": folder},
        )
        page = etree.fromstring(Path(folder, "boxes.fodp").read_bytes(), etree.XMLParser(huge_tree=True))
    return {
        shape.get(f"{_DRAW}name"): _points(shape.get(f"{_SVG}height"))
        for shape in page.iter()
        if isinstance(shape.tag, str) and shape.get(f"{_DRAW}name") and shape.get(f"{_SVG}height")
    }


def _points(length: str) -> float:
    return float(length[:-2]) * _POINTS[length[-2:]]
