"""Whether everything on a slide has its room: nothing overflows, overlaps or is too small to read. Pure.

It reckons with widths (`metrics`) and asks no office application; `second_opinion` does.
"""

from itertools import combinations
from typing import Final

from signalbox.workloads.powerpoint.metrics import line_height, wrap
from signalbox.workloads.powerpoint.shapes import Frame, Line, Shape

SIZE_MIN: Final = 12.0
"""Points; nothing on a slide is smaller."""
_SLACK: Final = 0.5
"""Points: files hold whole EMU, of which a point has 12,700."""
_SHOWN: Final = 30


def complaints(shapes: tuple[Shape, ...], width: float, height: float) -> tuple[str, ...]:
    """In words that say what to do; empty if all is well. `width` and `height` of the slide, in points."""
    said: list[str] = []
    for shape in shapes:
        if not _inside(shape.frame, Frame(0, 0, width, height)):
            said.append(f"the {shape.name} does not stand on the slide: make it shorter")
        said += _of_text(shape)
        for cell in shape.cells:
            said += _of_text(cell)
            if not _inside(cell.frame, shape.frame):
                said.append(f"the {shape.name} is too high: give fewer rows or shorter cells")
    solid = [shape for shape in shapes if not shape.decoration]
    said += [
        f"the {one.name} and the {other.name} overlap"
        for one, other in combinations(solid, 2)
        if _overlap(one.frame, other.frame)
    ]
    return tuple(dict.fromkeys(said))


def text_height(lines: tuple[Line, ...], width: float) -> float:
    """In points, of paragraphs one below the other in a box so wide inside."""
    total = 0.0
    for line in lines:
        wrapped = wrap(line.text, line.size, width - line.indent, bold=line.bold, family=line.family)
        total += wrapped.lines * line_height(line.text, line.size) * line.spacing
        total += line.before
    return total


def room(shape: Shape) -> tuple[float, float]:
    """Width and height inside, in points."""
    left, top, right, bottom = shape.inset
    return shape.frame.w - left - right, shape.frame.h - top - bottom


def _of_text(shape: Shape) -> list[str]:
    lines = [line for line in shape.lines if line.text.strip()]
    if not lines:
        return []
    width, height = room(shape)
    said = []
    for line in lines:
        if line.size < SIZE_MIN:
            said.append(f"the {shape.name} has text of {line.size:g} pt; the least is {SIZE_MIN:g} pt")
        broken = wrap(line.text, line.size, width - line.indent, bold=line.bold, family=line.family).broken
        if broken:
            said.append(f"the {shape.name} has a word that is too long for it: `{broken[:_SHOWN]}`")
    if text_height(shape.lines, width) > height + _SLACK:
        said.append(f"the {shape.name} is too long for its place: `{lines[0].text[:_SHOWN]}`: shorten it")
    return said


def _inside(inner: Frame, outer: Frame) -> bool:
    return (
        inner.x >= outer.x - _SLACK
        and inner.y >= outer.y - _SLACK
        and inner.right <= outer.right + _SLACK
        and inner.bottom <= outer.bottom + _SLACK
    )


def _overlap(one: Frame, other: Frame) -> bool:
    return (
        min(one.right, other.right) - max(one.x, other.x) > _SLACK
        and min(one.bottom, other.bottom) - max(one.y, other.y) > _SLACK
    )
