"""Slides laid out: every text with the size at which it fits, what is too much for one slide on several.

Pure and deterministic; whether it all fits in the end is for `fits` to say."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from signalbox.workloads.powerpoint import fits
from signalbox.workloads.powerpoint.content import SlideContent, TableContent, tidy
from signalbox.workloads.powerpoint.grid import (
    BODY_SPACING,
    BULLET_SPACES,
    CELL_INSET,
    CHART_ALONE,
    HEIGHT,
    INDENT,
    SLOTS,
    TITLE_SPACING,
    WIDTH,
    Slot,
)
from signalbox.workloads.powerpoint.metrics import natural_width
from signalbox.workloads.powerpoint.shapes import Frame, Line, Shape

T = TypeVar("T")

_PAGES_MAX: Final = 20
_COLUMN_MIN: Final = 48.0


class Placed(Struct, frozen=True):
    """A slot of the layout with what fills it."""

    slot: Slot
    shape: Shape


class Page(Struct, frozen=True):
    """One slide as it will be. `content` is what stands on it, of a slide that was split only its part."""

    content: SlideContent
    placed: tuple[Placed, ...]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(each.shape for each in self.placed)


def lay_out(slide: SlideContent) -> tuple[Page, ...]:
    """At least one page."""
    slide = tidy(slide)
    for count in range(1, _PAGES_MAX + 1):
        parts = _split(slide, count)
        pages = tuple(_page(part) for part in parts)
        if len(parts) < count or not any(_overfull(page) for page in pages):
            break
    return pages


def complaints(slide: SlideContent) -> tuple[str, ...]:
    """What does not fit, however it is laid out."""
    return tuple(
        dict.fromkeys(said for page in lay_out(slide) for said in fits.complaints(page.shapes, WIDTH, HEIGHT))
    )


def _overfull(page: Page) -> bool:
    """Whether it could help to move bullets or rows to another slide."""
    return any(
        each.slot.kind in ("bullets", "table") and fits.complaints((each.shape,), WIDTH, HEIGHT)
        for each in page.placed
    )


def _split(slide: SlideContent, count: int) -> list[SlideContent]:
    """In so many parts of about the same size, in order; fewer where there is less to split."""
    if slide.layout == "bullets":
        parts = [replace(slide, bullets=tuple(part)) for part in _shares(slide.bullets, count)]
    elif slide.layout == "table" and slide.table is not None:
        header = slide.table.header
        parts = [
            replace(slide, table=TableContent(header, tuple(part)))
            for part in _shares(slide.table.rows, count)
        ]
    else:
        return [slide]
    if len(parts) == 1:
        return [slide]
    return [
        replace(part, title=f"{slide.title} ({number} of {len(parts)})")
        for number, part in enumerate(parts, 1)
    ]


def _shares(things: Sequence[T], count: int) -> list[Sequence[T]]:
    count = max(1, min(count, len(things)))
    ends = [len(things) * number // count for number in range(count + 1)]
    return [things[first:last] for first, last in pairwise(ends)]


def _page(slide: SlideContent) -> Page:
    placed = tuple(_filled(slide))
    if slide.layout == "two-column":
        # What stands side by side has one size.
        for kind in ("heading", "bullets"):
            sizes = [each.shape.lines[0].size for each in placed if each.slot.kind == kind]
            placed = tuple(_at_most(each, min(sizes)) if each.slot.kind == kind else each for each in placed)
    return Page(slide, placed)


def _at_most(placed: Placed, size: float) -> Placed:
    slot = replace(placed.slot, sizes=tuple(each for each in placed.slot.sizes if each <= size))
    return Placed(placed.slot, _text(slot, tuple(line.text for line in placed.shape.lines)))


def _filled(slide: SlideContent) -> Iterator[Placed]:
    for slot in SLOTS[slide.layout]:
        match slot.kind:
            case "table":
                if slide.table is not None:
                    yield Placed(slot, _table(slot, slide.table))
            case "chart":
                alone = not slide.bullets
                yield Placed(slot, Shape(name=slot.name, frame=CHART_ALONE if alone else slot.frame))
            case _:
                texts = tuple(text for text in _said(slide, slot) if text)
                if texts:
                    yield Placed(slot, _text(slot, texts))


def _said(slide: SlideContent, slot: Slot) -> tuple[str, ...]:
    match slot.kind, slot.name:
        case "title", _:
            return (slide.title,)
        case "subtitle", _:
            return (slide.subtitle,)
        case "quote", _:
            return (f"“{slide.quote}”",)
        case "speaker", _:
            return (f"— {slide.subtitle}",) if slide.subtitle else ()
        case "heading", name:
            side = slide.left if name.startswith("left") else slide.right
            return (side.heading,) if side is not None else ()
        case _, "left column":
            return slide.left.bullets if slide.left is not None else ()
        case _, "right column":
            return slide.right.bullets if slide.right is not None else ()
        case _:
            return slide.bullets


def _text(slot: Slot, texts: tuple[str, ...]) -> Shape:
    """At the largest size of the slot at which it fits; at the least where it does at none."""
    bullets = slot.kind == "bullets"
    bold = slot.kind in ("title", "heading")

    def at(size: float, space: float = 0.0) -> Shape:
        lines = tuple(
            Line(
                text=text,
                size=size,
                bold=bold,
                before=round(size * space, 1) if number else 0.0,
                indent=INDENT if bullets else 0.0,
                spacing=TITLE_SPACING if slot.kind == "title" else BODY_SPACING,
            )
            for number, text in enumerate(texts)
        )
        return Shape(name=slot.name, frame=slot.frame, lines=lines)

    if bullets:
        return _first(at(size, space) for size in slot.sizes for space in BULLET_SPACES)
    return _first(at(size) for size in slot.sizes)


def _table(slot: Slot, table: TableContent) -> Shape:
    """As wide as the slot and as high as its rows need; columns by what stands in them."""

    def at(size: float) -> Shape:
        columns = _columns(table, slot.frame.w, size)
        cells: list[Shape] = []
        top = slot.frame.y
        for number, row in enumerate((table.header, *table.rows)):
            lines = [Line(text=text, size=size, bold=number == 0) for text in row]
            left, above, right, below = CELL_INSET
            height = (
                above
                + below
                + max(
                    fits.text_height((line,), width - left - right)
                    for line, width in zip(lines, columns, strict=False)
                )
            )
            start = slot.frame.x
            for line, width in zip(lines, columns, strict=False):
                frame = Frame(start, top, width, height)
                cells.append(Shape(name="table", frame=frame, lines=(line,), inset=CELL_INSET))
                start += width
            top += height
        whole = Frame(slot.frame.x, slot.frame.y, slot.frame.w, min(top - slot.frame.y, slot.frame.h))
        return Shape(name=slot.name, frame=whole, cells=tuple(cells))

    return _first(at(size) for size in slot.sizes)


def _first(shapes: Iterable[Shape]) -> Shape:
    """That fits; the last of them if none does."""
    for shape in shapes:
        if not fits.complaints((shape,), WIDTH, HEIGHT):
            break
    return shape


def _columns(table: TableContent, width: float, size: float) -> list[float]:
    """Widths that come to `width`: each column its longest word at least, the rest by the text it has."""
    left, _, right, _ = CELL_INSET
    rows = (table.header, *table.rows)
    needs, wants = [], []
    for column in range(len(table.header)):
        cells = [row[column] for row in rows if column < len(row)]
        words = [word for cell in cells for word in cell.split()] or [""]
        longest = max(natural_width(word, size, bold=True) for word in words)
        needs.append(max(_COLUMN_MIN, longest + left + right + 1))
        whole = max(natural_width(cell, size, bold=True) for cell in cells)
        wants.append(max(_COLUMN_MIN, min(whole, width / 2) + left + right))
    spare = width - sum(needs)
    if spare <= 0:
        return [need * width / sum(needs) for need in needs]
    more = [max(1.0, want - need) for want, need in zip(wants, needs, strict=True)]
    return [need + spare * part / sum(more) for need, part in zip(needs, more, strict=True)]
