"""A shape's text as it is and as it would be, with the room that it has. Values; pure.

A unit is what a model is asked about at a time: a paragraph, or a line of one that has line breaks.
"""

from msgspec import Struct
from msgspec.structs import replace

from signalbox.workloads.powerpoint import fits
from signalbox.workloads.powerpoint.shapes import Shape


class Unit(Struct, frozen=True, kw_only=True):
    """`paragraph` and `line` from 0."""

    paragraph: int
    line: int
    text: str


class Selected(Struct, frozen=True, kw_only=True):
    """A shape's text with the room that it has."""

    slide: int
    shape_id: int
    units: tuple[Unit, ...]
    shape: Shape

    def with_text(self, unit: Unit, text: str) -> "Selected":
        """As it will be with the unit saying something else."""
        lines = list(self.shape.lines)
        parts = lines[unit.paragraph].text.split("\n")
        parts[unit.line] = text
        lines[unit.paragraph] = replace(lines[unit.paragraph], text="\n".join(parts))
        return replace(self, shape=replace(self.shape, lines=tuple(lines)))

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.shape.lines)

    def outgrown(self, new: "Selected") -> bool:
        """Whether the new text takes more room than the box has, and than the old one took."""
        width, height = fits.room(self.shape)
        return fits.text_height(new.shape.lines, width) > max(
            height, fits.text_height(self.shape.lines, width)
        )
