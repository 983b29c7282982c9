"""What stands on a slide, as far as room is concerned: boxes, and the text in them. Values only; points.

Two make them: `pages`, of what is to be rendered, and `reopened`, of a file; `fits` judges either.
"""

from typing import NamedTuple

from msgspec import Struct


class Frame(NamedTuple):
    """In points, from the slide's upper left corner."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h


class Line(Struct, frozen=True, kw_only=True):
    """A paragraph, without the formatting that takes no room. `before` is the space above it, `indent` what
    the box is narrower for it; `spacing` is a factor of single spacing."""

    text: str
    size: float
    bold: bool = False
    family: str = "calibri"
    before: float = 0.0
    indent: float = 0.0
    spacing: float = 1.0


class Shape(Struct, frozen=True, kw_only=True):
    """`inset` is left, top, right, bottom. A table's text is in its `cells`, each with a frame of its own."""

    name: str
    frame: Frame
    lines: tuple[Line, ...] = ()
    inset: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    cells: tuple["Shape", ...] = ()
    decoration: bool = False
