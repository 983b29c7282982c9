"""One slide at a time: what each layout is asked for, and when an answer is accepted.

A table that the source has is taken over cell by cell, and no model is asked to copy it.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

from msgspec import Meta, Struct
from msgspec.structs import replace

from signalbox.domain.errors import AttemptsExhausted
from signalbox.workloads.asking import Asker
from signalbox.workloads.contract import A, AnswerInvalid, Contract, Example, Question
from signalbox.workloads.documents import Table
from signalbox.workloads.grounding import Source
from signalbox.workloads.language import is_foreign, language_of
from signalbox.workloads.manners import fault
from signalbox.workloads.powerpoint import content, pages
from signalbox.workloads.powerpoint.content import (
    CATEGORIES_MAX,
    COLUMNS_MAX,
    ChartContent,
    ChartKind,
    Layout,
    Series,
    Side,
    SlideContent,
    TableContent,
)
from signalbox.workloads.powerpoint.material import Material
from signalbox.workloads.powerpoint.outline import Planned

Point = Annotated[str, Meta(min_length=1, max_length=130)]
Points = Annotated[tuple[Point, ...], Meta(min_length=2, max_length=5)]
Few = Annotated[tuple[Point, ...], Meta(min_length=1, max_length=4)]
Short = Annotated[str, Meta(min_length=1, max_length=content.LABEL_MAX)]
Cell = Annotated[str, Meta(max_length=80)]
Notes = Annotated[str, Meta(max_length=500)]


class Bullets(Struct, frozen=True, forbid_unknown_fields=True):
    bullets: Points
    notes: Notes


class Half(Struct, frozen=True, forbid_unknown_fields=True):
    heading: Short
    bullets: Few


class Columns(Struct, frozen=True, forbid_unknown_fields=True):
    left: Half
    right: Half
    notes: Notes


class Rows(Struct, frozen=True, forbid_unknown_fields=True):
    header: Annotated[tuple[Short, ...], Meta(min_length=2, max_length=COLUMNS_MAX)]
    rows: Annotated[tuple[tuple[Cell, ...], ...], Meta(min_length=1, max_length=12)]
    notes: Notes


class Values(Struct, frozen=True, forbid_unknown_fields=True):
    """One series: what a small model draws without losing a value."""

    kind: ChartKind
    unit: Annotated[str, Meta(max_length=content.LABEL_MAX)]
    categories: Annotated[tuple[Short, ...], Meta(min_length=2, max_length=CATEGORIES_MAX)]
    values: Annotated[tuple[float, ...], Meta(min_length=2, max_length=CATEGORIES_MAX)]
    bullets: Annotated[tuple[Point, ...], Meta(max_length=3)]
    notes: Notes


class Saying(Struct, frozen=True, forbid_unknown_fields=True):
    quote: Annotated[str, Meta(min_length=1, max_length=240)]
    who: Annotated[str, Meta(max_length=60)]
    notes: Notes


_COMMON: Final = (
    "You write one slide of a deck from the material. Answer in the material's language with JSON. Use only "
    "names and numbers that stand in the material. `notes` is one or two sentences for the speaker. "
)
_EXAMPLE: Final = (
    "From 12 December the night train to Graz leaves at 22:40 instead of 23:05. Tickets sold: 410 in 2023, "
    "520 in 2024. Ms Ilves said: “We have to tell every station”."
)


def _contract(answer: type[A], asked: str, example: str) -> Contract[A]:
    return Contract(
        app="powerpoint",
        feature="create",
        answer=answer,
        instructions=_COMMON + asked,
        examples=(Example(_EXAMPLE, example),),
        tokens_out=700,
    )


BULLETS: Final = _contract(
    Bullets,
    "Give 2 to 5 bullets of at most 15 words each, one point in each.",
    '{"bullets":["The night train to Graz leaves at 22:40","Until now it leaves at 23:05"],'
    '"notes":"The new time holds from 12 December."}',
)
COLUMNS: Final = _contract(
    Columns,
    "Set two sides against each other: a heading of one to three words and 1 to 4 short bullets for each.",
    '{"left":{"heading":"So far","bullets":["Departure at 23:05"]},"right":{"heading":"New","bullets":'
    '["Departure at 22:40"]},"notes":"The new time holds from 12 December."}',
)
ROWS: Final = _contract(
    Rows,
    "Give a table: its header and its rows, each with as many cells as the header.",
    '{"header":["Year","Tickets"],"rows":[["2023","410"],["2024","520"]],"notes":"Tickets to Graz."}',
)
VALUES: Final = _contract(
    Values,
    "Give a chart of one series: as many values as categories, each value a number of the material.",
    '{"kind":"column","unit":"tickets","categories":["2023","2024"],"values":[410,520],"bullets":'
    '["520 tickets in 2024"],"notes":"Sales rose."}',
)
SAYING: Final = _contract(
    Saying,
    "Give one quotation, word for word as it stands in the material, and who said it.",
    '{"quote":"We have to tell every station","who":"Ms Ilves","notes":"About the new time."}',
)


class Filled(Struct, frozen=True):
    """`instead`: the layout that was planned, where it could not be filled and bullets were taken.
    `left_out`: how many of the model's points were, since they do not stand in the material or are none."""

    slide: SlideContent
    instead: str = ""
    left_out: int = 0


