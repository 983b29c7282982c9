"""Where things stand on each layout, and how large text may be there: one table for the template, which draws
the layouts, and for `pages`, which fills them. Values only; points, on a slide of 16:9."""

from typing import Final, Literal

from msgspec import Struct

from signalbox.workloads.powerpoint.content import Layout
from signalbox.workloads.powerpoint.shapes import Frame

WIDTH: Final = 960
HEIGHT: Final = 540
LEFT: Final = 56
_WIDE: Final = WIDTH - 2 * LEFT
_TOP, _BOTTOM = 136, 492
_HALF: Final = (_WIDE - 48) // 2

Kind = Literal["title", "subtitle", "heading", "bullets", "quote", "speaker", "table", "chart"]


class Slot(Struct, frozen=True, kw_only=True):
    """A placeholder. `idx` is its number in the file; `sizes` go from what is best to what is least;
    `anchor` is where text stands in its box (`t`, `ctr`, `b`)."""

    name: str
    idx: int
    kind: Kind
    frame: Frame
    sizes: tuple[int, ...]
    anchor: str = "t"


class Rule(Struct, frozen=True):
    """A filled rectangle that a layout has for its looks; `colour` is one of the theme's."""

    frame: Frame
    colour: str


_TITLE: Final = Slot(
    name="title",
    idx=0,
    kind="title",
    frame=Frame(LEFT, 32, _WIDE, 78),
    sizes=(32, 30, 28, 26, 24),
    anchor="b",
)
_BODY: Final = (28, 26, 24, 22, 20, 18, 16)
_CHART_TEXT: Final = (22, 20, 18, 16)

SLOTS: Final[dict[Layout, tuple[Slot, ...]]] = {
    "title": (
        Slot(
            name="title",
            idx=0,
            kind="title",
            frame=Frame(88, 120, 760, 170),
            sizes=(54, 48, 44, 40, 36, 32),
            anchor="b",
        ),
        Slot(
            name="subtitle",
            idx=1,
            kind="subtitle",
            frame=Frame(88, 326, 760, 96),
            sizes=(24, 22, 20, 18),
        ),
    ),
    "section": (
        Slot(
            name="title",
            idx=0,
            kind="title",
            frame=Frame(88, 150, 760, 150),
            sizes=(48, 44, 40, 36, 32, 28),
            anchor="b",
        ),
        Slot(
            name="subtitle",
            idx=1,
            kind="subtitle",
            frame=Frame(88, 326, 760, 84),
            sizes=(22, 20, 18),
        ),
    ),
    "bullets": (
        _TITLE,
        Slot(
            name="list of bullets",
            idx=1,
            kind="bullets",
            frame=Frame(LEFT, _TOP, _WIDE, _BOTTOM - _TOP),
            sizes=_BODY,
        ),
    ),
    "two-column": (
        _TITLE,
        Slot(
            name="left heading",
            idx=1,
            kind="heading",
            frame=Frame(LEFT, _TOP, _HALF, 36),
            sizes=(22, 20, 18, 16),
            anchor="b",
        ),
        Slot(
            name="left column",
            idx=2,
            kind="bullets",
            frame=Frame(LEFT, _TOP + 46, _HALF, _BOTTOM - _TOP - 46),
            sizes=_BODY[1:],
        ),
        Slot(
            name="right heading",
            idx=3,
            kind="heading",
            frame=Frame(LEFT + _HALF + 48, _TOP, _HALF, 36),
            sizes=(22, 20, 18, 16),
            anchor="b",
        ),
        Slot(
            name="right column",
            idx=4,
            kind="bullets",
            frame=Frame(LEFT + _HALF + 48, _TOP + 46, _HALF, _BOTTOM - _TOP - 46),
            sizes=_BODY[1:],
        ),
    ),
    "table": (
        _TITLE,
        Slot(
            name="table",
            idx=1,
            kind="table",
            frame=Frame(LEFT, _TOP, _WIDE, _BOTTOM - _TOP),
            sizes=(20, 18, 16, 14, 12),
        ),
    ),
    "chart": (
        _TITLE,
        Slot(
            name="chart",
            idx=1,
            kind="chart",
            frame=Frame(LEFT, _TOP, 540, _BOTTOM - _TOP),
            sizes=(14,),
        ),
        Slot(
            name="list of bullets",
            idx=2,
            kind="bullets",
            frame=Frame(LEFT + 572, _TOP + 8, _WIDE - 572, _BOTTOM - _TOP - 8),
            sizes=_CHART_TEXT,
        ),
    ),
    "quote": (
        Slot(
            name="quote",
            idx=0,
            kind="quote",
            frame=Frame(120, 130, 720, 220),
            sizes=(40, 36, 32, 28, 24),
            anchor="ctr",
        ),
        Slot(
            name="speaker",
            idx=1,
            kind="speaker",
            frame=Frame(120, 366, 720, 40),
            sizes=(20, 18, 16),
        ),
    ),
}
CHART_ALONE: Final = Frame(LEFT, _TOP, _WIDE, _BOTTOM - _TOP)
"""Where a chart without bullets stands."""

RULES: Final[dict[Layout, tuple[Rule, ...]]] = {
    "title": (
        Rule(Frame(0, 0, 28, HEIGHT), "accent1"),
        Rule(Frame(88, 304, 96, 5), "accent2"),
        Rule(Frame(884, 0, 76, HEIGHT), "bg2"),
        Rule(Frame(884, 452, 76, 88), "accent1"),
    ),
    "section": (Rule(Frame(88, 312, 96, 5), "accent2"),),
    "bullets": (Rule(Frame(LEFT, 116, 56, 4), "accent1"),),
    "two-column": (
        Rule(Frame(LEFT, 116, 56, 4), "accent1"),
        Rule(Frame(WIDTH / 2 - 0.5, _TOP, 1, _BOTTOM - _TOP), "bg2"),
    ),
    "table": (Rule(Frame(LEFT, 116, 56, 4), "accent1"),),
    "chart": (Rule(Frame(LEFT, 116, 56, 4), "accent1"),),
    "quote": (Rule(Frame(88, 130, 6, 276), "accent2"),),
}
NUMBER: Final = Frame(WIDTH - LEFT - 60, 504, 60, 20)
"""Where the slide's number stands."""

INDENT: Final = 22.0
"""Of a bullet's text, in points."""
BULLET_SPACES: Final = (0.9, 0.6, 0.35)
"""Above a bullet that follows another, of the font size: from what is best to what is least."""
BODY_SPACING: Final = 1.0
TITLE_SPACING: Final = 0.95
CELL_INSET: Final = (10.0, 6.0, 10.0, 6.0)
