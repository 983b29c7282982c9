"""A deck as a model or a caller gives it, and what can be said of it without laying it out. Values; pure."""

import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from signalbox.workloads.manners import fault

Theme = Literal["light", "dark"]
Layout = Literal["title", "section", "bullets", "two-column", "table", "chart", "quote"]
ChartKind = Literal["column", "bar", "line", "pie"]

BULLETS_MAX: Final = 7
WORDS_MAX: Final = 22
CHARACTERS_MAX: Final = 160
COLUMNS_MAX: Final = 8
CATEGORIES_MAX: Final = 12
SERIES_MAX: Final = 4
LABEL_MAX: Final = 28
NOTES_MAX: Final = 1_500

_PLACEHOLDER: Final = re.compile(
    r"click to (?:add|edit)|your (?:text|title|name) here|\binsert (?:text|title|name|date|number)|"
    r"^(?:bullet|point|slide|title|text|heading|column)(?: (?:\d+|text|title))?$|^\.{3}$|^…$",
    re.IGNORECASE,
)
_UNSHOWN: Final = frozenset({"Cc", "Cs", "Co", "Cn"})
_MARK: Final = re.compile(r"^(?:[-*•–]|\d{1,2}[.)])\s+")


class Side(Struct, frozen=True, forbid_unknown_fields=True):
    """One of two columns."""

    heading: str
    bullets: tuple[str, ...]


class TableContent(Struct, frozen=True, forbid_unknown_fields=True):
    """Every row has as many cells as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Series(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    values: tuple[float, ...]


class ChartContent(Struct, frozen=True, forbid_unknown_fields=True):
    """Each series has a value for each category. `unit` stands at the value axis, such as `EUR m`."""

    kind: ChartKind
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""


class SlideContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`subtitle` is for `title` and `section`, `left` and `right` for `two-column`, `bullets` for `bullets`
    and beside a `chart`. A `quote` has its words in `quote` and who said them in `subtitle`."""

    layout: Layout
    title: str
    subtitle: str = ""
    bullets: tuple[str, ...] = ()
    left: Side | None = None
    right: Side | None = None
    table: TableContent | None = None
    chart: ChartContent | None = None
    quote: str = ""
    notes: str = ""