async def fill(asker: Asker, planned: Planned, material: Material, *, wish: str = "") -> Filled:
    """Raises members of the error family where not even bullets came."""
    if planned.layout == "section":
        return Filled(SlideContent(layout="section", title=planned.title))
    table = material.table(planned.source_para)
    if table is not None and planned.layout == "table" and (slide := _as_it_is(planned, table)) is not None:
        return Filled(slide)
    writing = _Writing(planned, material, wish)
    if planned.layout == "bullets":
        slide, left_out = await writing.bullets(asker)
        return Filled(slide, left_out=left_out)
    try:
        return Filled(await writing.as_planned(asker))
    except (AttemptsExhausted, AnswerInvalid):
        slide, left_out = await writing.bullets(asker)
        return Filled(slide, planned.layout, left_out)


class _Writing:
    """The questions for one slide."""

    def __init__(self, planned: Planned, material: Material, wish: str) -> None:
        self._planned = planned
        self._text = material.under(planned.source_para)
        # The title was held against the whole when it was planned, or is the user's own, as the wish is.
        self._source = material.source(planned.source_para, planned.title, wish)
        self._task = f"Write the slide `{planned.title}`." + (f" The user's wish: {wish}" if wish else "")

    async def as_planned(self, asker: Asker) -> SlideContent:
        match self._planned.layout:
            case "two-column":
                return self._columns(await asker.ask(self._question(COLUMNS, self._columns)))
            case "table":
                return self._rows(await asker.ask(self._question(ROWS, self._rows)))
            case "chart":
                return self._values(await asker.ask(self._question(VALUES, self._values)))
            case "quote":
                return self._saying(await asker.ask(self._question(SAYING, self._saying)))
            case _:
                return (await self.bullets(asker))[0]

    async def bullets(self, asker: Asker) -> tuple[SlideContent, int]:
        """With how many of the model's points were left out."""
        said = await asker.ask(self._question(BULLETS, self._bullets))
        slide = self._bullets(said)
        return slide, len(said.bullets) - len(slide.bullets)

    def _question(self, contract: Contract[A], made: Callable[[A], SlideContent]) -> Question[A]:
        def accept(answer: A) -> str | None:
            return unacceptable(made(answer), self._source, self._text)

        return Question(contract=contract, content=self._text, task=self._task, accept=accept)

    def _bullets(self, said: Bullets) -> SlideContent:
        """Without the points that do not hold, where they are the fewer."""
        whole = self._slide("bullets", said.notes, bullets=said.bullets)
        kept = tuple(point for point in dict.fromkeys(whole.bullets) if self._holds(point))
        return replace(whole, bullets=kept) if len(kept) * 2 > len(whole.bullets) else whole

    def _columns(self, said: Columns) -> SlideContent:
        left, right = (Side(half.heading, half.bullets) for half in (said.left, said.right))
        return self._slide("two-column", said.notes, left=left, right=right)

    def _rows(self, said: Rows) -> SlideContent:
        return self._slide("table", said.notes, table=TableContent(said.header, said.rows))

    def _values(self, said: Values) -> SlideContent:
        name = said.unit or self._planned.title[: content.LABEL_MAX]
        drawn = ChartContent(said.kind, said.categories, (Series(name, said.values),), said.unit)
        beside = tuple(point for point in dict.fromkeys(said.bullets) if self._holds(point))
        return self._slide("chart", said.notes, chart=drawn, bullets=beside)

    def _saying(self, said: Saying) -> SlideContent:
        return self._slide("quote", said.notes, quote=said.quote, subtitle=said.who)

    def _slide(self, layout: Layout, notes: str, **more: Any) -> SlideContent:
        """Notes that do not hold are no loss: nobody but the speaker sees them."""
        missing = self._source.missing(notes) if self._source is not None else ()
        said = "" if missing or fault(notes) is not None else notes
        return content.tidy(SlideContent(layout=layout, title=self._planned.title, notes=said, **more))

    def _holds(self, text: str) -> bool:
        """Whether a point may be shown."""
        alone = SlideContent(layout="bullets", title=self._planned.title, bullets=(text,))
        if self._source is not None and self._source.missing(text):
            return False
        return not content.complaints(alone)


def unacceptable(slide: SlideContent, source: Source | None, text: str) -> str | None:
    """Words for the model, or None. `text` is the material, in which a quotation has to stand."""
    for complaint in (*content.complaints(slide), *pages.complaints(slide)):
        return complaint
    if source is None:
        return None
    if is_foreign(". ".join(content.texts(slide)), text):
        return f"write in the language of the material (`{language_of(text)}`)"
    missing = [word for said in content.texts(slide) for word in source.missing(said)]
    missing += [number for figure in content.figures(slide) for number in source.missing(figure)]
    if missing:
        return f"these stand nowhere in the material, so leave them out: {', '.join(missing[:10])}"
    if slide.quote and _letters(slide.quote) not in _letters(text):
        return "the quotation does not stand in the material word for word"
    return None


def _letters(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _as_it_is(planned: Planned, table: Table) -> SlideContent | None:
    """A table of the source, where it can be shown."""
    header, *rows = table.rows or ((),)
    shown = content.tidy(
        SlideContent(layout="table", title=planned.title, table=TableContent(header, tuple(rows)))
    )
    return None if content.complaints(shown) or pages.complaints(shown) else shown