class DeckContent(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    slides: tuple[SlideContent, ...]
    theme: Theme = "light"


def complaints(slide: SlideContent) -> tuple[str, ...]:
    """What is wrong with it whatever room it has, in words for whoever wrote it."""
    said = list(_lacks(slide))
    for text in texts(slide):
        if _PLACEHOLDER.search(text.strip()):
            said.append(f"`{text[:40]}` is a placeholder: say something, or leave it out")
        elif (wrong := fault(text)) is not None:
            said.append(wrong)
        if any(sign not in "\n\t" and unicodedata.category(sign) in _UNSHOWN for sign in text):
            said.append("there are characters that cannot be shown: leave them out")
    if len(slide.notes) > NOTES_MAX:
        said.append(f"the notes are longer than {NOTES_MAX} characters")
    for bullets in (slide.bullets, *(side.bullets for side in (slide.left, slide.right) if side)):
        said += _of_bullets(bullets)
    if slide.table is not None:
        said += _of_table(slide.table)
    if slide.chart is not None:
        said += _of_chart(slide.chart)
    return tuple(dict.fromkeys(said))


def tidy(slide: SlideContent) -> SlideContent:
    """With every text on one line, notes apart, and without the marks that a model puts before bullets."""
    return replace(
        slide,
        title=_line(slide.title),
        subtitle=_line(slide.subtitle),
        quote=_line(slide.quote).strip('"“”„'),
        bullets=_bullets(slide.bullets),
        left=slide.left and Side(_line(slide.left.heading), _bullets(slide.left.bullets)),
        right=slide.right and Side(_line(slide.right.heading), _bullets(slide.right.bullets)),
        table=slide.table
        and TableContent(
            tuple(map(_line, slide.table.header)), tuple(tuple(map(_line, row)) for row in slide.table.rows)
        ),
        notes=slide.notes.replace("\r\n", "\n").strip(),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _bullets(bullets: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_MARK.sub("", _line(bullet)) for bullet in bullets)


def texts(slide: SlideContent) -> Iterator[str]:
    """Everything that is said on it and in its notes, numbers of a chart apart."""
    yield from (text for text in (slide.title, slide.subtitle, slide.quote, slide.notes) if text)
    yield from slide.bullets
    for side in (slide.left, slide.right):
        if side is not None:
            yield from (side.heading, *side.bullets)
    if slide.table is not None:
        yield from slide.table.header
        for row in slide.table.rows:
            yield from row
    if slide.chart is not None:
        yield from (*slide.chart.categories, *(series.name for series in slide.chart.series))
        if slide.chart.unit:
            yield slide.chart.unit


def figures(slide: SlideContent) -> Iterator[str]:
    """The numbers of its chart, written out."""
    if slide.chart is not None:
        for series in slide.chart.series:
            yield from (f"{abs(value):.15g}" for value in series.values)


def _lacks(slide: SlideContent) -> Iterator[str]:
    has = {
        "bullets": bool(slide.bullets),
        "two-column": slide.left is not None and slide.right is not None,
        "table": slide.table is not None,
        "chart": slide.chart is not None,
        "quote": bool(slide.quote.strip()),
    }
    if not has.get(slide.layout, True):
        yield f"a slide of the layout `{slide.layout}` has nothing of it"
    if not slide.title.strip() and slide.layout != "quote":
        yield "a slide has no title"
    takes = {"bullets": ("bullets", "chart"), "left": ("two-column",), "right": ("two-column",)}
    takes |= {"table": ("table",), "chart": ("chart",), "quote": ("quote",)}
    takes |= {"subtitle": ("title", "section", "quote")}
    for field, layouts in takes.items():
        if getattr(slide, field) and slide.layout not in layouts:
            yield f"a slide of the layout `{slide.layout}` has no place for `{field}`"


def _of_bullets(bullets: tuple[str, ...]) -> Iterator[str]:
    if len(bullets) > BULLETS_MAX:
        yield f"there are {len(bullets)} bullets: give at most {BULLETS_MAX}"
    for bullet in bullets:
        if not bullet.strip():
            yield "a bullet is empty"
        if len(bullet.split()) > WORDS_MAX or len(bullet) > CHARACTERS_MAX:
            yield (
                f"the bullet `{bullet[:40]}` is too long: at most {WORDS_MAX} words, "
                f"{CHARACTERS_MAX} characters"
            )
    if len(set(bullets)) < len(bullets):
        yield "a bullet stands there twice"


def _of_table(table: TableContent) -> Iterator[str]:
    if not 1 <= len(table.header) <= COLUMNS_MAX:
        yield f"a table has 1 to {COLUMNS_MAX} columns"
    if not table.rows:
        yield "the table has no rows"
    if any(len(row) != len(table.header) for row in table.rows):
        yield "every row of the table has as many cells as its header"


def _of_chart(chart: ChartContent) -> Iterator[str]:
    if not 1 <= len(chart.categories) <= CATEGORIES_MAX:
        yield f"a chart has 1 to {CATEGORIES_MAX} categories"
    if not 1 <= len(chart.series) <= SERIES_MAX:
        yield f"a chart has 1 to {SERIES_MAX} series"
    if any(len(series.values) != len(chart.categories) for series in chart.series):
        yield "every series of the chart has a value for each category"
    values = [value for series in chart.series for value in series.values]
    if not all(math.isfinite(value) and abs(value) < 1e15 for value in values):
        yield "a value of the chart is no number that can be drawn"
    if chart.kind == "pie" and (len(chart.series) != 1 or min(values, default=0) < 0 or not any(values)):
        yield "a pie has one series, and no value below nought"
    names = (*chart.categories, *(series.name for series in chart.series), chart.unit)
    if any(len(name) > LABEL_MAX for name in names):
        yield f"the names in a chart have at most {LABEL_MAX} characters"
    if not all(name.strip() for name in names[:-1]):
        yield "a category or a series of the chart has no name"
